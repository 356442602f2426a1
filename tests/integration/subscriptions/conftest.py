"""A plant for subscriptions: MaintainX simulator, real webhook_ingress as a process, and the operator's verbs."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from google.cloud import pubsub_v1
from typer.testing import CliRunner

from local import loopback
from local.demo.function_logs import entries
from local.firestore.testing import running_server as running_firestore
from local.maintainx.control_client import SimControl
from local.maintainx.testing import running_simulator
from local.processes import Process, free_port, python_path
from local.pubsub.testing import running_server as running_pubsub
from ops.__main__ import app
from shared.topics import EVENTS
from tests.fakes.process import forget

ROOT = Path(__file__).resolve().parents[3]
ORG, API_KEY, DRIVER, SITE, PROJECT = 4242, "key-of-the-plant", "key-of-the-driver", "plant-1", "subscriptions-test"
TYPES = ("NEW_WORK_ORDER", "WORK_ORDER_STATUS_CHANGE")


@dataclass
class Plant:
    """Everything that runs, and the folder of its configuration and secrets."""

    simulator: SimControl
    folder: Path
    ingress_url: str
    environment: dict[str, str]

    @property
    def secrets(self) -> Path:
        return self.folder / "secrets"

    @property
    def ingress_log(self) -> Path:
        return self.folder / "webhook_ingress.log"

    def configure(self, subscriptions: list[dict[str, Any]], **more: Any) -> None:
        """Write the configuration; webhook_ingress keeps the one that it started with."""
        site = {
            "id": SITE,
            "name": "Plant 1",
            "time_zone": "Europe/Berlin",
            "maintainx": {
                "base_url": self.simulator.api_url,
                "organization_id": ORG,
                "api_key_secret": "api-key",
                "subscriptions": subscriptions,
            },
            **more,
        }
        config = self.folder / "config"
        (config / "mappings").mkdir(parents=True, exist_ok=True)
        (config / "sites.yaml").write_text(yaml.safe_dump({"public_url": self.ingress_url, "sites": [site]}))
        (config / "routes.yaml").write_text("routes: [{name: all, when: {type: work_order.*}, to: notifications}]\n")

    def ops(self, *words: str) -> tuple[int, Any, str]:
        """`ops subscriptions ... --json`: exit code, JSON document, errors."""
        code, output, errors = self.ops_as_text(*words, "--json")
        return code, json.loads(output) if output else None, errors

    def ops_as_text(self, *words: str) -> tuple[int, str, str]:
        """`ops subscriptions ...` with the caches of a new process: exit code, output, errors."""
        with pytest.MonkeyPatch.context() as patch:
            for name, value in self.environment.items():
                patch.setenv(name, value)
            forget()
            try:
                result = CliRunner().invoke(app, ["subscriptions", *words], catch_exceptions=False)
            finally:
                forget()
        return result.exit_code, result.stdout, result.stderr

    def ops_process(self, *words: str) -> tuple[int, Any, str]:
        """`ops subscriptions ... --json` as an operator's shell runs it."""
        command = [sys.executable, "-m", "ops", "subscriptions", *words, "--json"]
        environment = {**os.environ, **self.environment, "PYTHONPATH": python_path(str(ROOT))}
        run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=150)
        assert "Traceback" not in run.stderr, run.stderr
        return run.returncode, json.loads(run.stdout), run.stderr

    def subscriptions(self) -> dict[int, dict[str, Any]]:
        """What MaintainX has, with secrets."""
        return {row["id"]: row for row in self.simulator.records(ORG)["subscriptions"]}

    def address(self, webhook_type: str) -> str:
        return f"{self.ingress_url}/webhooks/{SITE}/{webhook_type}"

    def accepted(self) -> list[str]:
        """Event ids that webhook_ingress has published."""
        return [line["event_id"] for line in entries(self.ingress_log) if line.get("outcome") == "accepted"]

    @contextmanager
    def steady_stream(self, every_s: float = 0.02) -> Iterator[None]:
        """Work orders are made and done all the time, each telling every subscription."""
        stop = threading.Event()
        thread = threading.Thread(target=self._live, args=(stop, every_s))
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()
            self.simulator.wait_idle()

    def _live(self, stop: threading.Event, every_s: float) -> None:
        headers = {"Authorization": f"Bearer {DRIVER}"}
        with loopback.client(base_url=self.simulator.api_url, headers=headers, timeout=30) as api:
            for number in itertools.count(1):
                made = api.post("/workorders", json={"title": f"Order {number}"}).raise_for_status().json()
                api.patch(f"/workorders/{made['id']}/status", json={"status": "DONE"}).raise_for_status()
                if stop.wait(every_s):
                    return


def wanted(*types: str, **changes: Any) -> list[dict[str, Any]]:
    return [{"type": name, "secret": f"webhook-{name.lower().replace('_', '-')}", **changes} for name in types]


@pytest.fixture
def plant(tmp_path: Path) -> Iterator[Plant]:
    with contextlib.ExitStack() as stack:
        simulator = stack.enter_context(running_simulator())
        simulator.seed(
            {
                "id": ORG,
                "name": "Plant 1",
                "users": [{"id": 77, "firstName": "Planner", "lastName": "One", "email": "p@example.com"}],
                "tokens": [
                    {"token": API_KEY, "userId": 77},
                    {"token": DRIVER, "userId": 77, "privileged": True},
                ],
            }
        )
        (tmp_path / "pubsub").mkdir()
        (tmp_path / "firestore").mkdir()
        pubsub = stack.enter_context(running_pubsub(tmp_path / "pubsub"))
        firestore = stack.enter_context(running_firestore(tmp_path / "firestore"))
        port = free_port()
        environment = {
            "PYTHONPATH": str(ROOT),
            "GOOGLE_CLOUD_PROJECT": PROJECT,
            "PUBSUB_EMULATOR_HOST": pubsub.address,
            "FIRESTORE_EMULATOR_HOST": firestore.address,
            "CONFIG_DIR": str(tmp_path / "config"),
            "SECRETS_DIR": str(tmp_path / "secrets"),
        }
        plant = Plant(simulator, tmp_path, f"http://127.0.0.1:{port}", environment)
        plant.secrets.mkdir()
        (plant.secrets / "api-key").write_text(API_KEY)
        plant.configure(wanted(*TYPES))
        _make_topic(pubsub.address)
        ingress = _ingress(plant, port)
        stack.callback(ingress.stop)
        ingress.start()
        ingress.wait_ready(60.0)
        yield plant


def _make_topic(address: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PUBSUB_EMULATOR_HOST", address)
        publisher = pubsub_v1.PublisherClient()
    publisher.create_topic(request={"name": f"projects/{PROJECT}/topics/{EVENTS}"})
    publisher.transport.close()


def _ingress(plant: Plant, port: int) -> Process:
    function = {
        "FUNCTION_TARGET": "webhook_ingress",
        "FUNCTION_SOURCE": str(ROOT / "functions" / "webhook_ingress" / "main.py"),
        "FUNCTION_SIGNATURE_TYPE": "http",
        "FUNCTION_USE_ASGI": "true",
        "HOST": "127.0.0.1",
        "PORT": str(port),
    }

    def ready() -> bool:
        with contextlib.suppress(httpx.TransportError):
            return loopback.get(f"{plant.ingress_url}/health", timeout=1.0).status_code == 200
        return False

    environment = {**plant.environment, **function}
    return Process("webhook_ingress", ["functions_framework"], environment, plant.ingress_log, ready)
