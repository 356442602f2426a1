"""The function health over HTTP, with MaintainX, ERP and webhook_ingress behind it."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from local import loopback
from local.demo.function_logs import entries
from local.erp.testing import Simulator as ErpSimulator
from local.erp.testing import running_simulator
from local.processes import Process, free_port
from tests.integration.subscriptions.conftest import API_KEY, ROOT, SITE, TYPES, Plant, wanted

# A process of its own for each test: one worker has them all.
pytestmark = pytest.mark.xdist_group("subscriptions")

MAPPING = (ROOT / "config" / "mappings" / "rest-example.yaml").read_text()


@pytest.fixture
def erp() -> Iterator[ErpSimulator]:
    with running_simulator() as simulator:
        yield simulator


@pytest.fixture
def health(plant: Plant, erp: ErpSimulator) -> Iterator[httpx.Client]:
    """A client of the running function; the site has an ERP too."""
    with contextlib.ExitStack() as stack:
        base_url = erp.add_tenant(SITE, "erp-token")
        (plant.secrets / "erp-token").write_text("erp-token")
        (plant.folder / "config" / "mappings").mkdir(exist_ok=True)
        (plant.folder / "config" / "mappings" / "m.yaml").write_text(MAPPING)
        erp_config = {"adapter": "rest", "base_url": base_url, "credentials_secret": "erp-token", "mapping": "m"}
        plant.configure(wanted(*TYPES), erp=erp_config)
        port = free_port()
        environment = {
            **plant.environment,
            "FUNCTION_TARGET": "health",
            "FUNCTION_SOURCE": str(ROOT / "functions" / "health" / "main.py"),
            "FUNCTION_SIGNATURE_TYPE": "http",
            "HOST": "127.0.0.1",
            "PORT": str(port),
        }
        url = f"http://127.0.0.1:{port}"

        def ready() -> bool:
            with contextlib.suppress(httpx.TransportError):
                return loopback.get(f"{url}/robots.txt", timeout=1.0).status_code == 404
            return False

        process = Process("health", ["functions_framework"], environment, plant.folder / "health.log", ready)
        stack.callback(process.stop)
        process.start()
        process.wait_ready(60.0)
        yield stack.enter_context(loopback.client(base_url=url, timeout=120.0))


def probes(answer: httpx.Response) -> dict[str, dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    return {probe["name"]: probe for probe in answer.json()["sites"][SITE]["probes"]}


def test_health_reports_finds_and_heals(plant: Plant, erp: ErpSimulator, health: httpx.Client) -> None:
    found = probes(health.post("/"))
    assert {name: probe["ok"] for name, probe in found.items()} == {
        "maintainx": True,
        "erp": True,
        "subscriptions": False,
    }
    assert plant.ops("apply", "--settle", "0")[0] == 0
    answer = health.post("/", json={})
    assert answer.json()["ok"], answer.text

    lost = next(iter(plant.subscriptions()))
    headers = {"Authorization": f"Bearer {API_KEY}"}
    loopback.delete(f"{plant.simulator.api_url}/subscriptions/{lost}", headers=headers).raise_for_status()
    watched = probes(health.post("/", json={"site": SITE}))["subscriptions"]
    assert [(item["id"], "does not have it" in item["problem"]) for item in watched["details"]["findings"]] == [
        (lost, True)
    ]
    healed = probes(health.post("/", json={"heal": True}))["subscriptions"]
    assert healed["ok"], json.dumps(healed)
    assert len(plant.subscriptions()) == len(TYPES)

    erp.fault("outage")
    assert not probes(health.post("/"))["erp"]["ok"]
    lines = [line for line in entries(plant.folder / "health.log") if "probe" in line and not line["ok"]]
    assert {(line["site"], line["probe"], line["severity"]) for line in lines} == {
        (SITE, "subscriptions", "ERROR"),
        (SITE, "erp", "ERROR"),
    }
    assert all(line["reason"] for line in lines)


def test_wrong_order_is_refused(health: httpx.Client) -> None:
    assert health.post("/", json={"site": "nowhere"}).status_code == 404
    answer = health.post("/", json={"hael": True})
    assert (answer.status_code, answer.json()["faults"]) == (400, ["hael: Extra inputs are not permitted"])
