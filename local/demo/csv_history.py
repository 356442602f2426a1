"""Reads a user's own work-order history from CSV: an SAP plant-maintenance export, or one from MaintainX.

SAP: `BscStartDate,Asset,OriginalShorttext,PMType,Cost`. MaintainX does not document the headings of its export, so
several spellings of each are taken, whatever their case. A bad row is skipped and reported with its line number.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from local.demo.history import PlannedWorkOrder, WorkType, live_from

_DATE_FORMATS = ("%Y-%m-%d", "%d.%m.%Y", "%m/%d/%Y", "%Y%m%d", "%Y-%m-%d %H:%M", "%m/%d/%Y %H:%M", "%d.%m.%Y %H:%M")

# SAP writes 9999-12-31 for "no end"; shifted to the present it would leave the calendar.
_YEARS = range(1970, 2101)
_AMOUNT = re.compile(r"[+-]?(\d+|\d{1,3}(,\d{3})+)(\.\d+)?")

_HEADINGS: dict[str, tuple[str, ...]] = {
    "created": ("bscstartdate", "created on", "created at", "createdat", "created date", "date created"),
    "asset": ("asset", "asset name", "equipment"),
    "title": ("originalshorttext", "title", "name", "work order title"),
    "type": ("pmtype", "work type", "type", "work order type"),
    "cost": ("cost", "total cost"),
    "finished": ("completed on", "completed at", "completedat", "completion date", "date completed"),
}
_REQUIRED = ("created", "asset", "title")
# SAP's usual order types: PM02 and YBA2 are planned maintenance in the delivered customizing.
_PREVENTIVE = {"pm02", "pm03", "yba2", "preventive", "planned", "pm"}
_REACTIVE = {"pm01", "yba1", "ya01", "ya02", "reactive", "corrective", "breakdown", "unplanned", "other", ""}


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that was skipped: its line in the file and why."""

    line: int
    reason: str


class UnusableFile(ValueError):
    """The file as a whole cannot be read; the message says why."""


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
    rows: list[_Row] = []
    bad: list[BadRow] = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            columns = _columns(path, reader.fieldnames or [])
            for record in reader:
                if limit is not None and len(rows) >= limit:
                    break
                try:
                    rows.append(_row(reader.line_num, record, columns))
                except ValueError as error:
                    bad.append(BadRow(reader.line_num, str(error)))
    except OSError as error:
        raise UnusableFile(f"{path}: {error.strerror}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise UnusableFile(f"{path}: not a CSV file in UTF-8: {error}") from error
    return rows, bad


def _columns(path: Path, headings: Sequence[str]) -> dict[str, str]:
    by_name = {heading.strip().lower(): heading for heading in headings}
    columns = {
        meaning: next((by_name[name] for name in names if name in by_name), "") for meaning, names in _HEADINGS.items()
    }
    missing = [_HEADINGS[meaning][0] for meaning in _REQUIRED if not columns[meaning]]
    if missing:
        raise UnusableFile(
            f"{path}: line 1: no column for {', '.join(missing)}; found: {', '.join(headings) or 'none'}"
        )
    return columns


def _row(line: int, record: Mapping[str, str | None], columns: Mapping[str, str]) -> _Row:
    def cell(meaning: str) -> str:
        return (record.get(columns[meaning]) or "").strip() if columns[meaning] else ""

    def required(meaning: str) -> str:
        value = cell(meaning)
        if not value:
            raise ValueError(f"{columns[meaning]} is empty")
        return value

    created_at = _date(required("created"), columns["created"])
    finished = cell("finished")
    finished_at = _date(finished, columns["finished"]) if finished else None
    if finished_at is not None and finished_at < created_at:
        raise ValueError(f"{columns['finished']} is before {columns['created']}")
    return _Row(
        line,
        created_at,
        required("asset"),
        required("title"),
        _work_type(cell("type")),
        _cents(cell("cost")),
        finished_at,
    )


def _date(text: str, column: str) -> datetime:
    for parse in _DATE_PARSERS:
        try:
            moment = parse(text)
        except ValueError:
            continue
        if moment.year not in _YEARS:
            raise ValueError(f"{column} is outside the years {_YEARS[0]} to {_YEARS[-1]}: {text!r}")
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    raise ValueError(f"{column} is not a date: {text!r}")


def _format_parser(form: str) -> Callable[[str], datetime]:
    return lambda text: datetime.strptime(text, form).replace(tzinfo=UTC)


_DATE_PARSERS: tuple[Callable[[str], datetime], ...] = (
    datetime.fromisoformat,
    *(_format_parser(form) for form in _DATE_FORMATS),
)


def _work_type(text: str) -> WorkType:
    name = text.lower()
    if name in _PREVENTIVE:
        return "PREVENTIVE"
    if name in _REACTIVE:
        return "REACTIVE"
    raise ValueError(f"unknown work type {text!r}")


def _cents(text: str) -> int | None:
    if not text:
        return None
    if not _AMOUNT.fullmatch(text):  # also of "12,50", which must not become 1,250
        raise ValueError(f"cost is not a number such as 1,234.50: {text!r}")
    cents = round(Decimal(text.replace(",", "")) * 100)
    if cents < 0:
        raise ValueError(f"cost is negative: {text!r}")
    return cents


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
