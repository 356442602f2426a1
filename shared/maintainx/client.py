"""The MaintainX REST API v1, as far as the bundle needs it.

Reads are tried again when MaintainX does not answer or fails on its side; writes never, because MaintainX has no
idempotency key: a write whose answer was lost may have happened, and only the caller can look. Both wait for the rate
limit if it opens soon.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal, Self, TypeVar

import httpx
import stamina
from pydantic import BaseModel, ValidationError

from shared.errors import AuthenticationFailed, RateLimited, RecordNotFound, RemoteRejected, RemoteUnavailable
from shared.http import send
from shared.maintainx import queries
from shared.maintainx.models import Asset, AssetStatus, Page, R, Subscription, WorkOrder
from shared.maintainx.pacing import Pacer

SYSTEM = "MaintainX"
BASE_URL = "https://api.getmaintainx.com/v1"
PAGE_SIZE = 200
_TIMEOUT_S = 10.0
_READ_ATTEMPTS = 4
_READ_TIMEOUT_S = 10.0
_MAX_RATE_WAITS = 3

M = TypeVar("M", bound=BaseModel)

WritableStatus = Literal["OPEN", "IN_PROGRESS", "ON_HOLD", "DONE", "CANCELED"]  # SKIPPED cannot be written


class MaintainXClient:
    """Speaks for one organization. Thread-safe; build it once and keep it.

    api_key, refresh_key: give the key as known, and as it is now past every cache (asked for once after a 401).
    max_wait_s: how long a call may wait for the rate limit before it raises RateLimited.
    All methods raise the errors of `shared.http.send`.
    """

    def __init__(
        self,
        base_url: str,
        api_key: Callable[[], str],
        organization_id: int,
        *,
        refresh_key: Callable[[], str] | None = None,
        transport: httpx.BaseTransport | None = None,
        max_wait_s: float = 20.0,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._api_key = api_key
        self._refresh_key = refresh_key
        self._organization_id = organization_id
        self._transport = transport
        self._pacer = Pacer(max_wait_s)
        self._http: httpx.Client | None = None
        self._lock = threading.Lock()

    def get_work_order(self, work_order_id: int | str, expand: tuple[queries.WorkOrderExpand, ...] = ()) -> WorkOrder:
        """The work order as it is now. RecordNotFound: it is deleted or not visible to the key's user."""
        body = self._read(f"/workorders/{_path_id(work_order_id)}", queries.expand(expand))
        return _record(WorkOrder, body, "workOrder")

    def iter_work_orders(
        self,
        wanted: queries.WorkOrderFilter = queries.WorkOrderFilter(),  # noqa: B008  # immutable
        expand: tuple[queries.WorkOrderRowExpand, ...] = (),
        page_size: int = PAGE_SIZE,
    ) -> Iterator[WorkOrder]:
        """Rows of the list. One that changes while the pages are read may come twice, the second time newer."""
        seen: dict[int, WorkOrder] = {}
        for query in wanted.queries():
            for row in self._rows("/workorders", "workOrders", WorkOrder, query + queries.expand(expand), page_size):
                known = seen.get(row.id)
                if known is None or _is_newer(row, known):
                    seen[row.id] = row
                    yield row

    def get_asset(self, asset_id: int | str) -> Asset:
        """The asset as it is now, with its current status."""
        return _record(Asset, self._read(f"/assets/{_path_id(asset_id)}"), "asset")

    def iter_assets(
        self,
        wanted: queries.AssetFilter = queries.AssetFilter(),  # noqa: B008  # immutable
        expand: tuple[queries.AssetExpand, ...] = (),
        page_size: int = PAGE_SIZE,
    ) -> Iterator[Asset]:
        """Each asset once. Pages go by offset: an asset made or deleted meanwhile can hide another from one run."""
        rows = self._rows("/assets", "assets", Asset, wanted.params() + queries.expand(expand), page_size)
        return _distinct(rows)

    def iter_asset_statuses(
        self,
        asset_ids: tuple[int, ...] = (),
        sort: queries.AssetStatusSort = "-startedAt",
        page_size: int = PAGE_SIZE,
    ) -> Iterator[AssetStatus]:
        """Status intervals of these assets (none named: of all), newest first. MaintainX has no date filter here."""
        query = (*(("assetId", str(asset_id)) for asset_id in asset_ids), ("sort", sort))
        return _distinct(self._rows("/assetstatuses", "assetStatuses", AssetStatus, query, page_size))

    def create_work_order(self, fields: Mapping[str, Any], *, skip_webhook: bool = False) -> int:
        """Make a work order from fields in MaintainX's names (`title` is required); returns its id."""
        body = self._write("POST", "/workorders", fields, skip_webhook=skip_webhook)
        try:
            return int(body["id"])
        except (KeyError, TypeError, ValueError) as error:
            raise RemoteUnavailable(f"{SYSTEM}: POST /workorders: answer has no id") from error

    def change_work_order(
        self, work_order_id: int | str, fields: Mapping[str, Any], *, skip_webhook: bool = False
    ) -> WorkOrder:
        """Replace fields; the status has a method of its own."""
        path = f"/workorders/{_path_id(work_order_id)}"
        return _record(WorkOrder, self._write("PATCH", path, fields, skip_webhook=skip_webhook), "workOrder")

    def set_work_order_status(
        self, work_order_id: int | str, status: WritableStatus, *, skip_webhook: bool = False
    ) -> WorkOrder:
        path = f"/workorders/{_path_id(work_order_id)}/status"
        return _record(
            WorkOrder, self._write("PATCH", path, {"status": status}, skip_webhook=skip_webhook), "workOrder"
        )

    def set_asset_status(
        self, asset_id: int | str, fields: Mapping[str, Any], *, skip_webhook: bool = False
    ) -> AssetStatus:
        """Begin a status interval (`status`, `downtimeType`, `startedAt`, `description`, ...)."""
        path = f"/assets/{_path_id(asset_id)}/status"
        return _record(AssetStatus, self._write("POST", path, fields, skip_webhook=skip_webhook), "assetStatus")

    def create_subscription(
        self,
        webhook_type: str,
        url: str,
        *,
        filters: Mapping[str, Any] | None = None,
        options: Mapping[str, bool] | None = None,
    ) -> Subscription:
        """Subscribe `url` to a type. Keep id and secret of the answer: MaintainX lists neither."""
        fields = {"type": webhook_type, "url": url, "filters": filters, "options": options}
        given = {name: value for name, value in fields.items() if value is not None}
        return _validated(Subscription, self._write("POST", "/subscriptions", given))

    def get_subscription(self, subscription_id: int | str) -> Subscription:
        """RecordNotFound: MaintainX deleted it, as it does to those that keep failing."""
        return _record(Subscription, self._read(f"/subscriptions/{_path_id(subscription_id)}"), "subscription")

    def delete_subscription(self, subscription_id: int | str) -> None:
        self._paced("DELETE", f"/subscriptions/{_path_id(subscription_id)}")

    def close(self) -> None:
        """Close the connections; the client opens new ones if it is used again."""
        with self._lock:
            client, self._http = self._http, None
        if client is not None:
            client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def _rows(self, path: str, plural: str, model: type[R], query: queries.Params, page_size: int) -> Iterator[R]:
        page_type: type[Page[R]] = Page[model]  # type: ignore[valid-type]  # a type made at run time
        cursor: str | None = None
        while True:
            # The filters go with every page: the cursor does not carry them.
            page_query = (*query, ("limit", str(page_size)), *((("cursor", cursor),) if cursor else ()))
            body = self._read(path, page_query)
            page = _validated(page_type, {"rows": body.get(plural), "next_cursor": body.get("nextCursor")})
            yield from page.rows
            if page.next_cursor is None:
                return
            if page.next_cursor == cursor:
                raise RemoteRejected(f"{SYSTEM}: GET {path}: the cursor does not move on", status=200)
            cursor = page.next_cursor

    def _read(self, path: str, query: queries.Params = ()) -> dict[str, Any]:
        for attempt in stamina.retry_context(
            on=_worth_another_read, attempts=_READ_ATTEMPTS, timeout=_READ_TIMEOUT_S, wait_initial=0.2, wait_max=3.0
        ):
            with attempt:
                return _json_object(self._paced("GET", path, params=query))
        raise AssertionError("unreachable: stamina raises the last error")

    def _write(
        self, method: str, path: str, fields: Mapping[str, Any], *, skip_webhook: bool = False
    ) -> dict[str, Any]:
        params = {"skipWebhook": "true"} if skip_webhook else {}
        return _json_object(self._paced(method, path, json=dict(fields), params=params))

    def _paced(self, method: str, path: str, **options: Any) -> httpx.Response:
        """One call inside the rate limit. A 429 was not carried out, so even a write may be sent again."""
        refusals = 0
        while True:
            self._pacer.wait()
            try:
                return self._authenticated(method, path, **options)
            except RateLimited as limited:
                refusals += 1
                limited.retry_after_s = self._pacer.blocked_s() or None
                if limited.retry_after_s is None or refusals > _MAX_RATE_WAITS:
                    raise

    def _authenticated(self, method: str, path: str, **options: Any) -> httpx.Response:
        key = self._api_key()
        try:
            return self._send(method, path, key, **options)
        except AuthenticationFailed:
            fresh = self._refresh_key() if self._refresh_key else key
            if fresh == key:
                raise
            return self._send(method, path, fresh, **options)

    def _send(self, method: str, path: str, key: str, **options: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {key}"}
        return send(self._client(), method, f"{self._base_url}{path}", system=SYSTEM, headers=headers, **options)

    def _client(self) -> httpx.Client:
        with self._lock:
            if self._http is None:
                self._http = httpx.Client(
                    transport=self._transport,
                    timeout=_TIMEOUT_S,
                    # Needed with keys of several organizations, right with all others.
                    headers={"x-organization-id": str(self._organization_id), "Accept": "application/json"},
                    event_hooks={"response": [self._pacer.note]},
                )
            return self._http


def _worth_another_read(error: Exception) -> bool:
    return isinstance(error, RemoteUnavailable) and not isinstance(error, RateLimited)


def _path_id(record_id: int | str) -> str:
    """Ids come from messages too: only digits may enter a path."""
    text = str(record_id)
    if not (text.isascii() and text.isdigit()):
        raise RecordNotFound(f"{SYSTEM}: {text!r} is no id of a record", status=404)
    return text


def _json_object(response: httpx.Response) -> dict[str, Any]:
    try:
        body = response.json()
    except ValueError as error:
        raise RemoteUnavailable(f"{SYSTEM}: {response.request.url.path}: answer is not JSON") from error
    if not isinstance(body, dict):
        raise RemoteUnavailable(f"{SYSTEM}: {response.request.url.path}: answer is not a JSON object")
    return body


def _record(model: type[R], body: dict[str, Any], name: str) -> R:
    return _validated(model, body.get(name))


def _validated(model: type[M], value: object) -> M:
    try:
        return model.model_validate(value)
    except ValidationError as error:
        places = ", ".join(".".join(map(str, entry["loc"])) or "body" for entry in error.errors())
        raise RemoteRejected(f"{SYSTEM}: answer is no {model.__name__}: {places}", status=200) from error


def _distinct(rows: Iterator[R]) -> Iterator[R]:
    seen: set[int] = set()
    for row in rows:
        if row.id not in seen:
            seen.add(row.id)
            yield row


def _is_newer(row: WorkOrder, known: WorkOrder) -> bool:
    return row.updated_at is not None and (known.updated_at is None or row.updated_at > known.updated_at)
