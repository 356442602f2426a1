"""The simulator inside a test: real sockets, a thread of its own, and its controls as methods."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from local import loopback
from local.erp.app import make_app
from local.serving.controls import Controls
from local.serving.server import in_thread, make_server


@dataclass(frozen=True, slots=True)
class Simulator(Controls):
    """A running simulator."""

    def add_tenant(self, tenant: str, token: str, equipment: tuple[str, ...] = (), **dialect: Any) -> str:
        """Make a tenant, or give it a new token; returns the base URL of its interface.

        dialect: its ways (`local.erp.dialect.Dialect`); an old tenant keeps its own if none is given.
        """
        body = {"token": token, "equipment": list(equipment), **({"dialect": dialect} if dialect else {})}
        self._call("PUT", f"tenants/{tenant}", body)
        return f"{self.base_url}/{tenant}"

    def create(self, tenant: str, **fields: Any) -> str:
        """Make an order as a person working in the ERP; its id."""
        return str(self._call("POST", f"tenants/{tenant}/orders", fields)["id"])

    def edit(self, tenant: str, order_id: str, **changes: Any) -> None:
        """Change an order as a person working in the ERP."""
        self._call("PATCH", f"tenants/{tenant}/orders/{order_id}", changes)

    def delete(self, tenant: str, order_id: str) -> None:
        """Let an order vanish."""
        self._call("DELETE", f"tenants/{tenant}/orders/{order_id}")


@contextmanager
def running_simulator(tokens: Mapping[str, str] | None = None) -> Iterator[Simulator]:
    """A simulator on a free port of 127.0.0.1 with a tenant for each name in `tokens`."""
    with (
        in_thread(make_server(make_app(tokens)), "the ERP simulator") as base_url,
        loopback.client(timeout=10) as http,
    ):
        yield Simulator(base_url, http)
