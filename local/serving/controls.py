"""The control plane of an ERP's simulator (`/_sim`) from the other side: what all of them can do, as methods."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx


@dataclass(frozen=True, slots=True)
class Controls:
    """Speaks to `/_sim` of a running simulator; a refusal raises httpx.HTTPStatusError.

    `base_url` has no trailing slash; a tenant's interface is at `{base_url}/{tenant}`.
    """

    base_url: str
    http: httpx.Client

    def dump(self, tenant: str) -> dict[str, Any]:
        """All that the tenant holds: orders, duplicates, counters, master data."""
        return self._call("GET", f"tenants/{tenant}/dump")

    def orders(self, tenant: str) -> list[dict[str, Any]]:
        """The tenant's orders, in the simulator's own shape."""
        found: list[dict[str, Any]] = self.dump(tenant)["orders"]
        return found

    def counters(self, tenant: str) -> dict[str, int]:
        """How often each thing was done; what never happened is not there."""
        found: dict[str, int] = self._call("GET", f"tenants/{tenant}/counters")["counters"]
        return found

    def fault(self, kind: str, **settings: Any) -> None:
        """Switch a fault on; see `faults.Fault` of the simulator for its settings."""
        self._call("POST", "faults", {"kind": kind, **settings})

    def clear_faults(self) -> None:
        """Everything works again."""
        self._call("DELETE", "faults")

    def _call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        response = self.http.request(method, f"{self.base_url}/_sim/{path}", json=body)
        response.raise_for_status()
        found: dict[str, Any] = response.json() if response.content else {}
        return found


@dataclass(frozen=True, slots=True)
class LoggedControls(Controls):
    """A simulator that keeps a log of requests and can clear the faults of one tenant."""

    def clear_log(self, tenant: str) -> None:
        """Forget the requests and the counters of a tenant."""
        self._call("DELETE", f"tenants/{tenant}/log")

    def clear_faults(self, tenant: str | None = None) -> None:
        """Everything works again, for one tenant or for all."""
        self._call("DELETE", "faults" if tenant is None else f"faults?tenant={tenant}")
