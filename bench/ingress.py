"""webhook_ingress against a bare function that only answers `{"status": "queued"}`: throughput, slowest answers, CPU.

Both run under functions-framework's asyncio server with the same settings and get the same signed deliveries from the
same client in a process of its own, in many short turns, so that a slow moment of the machine hits both.
webhook_ingress verifies, parses and publishes each to the embedded Pub/Sub, in a third process, and answers when that
acknowledged. Target: at least 0.6 of the bare function's throughput.

The server is the one that is deployed: uvicorn takes uvloop and httptools where it finds them, and requirements.txt has
neither, but the environment of developers has both. A second table is measured with them: the bare function, which is
nearly nothing but server, gains far more from a faster server than webhook_ingress does.

The ratio that follows from CPU time per request (all threads of the server's processes) is what the ratio of the
throughputs comes to where client and broker have processors of their own.
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
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import psutil

from bench.load.client import write
from local.processes import Process, accepts, free_port, said_ready
from shared.maintainx.signature import BODY_SIGNATURE_HEADER, URI_SIGNATURE_HEADER, sign

ROOT = Path(__file__).resolve().parents[1]
PROJECT = "bench"
SECRET = "mx_00000000-0000-4000-8000-000000000001_00000000-0000-4000-8000-000000000002"
PUBLIC_URL = "https://hooks.example.com"
PATH = "/webhooks/plant-1/WORK_ORDER_STATUS_CHANGE"
CONNECTIONS = 64
REQUESTS = 3_000
ROUNDS = 11
CLIENT_TIMEOUT_S = 120.0
TARGET = 0.6
FAST_SERVER = ("uvloop", "httptools")
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
    """One round, or the ratios of two. cpu_us: microseconds of CPU time that the server took for a request."""

    per_s: float
    p50_ms: float
    p99_ms: float
    cpu_us: float

    def by(self, other: Measured) -> Measured:
        """Each figure divided by the other's."""
        mine, theirs = astuple(self), astuple(other)
        return Measured(*(one / another for one, another in zip(mine, theirs, strict=True)))


def main() -> None:
    """Measure both in turns, on either server, and print the medians of both and of their ratios."""
    pinned = {line.partition("==")[0] for line in (ROOT / "requirements.txt").read_text().splitlines() if "==" in line}
    missing = [name for name in FAST_SERVER if name not in pinned]
    print(f"{CONNECTIONS} connections, medians of {ROUNDS} rounds of {REQUESTS:,} requests")
    as_deployed = compare("as deployed", without=missing)
    if missing:
        compare(f"with {' and '.join(missing)}", without=[])
    print(f"target {TARGET}, as deployed: {'met' if as_deployed >= TARGET else 'MISSED'}")


def compare(title: str, *, without: Sequence[str]) -> float:
    """Print the table of one server, which does not find the packages `without`; gives the ratio of throughputs."""
    with tempfile.TemporaryDirectory() as name, servers(Path(name), without) as running:
        rounds: dict[str, list[Measured]] = {function: [] for function in running}
        for number in range(-1, ROUNDS):  # the first one warms up
            for function, server in running.items():
                measured = measure(Path(name), server, expect=202 if function == "webhook_ingress" else 200)
                if number >= 0:
                    rounds[function].append(measured)
    print(f"{title:<32}{'requests/s':>12}{'p50 ms':>10}{'p99 ms':>10}{'CPU us':>10}")
    for function, of_function in rounds.items():
        of = median(of_function)
        print(f"  {function:<30}{of.per_s:>12,.0f}{of.p50_ms:>10.1f}{of.p99_ms:>10.1f}{of.cpu_us:>10.0f}")
    # Of each round by itself: what slows the machine down for a while is then on both sides.
    ratio = median([ours.by(bare) for ours, bare in zip(rounds["webhook_ingress"], rounds["bare"], strict=True)])
    print(f"  {'ratio':<30}{ratio.per_s:>12.2f}{ratio.p50_ms:>10.2f}{ratio.p99_ms:>10.2f}{ratio.cpu_us:>10.2f}")
    print(f"  {'throughput by CPU time alone':<30}{1 / ratio.cpu_us:>12.2f}")
    return ratio.per_s


@dataclass(frozen=True)
class Server:
    """A function being served: its port, and the process at the head of its tree."""

    port: int
    process: Process

    def cpu_s(self) -> float:
        """CPU time of all its processes so far."""
        assert self.process.popen is not None
        top = psutil.Process(self.process.popen.pid)
        times = [process.cpu_times() for process in (top, *top.children(recursive=True))]
        return sum(each.user + each.system for each in times)


def measure(folder: Path, server: Server, *, expect: int) -> Measured:
    """One round of the client. Raises AssertionError unless every answer has the expected status."""
    write(folder / "requests", deliveries(REQUESTS))
    command = [sys.executable, "-m", "bench.load.client", "127.0.0.1", str(server.port), str(CONNECTIONS)]
    before_s = server.cpu_s()
    run = subprocess.run(
        [*command, str(folder / "requests")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=CLIENT_TIMEOUT_S,
    )
    cpu_us = (server.cpu_s() - before_s) / REQUESTS * 1e6
    found: dict[str, Any] = json.loads(run.stdout)
    assert found["statuses"] == {str(expect): REQUESTS}, found["statuses"]
    centiles = statistics.quantiles(found["latencies_s"], n=100)
    return Measured(REQUESTS / found["seconds"], centiles[49] * 1e3, centiles[98] * 1e3, cpu_us)


def median(rounds: list[Measured]) -> Measured:
    """Each figure's median."""
    return Measured(
        statistics.median(each.per_s for each in rounds),
        statistics.median(each.p50_ms for each in rounds),
        statistics.median(each.p99_ms for each in rounds),
        statistics.median(each.cpu_us for each in rounds),
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
def servers(folder: Path, without: Sequence[str]) -> Iterator[dict[str, Server]]:
    """The broker and both functions, whose servers do not find the packages `without`. Always stopped."""
    configuration, secrets, bare = folder / "config", folder / "secrets", folder / "bare.py"
    hidden = folder / "hidden"
    for made in (configuration / "mappings", secrets, hidden):
        made.mkdir(parents=True)
    for package in without:
        (hidden / f"{package}.py").write_text(f"raise ModuleNotFoundError({package!r}, name={package!r})\n")
    (configuration / "sites.yaml").write_text(SITES)
    (configuration / "routes.yaml").write_text("routes: []\n")
    (secrets / "webhook").write_text(SECRET)
    bare.write_text(BARE)
    broker, ports = free_port(), {"webhook_ingress": free_port(), "bare": free_port()}
    environment = {
        "PYTHONPATH": f"{hidden}{os.pathsep}{ROOT}",
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
    running: dict[str, Server] = {}
    sources = {"webhook_ingress": ROOT / "functions" / "webhook_ingress" / "main.py", "bare": bare}
    for function, port in ports.items():
        own = {"FUNCTION_TARGET": function, "FUNCTION_SOURCE": str(sources[function]), "PORT": str(port)}
        log = folder / f"{function}.log"
        processes.append(Process(function, ["functions_framework"], environment | own, log, accepts(port)))
        running[function] = Server(port, processes[-1])
    try:
        for process in processes:
            process.start()
        for process in processes:
            process.wait_ready(60.0)
        _make_topic(environment["PUBSUB_EMULATOR_HOST"])
        yield running
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
