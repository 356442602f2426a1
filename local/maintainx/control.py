"""The control plane under /_sim: not part of MaintainX, for tests and demonstrations only."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from local.maintainx import (
    api_directory,
    api_meters,
    api_parts,
    api_reports,
    api_work_requests,
    assets,
)
from local.maintainx.actors import Actor
from local.maintainx.deliveries import line
from local.maintainx.resource import seeded
from local.maintainx.simulator import PlannedFailure, Simulator
from local.maintainx.store import Token
from local.maintainx.subscriptions import new_secret
from shared.events import format_utc

SEEDED_AT = datetime(2020, 1, 1, tzinfo=UTC)


class _Request(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid")


class SeedToken(_Request):
    """organization_ids: beside the organization that is being seeded."""

    token: str = Field(min_length=1)
    user_id: int
    organization_ids: list[int] = []
    privileged: bool = False


class SeedSubscription(_Request):
    id: int | None = None
    type: str
    url: str
    secret: str | None = None
    filters: dict[str, Any] = {}
    options: dict[str, bool] = {}


class Seed(_Request):
    """Records of one organization, in the API's names, each with its own `id`. Seeding twice changes nothing.

    at: since when they exist; nothing that is then lived through may be older.
    """

    id: int
    at: AwareDatetime = SEEDED_AT
    name: str
    time_zone: str = "UTC"
    users: list[dict[str, Any]] = []
    teams: list[dict[str, Any]] = []
    locations: list[dict[str, Any]] = []
    categories: list[dict[str, Any]] = []
    assets: list[dict[str, Any]] = []
    asset_custom_statuses: list[dict[str, Any]] = []
    parts: list[dict[str, Any]] = []
    meters: list[dict[str, Any]] = []
    work_requests: list[dict[str, Any]] = []
    root_cause_analysis_reports: list[dict[str, Any]] = []
    tokens: list[SeedToken] = []
    subscriptions: list[SeedSubscription] = []


class Clock(_Request):
    at: AwareDatetime
    running: bool = False


class Failures(_Request):
    count: int = Field(ge=1)
    status: int = Field(default=503, ge=400, le=599)
    after: bool = False


class Wait(_Request):
    timeout_s: float = Field(default=30.0, alias="timeout_s", ge=0)


def seed(simulator: Simulator, wanted: Seed) -> dict[str, Any]:
    """Add or replace these records; returns the ids of the subscriptions in their order."""
    store = simulator.store
    organization = store.organization(wanted.id)
    organization.name, organization.time_zone = wanted.name, wanted.time_zone
    at = format_utc(wanted.at)
    owner = wanted.tokens[0].user_id if wanted.tokens else 0
    actor = Actor(organization, owner, at)
    for table in ("users", "teams"):
        for record in getattr(wanted, table):
            store.put(organization, table, record)
    for table, field, empty in _SEEDED:
        for record in getattr(wanted, field):
            store.put(organization, table, seeded(empty, record, actor))
    for record in wanted.meters:
        unique = {"uuid": str(uuid.uuid5(uuid.NAMESPACE_OID, str(record["id"])))}
        store.put(organization, "meters", seeded(api_meters.EMPTY | unique, record, actor))
    for record in wanted.root_cause_analysis_reports:
        report = api_reports.prepared(organization, record)
        store.put(organization, "rootCauseAnalysisReports", seeded(api_reports.EMPTY, report, actor))
    for record in wanted.asset_custom_statuses:
        store.put(organization, "assetCustomStatuses", {"createdAt": at, "updatedAt": at, **record})
    for record in wanted.assets:
        store.put(organization, "assets", assets.seeded({"creatorId": owner, **record}, at))
    with_status = {status["assetId"] for status in organization["assetStatuses"].current()}
    for record in wanted.assets:
        if record["id"] not in with_status:
            organization["assetStatuses"].put(assets.first_status(actor, store.new_id(), record["id"]))
    for token in wanted.tokens:
        known = store.tokens[token.token].organization_ids if token.token in store.tokens else ()
        ids = dict.fromkeys((wanted.id, *token.organization_ids, *known))
        store.tokens[token.token] = Token(token.token, token.user_id, tuple(ids), token.privileged)
    return {"subscriptionIds": [_subscribe(simulator, wanted.id, item) for item in wanted.subscriptions]}


# Table, field of Seed, and what a seeded record may leave out.
_SEEDED = (
    ("locations", "locations", api_directory.EMPTY_LOCATION),
    ("categories", "categories", api_directory.CATEGORY.empty),
    ("parts", "parts", api_parts.EMPTY),
    ("workRequests", "work_requests", api_work_requests.EMPTY),
)


def _subscribe(simulator: Simulator, organization_id: int, wanted: SeedSubscription) -> int:
    """Without an id, the subscription of the same type and URL is replaced."""
    table = simulator.store.organizations[organization_id]["subscriptions"]
    same = (row["id"] for row in table.current() if (row["type"], row["url"]) == (wanted.type, wanted.url))
    subscription_id = wanted.id or next(same, None) or simulator.store.new_id()
    record = {
        "id": subscription_id,
        "type": wanted.type,
        "url": wanted.url,
        "status": "VALID",
        "secret": wanted.secret or new_secret(),
        "filters": wanted.filters,
        "options": wanted.options,
    }
    simulator.store.put(simulator.store.organizations[organization_id], "subscriptions", record)
    return int(subscription_id)


def routes(simulator: Simulator) -> list[BaseRoute]:
    """The control plane's routes. A body that is wrong answers 422 with the reasons."""

    async def health(_request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def put_organization(request: Request) -> Response:
        return JSONResponse(seed(simulator, Seed.model_validate_json(await request.body())))

    async def get_records(request: Request) -> Response:
        organization = simulator.store.organizations.get(request.path_params["id"])
        if organization is None:
            return JSONResponse({"error": "no such organization"}, 404)
        return JSONResponse(simulator.store.dump(organization))

    async def clock(request: Request) -> Response:
        if request.method == "PUT":
            wanted = Clock.model_validate_json(await request.body())
            simulator.clock.set(wanted.at, running=wanted.running)
            simulator.tell_overdue()
        return JSONResponse({"at": format_utc(simulator.clock.now()), "running": simulator.clock.running})

    async def settings(request: Request) -> Response:
        current = simulator.settings
        if request.method == "PATCH":
            changes = await request.json()
            checked = type(current).model_validate(current.model_dump() | changes)
            for name in changes:
                setattr(current, name, getattr(checked, name))
            simulator.limiter.reset()
        return JSONResponse(current.model_dump())

    async def failures(request: Request) -> Response:
        if request.method == "DELETE":
            simulator.planned_failures.clear()
        else:
            wanted = Failures.model_validate_json(await request.body())
            simulator.planned_failures.append(PlannedFailure(wanted.count, wanted.status, wanted.after))
        return JSONResponse({"planned": sum(planned.count for planned in simulator.planned_failures)})

    async def deliveries(request: Request) -> Response:
        after = int(request.query_params.get("after", "0"))
        with_body = request.query_params.get("bodies") == "true"
        log = [line(entry, with_body=with_body) for entry in simulator.deliveries.log if entry.id > after]
        return JSONResponse({"deliveries": log})

    async def stats(_request: Request) -> Response:
        return JSONResponse({**simulator.deliveries.stats(), "calls": simulator.calls})

    async def wait_idle(request: Request) -> Response:
        wanted = Wait.model_validate_json(await request.body() or b"{}")
        idle = await simulator.deliveries.wait_idle(wanted.timeout_s)
        return JSONResponse({"idle": idle, **simulator.deliveries.stats()})

    return [
        Route("/_sim/health", health),
        Route("/_sim/organizations", _checked(put_organization), methods=["PUT"]),
        Route("/_sim/organizations/{id:int}/records", get_records),
        Route("/_sim/clock", _checked(clock), methods=["GET", "PUT"]),
        Route("/_sim/settings", _checked(settings), methods=["GET", "PATCH"]),
        Route("/_sim/failures", _checked(failures), methods=["POST", "DELETE"]),
        Route("/_sim/deliveries", deliveries),
        Route("/_sim/stats", stats),
        Route("/_sim/wait-idle", _checked(wait_idle), methods=["POST"]),
    ]


def _checked(endpoint: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    async def checked(request: Request) -> Response:
        try:
            return await endpoint(request)
        except ValidationError as invalid:
            return JSONResponse({"errors": invalid.errors(include_url=False, include_context=False)}, 422)

    return checked
