"""webhook_ingress against a bare function that only answers `{"status": "queued"}`: throughput and slowest answers.

Both run under functions-framework's asyncio server with the same settings, one after the other, and get the same signed
deliveries from the same client in a process of its own. webhook_ingress verifies, parses and publishes each to the
embedded Pub/Sub, in a third process, and answers when that acknowledged. Target: at least 0.6 of the bare function's
throughput.
"""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from bench.load.client import write
from local.processes import Process, accepts, free_port, said_ready
from shared.maintainx.signature import BODY_SIGNATURE_HEADER, URI_SIGNATURE_HEADER, sign

ROOT = Path(__file__).resolve().parents[1]
PROJECT = "bench"
SECRET = "mx_00000000-0000-4000-8000-000000000001_00000000-0000-4000-8000-000000000002"
PUBLIC_URL = "https://hooks.example.com"
PATH = "/webhooks/plant-1/WORK_ORDER_STATUS_CHANGE"
CONNECTIONS = 64
REQUESTS = 4_000
ROUNDS = 3
CLIENT_TIMEOUT_S = 120.0
TARGET = 0.6
SITES = f"""\
public_url: {PUBLIC_URL}
sites:
  - id: plant-1
    name: Plant One
    time_zone: Europe/Berlin
    maintainx:
      organization_id: 4242
      api_key_secret: api-key
      subscriptions:
        - {{type: WORK_ORDER_STATUS_CHANGE, secret: webhook}}
"""
BARE = """\
import functions_framework.aio

@functions_framework.aio.http
async def bare(request):
    return {"status": "queued"}
"""


@dataclass(frozen=True)
class Measured:
    """One round."""

    per_s: float
    p50_ms: float
    p99_ms: float


def main() -> None:
    """Measure both in turns and print the ratios of the medians."""
    with tempfile.TemporaryDirectory() as name, servers(Path(name)) as ports:
        rounds: dict[str, list[Measured]] = {function: [] for function in ports}
        for number in range(-1, ROUNDS):  # the first one warms up
            for function, port in ports.items():
                measured = measure(Path(name), port, expect=202 if function == "webhook_ingress" else 200)
                if number >= 0:
                    rounds[function].append(measured)
    print(f"{'':<18}{'requests/s':>12}{'p50 ms':>10}{'p99 ms':>10}   ({CONNECTIONS} connections, median of {ROUNDS})")
    medians = {function: median(measured) for function, measured in rounds.items()}
    for function, of in medians.items():
        print(f"{function:<18}{of.per_s:>12,.0f}{of.p50_ms:>10.1f}{of.p99_ms:>10.1f}")
    ours, floor = medians["webhook_ingress"], medians["bare"]
    ratio = ours.per_s / floor.per_s
    print(f"{'ratio':<18}{ratio:>12.2f}{ours.p50_ms / floor.p50_ms:>10.2f}{ours.p99_ms / floor.p99_ms:>10.2f}")
    print(f"target {TARGET}: {'met' if ratio >= TARGET else 'MISSED'}")


def measure(folder: Path, port: int, *, expect: int) -> Measured:
    """One round of the client. Raises AssertionError unless every answer has the expected status."""
    write(folder / "requests", deliveries(REQUESTS))
    command = [sys.executable, "-m", "bench.load.client", "127.0.0.1", str(port), str(CONNECTIONS)]
    run = subprocess.run(
        [*command, str(folder / "requests")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=CLIENT_TIMEOUT_S,
    )
    found: dict[str, Any] = json.loads(run.stdout)
    assert found["statuses"] == {str(expect): REQUESTS}, found["statuses"]
    centiles = statistics.quantiles(found["latencies_s"], n=100)
    return Measured(REQUESTS / found["seconds"], centiles[49] * 1e3, centiles[98] * 1e3)


def median(rounds: list[Measured]) -> Measured:
    """Each figure's median."""
    return Measured(
        statistics.median(each.per_s for each in rounds),
        statistics.median(each.p50_ms for each in rounds),
        statistics.median(each.p99_ms for each in rounds),
    )


def deliveries(count: int) -> list[bytes]:
    """Signed deliveries as MaintainX sends them, no two with one body."""
    t = int(time.time())
    uri = sign(f"{PUBLIC_URL}{PATH}".encode(), SECRET, t)
    return [_delivery(number, t, uri) for number in range(count)]


def _delivery(number: int, t: int, uri_signature: str) -> bytes:
    data = {
        "workOrderId": 9_000_000 + number,
        "orgId": 4242,
        "oldStatus": "IN_PROGRESS",
        "newStatus": "DONE",
        "progress": {"inProgressCount": 1, "onHoldCount": 0, "doneCount": 1},
        "occurredAt": f"2026-09-15T08:31:40.{time.time_ns() // 1_000_000 % 1000:03}Z",
        "userId": 81,
    }
    body = json.dumps(data, separators=(",", ":")).encode()
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: hooks.example.com\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n{BODY_SIGNATURE_HEADER}: {sign(body, SECRET, t)}\r\n"
        f"{URI_SIGNATURE_HEADER}: {uri_signature}\r\n\r\n"
    )
    return head.encode() + body


@contextlib.contextmanager
def servers(folder: Path) -> Iterator[dict[str, int]]:
    """The broker and both functions; gives the functions' ports. Always stopped."""
    configuration, secrets, bare = folder / "config", folder / "secrets", folder / "bare.py"
    for made in (configuration / "mappings", secrets):
        made.mkdir(parents=True)
    (configuration / "sites.yaml").write_text(SITES)
    (configuration / "routes.yaml").write_text("routes: []\n")
    (secrets / "webhook").write_text(SECRET)
    bare.write_text(BARE)
    broker, ports = free_port(), {"webhook_ingress": free_port(), "bare": free_port()}
    environment = {
        "PYTHONPATH": str(ROOT),
        "GOOGLE_CLOUD_PROJECT": PROJECT,
        "PUBSUB_EMULATOR_HOST": f"127.0.0.1:{broker}",
        "FUNCTION_USE_ASGI": "true",
        "FUNCTION_SIGNATURE_TYPE": "http",
        "HOST": "127.0.0.1",
        "CONFIG_DIR": str(configuration),
        "SECRETS_DIR": str(secrets),
    }
    command = [
        "local.pubsub",
        "--host",
        "127.0.0.1",
        "--port",
        str(broker),
        "--database",
        str(folder / "pubsub.sqlite"),
    ]
    log = folder / "pubsub.log"
    processes = [Process("pubsub", command, {"PYTHONPATH": str(ROOT)}, log, said_ready(log))]
    sources = {"webhook_ingress": ROOT / "functions" / "webhook_ingress" / "main.py", "bare": bare}
    for function, port in ports.items():
        own = {"FUNCTION_TARGET": function, "FUNCTION_SOURCE": str(sources[function]), "PORT": str(port)}
        log = folder / f"{function}.log"
        processes.append(Process(function, ["functions_framework"], environment | own, log, accepts(port)))
    try:
        for process in processes:
            process.start()
        for process in processes:
            process.wait_ready(60.0)
        _make_topic(environment["PUBSUB_EMULATOR_HOST"])
        yield ports
    finally:
        for process in processes:
            process.stop()


def _make_topic(broker: str) -> None:
    from google.cloud.pubsub_v1 import PublisherClient

    from shared.topics import EVENTS, topic_path

    with mock.patch.dict(os.environ, {"PUBSUB_EMULATOR_HOST": broker, "GOOGLE_CLOUD_PROJECT": PROJECT}):
        PublisherClient().create_topic(name=topic_path(EVENTS))


if __name__ == "__main__":
    main()
