"""The server process: ready line, persistence, a clean end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

from local.bigquery.testing import running_server
from shared.warehouse.provision import ensure_warehouse

STOP_TIMEOUT_S = 30.0


@contextmanager
def a_life(folder: Path, ending: signal.Signals, code: int) -> Iterator[bigquery.Client]:
    """A client of a server that is ended so; it said only that it is ready."""
    command = [sys.executable, "-m", "local.bigquery", "--port", "0", "--data-dir", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ, "HOME": "/nonexistent"}) as process:
        try:
            assert process.stdout is not None
            said, address = process.stdout.readline().decode().split()
            assert (said, address.split(":")[0]) == ("ready", "127.0.0.1")
            endpoint = {"api_endpoint": f"http://{address}"}
            yield bigquery.Client(project="test-project", credentials=AnonymousCredentials(), client_options=endpoint)
            process.send_signal(ending)
            rest, _ = process.communicate(timeout=STOP_TIMEOUT_S)
        finally:
            process.kill()
    assert (rest, process.returncode) == (b"", code)


def test_tables_views_and_rows_survive_a_restart_and_a_kill(tmp_path: Path) -> None:
    with a_life(tmp_path, signal.SIGTERM, 0) as client:
        ensure_warehouse(client, "kept").query(
            "INSERT INTO raw_events (message_id, data) VALUES ('1', '{\"event_id\": \"e1\"}')"
        )
    with a_life(tmp_path, signal.SIGKILL, -signal.SIGKILL) as client:
        warehouse = ensure_warehouse(client, "kept")
        assert [row["event_id"] for row in warehouse.query("SELECT event_id FROM events")] == ["e1"]
        for sql in ("CREATE TABLE kept.t (a INT64)", "INSERT INTO kept.t (a) VALUES (1), (2)"):
            client.query(sql, timeout=30).result(timeout=30)
    with a_life(tmp_path, signal.SIGINT, 0) as client:
        assert [row.n for row in client.query("SELECT COUNT(*) AS n FROM kept.t").result(timeout=30)] == [2]


def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    (tmp_path / "bqemulator.duckdb").write_text("this is no database")
    with pytest.raises(RuntimeError, match="did not start"), running_server(tmp_path):
        pass
