"""The server as a process: what it says, how it stops, what it keeps, what it says it cannot do."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from google.api_core import exceptions as api
from google.cloud import firestore

from tests.integration.firestore.conftest import connected


@contextmanager
def _server(file: Path, port: int = 0) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The process and the address that it says it is ready on; killed at the end if it still runs."""
    process = subprocess.Popen(
        [sys.executable, "-m", "local.firestore", "--port", str(port), "--database", str(file)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        yield process, line.removeprefix("ready ").strip()
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=10)


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_stops_cleanly_on_a_signal(tmp_path: Path, stop: signal.Signals) -> None:
    with _server(tmp_path / "f.sqlite") as (process, address), connected(address, "p") as client:
        client.document("items/a").set({"n": 1})
        process.send_signal(stop)
        assert process.wait(timeout=10) == 0


def test_second_server_on_a_taken_port_fails(tmp_path: Path) -> None:
    with (
        _server(tmp_path / "one.sqlite") as (_, address),
        _server(tmp_path / "two.sqlite", int(address.rpartition(":")[2])) as (second, said),
    ):
        assert said == ""
        assert second.wait(timeout=10) != 0


def test_second_server_on_the_same_file_fails(tmp_path: Path) -> None:
    with _server(tmp_path / "f.sqlite") as (_, _address), _server(tmp_path / "f.sqlite") as (second, said):
        assert said == ""
        assert second.wait(timeout=10) != 0


def test_killed_server_has_kept_every_acknowledged_write(tmp_path: Path) -> None:
    acknowledged: list[str] = []
    enough = threading.Event()

    def write(client: firestore.Client, writer: int) -> None:
        with contextlib.suppress(api.GoogleAPICallError):
            for n in range(100_000):
                name = f"w{writer}-{n}"
                client.document(f"items/{name}").create({"n": n}, retry=None, timeout=5)
                acknowledged.append(name)
                if len(acknowledged) >= 300:
                    enough.set()

    with _server(tmp_path / "f.sqlite") as (process, address), connected(address, "p") as client:
        threads = [threading.Thread(target=write, args=(client, writer)) for writer in range(4)]
        for thread in threads:
            thread.start()
        assert enough.wait(60)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        for thread in threads:
            thread.join(30)
    with _server(tmp_path / "f.sqlite") as (_, address), connected(address, "p") as client:
        kept = {found.id: found for found in client.collection("items").stream()}
        assert set(acknowledged) <= kept.keys()
        assert len(kept) <= len(acknowledged) + len(threads)
        newest = max(found.update_time for found in kept.values())
        assert client.document("items/after").create({}).update_time > newest


def test_update_time_grows_across_a_restart_even_if_the_clock_went_back(tmp_path: Path) -> None:
    from local.firestore.store import DocumentStore

    tomorrow_us = (time.time_ns() // 1000) + 86_400_000_000
    store = DocumentStore(tmp_path / "f.sqlite")
    store._last_us = tomorrow_us
    with store.commit() as first_us:
        pass
    store.close()
    store = DocumentStore(tmp_path / "f.sqlite")
    with store.commit() as second_us:
        pass
    store.close()
    assert tomorrow_us < first_us < second_us


def _listen(client: firestore.Client) -> Any:
    request = {"database": client._database_string}
    return list(client._firestore_api.listen(iter([request]), timeout=5))


def _partition(client: firestore.Client) -> Any:
    parent = f"{client._database_string}/documents"
    return client._firestore_api.partition_query(request={"parent": parent})


def _read_the_past(client: firestore.Client) -> Any:
    when = client.document("items/a").set({}).update_time
    return list(client.collection("items").stream(read_time=when))


@pytest.mark.parametrize("call", [_listen, _partition, _read_the_past])
def test_call_that_is_not_supported_says_so(embedded_firestore: Any, call: Callable[[firestore.Client], Any]) -> None:
    with connected(embedded_firestore.address, "unsupported") as client, pytest.raises(api.MethodNotImplemented):
        call(client)
