"""Reads a user's own work-order history from CSV: an SAP plant-maintenance export, or one from MaintainX.

SAP: `BscStartDate,Asset,OriginalShorttext,PMType,Cost`. MaintainX does not document the headings of its export, so
several spellings of each are taken, whatever their case. A bad row is skipped and reported with its line number.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

from local.demo.csv_table import Table, UnusableFile, read_table
from local.demo.csv_values import Conventions, conventions, shown, to_cents, to_moment
from local.demo.history import PlannedWorkOrder, WorkType, live_from

__all__ = ["BadRow", "UnusableFile", "read_history"]

T = TypeVar("T")

_HEADINGS: dict[str, tuple[str, ...]] = {
    "created": ("BscStartDate", "Created on", "Created at", "CreatedAt", "Created date", "Date created"),
    "asset": ("Asset", "Asset name", "Equipment"),
    "title": ("OriginalShorttext", "Title", "Name", "Work order title"),
    "type": ("PMType", "Work type", "Type", "Work order type"),
    "cost": ("Cost", "Total cost"),
    "finished": ("Completed on", "Completed at", "CompletedAt", "Completion date", "Date completed"),
}
_REQUIRED = ("created", "asset", "title")
# SAP's usual order types: PM02 and YBA2 are planned maintenance in the delivered customizing.
_PREVENTIVE = {"pm02", "pm03", "yba2", "preventive", "planned", "pm"}
_REACTIVE = {"pm01", "yba1", "ya01", "ya02", "reactive", "corrective", "breakdown", "unplanned", "other"}


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that was skipped: its line in the file and why."""

    line: int
    reason: str


def read_history(
    path: Path, sites: Sequence[str], *, seed: int, end: datetime, limit: int | None = None
) -> tuple[list[PlannedWorkOrder], list[BadRow]]:
    """Work orders of the file, moved so that the newest is created just before `end`, and the rows that were skipped.

    Assets are shared out among the sites by name: all work of an asset is in one site. Raises UnusableFile.
    """
    rows, bad = _parse(path, limit)
    if not rows:
        raise UnusableFile(f"{path}: no usable row" + (f"; line {bad[0].line}: {bad[0].reason}" if bad else ""))
    shift = end - timedelta(hours=12) - max(row.created_at for row in rows)
    names = sorted({row.asset for row in rows})
    site_of = {name: sites[number % len(sites)] for number, name in enumerate(names)}
    return [_plan(row, site_of[row.asset], shift, seed, end) for row in rows], bad


@dataclass(frozen=True, slots=True)
class _Row:
    line: int
    created_at: datetime
    asset: str
    title: str
    work_type: WorkType
    cost_cents: int | None
    finished_at: datetime | None


def _parse(path: Path, limit: int | None) -> tuple[list[_Row], list[BadRow]]:
    table = read_table(path)
    columns = _columns(path, table.headings)
    how = _conventions(table, columns)
    rows: list[_Row] = []
    bad: list[BadRow] = []
    for line, cells in table.rows:
        if limit is not None and len(rows) >= limit:
            break
        try:
            rows.append(_row(line, _record(table, cells), columns, how))
        except ValueError as error:
            bad.append(BadRow(line, str(error)))
    return rows, bad


def _columns(path: Path, headings: Sequence[str]) -> dict[str, str]:
    """What each column that we read is called in the file; "" if it has none."""
    by_name: dict[str, str] = {}
    ours = {name.lower() for names in _HEADINGS.values() for name in names}
    for heading in headings:
        if heading.lower() in by_name and heading.lower() in ours:
            raise UnusableFile(f"{path}: line 1: there are two columns {heading}")
        by_name[heading.lower()] = heading
    columns = {
        meaning: next((by_name[name.lower()] for name in names if name.lower() in by_name), "")
        for meaning, names in _HEADINGS.items()
    }
    missing = [" or ".join(_HEADINGS[meaning][:2]) for meaning in _REQUIRED if not columns[meaning]]
    if missing:
        found = ", ".join(shown(heading)[1:-1] for heading in headings[:20]) or "none"
        raise UnusableFile(f"{path}: line 1: no column for {', '.join(missing)}; found: {found}")
    return columns


def _conventions(table: Table, columns: Mapping[str, str]) -> Conventions:
    def cells(meaning: str) -> list[str]:
        if not columns[meaning]:
            return []
        place = table.headings.index(columns[meaning])
        return [row[place].strip() for _, row in table.rows if place < len(row)]

    return conventions([*cells("created"), *cells("finished")], cells("cost"), table.separator)


def _record(table: Table, cells: Sequence[str]) -> dict[str, str]:
    # A separator in a title that is not quoted moves all that follows into wrong columns.
    if any(cell.strip() for cell in cells[len(table.headings) :]):
        raise ValueError(f"has {len(cells)} cells, but there are {len(table.headings)} headings: is a quote missing?")
    return dict(zip(table.headings, cells, strict=False))


def _row(line: int, record: Mapping[str, str], columns: Mapping[str, str], how: Conventions) -> _Row:
    def optional(meaning: str, read: Callable[[str], T]) -> T | None:
        value = record.get(columns[meaning], "").strip() if columns[meaning] else ""
        if not value:
            return None
        try:
            return read(value)
        except ValueError as error:
            raise ValueError(f"{columns[meaning]} {error}") from error

    def required(meaning: str, read: Callable[[str], T]) -> T:
        value = optional(meaning, read)
        if value is None:
            raise ValueError(f"{columns[meaning]} is empty")
        return value

    created_at = required("created", lambda text: to_moment(text, how))
    finished_at = optional("finished", lambda text: to_moment(text, how))
    if finished_at is not None and finished_at < created_at:
        raise ValueError(f"{columns['finished']} is before {columns['created']}")
    return _Row(
        line,
        created_at,
        required("asset", str),
        required("title", str),
        optional("type", _work_type) or "REACTIVE",
        optional("cost", lambda text: to_cents(text, how)),
        finished_at,
    )


def _work_type(text: str) -> WorkType:
    name = text.lower()
    if name in _PREVENTIVE:
        return "PREVENTIVE"
    if name in _REACTIVE:
        return "REACTIVE"
    raise ValueError(f"is an unknown work type: {shown(text)}")


def _plan(row: _Row, site: str, shift: timedelta, seed: int, end: datetime) -> PlannedWorkOrder:
    planned = live_from(
        key=f"L{row.line:06d}",
        site=site,
        asset=row.asset[:100],
        title=row.title,
        work_type=row.work_type,
        created_at=row.created_at + shift,
        end=end,
        seed=seed,
    )
    if row.finished_at is None:
        return replace(planned, cost_cents=row.cost_cents)
    finished_at = max(row.finished_at, row.created_at + timedelta(minutes=30)) + shift
    started_at = planned.created_at + (finished_at - planned.created_at) / 2
    return replace(
        planned,
        cost_cents=row.cost_cents,
        started_at=started_at if started_at < end else None,
        finished_at=finished_at if finished_at < end else None,
    )
