"""Sends prepared requests over a number of connections, each waiting for its answer, and measures.

`python -m bench.load.client HOST PORT CONNECTIONS FILE` reads requests from FILE (each as a 4-byte length and the bytes
to send) and prints one JSON object: seconds, statuses, and every latency in seconds. asyncio protocols without an HTTP
library: the client must not be what is measured.
"""

from __future__ import annotations

import asyncio
import json
import re
import struct
import sys
import time
from collections import Counter
from pathlib import Path
from typing import cast

import uvloop

_LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.IGNORECASE)


class Connection(asyncio.Protocol):
    """One connection: the next request leaves when the answer to the last one is complete."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._received = b""
        self._sent_at_s = 0.0
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by class
        self._next()

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, separator, body = self._received.partition(b"\r\n\r\n")
        if not separator:
            return
        length = _LENGTH.search(head)
        if length is None:
            raise ValueError("an answer without Content-Length")
        if len(body) >= int(length[1]):
            self._run.note(int(head[9:12]), time.perf_counter() - self._sent_at_s)
            self._received = b""
            self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        self._run.lost(exc)

    def _next(self) -> None:
        request = self._run.take()
        if request is None:
            self._transport.close()
            return
        self._sent_at_s = time.perf_counter()
        self._transport.write(request)


class Run:
    """What is to be sent and what came back."""

    def __init__(self, requests: list[bytes], connections: int) -> None:
        self._waiting = iter(requests)
        self._expected = len(requests)
        self._open = connections
        self.statuses: Counter[int] = Counter()
        self.latencies_s: list[float] = []
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def take(self) -> bytes | None:
        return next(self._waiting, None)

    def note(self, status: int, latency_s: float) -> None:
        self.statuses[status] += 1
        self.latencies_s.append(latency_s)

    def lost(self, error: Exception | None) -> None:
        self._open -= 1
        if self.done.done():
            return
        if error is not None:
            self.done.set_exception(error)
        elif self._open == 0:
            if len(self.latencies_s) == self._expected:
                self.done.set_result(None)
            else:
                self.done.set_exception(ConnectionError("the server closed a connection"))


async def run(host: str, port: int, connections: int, requests: list[bytes]) -> dict[str, object]:
    """Send all requests and return the measurements."""
    under_way = Run(requests, connections)
    loop = asyncio.get_running_loop()
    begin_s = time.perf_counter()
    for _ in range(connections):
        await loop.create_connection(lambda: Connection(under_way), host, port)
    await under_way.done
    seconds = time.perf_counter() - begin_s
    return {"seconds": seconds, "statuses": under_way.statuses, "latencies_s": under_way.latencies_s}


def read(path: Path) -> list[bytes]:
    """The requests in a file."""
    content, requests, at = path.read_bytes(), [], 0
    while at < len(content):
        (length,) = struct.unpack_from(">I", content, at)
        requests.append(content[at + 4 : at + 4 + length])
        at += 4 + length
    return requests


def write(path: Path, requests: list[bytes]) -> None:
    """The inverse of `read`."""
    path.write_bytes(b"".join(struct.pack(">I", len(request)) + request for request in requests))


if __name__ == "__main__":
    host, port, connections, file = sys.argv[1:]
    measured = uvloop.run(run(host, int(port), int(connections), read(Path(file))))
    print(json.dumps(measured))
