"""Makes a history of a user's own list of work orders: SAP's, MaintainX's or another's, of any age.

A row is kept if it has an id or a description, and a date. What the file does not say is assumed, and each assumption
is counted; what it says (status, priority, type, due date, ...) stays as it is.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

from local.demo import columns
from local.demo.cells import Conventions, conventions, shown, to_cents, to_moment
from local.demo.columns import DATES, HEADINGS, Status
from local.demo.history import PlannedWorkOrder, WorkType, invented_times
from local.demo.table_file import Table, UnusableFile, read_table

__all__ = ["BadRow", "OwnHistory", "UnusableFile", "read_history"]

T = TypeVar("T")

_SHORTEST = timedelta(minutes=30)
# A newest date that lies this far after all others is a slip of the keyboard: the history would end years too early.
_FAR = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that was skipped: its line in the file and why."""

    line: int
    reason: str


@dataclass
class OwnHistory:
    """What a file gave.

    rows: how many it has. used: what each meaning's column is called there. unread: headings of the columns that say
    nothing to us. first, last: its oldest and newest date. moved: by how much all are. plants: by site, its plants.
    assumed: how often what was assumed. finish_assumed: how many work orders have invented times.
    """

    form: str
    rows: int = 0
    planned: list[PlannedWorkOrder] = field(default_factory=list)
    skipped: list[BadRow] = field(default_factory=list)
    used: dict[str, list[str]] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)
    first: datetime | None = None
    last: datetime | None = None
    moved: timedelta = timedelta(0)
    plants: dict[str, list[str]] = field(default_factory=dict)
    assumed: Counter[str] = field(default_factory=Counter)
    finish_assumed: int = 0


def read_history(
    path: Path, sites: Mapping[str, ZoneInfo], *, seed: int, end: datetime, limit: int | None = None
) -> OwnHistory:
    """The history in a file, moved by whole days so that it ends within the day before `end`. Raises UnusableFile.

    sites: their time zones by id; a time without zone is one of its site's. Plants are shared out among the sites by
    name, or assets if the file has not several plants. limit: how many work orders to take, the newest.
    """
    table = read_table(path, columns.known_headings)
    places = columns.meanings(table.headings)
    _check_columns(path, table, places)
    history = OwnHistory(table.form, rows=len(table.rows))
    history.used = {meaning: [table.headings[at] for at in found] for meaning, found in places.items() if found}
    known = {place for found in places.values() for place in found}
    history.unread = [name for place, name in enumerate(table.headings) if name and place not in known]
    reader = _Reader(table, places, _conventions(table, places), history.assumed)
    history.assumed.update(table.notes)
    rows: list[_Row] = []
    for line, cells in table.rows:
        try:
            rows.append(reader.row(line, cells))
        except ValueError as error:
            history.skipped.append(BadRow(line, str(error)))
    if not rows:
        reason = f"; line {history.skipped[0].line}: {history.skipped[0].reason}" if history.skipped else ""
        raise UnusableFile(f"{path}: no usable row{reason}")
    _plan_all(history, _mend_far_dates(rows, history.assumed, end), sites, seed, end, limit)
    return history


@dataclass(slots=True)
class _Row:
    """One row as the file has it; times have a zone only if the file names one. status: None if the file tells none."""

    line: int
    created_at: datetime
    asset: str | None
    plant: str
    title: str
    description: str
    work_type: WorkType
    priority: str
    cost_cents: int | None
    status: Status | None
    planned_start_at: datetime | None
    due_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None


def _check_columns(path: Path, table: Table, places: Mapping[str, Sequence[int]]) -> None:
    missing = []
    if not any(places[meaning] for meaning in ("id", "title")):
        missing.append(
            f"an id or a description ({', '.join((*HEADINGS['title'][:5], 'Kurztext', 'ID', 'Order'))}, ...)"
        )
    if not any(places[meaning] for meaning in DATES):
        names = [name for meaning in DATES for name in HEADINGS[meaning][:2]]
        missing.append(f"a date ({', '.join((*names, 'Eckstarttermin'))}, ...)")
    if missing:
        found = ", ".join(shown(heading)[1:-1] for heading in table.headings[:20] if heading) or "none"
        raise UnusableFile(f"{path}: line {table.line}: no column for {' or for '.join(missing)}; found: {found}")


def _conventions(table: Table, places: Mapping[str, Sequence[int]]) -> Conventions:
    def cells(meaning: str) -> list[str]:
        return [row[at].strip() for at in places[meaning] for _, row in table.rows if at < len(row)]

    dates = [cell for meaning in DATES for cell in cells(meaning)]
    return conventions(dates, cells("cost"), table.separator)


@dataclass
class _Reader:
    """Reads rows of one table, and counts what had to be assumed."""

    table: Table
    places: Mapping[str, Sequence[int]]
    how: Conventions
    assumed: Counter[str]
    ids: set[str] = field(default_factory=set)

    def row(self, line: int, cells: Sequence[str]) -> _Row:
        """The row. Raises ValueError with the reason if it has neither id nor description, or no date."""
        cells = self._in_columns(cells)
        number, title = self._first(cells, "id"), self._first(cells, "title")
        if not number and not title:
            raise ValueError("has neither an id nor a description")
        if number and number in self.ids:
            self.assumed["an id that another row has: a work order of its own"] += 1
        self.ids.add(number)
        dates = {meaning: self._date(cells, meaning) for meaning in DATES}
        found = {meaning: moment for meaning, (moment, _) in dates.items() if moment is not None}
        if not found:
            raise ValueError("; ".join(reason for _, reason in dates.values() if reason) or "has no date")
        for meaning, (_, reason) in dates.items():
            if reason:
                self.assumed[f"{self._name(meaning)} is not a date: left out"] += 1
        created_from = next(meaning for meaning in DATES if meaning in found)
        if created_from != "created" and self.places["created"]:
            self.assumed[f"no date of creation: {self._name(created_from)} taken"] += 1
        if not title:
            self.assumed["no description: the id taken"] += 1
        asset = self._first(cells, "asset") or self._first(cells, "place")
        return _Row(
            line=line,
            created_at=found[created_from],
            asset=asset[:100].strip() or None,
            plant=self._first(cells, "plant"),
            title=title or f"Work order {number}",
            description=self._first(cells, "description"),
            work_type=self._work_type(cells),
            priority=self._word(cells, "priority", columns.priority, "NONE"),
            cost_cents=self._cost(cells),
            status=self._status(cells, found),
            # Where it is all that a file has, the planned start is the date of creation.
            planned_start_at=found.get("planned_start") if self.places["created"] else None,
            due_at=found.get("due") if created_from != "due" else None,
            started_at=found.get("started"),
            finished_at=found.get("finished"),
        )

    def _in_columns(self, cells: Sequence[str]) -> Sequence[str]:
        """The cells; where a separator in a title that is not quoted has made too many, the title is put together."""
        surplus = len(cells) - len(self.table.headings)
        if surplus <= 0 or not any(cell.strip() for cell in cells[len(self.table.headings) :]):
            return cells
        at = next(iter(self.places["title"]), None)
        if at is None:
            return cells
        joined = f"{self.table.separator} ".join(cell.strip() for cell in cells[at : at + surplus + 1])
        self.assumed["more cells than headings: the description put together"] += 1
        return [*cells[:at], joined, *cells[at + surplus + 1 :]]

    def _first(self, cells: Sequence[str], meaning: str) -> str:
        """The first cell of this meaning that is not empty."""
        return next((text for at in self.places[meaning] if at < len(cells) and (text := cells[at].strip())), "")

    def _name(self, meaning: str) -> str:
        return self.table.headings[self.places[meaning][0]]

    def _date(self, cells: Sequence[str], meaning: str) -> tuple[datetime | None, str]:
        """The date, and why a cell that is not empty is none."""
        reason = ""
        for at in self.places[meaning]:
            text = cells[at].strip() if at < len(cells) else ""
            try:
                if text and (moment := to_moment(text, self.how)) is not None:
                    return moment, ""
            except ValueError as error:
                reason = reason or f"{self.table.headings[at]} {error}"
        return None, reason

    def _word(self, cells: Sequence[str], meaning: str, read: Callable[[str], T | None], otherwise: T) -> T:
        text = self._first(cells, meaning)
        if (found := read(text) if text else None) is not None:
            return found
        if self.places[meaning]:
            what = f"{meaning} {text[:30]} is not known" if text else f"no {meaning}"
            self.assumed[f"{what}: {otherwise} taken"] += 1
        return otherwise

    def _work_type(self, cells: Sequence[str]) -> WorkType:
        found: columns.WorkType = self._word(cells, "type", columns.work_type, "REACTIVE")
        if found == "CYCLE_COUNT":
            self.assumed["type CYCLE_COUNT: lived as OTHER, which the API can write"] += 1
            return "OTHER"
        return found

    def _cost(self, cells: Sequence[str]) -> int | None:
        text = self._first(cells, "cost")
        try:
            return to_cents(text, self.how) if text else None
        except ValueError:
            self.assumed["cost is not an amount: left out"] += 1
            return None

    def _status(self, cells: Sequence[str], found: Mapping[str, datetime]) -> Status | None:
        """The status that the file tells; None if it tells nothing of that."""
        by_date: Status | None = None
        if self.places["finished"]:
            by_date = "DONE" if "finished" in found else "IN_PROGRESS" if "started" in found else "OPEN"
        if not self.places["status"]:
            return by_date
        text = self._first(cells, "status")
        said = columns.status(text) if text else None
        if said == "SKIPPED":
            self.assumed["status SKIPPED: lived as CANCELED, which the API can write"] += 1
            return "CANCELED"
        if said is None:
            what = f"status {text[:30]} is not known" if text else "no status"
            self.assumed[f"{what}: {by_date or 'OPEN'} taken"] += 1
            return by_date or "OPEN"
        return said


def _mend_far_dates(rows: list[_Row], assumed: Counter[str], now: datetime) -> list[_Row]:
    """The rows with slips of the keyboard (2099 among 2024) put to the newest date of the others."""
    newest_created = _usual_newest((row.created_at for row in rows), _plain(now))
    newest = max(
        newest_created,
        _usual_newest((row.started_at for row in rows), _plain(now)),
        _usual_newest((row.finished_at for row in rows), _plain(now)),
    )
    for row in rows:
        if _plain(row.created_at) > newest_created:
            assumed["a date to come, a year or more after all others: their newest taken"] += 1
            row.created_at = newest_created
        for name in ("started_at", "finished_at"):
            if (moment := getattr(row, name)) is not None and _plain(moment) > newest:
                assumed["a date to come, a year or more after all others: their newest taken"] += 1
                setattr(row, name, newest)
    return rows


def _usual_newest(moments: Iterable[datetime | None], now: datetime) -> datetime:
    """The newest, but for those few (1 %, at least 3) that are to come and lie a year or more after all others."""
    ordered = sorted(_plain(moment) for moment in moments if moment is not None)
    few = max(3, len(ordered) // 100)
    for place in range(len(ordered) - 1, max(0, len(ordered) - 1 - few), -1):
        if ordered[place] > now and ordered[place] - ordered[place - 1] >= _FAR:
            return ordered[place - 1]
    return ordered[-1] if ordered else datetime.min  # noqa: DTZ901  # only compared


def _plain(moment: datetime) -> datetime:
    return moment.replace(tzinfo=None)


def _plan_all(
    history: OwnHistory, rows: list[_Row], sites: Mapping[str, ZoneInfo], seed: int, end: datetime, limit: int | None
) -> None:
    site_of = _sites(history, rows, list(sites))
    local_end = min(end.astimezone(zone).replace(tzinfo=None) for zone in sites.values())

    def local(row: _Row, moment: datetime) -> datetime:
        return moment.astimezone(sites[site_of(row)]).replace(tzinfo=None) if moment.tzinfo else moment

    moments = [
        (
            row,
            [local(row, moment) for moment in (row.created_at, row.started_at, row.finished_at) if moment is not None],
        )
        for row in rows
    ]
    last = max(moment for _, own in moments for moment in own)
    days = (local_end - _SHORTEST - last) // timedelta(days=1)
    history.first, history.last = min(min(own) for _, own in moments), last
    history.moved = timedelta(days=days)
    rows.sort(key=lambda row: (local(row, row.created_at), row.line))
    for row in rows[-limit:] if limit is not None else rows:
        zone = sites[site_of(row)]

        def moved(moment: datetime | None, row: _Row = row, zone: ZoneInfo = zone) -> datetime | None:
            if moment is None:
                return None
            # In UTC, or a difference would be one of the clock on the wall, wrong by the hour of a summer time.
            return (local(row, moment) + history.moved).replace(tzinfo=zone).astimezone(UTC)

        history.planned.append(_plan(history, row, site_of(row), moved, random.Random(f"{seed}/{row.line}"), end))


def _sites(history: OwnHistory, rows: Sequence[_Row], sites: Sequence[str]) -> Callable[[_Row], str]:
    """Which site a row belongs to: by its plant if there are several, else by its asset, else by its line."""
    plants = sorted({row.plant for row in rows if row.plant})
    names = sorted({row.asset for row in rows if row.asset})
    by_plant = {plant: sites[number % len(sites)] for number, plant in enumerate(plants)} if len(plants) > 1 else {}
    by_asset = {name: sites[number % len(sites)] for number, name in enumerate(names)}
    for plant, site in by_plant.items():
        history.plants.setdefault(site, []).append(plant)

    def site_of(row: _Row) -> str:
        return by_plant.get(row.plant) or by_asset.get(row.asset or "") or sites[row.line % len(sites)]

    return site_of


def _plan(
    history: OwnHistory,
    row: _Row,
    site: str,
    moved: Callable[[datetime | None], datetime | None],
    rng: random.Random,
    end: datetime,
) -> PlannedWorkOrder:
    created_at = moved(row.created_at)
    assert created_at is not None
    status = row.status
    due_at, planned_start_at = moved(row.due_at), moved(row.planned_start_at)
    if planned_start_at and not (due_at and planned_start_at <= due_at):
        # MaintainX takes a planned start only with a due date after it.
        history.assumed["a planned start without a due date after it: left out"] += 1
        planned_start_at = None
    started_at, finished_at = _times(history, row, status, created_at, moved, rng, end)
    if status is None and finished_at is None:
        status = "OPEN" if started_at is None else "IN_PROGRESS"
    return PlannedWorkOrder(
        key=f"L{row.line:06d}",
        site=site,
        asset=row.asset,
        title=row.title,
        work_type=row.work_type,
        priority=row.priority,
        created_at=created_at,
        due_at=due_at,
        planned_start_at=planned_start_at,
        started_at=started_at,
        finished_at=finished_at,
        cost_cents=row.cost_cents,
        end="cancel" if status == "CANCELED" else "finish",
        still_held=status == "ON_HOLD",
        description=row.description,
    )


def _times(
    history: OwnHistory,
    row: _Row,
    status: Status | None,
    created_at: datetime,
    moved: Callable[[datetime | None], datetime | None],
    rng: random.Random,
    end: datetime,
) -> tuple[datetime | None, datetime | None]:
    """When work started (or was canceled) and finished; None where it did not."""
    started_at, finished_at = moved(row.started_at), moved(row.finished_at)
    guess = invented_times(rng, created_at, preventive=row.work_type == "PREVENTIVE")
    if status == "OPEN":
        if started_at or finished_at:
            history.assumed["open by its status, though it began or was finished: left open"] += 1
        return None, None
    if status == "CANCELED":
        return _between(created_at, finished_at or started_at or guess[0], end), None
    if status in ("IN_PROGRESS", "ON_HOLD"):
        return _between(created_at, started_at or guess[0], end), None
    if finished_at is None:
        if status is None and guess[1] >= end:  # only the newest: their work still goes on
            history.assumed["no finish date, and young: still open"] += 1
            return (guess[0] if guess[0] < end else None), None
        history.finish_assumed += 1
        finished_at = max(started_at or created_at, guess[1])
    elif finished_at < created_at:
        history.assumed["finished before it was created: finished half an hour after"] += 1
    elif finished_at < created_at + _SHORTEST:
        history.assumed["finished within half an hour of its creation: half an hour after"] += 1
    finished_at = _between(created_at, finished_at, end)
    if started_at and created_at < started_at < finished_at:
        return started_at, finished_at
    if started_at:
        history.assumed["began not between its creation and its finish: middle taken"] += 1
    return created_at + (finished_at - created_at) / 2, finished_at


def _between(created_at: datetime, moment: datetime, end: datetime) -> datetime:
    """The moment, half an hour after the creation at the earliest, and before the end."""
    return max(created_at + _SHORTEST, min(moment, end - timedelta(minutes=2)))
