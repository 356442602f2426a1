"""A MaintainX, a secret store and a receiver in memory, that notice when a delivery would be refused or missed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.config.names import ledger_secret
from shared.config.sites import SiteConfig
from shared.errors import RecordNotFound, SecretUnavailable
from shared.maintainx.models import Subscription
from shared.maintainx.subscriptions.keeper import Keeper
from shared.secrets import lines
from tests.fakes.state import MemoryStateStore

NOON_UTC = datetime(2026, 11, 22, 12, tzinfo=UTC)
PUBLIC_URL = "https://bridge.example.com"
SITE = "plant-1"
LEDGER = ledger_secret(SITE)


class Crash(BaseException):
    """The process ends here."""


def site(types: Mapping[str, Mapping[str, Any]]) -> SiteConfig:
    """A site that wants these types, each with its filters and options."""
    return SiteConfig.model_validate(
        {
            "id": SITE,
            "name": "Plant 1",
            "time_zone": "UTC",
            "maintainx": {
                "organization_id": 4242,
                "api_key_secret": "key",
                "subscriptions": [{"type": name, "secret": secret_name(name), **more} for name, more in types.items()],
            },
        }
    )


def secret_name(webhook_type: str) -> str:
    return f"webhook-{webhook_type.lower()}"


def used(webhook_type: str) -> str:
    return f"{PUBLIC_URL}/webhooks/{SITE}/{webhook_type}"


@dataclass
class World:
    """Everything outside. crash_at: number of the call that never returns; half of such a call is done before."""

    now_utc: datetime = NOON_UTC
    secrets: dict[str, str] = field(default_factory=dict)
    made: dict[int, dict[str, Any]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    crash_at: int | None = None
    crash_after: bool = False
    deaf: bool = False
    broken_secrets: set[str] = field(default_factory=set)
    refused: list[str] = field(default_factory=list)
    must_be_served: set[str] = field(default_factory=set)
    gaps: list[str] = field(default_factory=list)
    state: MemoryStateStore = field(default_factory=MemoryStateStore)
    next_id: int = 100

    def keeper(self, types: Mapping[str, Mapping[str, Any]]) -> Keeper:
        return Keeper(
            site(types),
            PUBLIC_URL,
            maintainx=self,
            receiver=self,
            state=self.state,
            versions=self,
            clock=lambda: self.now_utc,
        )

    def sleep(self, seconds: float) -> None:
        self.now_utc += timedelta(seconds=seconds)

    def serving(self, webhook_type: str) -> list[int]:
        """Ids of the subscriptions that deliver to the address in use."""
        return [
            id_ for id_, row in self.made.items() if row["type"] == webhook_type and row["url"] == used(webhook_type)
        ]

    # MaintainX

    def create_subscription(
        self, webhook_type: str, url: str, *, filters: Mapping[str, Any] | None, options: Mapping[str, bool] | None
    ) -> Subscription:
        self._begin(f"create {webhook_type}")
        self.next_id += 1
        row = {"type": webhook_type, "url": url, "status": "VALID", "secret": f"mx_{self.next_id}"}
        self.made[self.next_id] = {**row, "filters": filters, "options": options}
        self._end()
        return Subscription(id=self.next_id, status="VALID", secret=row["secret"])

    def get_subscription(self, subscription_id: int) -> Subscription:
        self._begin(f"get {subscription_id}")
        row = self._row(subscription_id)
        return Subscription(id=subscription_id, type=row["type"], url=row["url"], status=row["status"])

    def change_subscription(self, subscription_id: int, *, url: str) -> Subscription:
        self._begin(f"change {subscription_id}")
        row = self._row(subscription_id)
        row["url"] = url
        self._end()
        return Subscription(id=subscription_id, type=row["type"], url=url, status=row["status"])

    def delete_subscription(self, subscription_id: int) -> None:
        self._begin(f"delete {subscription_id}")
        self._row(subscription_id)
        del self.made[subscription_id]
        self._end()

    def get_subscription_secret(self, subscription_id: int) -> str:
        self._begin(f"secret {subscription_id}")
        return str(self._row(subscription_id)["secret"])

    # Secrets

    def newest(self, name: str) -> str | None:
        return self.secrets.get(name)

    def add(self, name: str, value: str, *, keep: int | None = None) -> None:  # noqa: ARG002  # no version is counted here
        self._begin(f"add {name}")
        if name in self.broken_secrets:
            raise SecretUnavailable(f"secret {name}: by the test")
        self.secrets[name] = value
        self._end()

    # webhook_ingress

    def knows(self, parked_url: str, secret: str) -> bool:
        self._begin(f"knows {parked_url}")
        assert parked_url.endswith("/parked")
        return not self.deaf and any(secret in lines(value) for value in self.secrets.values())

    def _row(self, subscription_id: int) -> dict[str, Any]:
        if subscription_id not in self.made:
            raise RecordNotFound(f"no {subscription_id}", status=404)
        return self.made[subscription_id]

    def _begin(self, call: str) -> None:
        self.calls.append(call)
        if len(self.calls) == self.crash_at and not self.crash_after:
            raise Crash
        self._deliver()

    def _end(self) -> None:
        self._deliver()
        if len(self.calls) == self.crash_at and self.crash_after:
            raise Crash

    def _deliver(self) -> None:
        """Something happens in MaintainX at this very moment: who is told, and is it accepted?"""
        for id_, row in self.made.items():
            known = lines(self.secrets.get(secret_name(row["type"]), ""))
            if row["url"] == used(row["type"]) and row["secret"] not in known:
                self.refused.append(f"{row['type']} {id_} after {self.calls[-1]}")
        self.gaps += [f"{name} at {self.calls[-1]}" for name in self.must_be_served if not self.serving(name)]
