"""The ERP simulator behind a socket, with an empty tenant for each test."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from local.erp.testing import Simulator, running_simulator
from shared.config.erp import ErpConfig
from shared.erp.rest import RestErp
from shared.secrets import Secrets

SECRET = "erp-token-test"  # the secret's name
VARIABLE = "SECRET_ERP_TOKEN_TEST"
ORDER = {"shortText": "Replace seal", "orderType": "PM01", "equipment": "2201"}
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Plant:
    """One tenant of the simulator, as itself and through the adapter."""

    simulator: Simulator
    name: str
    token: str
    adapters: list[RestErp] = field(default_factory=list)

    def speak(self, **dialect: Any) -> None:
        """Change the ways of the tenant's interface (`local.erp.dialect.Dialect`)."""
        self.simulator.add_tenant(self.name, self.token, **dialect)

    def adapter(self, *, base_url: str | None = None, **rest: Any) -> RestErp:
        """An adapter to this tenant, or to another address; closed after the test."""
        settings = {
            "adapter": "rest",
            "base_url": base_url or f"{self.simulator.base_url}/{self.name}",
            "credentials_secret": SECRET,
            "mapping": "rest-example",
            "rest": {"answers": "stored", **rest},  # as the simulator's do
        }
        self.adapters.append(RestErp(ErpConfig.model_validate(settings), Secrets()))
        return self.adapters[-1]

    def request(self, method: str, path: str = "/orders", **options: Any) -> httpx.Response:
        """A request with the tenant's token, as any client would send it."""
        headers = {"Authorization": f"Bearer {self.token}", **options.pop("headers", {})}
        url = f"{self.simulator.base_url}/{self.name}{path}"
        return self.simulator.http.request(method, url, headers=headers, **options)

    def orders(self) -> list[dict[str, Any]]:
        return self.simulator.orders(self.name)

    def counters(self) -> dict[str, int]:
        return self.simulator.counters(self.name)

    def fault(self, kind: str, **settings: Any) -> None:
        self.simulator.fault(kind, tenant=self.name, **settings)


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with running_simulator() as running:
        yield running


@pytest.fixture
def plant(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[Plant]:
    """A tenant without orders whose token is in the environment, as the adapter's secret."""
    made = Plant(simulator, f"plant-{next(_numbers)}", "token-1")
    simulator.add_tenant(made.name, made.token, ("2201", "2202"))
    monkeypatch.setenv(VARIABLE, made.token)
    yield made
    simulator.clear_faults()
    for adapter in made.adapters:
        adapter.close()
