"""An ERP that stores texts in its own way, behind the real REST adapter: what it answers and where it has versions."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import httpx

from shared.config.erp import ErpConfig
from shared.erp.rest import RestErp
from shared.secrets import Secrets

Answers = Literal["stored", "echo", "nothing"]
Versions = Literal["header", "body", "none"]
BOTH: tuple[Answers, ...] = ("stored", "echo", "nothing")
PLACES: tuple[Versions, ...] = ("header", "body", "none")


@dataclass
class FormingErp:
    """Orders as JSON objects. form: what it makes of each text of a field `formed`. writes: how many it got."""

    form: Callable[[str], str]
    formed: str
    answers: Answers
    versions: Versions
    orders: dict[str, dict[str, Any]] = field(default_factory=dict)
    writes: int = 0

    def adapter(self) -> RestErp:
        """The adapter to it."""
        rest: dict[str, Any] = {
            "auth": "none",
            "answers": "stored" if self.answers == "stored" else "unknown",
            "changed_parameter": "since",
            "paging": {"style": "none"},
            "version_header": "ETag" if self.versions == "header" else None,
            "version_field": "version" if self.versions == "body" else None,
        }
        settings = {"adapter": "rest", "base_url": "https://erp.test", "mapping": "x", "rest": rest}
        return RestErp(ErpConfig.model_validate(settings), Secrets(), transport=httpx.MockTransport(self._handle))

    def edit(self, **fields: Any) -> None:
        """A person writes into all orders."""
        for order in self.orders.values():
            self._store(order, fields)

    def _handle(self, request: httpx.Request) -> httpx.Response:
        _, _, number = request.url.path.removeprefix("/orders").rpartition("/")
        if request.method == "GET":
            return self._shown(number) if number else self._listed(request.url.params.get("externalReference"))
        self.writes += 1
        sent = json.loads(request.content)
        if request.method == "POST":
            number = str(len(self.orders) + 1)
            self.orders[number] = {"id": number, "version": 0}
        order = self.orders[number]
        if request.headers.get("If-Match", str(order["version"])) != str(order["version"]):
            return httpx.Response(412)
        self._store(order, sent)
        return self._answer(order, sent, created=request.method == "POST")

    def _answer(self, order: dict[str, Any], sent: dict[str, Any], *, created: bool) -> httpx.Response:
        status, headers = (201 if created else 200), {"Location": f"/orders/{order['id']}", **self._header(order)}
        if self.answers == "nothing":
            return httpx.Response(201 if created else 204, headers=headers)
        shown = self._body(order) if self.answers == "stored" else {**self._body(order), **sent}
        return httpx.Response(status, json=shown, headers=headers)

    def _store(self, order: dict[str, Any], fields: dict[str, Any]) -> None:
        formed = {n: self.form(v) if n == self.formed and isinstance(v, str) else v for n, v in fields.items()}
        order |= {**formed, "version": order["version"] + 1}

    def _shown(self, number: str) -> httpx.Response:
        if number not in self.orders:
            return httpx.Response(404)
        order = self.orders[number]
        return httpx.Response(200, json=self._body(order), headers=self._header(order))

    def _listed(self, reference: str | None) -> httpx.Response:
        rows = [each for each in self.orders.values() if reference in (None, each["externalReference"])]
        return httpx.Response(200, json={"items": [self._body(each) for each in rows]})

    def _body(self, order: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in order.items() if name != "version" or self.versions == "body"}

    def _header(self, order: dict[str, Any]) -> dict[str, str]:
        return {"ETag": str(order["version"])} if self.versions == "header" else {}
