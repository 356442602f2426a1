"""`ops drift`: where the two sides of a site are apart, and bringing them in step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from ops.environment import DEFAULT_CONFIG, By, ConfigFolder, SiteArgument, operator_name, require_project, use_config
from ops.exits import OK, WRONG, one_line_errors
from ops.output import AsJson, note, print_json, print_table, say
from shared.errors import BridgeError
from shared.events import Event
from shared.state import RecordKey
from shared.sync.conflicts import ERP_CHANGED_EVENT
from shared.sync.drift import KINDS, Drift, of_erp_records, of_pairs, of_work_orders
from shared.sync.engine import SyncEngine
from shared.sync.parts import KIND
from shared.sync.together import threads

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_AT_ONCE = 4  # the ERP has other users
_NOTE_EVERY = 500
_MAX_WAIT_S = 120.0
_COLUMNS = ("kind", "work_order", "erp_id", "fields", "since", "detail", "result")
_HEALED = ("different", "missing_in_erp", "late")


@one_line_errors
def drift(
    site: SiteArgument,
    heal: Annotated[
        bool, typer.Option("--heal", help="Have the sync do what the policies allow, pair by pair.")
    ] = False,
    after: Annotated[
        int | None, typer.Option(metavar="WORK_ORDER", help="Go on behind this work order, where a run was broken off.")
    ] = None,
    lists: Annotated[
        bool, typer.Option("--lists/--pairs-only", help="Also read both lists, for what nothing links.")
    ] = True,
    limit: Annotated[int, typer.Option(min=1, help="Show at most this many; all are counted.")] = 100,
    by: By = None,
    config: ConfigFolder = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Compare every pair of a site, and both lists, and show what is apart: the plan of the sync, over all of it.

    Kinds: **missing_in_erp**, **missing_in_maintainx**, **different** (fields, and which side would be written),
    **parked** (a person must decide), **late** (the ERP's status keeps a change out), **not_ours**, **doubled**,
    **unreadable**. Each pair costs a read of either side. `--heal` performs what the policies allow; what is parked, or
    missing in MaintainX, stays. Exits with 1 if anything is apart (with `--heal`: still is).
    """
    from shared.bootstrap import sync_engine

    require_project()
    use_config(config)
    engine = sync_engine(site)
    begin = None if after is None else RecordKey(engine.site, KIND, after)
    counted: Counter[str] = Counter()
    healed = 0
    rows: list[dict[str, Any]] = []
    for found in _found(engine, begin, lists=lists):
        result = _healed(engine, found, operator_name(by)) if heal and found.kind in _HEALED else ""
        counted[found.kind] += 1
        healed += result.startswith("done")
        if len(rows) < limit:
            rows.append({**asdict(found), "result": result})
    if as_json:
        print_json({"site": site, "counts": {kind: counted[kind] for kind in KINDS}, "healed": healed, "drift": rows})
    else:
        _show(site, counted, rows, healed if heal else None)
    raise typer.Exit(WRONG if counted.total() > healed else OK)


def _found(engine: SyncEngine, begin: RecordKey | None, *, lists: bool) -> Iterator[Drift]:
    """All that is apart, with a note of the progress."""
    from shared.bootstrap import maintainx_client

    with threads(_AT_ONCE, "drift") as pool:
        for count, (number, found) in enumerate(of_pairs(engine, pool, datetime.now(UTC), after=begin), start=1):
            if count % _NOTE_EVERY == 0:
                note(f"compared {count} pairs; --after {number} goes on behind them")
            if found is not None:
                yield found
        if not lists:
            return
        client = maintainx_client(engine.site, max_wait_s=_MAX_WAIT_S)
        yield from _present(of_work_orders(engine, pool, (row.wire() for row in client.iter_work_orders())))
        yield from _present(of_erp_records(engine, pool, engine.erp.changed_since(_EPOCH)))


def _present(found: Iterable[Drift | None]) -> Iterator[Drift]:
    return (each for each in found if each is not None)


def _healed(engine: SyncEngine, found: Drift, who: str) -> str:
    """What became of it, or why nothing did."""
    assert found.work_order is not None  # noqa: S101  # kinds that are healed have one
    now = datetime.now(UTC)
    event = Event(
        event_id=f"drift {found.work_order} {now.isoformat()}",
        site=engine.site,
        type=ERP_CHANGED_EVENT,
        resource=KIND,
        resource_id=str(found.work_order),
        occurred_at=now,
        received_at=now,
        source="operator",
        origin="ops drift",
        data={"by": who},
    )
    try:
        outcome = engine.look_at(found.work_order, event)
    except BridgeError as error:
        return f"{type(error).__name__}: {error}"
    return f"{outcome.kind} {outcome.reason}"


def _show(site: str, counted: Counter[str], rows: list[dict[str, Any]], healed: int | None) -> None:
    told = ", ".join(f"{counted[kind]} {kind}" for kind in KINDS if counted[kind])
    done = "" if healed is None else f"; {healed} of them healed"
    say(f"{site}: {told}{done}" if told else f"{site}: all in step")
    if rows:
        shown = [{**row, "fields": "; ".join(f"{n} {text}" for n, text in row["fields"].items())} for row in rows]
        apply = healed is not None
        print_table(_COLUMNS if apply else _COLUMNS[:-1], shown)
