"""The five operations that most kinds of records share, made from one description of the kind."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from local.maintainx import queries
from local.maintainx.actors import Actor
from local.maintainx.bodies import Body
from local.maintainx.call import Answer, Call, Operation
from local.maintainx.occurrences import Occurrence
from local.maintainx.problems import detailed
from local.maintainx.store import Organization, Record

Told = Callable[[Actor, Record | None, Record | None], Iterable[Occurrence]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """A kind of record.

    one: its key in an answer. references: field to the table that it names a record of. prepared: what is kept of a
    request, given the record as it was (None: a new one). shown: the detail. told: webhooks of a change from one state
    to another (None: not yet there, or gone). created_status: MaintainX is not uniform.
    """

    path: str
    table: str
    one: str
    new: type[Body]
    change: type[Body]
    empty: Record
    shown: Callable[[Call, Record], Record]
    detail_query: queries.Spec = field(default_factory=dict)
    references: tuple[tuple[str, str], ...] = ()
    prepared: Callable[[Record | None, Record], Record] = lambda _old, given: given
    told: Told = lambda _actor, _old, _new: ()
    created_status: int = 201


def operations(kind: Resource) -> tuple[Operation, ...]:
    """Create, read, change and delete; the list is the kind's own."""

    def create(call: Call) -> Answer:
        given = call.given()
        check_references(call.organization, given, kind.references)
        actor = call.actor()
        record = seeded(kind.empty, {**kind.prepared(None, given), "id": call.simulator.store.new_id()}, actor)
        call.organization[kind.table].put(record)
        return Answer(kind.created_status, {"id": record["id"]}, kind.told(actor, None, record))

    def read(call: Call) -> Answer:
        return Answer(200, {kind.one: kind.shown(call, call.record(kind.table, "Not Found."))})

    def change(call: Call) -> Answer:
        old = call.record(kind.table, f"{kind.one} Not Found")
        given = call.given()
        check_references(call.organization, given, kind.references)
        actor = call.actor()
        changes = kind.prepared(old, given)
        if all(old[name] == value for name, value in changes.items()):
            return Answer(200, {kind.one: kind.shown(call, old)})
        new = {**old, **changes, "updaterId": actor.user_id, "updatedAt": actor.at}
        call.organization[kind.table].put(new)
        return Answer(200, {kind.one: kind.shown(call, new)}, kind.told(actor, old, new))

    def delete(call: Call) -> Answer:
        old = call.record(kind.table, f"{kind.one} Not Found")
        call.organization[kind.table].drop(old["id"])
        return Answer(204, None, kind.told(call.actor(), old, None))

    one = f"{kind.path}/{{id}}"
    return (
        Operation("POST", kind.path, create, queries.SKIP_WEBHOOK, kind.new),
        Operation("GET", one, read, kind.detail_query),
        Operation("PATCH", one, change, queries.SKIP_WEBHOOK, kind.change),
        Operation("DELETE", one, delete, queries.SKIP_WEBHOOK),
    )


def seeded(empty: Record, given: Record, actor: Actor) -> Record:
    """A record of which `given` may leave out anything but what the vendor requires."""
    made = {"creatorId": actor.user_id, "updaterId": None, "createdAt": actor.at, "updatedAt": actor.at}
    return {**empty, **made, **given}


def check_references(organization: Organization, given: Record, references: Iterable[tuple[str, str]]) -> None:
    """400 for an id of a record that does not exist."""
    for name, table in references:
        if given.get(name) is not None and organization[table].get(given[name]) is None:
            raise detailed(400, f"{name} is not valid", name, given[name])
