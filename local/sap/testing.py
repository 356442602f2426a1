"""The simulator inside a test: real sockets, a thread of its own, and its controls as methods."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from local import loopback
from local.sap.app import make_app
from local.serving.controls import LoggedControls
from local.serving.server import in_thread, make_server

SERVICE_PATH = "/sap/opu/odata/sap/API_MAINTENANCEORDER;v=0002"


@dataclass(frozen=True, slots=True)
class Simulator(LoggedControls):
    """A running simulator; what it refuses raises ControlRefused."""

    def add_tenant(self, tenant: str, credentials: str | None = None, **settings: Any) -> str:
        """Make a tenant or change one's settings (`local.sap.settings.Settings`); returns the base URL of its SAP.

        credentials: `user:password`, good for Basic and, as client id and secret, for OAuth.
        """
        if credentials is not None:
            user, _, password = credentials.partition(":")
            settings = {"users": {user: password}, "clients": {user: password}, **settings}
        self._call("PUT", f"tenants/{tenant}", settings)
        return f"{self.base_url}/{tenant}"

    def orders(self, tenant: str) -> list[dict[str, Any]]:
        """The tenant's orders: fields with times in ISO 8601, and `status`, `version`, `etag`, `operations`,
        `long_texts`."""
        found: list[dict[str, Any]] = self.dump(tenant)["orders"]
        return found

    def duplicates(self, tenant: str) -> dict[str, list[str]]:
        """Reference -> numbers, for every reference that more than one order carries."""
        found: dict[str, list[str]] = self._call("GET", f"tenants/{tenant}/counters")["duplicates"]
        return found

    def log(self, tenant: str) -> list[dict[str, Any]]:
        """The requests so far: `method`, `path`, `query`, `status` (None: cut off), `fault`."""
        found: list[dict[str, Any]] = self._call("GET", f"tenants/{tenant}/log")["log"]
        return found

    def create(self, tenant: str, **fields: Any) -> dict[str, Any]:
        """Make an order as a person working in SAP; returns it as `orders` does."""
        return self._call("POST", f"tenants/{tenant}/orders", fields)

    def edit(self, tenant: str, order_id: str, **changes: Any) -> dict[str, Any]:
        """Change an order as a person; times in ISO 8601."""
        return self._call("PATCH", f"tenants/{tenant}/orders/{order_id}", changes)

    def write_long_text(self, tenant: str, order_id: str, text: str, language: str = "EN") -> dict[str, Any]:
        """Write an order's long text as a person."""
        return self._call("PUT", f"tenants/{tenant}/orders/{order_id}/long-text", {"text": text, "language": language})

    def set_status(self, tenant: str, order_id: str, status: str) -> dict[str, Any]:
        """Bring an order to CRTD, REL, PCNF, CNF, TECO, CLSD, NOEX or DLFL as a person, step by step."""
        return self._call("POST", f"tenants/{tenant}/orders/{order_id}/status", {"status": status})

    def confirm(self, tenant: str, order_id: str, *, final: bool = False) -> dict[str, Any]:
        """Report work on an order as a person."""
        return self._call("POST", f"tenants/{tenant}/orders/{order_id}/confirm", {"final": final})

    def delete(self, tenant: str, order_id: str) -> None:
        """Archive an order: it is gone."""
        self._call("DELETE", f"tenants/{tenant}/orders/{order_id}")

    def expire_sessions(self, tenant: str) -> None:
        """End all sessions, and with them the CSRF tokens."""
        self._call("POST", f"tenants/{tenant}/expire-sessions")

    def expire_tokens(self, tenant: str) -> None:
        """End all OAuth tokens."""
        self._call("POST", f"tenants/{tenant}/expire-tokens")

    def _call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        try:
            return LoggedControls._call(self, method, path, body)
        except httpx.HTTPStatusError as error:
            response = error.response
            raise ControlRefused(f"{method} {path}: {response.status_code} {response.text}") from error


class ControlRefused(Exception):
    """The simulator did not do what a control call asked, and says why."""


@contextmanager
def running_simulator(tenants: Mapping[str, Mapping[str, Any]] | None = None) -> Iterator[Simulator]:
    """A simulator on a free port of 127.0.0.1 with a tenant of these settings for each name."""
    with (
        in_thread(make_server(make_app(tenants)), "the SAP simulator") as base_url,
        loopback.client(timeout=30) as http,
    ):
        yield Simulator(base_url, http)
