"""`ops plan`: what the sync would do with one pair now, and why, without doing it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from ops.environment import DEFAULT_CONFIG, ConfigFolder, SiteArgument, require_project, use_config
from ops.exits import OK, WRONG, one_line_errors
from ops.output import AsJson, complain, print_json, print_table, say
from shared.errors import RecordNotFound
from shared.state import RecordKey
from shared.sync.dry_run import dry_run
from shared.sync.engine import SyncEngine
from shared.sync.new_in_erp import is_wanted, new_work_order
from shared.sync.parts import KIND
from shared.sync.plan import Planned
from shared.sync.reference import work_order_id_in
from shared.sync.steps import Agree, Finish, Settle, Step, Write

_READS = ("ReadWorkOrder", "ReadErp", "FindErp", "ReadAttempt")


@one_line_errors
def plan(
    site: SiteArgument,
    work_order_id: Annotated[int | None, typer.Argument(metavar="[WORK_ORDER]", help="MaintainX's id.")] = None,
    erp_id: Annotated[
        str | None, typer.Option("--erp", metavar="ID", help="The ERP's id, in place of WORK_ORDER.")
    ] = None,
    config: ConfigFolder = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Show what the sync would do with a work order and its ERP record now, step by step, and why. Writes nothing.

    Both sides are read as they are, and the same plan is made as for an event about the ERP. What would be written is
    taken for stored as it is; what a system makes of it may add a step. With `--erp` the record's work order is looked
    for: by the link, by the reference that the record carries, else by what the mapping's `on_new_in_erp` wants.

    Exits with 1 if a step would write, or somebody must decide: with 0 both sides are in step.
    """
    from shared.bootstrap import sync_engine

    require_project()
    use_config(config)
    if (work_order_id is None) == (erp_id is None):
        raise typer.BadParameter("give either WORK_ORDER or --erp ID")
    engine = sync_engine(site)
    number = work_order_id if erp_id is None else _work_order_of(engine, erp_id)
    rows = list(_new_rows(engine, str(erp_id)) if number is None else _rows(engine, number))
    ends, steps = rows[-1], rows[:-1]
    if as_json:
        print_json({"site": site, "work_order": number, "steps": steps, "ends": ends})
    else:
        about = f"ERP record {erp_id}" if number is None else f"work order {number}"
        say(f"{about} of {site}")
        if steps:
            print_table(("step", "what", "because"), steps)
        say(f"ends: {ends['what']}")
    raise typer.Exit(WRONG if any(row["writes"] for row in rows) else OK)


def _work_order_of(engine: SyncEngine, erp_id: str) -> int | None:
    """The work order of an ERP record; None if there is none yet."""
    linked = engine.state.find_record(engine.site, KIND, erp_id=erp_id)
    if linked is not None and linked.state != "orphaned":
        return linked.maintainx_id
    try:
        found = engine.erp.get(erp_id)
    except RecordNotFound:
        complain(f"the ERP of {engine.site} has no record {erp_id}")
        raise typer.Exit(WRONG) from None
    return work_order_id_in(found.reference, engine.site, engine.erp.description.reference_length)


def _new_rows(engine: SyncEngine, erp_id: str) -> Iterator[dict[str, Any]]:
    """Of a record that nothing links."""
    found = engine.erp.get(erp_id)
    if not is_wanted(engine.mapping, found):
        yield _row("", "nothing: no work order is wanted of it", "", writes=False)
        return
    fields = new_work_order(engine.mapping, found, engine.zone)
    yield _row("CreateWorkOrder", _values(fields), "on_new_in_erp wants a work order of it", writes=True)
    yield _row("", "done created, then both are brought in step", "", writes=False)


def _rows(engine: SyncEngine, number: int) -> Iterator[dict[str, Any]]:
    for planned in dry_run(engine, RecordKey(engine.site, KIND, number), datetime.now(UTC)):
        if type(planned.step).__name__ not in _READS:
            yield _planned_row(planned)


def _planned_row(planned: Planned) -> dict[str, Any]:
    step = planned.step
    if isinstance(step, Finish):
        parked = [f"{name} waits: {each.reason}" for name, each in step.parked.items()]
        what = "; ".join([f"{step.outcome.kind} {step.outcome.reason}", *parked])
        return _row("", what, planned.rule.when, writes=bool(parked))
    return _row(type(step).__name__, _what(step), planned.rule.when, writes=isinstance(step, Write))


def summary(planned: Planned) -> str:
    """What a step would write or park, in one line; empty if nothing."""
    row = _planned_row(planned)
    return f"{row['step'] or 'ends'}, {row['what']}" if row["writes"] else ""


def _what(step: Step) -> str:
    if isinstance(step, Write):
        return _values(step.after, step.before)
    if isinstance(step, Agree):
        return ", ".join(step.baselines)
    if isinstance(step, Settle):
        return "nothing of it was done" if step.done is None else f"{step.done.action} was done"
    return ""


def _values(after: Mapping[str, Any], before: Mapping[str, Any] | None = None) -> str:
    known = before or {}
    return "; ".join(
        f"{name}: {known[name]!r} -> {value!r}" if name in known else f"{name}: {value!r}"
        for name, value in after.items()
    )


def _row(step: str, what: str, because: str, *, writes: bool) -> dict[str, Any]:
    return {"step": step, "what": what, "because": because, "writes": writes}
