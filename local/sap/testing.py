"""The simulator inside a test: real sockets, a thread of its own, and its controls as methods."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from local.sap.server import bound_port, make_server

SERVICE_PATH = "/sap/opu/odata/sap/API_MAINTENANCEORDER;v=0002"
_START_TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class Simulator:
    """A running simulator. `base_url` has no trailing slash; a tenant's SAP is at `{base_url}/{tenant}`."""

    base_url: str
    http: httpx.Client

    def add_tenant(self, tenant: str, credentials: str | None = None, **settings: Any) -> str:
        """Make a tenant or change one's settings (`local.sap.settings.Settings`); returns the base URL of its SAP.

        credentials: `user:password`, good for Basic and, as client id and secret, for OAuth.
        """
        if credentials is not None:
            user, _, password = credentials.partition(":")
            settings = {"users": {user: password}, "clients": {user: password}, **settings}
        self._call("PUT", f"tenants/{tenant}", settings)
        return f"{self.base_url}/{tenant}"

    def dump(self, tenant: str) -> dict[str, Any]:
        """All that the tenant holds: orders, duplicates, counters, equipment."""
        return self._call("GET", f"tenants/{tenant}/dump")

    def orders(self, tenant: str) -> list[dict[str, Any]]:
        """The tenant's orders: fields with times in ISO 8601, and `status`, `version`, `etag`, `operations`,
        `long_texts`."""
        found: list[dict[str, Any]] = self.dump(tenant)["orders"]
        return found

    def counters(self, tenant: str) -> dict[str, int]:
        """How often each thing was done; what never happened is not there."""
        found: dict[str, int] = self._call("GET", f"tenants/{tenant}/counters")["counters"]
        return found

    def duplicates(self, tenant: str) -> dict[str, list[str]]:
        """Reference -> numbers, for every reference that more than one order carries."""
        found: dict[str, list[str]] = self._call("GET", f"tenants/{tenant}/counters")["duplicates"]
        return found

    def log(self, tenant: str) -> list[dict[str, Any]]:
        """The requests so far: `method`, `path`, `query`, `status` (None: cut off), `fault`."""
        found: list[dict[str, Any]] = self._call("GET", f"tenants/{tenant}/log")["log"]
        return found

    def clear_log(self, tenant: str) -> None:
        """Forget the requests and the counters so far."""
        self._call("DELETE", f"tenants/{tenant}/log")

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

    def fault(self, kind: str, **settings: Any) -> None:
        """Switch a fault on; see `local.sap.faults.Fault` for its settings."""
        self._call("POST", "faults", {"kind": kind, **settings})

    def clear_faults(self, tenant: str | None = None) -> None:
        """Everything works again, for one tenant or for all."""
        self._call("DELETE", "faults" if tenant is None else f"faults?tenant={tenant}")

    def _call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        response = self.http.request(method, f"{self.base_url}/_sim/{path}", json=body)
        if response.is_error:
            raise ControlRefused(f"{method} {path}: {response.status_code} {response.text}")
        found: dict[str, Any] = response.json() if response.content else {}
        return found


class ControlRefused(Exception):
    """The simulator did not do what a control call asked, and says why."""


@contextmanager
def running_simulator(tenants: Mapping[str, Mapping[str, Any]] | None = None) -> Iterator[Simulator]:
    """A simulator on a free port of 127.0.0.1 with a tenant of these settings for each name."""
    server = make_server("127.0.0.1", 0, tenants)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    give_up_at = time.monotonic() + _START_TIMEOUT_S
    while not server.started:
        if time.monotonic() > give_up_at or not thread.is_alive():
            raise RuntimeError("the SAP simulator did not start")
        time.sleep(0.005)
    try:
        with httpx.Client(timeout=30) as http:
            yield Simulator(f"http://127.0.0.1:{bound_port(server)}", http)
    finally:
        server.should_exit = True
        thread.join(timeout=10)
