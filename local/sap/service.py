"""The OData service over HTTP: one request in, one answer out."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from starlette.responses import Response

from local.sap.bodies import Row
from local.sap.functions import arguments
from local.sap.metadata import edmx
from local.sap.paths import Shape, Target
from local.sap.query import Query, entity_query, known, list_query, sort_key, system_options
from local.sap.refusals import Refusal, bad_request, not_allowed
from local.sap.shapes import as_json, entry_xml, etag, feed_xml, uri
from local.sap.tenant import Order, Tenant

_VERSION = {"dataserviceversion": "2.0"}
_FORMAT = frozenset({"$format"})


@dataclass(frozen=True, slots=True)
class Call:
    """One request after the logon. base: the service's address; json: whether the client asked for JSON."""

    tenant: Tenant
    user: str
    method: str
    base: str
    path: str
    query: str
    json: bool
    if_match: str | None
    content_type: str
    content: bytes

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The query's names and values."""
        return parse_qsl(self.query, keep_blank_values=True)

    def options(self) -> dict[str, str]:
        return system_options(self.pairs)

    def body(self) -> Any:
        """The request's JSON. Refusal 415 if it is said to be something else, 400 if it is none."""
        if self.content_type.partition(";")[0].strip().lower() != "application/json":
            raise Refusal(415, "/IWFND/CM_MGW/415", f"Content type {self.content_type!r} is not supported")
        try:
            return json.loads(self.content)
        except ValueError as error:
            raise bad_request("The request body is not valid JSON") from error

    def answer(self, found: Any, xml: Callable[[], str], status: int = 200, **headers: str) -> Response:
        """`found` under `d`, or XML if the client did not ask for JSON."""
        if self.json:
            content, media = json.dumps({"d": found}, separators=(",", ":")), "application/json;charset=utf-8"
        else:
            content, media = xml(), "application/atom+xml;charset=utf-8"
        return Response(content, status, {**_VERSION, "content-type": media, **headers})


def perform(call: Call, target: Target) -> Response:
    """Do what is asked. Raises Refusal."""
    handler = _HANDLERS.get((target.shape, call.method))
    if handler is None:
        raise not_allowed(call.method, call.path or "the service")
    return handler(call, target)


def refused(refusal: Refusal, *, as_json: bool) -> Response:
    """The answer for a refusal."""
    if as_json:
        content, media = json.dumps(refusal.as_json()), "application/json;charset=utf-8"
    else:
        content, media = refusal.as_xml(), "application/xml;charset=utf-8"
    return Response(content, refusal.status, {**_VERSION, "content-type": media})


def _service(call: Call, _target: Target) -> Response:
    known(call.options(), _FORMAT)
    call.tenant.counters["service_documents"] += 1
    sets = list(call.tenant.model)
    links = "".join(f'<collection href="{name}"/>' for name in sets)
    xml = f'<service xmlns="http://www.w3.org/2007/app"><workspace>{links}</workspace></service>'
    return call.answer({"EntitySets": sets}, lambda: xml)


def _metadata(call: Call, _target: Target) -> Response:
    known(call.options(), _FORMAT)
    call.tenant.counters["metadata"] += 1
    return Response(edmx(call.tenant), 200, {**_VERSION, "content-type": "application/xml;charset=utf-8"})


def _list(call: Call, target: Target) -> Response:
    entity, tenant = target.entity, call.tenant
    query = list_query(entity, call.options())
    found = _found(query, _rows(call, target))
    window = found[query.skip :][: query.top]
    end = query.start + tenant.settings.page_size
    shown = [as_json(tenant.model, order, entity, row, query, call.base) for order, row in window[query.start : end]]
    answer: dict[str, Any] = {"results": shown}
    if query.count:
        answer["__count"] = str(len(found))
    if end < len(window):
        answer["__next"] = _next_link(call, end)
    tenant.counters["searches" if target.shape == "set" else "child_searches"] += 1
    count = len(found) if query.count else None
    return call.answer(answer, lambda: feed_xml(entity, shown, count, answer.get("__next")))


def _count(call: Call, target: Target) -> Response:
    found = _found(list_query(target.entity, call.options()), _rows(call, target))
    call.tenant.counters["searches"] += 1
    return Response(str(len(found)), 200, {**_VERSION, "content-type": "text/plain;charset=utf-8"})


def _read(call: Call, target: Target) -> Response:
    order, row = _entity(call, target)
    query = entity_query(target.entity, call.options())
    call.tenant.counters["reads" if row is order.row else "child_reads"] += 1
    return _one(call, target, order, row, query)


def _create(call: Call, target: Target) -> Response:
    if not target.entity.creatable:
        raise not_allowed(call.method, target.entity.set_name)
    known(call.options(), _FORMAT)
    body = call.body()
    order = call.tenant.create(body, call.user)
    call.tenant.counters["creates"] += 1
    deep = frozenset(name for name in target.entity.navigations if name in body)
    return _one(call, target, order, order.row, Query(expand=deep), 201)


def _create_child(call: Call, target: Target) -> Response:
    known(call.options(), _FORMAT)
    order = call.tenant.order(target.key["MaintenanceOrder"])
    row = call.tenant.add_child(order, target.entity, call.body(), call.user)
    call.tenant.counters["child_creates"] += 1
    return _one(call, target, order, row, Query(), 201)


def _change(call: Call, target: Target) -> Response:
    order, row = _entity(call, target)
    known(call.options(), _FORMAT)
    body = call.body()
    _check_version(call, target, order)
    if row is order.row:
        call.tenant.change(order, body, call.user)
        call.tenant.counters["updates"] += 1
    else:
        call.tenant.change_child(order, target.entity, row, body, call.user)
        call.tenant.counters["child_updates"] += 1
    return Response(status_code=204, headers={**_VERSION, "etag": etag(order, target.entity)})


def _delete(call: Call, target: Target) -> Response:
    if not target.entity.deletable:
        raise not_allowed(call.method, target.entity.set_name)
    order, row = _entity(call, target)
    known(call.options(), _FORMAT)
    _check_version(call, target, order)
    call.tenant.delete_child(order, target.entity, row, call.user)
    call.tenant.counters["child_deletes"] += 1
    return Response(status_code=204, headers=_VERSION)


def _function(call: Call, target: Target) -> Response:
    function = target.function
    assert function is not None
    given = [(name, text) for name, text in call.pairs if name not in _FORMAT and not name.startswith("sap-")]
    values = arguments(function, given)
    order = call.tenant.order(values["MaintenanceOrder"])
    call.tenant.step(order, function.step, call.user, values)
    call.tenant.counters["functions"] += 1
    call.tenant.counters[function.name] += 1
    return call.answer({function.name: {"IsInvalid": False}}, lambda: f"<{function.name}/>")


def _one(call: Call, target: Target, order: Order, row: Row, query: Query, status: int = 200) -> Response:
    entity = target.entity
    found = as_json(call.tenant.model, order, entity, row, query, call.base)
    headers = {"etag": etag(order, entity)}
    if status == 201:
        headers["location"] = uri(entity, row, call.base)
    return call.answer(found, lambda: entry_xml(entity, found), status, **headers)


def _entity(call: Call, target: Target) -> tuple[Order, Row]:
    if len(target.key) > 1:
        return call.tenant.child(target.entity, target.key)
    order = call.tenant.order(target.key["MaintenanceOrder"])
    return order, order.row


def _rows(call: Call, target: Target) -> Iterable[tuple[Order, Row]]:
    orders: Iterable[Order] = call.tenant.orders.values()
    if target.shape == "children":
        orders = (call.tenant.order(target.key["MaintenanceOrder"]),)
    return ((order, row) for order in orders for row in order.rows(target.entity.set_name))


def _found(query: Query, rows: Iterable[tuple[Order, Row]]) -> list[tuple[Order, Row]]:
    test = query.test
    found = list(rows) if test is None else [(order, row) for order, row in rows if test(row)]
    for name, descending in reversed(query.order_by):
        found.sort(key=lambda pair: sort_key(pair[1][name]), reverse=descending)
    return found


def _next_link(call: Call, start: int) -> str:
    pairs = [(name, text) for name, text in call.pairs if name != "$skiptoken"]
    query = urlencode([*pairs, ("$skiptoken", str(start))], safe="$'(),:", quote_via=quote)
    if call.tenant.settings.next_links == "relative":
        return f"{call.path.rpartition('/')[2]}?{query}"
    path = quote(call.path, safe="/'(),=$")
    return f"{call.base}/{path}?{query}"


def _check_version(call: Call, target: Target, order: Order) -> None:
    if call.if_match is None:
        raise Refusal(428, "/IWFND/CM_MGW/428", "The If-Match header is missing: read the entity first")
    if call.if_match.strip() not in ("*", etag(order, target.entity)):
        raise Refusal(412, "/IWFND/CM_MGW/412", f"Order {order.id} was changed in the meantime")


_HANDLERS: Mapping[tuple[Shape, str], Callable[[Call, Target], Response]] = {
    ("service", "GET"): _service,
    ("metadata", "GET"): _metadata,
    ("set", "GET"): _list,
    ("set", "POST"): _create,
    ("count", "GET"): _count,
    ("entity", "GET"): _read,
    ("entity", "PATCH"): _change,
    ("entity", "DELETE"): _delete,
    ("children", "GET"): _list,
    ("children", "POST"): _create_child,
    ("function", "POST"): _function,
}
