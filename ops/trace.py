"""`ops trace`: the whole story of one work order, and how it stands on both sides now."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer
from google.auth.exceptions import DefaultCredentialsError

from ops.environment import (
    DEFAULT_CONFIG,
    ConfigFolder,
    SiteArgument,
    WorkOrderArgument,
    require_project,
    use_config,
)
from ops.exits import OK, USAGE, WRONG, exit_code, one_line_errors, said
from ops.output import AsJson, complain, print_json, print_table, say
from ops.trace_sources import Sources, Told
from shared.events import format_utc
from shared.sync import trace as story
from shared.sync.conflicts import DOUBLED
from shared.sync.intent import Intent
from shared.sync.unfinished import Unfinished, logs_command
from shared.topics import project

_EVENT_ID_SHOWN = 12


@one_line_errors
def trace(
    site: SiteArgument,
    work_order_id: WorkOrderArgument,
    days: Annotated[int, typer.Option(min=1, max=3650, help="How far back to look; BigQuery bills by it.")] = 30,
    config: ConfigFolder = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Tell the whole story of one work order, oldest first, and compare both sides as they are now. Changes nothing.

    Timeline: **event**: what reached the topic `events`; **audit**: what the engine wrote or decided, with the values;
    **claim**: what a function did with an event (kept for 30 days); **dead letter**: what waits for a replay. Below it
    every mapped field with both sides' values, read just now, and what the engine would do about it; and every event
    that a function has not come to an end with, with the command for its log.

    Messages to the engine alone (a change found in the ERP, a decision, a new link) are in no archive; what came of
    them is. A source that does not answer is named, and the rest is shown: then it exits with 3 (2 if it refuses us).
    Exits with 1 if nothing at all is known of the work order, or if two ERP records carry its reference.
    """
    from shared.config.whole import get_config

    require_project()
    use_config(config)
    known = get_config()
    has_erp, since = known.site(site).erp is not None, datetime.now(UTC) - timedelta(days=days)
    sources = Sources(site, work_order_id, since, has_erp, known.routes)
    told = sources.ask()
    if as_json:
        print_json(told.to_json())
    else:
        _show(told, days)
    for name, error in told.errors.items():
        complain(f"{name}: {said(error)}")
    if told.errors:
        raise typer.Exit(max(_code(error) for error in told.errors.values()))
    doubled = told.record is not None and DOUBLED in told.record.conflicts
    raise typer.Exit(OK if told.knows_something and not doubled else WRONG)


def _show(told: Told, days: int) -> None:
    say(f"work order {told.work_order_id} of {told.site}")
    for name, text in _standing(told):
        say(f"  {name:<10} {text}")
    say("")
    if told.moments:
        print_table(("at", "kind", "what", "detail", "event"), [_moment_row(moment) for moment in told.moments])
    elif not told.errors:  # a source that did not answer may know of something
        say(f"nothing happened to it in the last {days} days")
    if told.fields is not None:
        say("")
        print_table(("field", "MaintainX", "as sent", "ERP", "last agreed", "state"), [_row(f) for f in told.fields])
    for each in told.unfinished:
        say("")
        say(f"event {each.event_id} is not finished: {_progress(each)}. What the log has about it:")
        say(f"  {_logs_command(each.event_id)}")


def _standing(told: Told) -> Iterable[tuple[str, str]]:
    """How it stands now, a line each."""
    record, work_order, erp = told.record, told.work_order, told.erp
    if record is None:
        yield "state", "no record" if "state" not in told.errors else "not known"
    else:
        link = f"{record.state}, ERP record {record.erp_id}" if record.erp_id else record.state
        yield "state", f"{link}, reference {record.reference}, saved {format_utc(record.updated_at_utc)}"
        if waits := story.what_waits(record):
            yield "parked", ", ".join(waits)
        if late := record.conflicts.keys() - record.open_conflicts:
            yield "late", f"{', '.join(sorted(late))}: written when the ERP's record is opened again"
        if (intent := Intent.of(record)) is not None:
            yield "under way", f"{intent.action} {intent.direction}, since {intent.at}, event {intent.event_id}"
    if work_order is not None:
        yield "MaintainX", f"{work_order.get('status')}, changed {work_order.get('updatedAt')}"
    elif "MaintainX" not in told.errors:
        yield "MaintainX", "has it no longer, or does not show it"
    if erp is not None:
        changed = "" if erp.changed_at is None else f", changed {format_utc(erp.changed_at)}"
        yield "ERP", f"record {erp.id}{changed}, version {erp.version}"
    elif "ERP" not in told.errors:
        yield "ERP", "has no record of it"
    if told.fields is not None:
        apart = [line.field for line in told.fields if not line.in_step]
        yield "fields", f"not in step: {', '.join(apart)}" if apart else "all in step"


def _logs_command(event_id: str) -> str:
    """What shows the log: gcloud, or grep where the functions run on this machine and LOGS_DIR says where they log."""
    if logs := os.environ.get("LOGS_DIR"):
        return f"grep -h {event_id} {shlex.quote(logs)}/*.log"
    return logs_command(event_id, project())


def _progress(each: Unfinished) -> str:
    if each.in_progress:
        return f"{each.function} is at it right now"
    return f"{each.function} has come to no end with it, so it is tried again or on its way"


def _moment_row(moment: story.Moment) -> dict[str, Any]:
    event = moment.event_id[:_EVENT_ID_SHOWN]
    at = f"{moment.at:%Y-%m-%d %H:%M:%S}Z"
    return {"at": at, "kind": moment.kind, "what": moment.what, "detail": moment.detail, "event": event}


def _row(line: story.FieldLine) -> dict[str, Any]:
    return {
        "field": line.field,
        "MaintainX": line.maintainx,
        "as sent": line.sent,
        "ERP": line.erp if line.shown else "(not shown)",
        "last agreed": line.agreed,
        "state": line.state,
    }


def _code(error: Exception) -> int:
    return USAGE if isinstance(error, DefaultCredentialsError) else exit_code(error)
