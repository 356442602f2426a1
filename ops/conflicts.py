"""`ops conflicts`: what both sides changed and a person must decide."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn

import typer

from ops.environment import (
    DEFAULT_CONFIG,
    By,
    ConfigFolder,
    SiteArgument,
    WorkOrderArgument,
    operator_name,
    require_project,
    use_config,
)
from ops.exits import OK, WRONG, one_line_errors
from ops.output import AsJson, complain, print_json, print_table, say
from shared.state import RecordKey, SyncRecord
from shared.sync.conflicts import DELETION, DOUBLED, OF_THE_WHOLE, ORPHAN, STRANGER, Parked, decide
from shared.sync.merge import Side
from shared.sync.operator import Operator
from shared.sync.parts import KIND

app = typer.Typer(
    no_args_is_help=True,
    help="List, show and resolve what waits for a person's decision between MaintainX and the ERP.",
    rich_markup_mode="markdown",
)

Sites = Annotated[list[str] | None, typer.Option("--site", help="Only this site. May be repeated.", show_default=False)]
Fields = Annotated[
    list[str] | None,
    typer.Option(
        "--field", help="Only this field, by its ERP name. May be repeated. Without it: all.", show_default=False
    ),
]

_COLUMNS = ("site", "work_order", "erp_id", "field", "reason", "maintainx", "erp", "since", "decided")
REASONS = {
    "both_changed": "both sides changed it",
    "no_time_of_change": "both sides changed it, and one does not tell when",
    "status_not_possible": "the ERP cannot bring its record to this status",
    "erp_is_final": "the ERP's status takes no change now; it is written when that opens again",
    "erp_refuses": "the ERP refuses MaintainX's value",
    "erp_keeps": "the ERP answered that it stored MaintainX's value, and still has its own",
    "maintainx_keeps": "MaintainX answered that it stored the ERP's value, and still has its own",
    "deleted": "the work order was deleted",
    "gone": "the ERP's record is gone",
    "not_ours": "the ERP has another record under its number",
    "doubled": "two records of the ERP carry its reference",
}
_ONE_TOO_MANY = "nothing: the link stays; delete one of the two in the ERP, or take the reference off it"
# What taking a side means where there are no two values.
_WHOLE_RECORD: dict[tuple[str, Side], str] = {
    (DELETION, "maintainx"): "the ERP's record is cancelled too, as the mapping's on_delete says",
    (DELETION, "erp"): "the ERP's record stays as it is",
    (ORPHAN, "maintainx"): "a new ERP record is made",
    (ORPHAN, "erp"): "the work order is cancelled",
    (STRANGER, "maintainx"): "a new ERP record is made; the other one stays as it is",
    (STRANGER, "erp"): "the work order is cancelled; the other record stays as it is",
    (DOUBLED, "maintainx"): _ONE_TOO_MANY,
    (DOUBLED, "erp"): _ONE_TOO_MANY,
}


@app.command("list")
@one_line_errors
def list_conflicts(
    site: Sites = None,
    check: Annotated[bool, typer.Option("--check", help="Exit with 1 if there are any: for scripts.")] = False,
    config: ConfigFolder = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Show all fields that wait for a person, by their ERP names, with both sides' values. Without --site: of all.

    Until somebody decides, both sides keep what they have; all other fields stay in step. What goes away by itself (one
    side takes over the other's value) disappears from here. `decided`: a person chose this side, and the engine has not
    looked since.
    """
    from shared.bootstrap import state_store
    from shared.config.whole import get_config

    require_project()
    use_config(config)
    names = [get_config().site(name).id for name in dict.fromkeys(site or get_config().sites)]
    store = state_store()
    rows = [
        row
        for name in names
        for record in store.list_records(name, kind=KIND, parked=True)
        for row in _rows(record)
        if row["field"] in record.open_conflicts
    ]
    if as_json:
        print_json({"count": len(rows), "conflicts": rows})
    elif rows:
        print_table(_COLUMNS, rows)
    else:
        say("nothing is parked")
    raise typer.Exit(WRONG if rows and check else OK)


@app.command()
@one_line_errors
def show(
    site: SiteArgument, work_order_id: WorkOrderArgument, config: ConfigFolder = DEFAULT_CONFIG, as_json: AsJson = False
) -> None:
    """Show what is parked of one work order, and what taking either side would do. Exits with 1 if nothing is.

    Values are as they were at the last look; `ops trace` reads both systems anew.
    """
    record = _parked_record(site, work_order_id, config)
    rows = _rows(record)
    if as_json:
        print_json({"site": site, "work_order": work_order_id, "erp_id": record.erp_id, "conflicts": rows})
        return
    say(f"work order {work_order_id} of {site}, ERP record {record.erp_id}")
    for row in rows:
        say("")
        say(f"{row['field']}: {REASONS.get(row['reason'], row['reason'])}, since {row['since']}")
        if row["detail"]:
            say(f"  the ERP says:      {row['detail']}")
        if row["field"] not in OF_THE_WHOLE:
            say(f"  MaintainX has:     {_value(row['maintainx'])}")
            say(f"  the ERP has:       {_value(row['erp'])}")
        say(f"  --take maintainx:  {_effect(row, 'maintainx')}")
        say(f"  --take erp:        {_effect(row, 'erp')}")
        if row["decided"]:
            say(f"  decided:           {row['decided']}; the engine has not looked since")


@app.command()
@one_line_errors
def resolve(
    site: SiteArgument,
    work_order_id: WorkOrderArgument,
    take: Annotated[
        Literal["maintainx", "erp"], typer.Option(help="The side whose value stays; the other side gets it.")
    ],
    field: Fields = None,
    by: By = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be decided.")] = False,
    config: ConfigFolder = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Decide which side's value stays, and have the engine write it to the other side.

    The decision counts for the values that are parked now: if somebody changes one of them before the engine looks, the
    field is parked anew. Safe to run twice. Exits with 1 if nothing is parked, with 3 if the record is being worked on
    right now. Needs datastore.user and pubsub.publisher on the topics `erp-push` and `audit`.
    """
    record = _parked_record(site, work_order_id, config)
    chosen = list(dict.fromkeys(field or record.conflicts))
    who = operator_name(by)
    if dry_run:
        decided: SyncRecord | None = decide(record, dict.fromkeys(chosen, take), who)
    else:
        from shared.bootstrap import state_store
        from shared.pubsub.publisher import publisher

        decided = Operator(state_store(), publisher, who).resolve(record.key, take, chosen)
    if decided is None:
        _nothing_parked(site, work_order_id)
    rows = [row for row in _rows(decided) if row["field"] in chosen]
    if as_json:
        print_json({"dry_run": dry_run, "take": take, "by": who, "decided": rows})
        return
    for row in rows:
        say(f"{row['field']}: {'would be decided' if dry_run else 'decided'} for {take}: {_effect(row, take)}")
    if not dry_run:
        say(f"the engine was asked to look; see `ops trace {site} {work_order_id}`")


def _parked_record(site: str, work_order_id: int, config: Path) -> SyncRecord:
    from shared.bootstrap import state_store
    from shared.config.whole import get_config

    require_project()
    use_config(config)
    record = state_store().get_record(RecordKey(get_config().site(site).id, KIND, work_order_id))
    if record is None or not record.conflicts:
        _nothing_parked(site, work_order_id)
    return record


def _nothing_parked(site: str, work_order_id: int) -> NoReturn:
    complain(f"nothing is parked of work order {work_order_id} of {site}")
    raise typer.Exit(WRONG)


def _rows(record: SyncRecord) -> list[dict[str, Any]]:
    """What is parked of a record, a row a field."""
    rows = []
    for name in sorted(record.conflicts):
        parked = Parked(**record.conflicts[name])
        rows.append(
            {
                "site": record.site,
                "work_order": record.maintainx_id,
                "erp_id": record.erp_id,
                "field": name,
                "reason": parked.reason,
                "detail": parked.detail,
                "maintainx": parked.maintainx,
                "sent": parked.sent,
                "erp": parked.erp,
                "since": parked.since,
                "decided": f"{parked.decided} by {parked.by}" if parked.decided else None,
            }
        )
    return rows


def _effect(row: dict[str, Any], take: Side) -> str:
    """What taking a side does."""
    whole = _WHOLE_RECORD.get((row["field"], take))
    if whole is not None:
        return whole
    if take == "erp":
        return f"MaintainX gets what the ERP has ({_value(row['erp'])})"
    # With a detail the ERP refused MaintainX's value: it will again, unless somebody changed something there.
    refused = "; it refused that before" if row["detail"] else ""
    return f"the ERP gets {_value(row['sent'])}{refused}"


def _value(value: Any) -> str:
    return "nothing" if value is None else repr(value)
