"""The server process: ready line, persistence, a clean end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

from local.bigquery.testing import running_server
from shared.warehouse.provision import ensure_warehouse

STOP_TIMEOUT_S = 30.0


def client(url: str) -> bigquery.Client:
    return bigquery.Client(
        project="test-project", credentials=AnonymousCredentials(), client_options={"api_endpoint": url}
    )


def test_tables_views_and_rows_survive_a_restart(tmp_path: Path) -> None:
    with running_server(tmp_path) as url:
        warehouse = ensure_warehouse(client(url), "kept")
        warehouse.query("INSERT INTO raw_events (message_id, data) VALUES ('1', '{\"event_id\": \"e1\"}')")
    with running_server(tmp_path) as url:
        warehouse = ensure_warehouse(client(url), "kept")
        assert [row["event_id"] for row in warehouse.query("SELECT event_id FROM events")] == ["e1"]


def test_rows_survive_a_kill(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "local.bigquery", "--port", "0", "--data-dir", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            said, address = process.stdout.readline().decode().split()
            assert said == "ready"
            made = client(f"http://{address}")
            made.create_dataset("kept", timeout=30)
            for sql in ("CREATE TABLE kept.t (a INT64)", "INSERT INTO kept.t (a) VALUES (1), (2)"):
                made.query(sql, timeout=30).result(timeout=30)
        finally:
            process.send_signal(signal.SIGKILL)
    with running_server(tmp_path) as url:
        assert [row.n for row in client(url).query("SELECT COUNT(*) AS n FROM kept.t").result(timeout=30)] == [2]


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_it_says_only_that_it_is_ready_and_ends_when_told(tmp_path: Path, ending: signal.Signals) -> None:
    command = [sys.executable, "-m", "local.bigquery", "--port", "0", "--data-dir", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ, "HOME": "/nonexistent"}) as process:
        try:
            assert process.stdout is not None
            first = process.stdout.readline().decode()
            process.send_signal(ending)
            rest, _ = process.communicate(timeout=STOP_TIMEOUT_S)
        finally:
            process.kill()
    assert first.startswith("ready 127.0.0.1:")
    assert (rest, process.returncode) == (b"", 0)


def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    (tmp_path / "bqemulator.duckdb").write_text("this is no database")
    with pytest.raises(RuntimeError, match="did not start"), running_server(tmp_path):
        pass
