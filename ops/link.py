"""`ops link`: ties a site's existing work orders to the ERP's existing records, before the engine makes new ones."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ops.environment import (
    DEFAULT_CONFIG,
    By,
    ConfigFolder,
    SiteArgument,
    operator_name,
    require_project,
    use_config,
)
from ops.exits import OK, UNREACHABLE, WRONG, one_line_errors
from ops.output import AsJson, complain, note, print_json, print_table, say
from ops.plan import summary
from shared.errors import ConfigError, MappingError, RecordBusy, TransientError
from shared.state import RecordKey
from shared.sync.dry_run import dry_run
from shared.sync.linking import KINDS, REFERENCE, Kind, LinkRule, Match, Matching, counts
from shared.sync.operator import Operator
from shared.sync.parts import KIND

if TYPE_CHECKING:
    from shared.sync.engine import SyncEngine

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NOTE_EVERY = 1000
# A site's list is long, and nobody waits for it as a function's caller does.
_MAX_WAIT_S = 120.0
_COLUMNS = ("kind", "work_orders", "erp_ids", "value", "detail", "result")
_MEANING: dict[Kind, str] = {
    "link": "to be linked",
    "linked": "linked already",
    "ambiguous": "several on one side: a person must tell which, so they are left alone",
    "conflict": "one of the two is linked to another record already, so they are left alone",
    "erp_only": "ERP records without a work order: left alone",
    "maintainx_only": "work orders without an ERP record: the engine makes one at their next event",
}


@one_line_errors
def link(
    site: SiteArgument,
    rule: Annotated[
        str,
        typer.Option(
            help="What makes two records the same: `reference`, or `ERP_FIELD=MAINTAINX_FIELD`.",
            metavar="reference|ERP_FIELD=MAINTAINX_FIELD",
        ),
    ] = REFERENCE,
    apply: Annotated[
        bool, typer.Option("--apply", help="Link them. Without it: only show what would be done.")
    ] = False,
    preview: Annotated[
        int,
        typer.Option(
            min=0, metavar="N", help="Show for the first N of them what the sync would do once they are linked."
        ),
    ] = 0,
    limit: Annotated[int, typer.Option(min=1, help="Make, and show of each kind, at most this many.")] = 100,
    by: By = None,
    config: ConfigFolder = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Match the work orders and ERP records that a site has already, and link those that belong together.

    Run it before the site's events are routed to the ERP: the engine makes a new ERP record for every work order that
    is not linked, unless the ERP has one with our reference.

    Rules: **reference**: the ERP's record carries our reference (`mx:SITE:ID`). **ERP_FIELD=MAINTAINX_FIELD**: both
    fields have the same text, for example `id="extraFields.ERP Order"`, where `id` is the ERP record's own id. Exact:
    `4711` is not `00004711`. What is found more than once on a side is shown and never linked.

    A record that is linked by such a rule does not carry our reference, and need not: the link is in our state. Once
    linked, the engine compares the two field by field, and the mapping's policy decides where they differ; so look at
    the policies first. Both lists are read whole. Safe to run twice and to break off; a work order whose ERP record is
    gone may be linked anew. Exits with 1 if something is ambiguous or in conflict.
    """
    from shared.bootstrap import state_store, sync_engine

    require_project()
    use_config(config)
    engine = sync_engine(site)
    matching = _read(engine, LinkRule.parse(rule, engine.erp.description))
    if matching.is_blind:
        raise ConfigError(f"rule {rule!r}: none of the {matching.size[1]} ERP records of {site} shows that field")
    matches = list(matching.matches())
    results: dict[Match, str] = {}
    if apply:
        results = _apply(engine, Operator(state_store(), engine.publisher, operator_name(by)), matches, limit)
    previews = {} if apply else _previews(engine, matches, preview)
    report = _report(site, rule, matching, matches, results or previews, limit)
    if as_json:
        print_json({"dry_run": not apply, **report})
    else:
        _show(report, apply=apply or bool(previews), applied=apply)
    _note_limit(matches, results, limit, apply=apply)
    raise typer.Exit(_exit(matches, results))


def _read(engine: SyncEngine, rule: LinkRule) -> Matching:
    """Both lists, and after them what is known, so that what was linked meanwhile counts as such."""
    from shared.bootstrap import maintainx_client

    matching = Matching(engine.site, rule, engine.erp.description.reference_length)
    for number, record in enumerate(engine.erp.changed_since(_EPOCH), start=1):
        matching.add_erp_record(record)
        if number % _NOTE_EVERY == 0:
            note(f"read {number} ERP records")
    client = maintainx_client(engine.site, max_wait_s=_MAX_WAIT_S)
    for number, work_order in enumerate(client.iter_work_orders(expand=rule.expands), start=1):
        matching.add_work_order(work_order.wire())
        if number % _NOTE_EVERY == 0:
            note(f"read {number} work orders")
    for known in engine.state.list_records(engine.site, kind=KIND):
        matching.add_record(known)
    return matching


def _previews(engine: SyncEngine, matches: list[Match], most: int) -> dict[Match, str]:
    """What a run would do with each of the first links, or why that cannot be told."""
    found: dict[Match, str] = {}
    for match in [match for match in matches if match.kind == "link"][:most]:
        (work_order_id,), (erp_id,) = match.work_orders, match.erp_ids
        key = RecordKey(engine.site, KIND, work_order_id)
        try:
            steps = list(dry_run(engine, key, datetime.now(UTC), as_linked_to=erp_id))
        except MappingError as error:
            found[match] = f"cannot be compared, {error}"
            continue
        found[match] = "; ".join(text for each in steps if (text := summary(each)))
    return found


def _apply(engine: SyncEngine, operator: Operator, matches: list[Match], limit: int) -> dict[Match, str]:
    """What became of each link: as `shared.sync.operator.Linked`, or an error. Stops where the error is not its own."""
    results: dict[Match, str] = {}
    wanted = [match for match in matches if match.kind == "link" or match.not_compared]
    for match in wanted[:limit]:
        (work_order_id,), (erp_id,) = match.work_orders, match.erp_ids
        key = RecordKey(engine.site, KIND, work_order_id)
        try:
            results[match] = operator.link(key, erp_id, engine.reference(work_order_id))
        except TransientError as error:
            results[match] = f"{type(error).__name__}: {error}"
            if not isinstance(error, RecordBusy):
                break
        if len(results) % _NOTE_EVERY == 0:
            note(f"linked {len(results)} of {len(wanted)}")
    return results


def _report(
    site: str, rule: str, matching: Matching, matches: list[Match], results: dict[Match, str], limit: int
) -> dict[str, Any]:
    of_kind = {kind: [match for match in matches if match.kind == kind] for kind in KINDS}
    shown = [match for kind in KINDS for match in of_kind[kind][:limit]]
    work_orders, erp_records = matching.size
    done = list(results.values())
    return {
        "site": site,
        "rule": rule,
        "work_orders": work_orders,
        "erp_records": erp_records,
        "counts": counts(matches),
        "results": {result: done.count(result) for result in sorted(set(done))},
        "matches": [{**asdict(match), "result": results.get(match)} for match in shown],
    }


def _show(report: dict[str, Any], *, apply: bool, applied: bool) -> None:
    """apply: whether there is a result to show; applied: whether anything was done."""
    say(f"{report['site']}: {report['work_orders']} work orders, {report['erp_records']} ERP records")
    for kind, count in report["counts"].items():
        if count:
            say(f"{count:7} {kind}: {_MEANING[kind]}")
    rows = [
        {**row, "work_orders": _listed(row["work_orders"]), "erp_ids": _listed(row["erp_ids"])}
        for row in report["matches"]
        if row["kind"] != "linked" or row["result"]
    ]
    if rows:
        say("")
        print_table(_COLUMNS if apply else _COLUMNS[:-1], rows)
    if not applied and report["counts"]["link"]:
        say("")
        say("nothing was done; with --apply those to be linked are")


def _listed(ids: tuple[Any, ...]) -> str:
    return ", ".join(str(each) for each in ids)


def _note_limit(matches: list[Match], results: dict[Match, str], limit: int, *, apply: bool) -> None:
    wanted = sum(match.kind == "link" or match.not_compared for match in matches)
    if apply and len(results) < wanted:
        note(f"{wanted - len(results)} are left for the next run (--limit {limit})")
    elif any(count > limit for kind, count in counts(matches).items() if kind != "linked"):
        note(f"only {limit} of a kind are shown (--limit)")


def _exit(matches: list[Match], results: dict[Match, str]) -> int:
    errors = [(match, result) for match, result in results.items() if ": " in result]
    for match, result in errors:
        complain(f"work order {match.work_orders[0]}: {result}")
    if errors:
        return UNREACHABLE
    bad = any(match.kind in ("ambiguous", "conflict") for match in matches) or "taken" in results.values()
    return WRONG if bad else OK
