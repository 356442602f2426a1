"""The whole bundle as processes of this machine: embedded Google services, simulators, and the real functions.

The functions run under functions-framework exactly as deployed; what differs is in their environment: the addresses of
Google's services, of the configuration and of the secrets.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from local import loopback
from local.configuration import Endpoints, SitePlan, write_configuration
from local.environment import keep_to_this_machine
from local.folder import own_folder
from local.processes import Process, accepts, free_port, said_ready, stop_all
from local.provision import DeliveryPolicy, provision_pubsub
from shared.config.whole import Config
from shared.warehouse.gateway import warehouse_from_environment
from shared.warehouse.provision import ensure_warehouse

ROOT = Path(__file__).resolve().parents[1]
PROJECT = "demo-project"
DATASET = "maintenance"
# The demonstration has plants of its own: `config/` is the user's to edit, and the simulated ERP knows one mapping.
DEMO_CONFIG = ROOT / "local" / "demo" / "config"
# Served by the framework's asyncio server (FUNCTION_USE_ASGI); all others by its threaded one.
ASGI_FUNCTIONS = {"webhook_ingress"}
_START_TIMEOUT_S = 60.0
# How long a killed function's work stays reserved; here a moment, in production as long as the function may run.
_LEASE_S = "8"
# How long to wait for more dead letters: the local broker has them at once.
_PULL_TIMEOUT_S = "1"
# How long a scheduled function may work; the local scheduler waits somewhat longer.
_SCHEDULED_DEADLINE_S = {"catch_up": "170", "erp_pull": "170"}
# These print `ready HOST:PORT`; the others are ready when they accept connections.
_SAY_READY = {"bigquery", "pubsub", "firestore", "erp"}


def function_names() -> list[str]:
    """The folders under functions/."""
    return sorted(path.parent.name for path in (ROOT / "functions").glob("*/main.py"))


@dataclass
class Stack:
    """Running or not; `with running_stack(...)` gives a running one."""

    folder: Path
    policy: DeliveryPolicy
    rate_window_s: float
    processes: dict[str, Process] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=dict)
    config: Config = field(init=False)
    sites: list[SitePlan] = field(init=False)
    shell: dict[str, str] = field(default_factory=dict)
    """Variables of the user's shell that were put aside."""

    def url(self, name: str) -> str:
        """Base URL of a process that speaks HTTP."""
        return f"http://127.0.0.1:{self.ports[name]}"

    def log_path(self, name: str) -> Path:
        """The log file of a process."""
        return self.folder / "logs" / f"{name}.log"

    @property
    def signing_key(self) -> Path:
        """Key of the OIDC tokens that push and scheduler send."""
        return self.folder / "data" / "oidc.pem"

    def backlog(self) -> dict[str, int]:
        """Unacknowledged messages by the short name of the subscription."""
        waiting = loopback.get(f"{self.url('pubsub_http')}/backlog", timeout=10.0).raise_for_status().json()
        return {name.rpartition("/")[2]: count for name, count in waiting.items()}

    def notifications(self) -> list[dict[str, Any]]:
        """What reached the notification sink."""
        received: list[dict[str, Any]] = (
            loopback.get(f"{self.url('sink')}/_sim/notifications").raise_for_status().json()
        )
        return received

    def google_environment(self) -> dict[str, str]:
        """What Google's clients need to find the embedded services."""
        return {
            "GOOGLE_CLOUD_PROJECT": PROJECT,
            "PUBSUB_EMULATOR_HOST": f"127.0.0.1:{self.ports['pubsub']}",
            "FIRESTORE_EMULATOR_HOST": f"127.0.0.1:{self.ports['firestore']}",
            "BIGQUERY_EMULATOR_HOST": self.url("bigquery"),
            "BIGQUERY_DATASET": DATASET,
        }

    def operator_environment(self) -> dict[str, str]:
        """What points `ops` at this stack."""
        return {
            **self.google_environment(),
            "CONFIG_DIR": str(self.folder / "config"),
            "SECRETS_DIR": str(self.folder / "secrets"),
            "MAINTAINX_RATE_WINDOW_S": str(self.rate_window_s),
            "DEAD_LETTER_PULL_TIMEOUT_S": _PULL_TIMEOUT_S,
        }

    def start(self, source_config: Path) -> None:
        """Start everything and wait until it takes requests. Raises StartFailed or ConfigError."""
        self.shell = keep_to_this_machine(os.environ)
        for sub in ("logs", "data"):
            (self.folder / sub).mkdir(parents=True)
        names = [
            "pubsub",
            "pubsub_http",
            "firestore",
            "bigquery",
            "bigquery_grpc",
            "maintainx",
            "erp",
            "sink",
            *function_names(),
        ]
        self.ports = {name: free_port() for name in names}
        endpoints = Endpoints(
            ingress=self.url("webhook_ingress"),
            maintainx=f"{self.url('maintainx')}/v1",
            erp=self.url("erp"),
            notifications=self.url("sink"),
        )
        self.config, self.sites = write_configuration(source_config, self.folder, endpoints)
        services = self._services()
        functions = [self._function(name) for name in function_names()]
        for process in [*services, *functions]:
            self.processes[process.name] = process
            process.start()
        for process in services:
            process.wait_ready(_START_TIMEOUT_S)
        os.environ.update(self.google_environment())
        provision_pubsub({name: self.url(name) for name in function_names()}, DATASET, self.policy)
        self._provision_warehouse()
        for process in functions:
            process.wait_ready(_START_TIMEOUT_S)

    def check(self) -> None:
        """Raise StackFailed if a process has ended by itself."""
        for process in self.processes.values():
            process.check()

    def stop(self) -> None:
        """Stop everything; what does not stop is killed."""
        stop_all(self.processes.values())

    def restart(self, name: str) -> None:
        """Start a process again after it was killed, and wait until it takes requests."""
        self.processes[name].start()
        self.processes[name].wait_ready(_START_TIMEOUT_S)

    def _services(self) -> list[Process]:
        data = self.folder / "data"
        port = {name: str(number) for name, number in self.ports.items()}
        commands = {
            "bigquery": ["--port", port["bigquery"], "--grpc-port", port["bigquery_grpc"]],
            "pubsub": ["--port", port["pubsub"], "--certs-port", port["pubsub_http"]],
            "firestore": ["--port", port["firestore"], "--database", str(data / "firestore.sqlite")],
            "maintainx": ["--port", port["maintainx"]],
            "erp": ["--port", port["erp"]],
            "sink": ["--port", port["sink"]],
        }
        commands["bigquery"] += ["--data-dir", str(data / "bigquery")]
        commands["pubsub"] += ["--database", str(data / "pubsub.sqlite"), "--signing-key", str(self.signing_key)]
        commands["pubsub"] += ["--bigquery-endpoint", self.url("bigquery")]
        environment = {"PYTHONPATH": str(ROOT), "GOOGLE_CLOUD_PROJECT": PROJECT}
        return [
            Process(name, [f"local.{name}", *arguments], environment, self.log_path(name), self._service_ready(name))
            for name, arguments in commands.items()
        ]

    def _service_ready(self, name: str) -> Callable[[], bool]:
        return said_ready(self.log_path(name)) if name in _SAY_READY else accepts(self.ports[name])

    def _function(self, name: str) -> Process:
        environment = {
            **self.operator_environment(),
            "PYTHONPATH": str(ROOT),
            "FUNCTION_TARGET": name,
            "FUNCTION_SOURCE": str(ROOT / "functions" / name / "main.py"),
            "FUNCTION_SIGNATURE_TYPE": "http",
            "HOST": "127.0.0.1",
            "PORT": str(self.ports[name]),
            "MAX_DELIVERY_ATTEMPTS": str(self.policy.max_delivery_attempts),
            "CLAIM_LEASE_S": _LEASE_S,
            "RECORD_LEASE_S": _LEASE_S,
            "ERP_BREAKER_PAUSE_S": "1",
            **({"FUNCTION_USE_ASGI": "true"} if name in ASGI_FUNCTIONS else {}),
            **({"HANDLER_DEADLINE_S": _SCHEDULED_DEADLINE_S[name]} if name in _SCHEDULED_DEADLINE_S else {}),
        }
        return Process(name, ["functions_framework"], environment, self.log_path(name), self._answers(name))

    def _answers(self, name: str) -> Callable[[], bool]:
        def check() -> bool:
            # The framework answers this path itself (404), without calling the function.
            with contextlib.suppress(httpx.TransportError):
                return loopback.get(f"{self.url(name)}/robots.txt", timeout=1.0).status_code == 404
            return False

        return check

    def _provision_warehouse(self) -> None:
        ensure_warehouse(warehouse_from_environment().client, DATASET)


@contextlib.contextmanager
def running_stack(
    folder: Path,
    *,
    source_config: Path = DEMO_CONFIG,
    policy: DeliveryPolicy | None = None,
    rate_window_s: float = 60.0,
) -> Iterator[Stack]:
    """A running stack with its files in `folder`, emptied first; stopped on exit, whatever happens.

    Raises StackFailed if the folder is not ours to empty, or another stack runs in it.
    """
    with own_folder(folder):
        stack = Stack(folder, policy or DeliveryPolicy(), rate_window_s)
        try:
            stack.start(source_config)
            yield stack
        finally:
            stack.stop()
