"""What is said of a history before the run: what was read, what is assumed, how long it will take."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from local.demo.columns import HEADINGS
from local.demo.history import PlannedWorkOrder, steps
from local.demo.own_history import OwnHistory

# Measured on two cores at 2 to 3 GHz; the progress display corrects it as it goes.
_STEPS_PER_S = 40
_START_S = 25
_MOST, _MOST_COLUMNS = 8, 20
_ABSENT = {
    "created": "dates of creation: the file's other dates are taken",
    "type": "types: all taken as REACTIVE",
    "status": "",
    "priority": "priorities: all NONE",
    "due": "due dates: none, so there is no PM compliance",
    "asset": "assets: none",
}
# KPIs of when assets stood, of which no list of work orders tells.
ASSET_KPIS = frozenset(
    {"asset_downtime", "unclassified_downtime", "mean_downtime", "mttr_restore", "mtbf", "availability"}
)


def show_summary(console: Console, planned: Sequence[PlannedWorkOrder], own: OwnHistory | None, name: str) -> None:
    """Show it, in lines that fit 80 columns."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column()
    for label, lines in _lines(planned, own, name).items():
        if lines:
            table.add_row(label, Text("\n".join(lines)))
    console.print(table)
    console.print()


def kpi_notes(planned: Sequence[PlannedWorkOrder], own: OwnHistory) -> dict[str, str]:
    """What must be said beside a KPI that rests on what was assumed, by its name."""
    if not own.finish_assumed:
        return {}
    note = f"Finish times of {own.finish_assumed:,} of {len(planned):,} are assumed."
    return dict.fromkeys(("mttr_work_order", "pm_compliance", "completion_rate"), note)


def _lines(planned: Sequence[PlannedWorkOrder], own: OwnHistory | None, name: str) -> Mapping[str, Sequence[str]]:
    count = len(steps(planned))
    sites = Counter(order.site for order in planned)
    work = {
        "plants": [", ".join(f"{site} {n:,}{_plants(own, site)}" for site, n in sorted(sites.items()))],
        "steps": [f"{count:,}, {_duration(_START_S + count / _STEPS_PER_S)} on two cores" + _part(count)],
    }
    if own is None:
        return {"work orders": [f"{len(planned):,} invented, of four weeks"], **work}
    return {
        "file": [f"{name} ({own.form})"],
        "rows": [
            f"{own.rows - len(own.skipped):,} of {own.rows:,} read, {len(own.skipped):,} skipped"
            + (f"; the newest {len(planned):,} are run" if len(planned) < own.rows - len(own.skipped) else "")
        ],
        "skipped": [f"line {row.line}: {row.reason}" for row in own.skipped[:_MOST]] + _more(len(own.skipped)),
        "span": [_span(own)],
        "columns": [", ".join(f"{meaning} = {' / '.join(found)}" for meaning, found in own.used.items())],
        "not read": [", ".join(own.unread[:_MOST_COLUMNS]) + _and_more(len(own.unread))] if own.unread else [],
        **work,
        "assumed": [
            *(["of all rows of the file:"] if len(planned) < own.rows - len(own.skipped) else []),
            *_assumed(own),
        ],
    }


def _assumed(own: OwnHistory) -> Iterator[str]:
    if "status" not in own.used and "finished" not in own.used:
        yield "no statuses and no finish dates: all work is taken as done, but the newest"
    if own.finish_assumed:
        yield f"no finish date, so an invented one: {own.finish_assumed:,}"
    for meaning, text in _ABSENT.items():
        if (
            text
            and meaning in HEADINGS
            and meaning not in own.used
            and not (meaning == "asset" and "place" in own.used)
        ):
            yield f"no column for {text}"
    yield from (f"{what}: {n:,}" for what, n in own.assumed.most_common(2 * _MOST))
    if len(own.assumed) > 2 * _MOST:
        yield f"... and {len(own.assumed) - 2 * _MOST} more kinds"
    yield "when work began, where the file does not tell; who did it"


def _span(own: OwnHistory) -> str:
    if own.first is None or own.last is None:
        return ""
    moved = f"moved by {own.moved.days:+,} days, to end now" if own.moved else "not moved"
    return f"{own.first:%Y-%m-%d} to {own.last:%Y-%m-%d}, {moved}"


def _plants(own: OwnHistory | None, site: str) -> str:
    plants = own.plants.get(site, []) if own is not None else []
    shown = " ".join(plants[:3]) + (" ..." if len(plants) > 3 else "")
    return f" (plant {shown})" if plants else ""


def _more(count: int) -> list[str]:
    return [f"... and {count - _MOST:,} more; all are in report.json"] if count > _MOST else []


def _and_more(count: int) -> str:
    return f", ... and {count - _MOST_COLUMNS:,} more" if count > _MOST_COLUMNS else ""


def _part(count: int) -> str:
    return "; --count 300 runs the newest 300" if count > 5_000 else ""


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"about {round(seconds, -1):.0f} seconds"
    return f"about {seconds / 60:.0f} minutes" if seconds < 5_400 else f"about {seconds / 3_600:.1f} hours"
