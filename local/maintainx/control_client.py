"""The control plane from the other side: for tests and for the driver of a demonstration."""

from __future__ import annotations

from datetime import datetime
from types import TracebackType
from typing import Any, Self

from local import loopback
from shared.events import format_utc


class SimControl:
    """Speaks to `/_sim` of a running simulator; every failure raises httpx.HTTPError."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self._http = loopback.client(base_url=base_url, timeout=60.0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    @property
    def api_url(self) -> str:
        """Base URL of the simulated REST API."""
        return f"{self.base_url}/v1"

    def seed(self, organization: dict[str, Any]) -> list[int]:
        """Add an organization (see control.Seed); returns the ids of its subscriptions."""
        ids: list[int] = self._call("PUT", "organizations", organization)["subscriptionIds"]
        return ids

    def records(self, organization_id: int) -> dict[str, list[dict[str, Any]]]:
        """Every record of an organization as it is now, by table."""
        tables: dict[str, list[dict[str, Any]]] = self._call("GET", f"organizations/{organization_id}/records")
        return tables

    def set_clock(self, at: datetime, *, running: bool = False) -> None:
        self._call("PUT", "clock", {"at": format_utc(at), "running": running})

    def configure(self, **settings: Any) -> dict[str, Any]:
        """Change settings (see settings.Settings); returns all of them."""
        current: dict[str, Any] = self._call("PATCH", "settings", settings)
        return current

    def fail_next(self, count: int, *, status: int = 503, after: bool = False) -> None:
        """The next calls of tokens without privilege fail; `after`: they are carried out, only the answer is lost."""
        self._call("POST", "failures", {"count": count, "status": status, "after": after})

    def deliveries(self, *, after: int = 0, bodies: bool = False) -> list[dict[str, Any]]:
        """The delivery log from id `after` on."""
        path = f"deliveries?after={after}&bodies={str(bodies).lower()}"
        log: list[dict[str, Any]] = self._call("GET", path)["deliveries"]
        return log

    def stats(self) -> dict[str, Any]:
        stats: dict[str, Any] = self._call("GET", "stats")
        return stats

    def wait_idle(self, timeout_s: float = 30.0) -> dict[str, Any]:
        """Wait until no delivery is under way; TimeoutError if that takes longer. Returns the counts."""
        stats: dict[str, Any] = self._call("POST", "wait-idle", {"timeout_s": timeout_s})
        if not stats.pop("idle"):
            raise TimeoutError(f"webhook deliveries still under way: {stats}")
        return stats

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        response = self._http.request(method, f"/_sim/{path}", json=body)
        response.raise_for_status()
        return response.json()
