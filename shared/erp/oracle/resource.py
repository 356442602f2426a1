"""The REST resource maintenanceWorkOrders: its addresses, headers and pages, and nothing of what is in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

import httpx

from shared.config.erp import ErpConfig
from shared.erp.connection import ErpConnection, json_of
from shared.erp.oracle.answers import explain
from shared.erp.oracle.fields import ID, RESOURCE
from shared.errors import RemoteRejected
from shared.secrets import Secrets

OPERATIONS = "WorkOrderOperation"


class WorkOrders:
    """Requests to one tenant. Writes raise OutcomeUnknown, see `ErpConnection.write`. transport: only for tests."""

    def __init__(self, config: ErpConfig, secrets: Secrets, transport: httpx.BaseTransport | None) -> None:
        settings = config.oracle
        self._root = settings.resources_path
        self._page_limit = settings.page_limit
        self.connection = ErpConnection(
            config,
            secrets,
            # Without it the server takes version 1, which reads `q` in another way.
            headers={"REST-Framework-Version": str(settings.framework_version)},
            explain=explain,
            transport=transport,
        )

    def describe(self) -> Any:
        """What the tenant says of the resource; a large answer."""
        return json_of(self.connection.read(f"{self._root}/{RESOURCE}/describe"))

    def read(self, erp_id: str) -> httpx.Response:
        """One order."""
        return self.connection.read(self._order(erp_id), params={"onlyData": "true"})

    def search(self, query: str) -> Iterator[Any]:
        """The orders that fit, page by page as consumed, each once and in the sequence of their ids."""
        return self._pages(f"{self._root}/{RESOURCE}", ID, {"q": query, "orderBy": ID})

    def operations(self, erp_id: str) -> Iterator[Any]:
        """The operations of an order in their sequence."""
        key = "OperationSequenceNumber"
        return self._pages(f"{self._order(erp_id)}/child/{OPERATIONS}", key, {"orderBy": key})

    def create(self, body: Mapping[str, Any]) -> httpx.Response:
        """A new order; with `OPERATIONS` as a list in it, its operations too."""
        return self.connection.write("POST", f"{self._root}/{RESOURCE}", json=body)

    def create_operation(self, erp_id: str, body: Mapping[str, Any]) -> httpx.Response:
        """A new operation of an order."""
        return self.connection.write("POST", f"{self._order(erp_id)}/child/{OPERATIONS}", json=body)

    def update(self, erp_id: str, body: Mapping[str, Any], version: str | None) -> httpx.Response:
        """Write some attributes; VersionConflict if the order is not at that version any more."""
        headers = {} if version is None else {"If-Match": version}
        return self.connection.write("PATCH", self._order(erp_id), json=body, headers=headers)

    def transact(self, path: str, body: Any) -> httpx.Response:
        """Post a transaction to another resource; `path` is relative to the resources' root."""
        return self.connection.write("POST", f"{self._root}{path}", json=body)

    def _order(self, erp_id: str) -> str:
        return f"{self._root}/{RESOURCE}/{quote(erp_id, safe='')}"

    def _pages(self, url: str, key: str, params: Mapping[str, str]) -> Iterator[Any]:
        """Items of a collection. Near its limits `hasMore` is said to be wrong, so a full page asks for another too.

        The server may give less than the limit; an item that moves to another page meanwhile comes once all the same.
        RemoteRejected if another page shows nothing new: the server does not get on, whatever the offset.
        """
        seen: set[str] = set()
        offset = 0
        while True:
            page = {"onlyData": "true", "limit": str(self._page_limit), "offset": str(offset), **params}
            response = self.connection.read(url, params=page)
            answer = json_of(response)
            items = answer.get("items") if isinstance(answer, dict) else None
            if not isinstance(items, list):
                raise RemoteRejected(f"erp: GET {url}: the answer has no list of items", status=response.status_code)
            known = len(seen)
            for item in items:
                name = str(item.get(key)) if isinstance(item, dict) else ""
                if name not in seen:
                    seen.add(name)
                    yield item
            offset += len(items)
            if not items or (len(items) < self._page_limit and answer.get("hasMore") is not True):
                return
            if len(seen) == known:
                text = f"erp: GET {url}: the page at offset {offset - len(items)} shows nothing new: it comes to no end"
                raise RemoteRejected(text, status=response.status_code)
