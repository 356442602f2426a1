"""One request to the API on its way through the simulator, and the table entry of an operation."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from local.maintainx.actors import Actor
from local.maintainx.bodies import parse
from local.maintainx.occurrences import Occurrence
from local.maintainx.paging import envelope, keyset_page, offset_page
from local.maintainx.problems import detailed, plain
from local.maintainx.queries import NOTHING, Spec
from local.maintainx.simulator import Simulator
from local.maintainx.store import Organization, Record, Token
from local.maintainx.views import Views


@dataclass(slots=True)
class Call:
    """An authenticated request with a valid query. `organizations`: those that it may see and asks for."""

    operation: Operation
    simulator: Simulator
    token: Token
    organizations: list[Organization]
    names_organizations: bool
    path: str
    path_params: dict[str, str]
    query_items: list[tuple[str, str]]
    query: dict[str, Any]
    raw_body: bytes

    @property
    def organization(self) -> Organization:
        return self.organizations[0]

    def views(self, organization: Organization | None = None) -> Views:
        return Views(organization or self.organization, omit_nulls=self.simulator.settings.omit_nulls)

    def actor(self) -> Actor:
        return Actor(self.organization, self.token.user_id, self.simulator.clock.stamp())

    def expand(self) -> list[str]:
        names: list[str] = self.query.get("expand", [])
        return names

    def given(self) -> Any:
        """The body, checked: its fields in the API's names, null included; a list of them for a batch."""
        reject_unknown = self.simulator.settings.reject_unknown_body_keys
        body = parse(self.operation.body, self.raw_body, reject_unknown=reject_unknown)
        return [item.given() for item in body] if isinstance(body, list) else body.given()

    def paged(self, rows: Iterable[Record], sort: str, *, keyset: bool = False) -> tuple[list[Record], str | None]:
        """One page and the cursor of the next: by key where `keyset` or the settings say so, else by offset."""
        if keyset or not self.simulator.settings.offset_paging_moves_rows:
            return keyset_page(rows, self.query, self.query.get("sort", sort))
        return offset_page(rows, self.query, self.query.get("sort", sort))

    def path_id(self, name: str = "id") -> int:
        text = self.path_params[name]
        if not (text.isascii() and text.isdigit()):
            raise plain(400, f"'{text}' is not a valid integer")
        return int(text)

    def record(self, table: str, not_found: str, *, param: str = "id") -> Record:
        """The record of the id in the path; invisible and absent are the same 404."""
        record = self.organization[table].get(self.path_id(param))
        if record is None:
            raise plain(404, not_found)
        return record

    def page(self, plural: str, rows: list[Record], cursor: str | None) -> Answer:
        return Answer(200, envelope(plural, self.path, self.query_items, rows, cursor))


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, JSON body (None: no body) and what happened."""

    status: int
    body: Any = None
    occurrences: Iterable[Occurrence] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the API. body: a Body, a list or a union of them. custom_fields_of: the table whose custom
    fields are filters of the query."""

    method: str
    path: str
    handler: Callable[[Call], Answer]
    query: Spec = field(default_factory=lambda: NOTHING)
    body: Any = None
    custom_fields_of: str = ""
    several_organizations: bool = False
    needs_organization: bool = True


def organizations_of(
    operation: Operation, simulator: Simulator, token: Token, one: str | None, several: str | None
) -> list[Organization]:
    """The organizations that a call is about, from its `x-organization-id` or `x-organization-ids` header."""
    if one is not None and several is not None:
        raise detailed(400, "x-organization-id and x-organization-ids are mutually exclusive.")
    named = several if operation.several_organizations and several is not None else one
    if named is not None:
        ids = [_organization_id(text, token) for text in named.split(",")]
    elif operation.needs_organization and len(token.organization_ids) != 1:
        raise detailed(400, "Missing x-organization-id header.")
    else:
        ids = list(token.organization_ids)
    return [simulator.store.organizations[organization_id] for organization_id in dict.fromkeys(ids)]


def _organization_id(text: str, token: Token) -> int:
    try:
        organization_id = int(text)
    except ValueError as error:
        raise detailed(400, "Invalid x-organization-id header.") from error
    if organization_id not in token.organization_ids:
        raise detailed(400, "Invalid x-organization-id header.")
    return organization_id
