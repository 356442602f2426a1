"""The whole stack, started as `make run` starts it: what it promises, under the faults it is meant for."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

ROOT = Path(__file__).resolve().parents[2]
MARK = "DEMONSTRATION_UNDER_TEST"
# Stacks share the machine's two cores badly: one at a time.
pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("stack")]


@contextlib.contextmanager
def started(folder: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    """A run, ended with the block at the latest: one that is left over would slow down all other tests."""
    command = [sys.executable, "-m", "local", "--folder", str(folder), *options]
    marked = {**os.environ, MARK: str(folder)}
    process = subprocess.Popen(
        command, cwd=ROOT, env=marked, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def run(folder: Path, *options: str) -> tuple[int, dict[str, Any], str]:
    """Exit code, report and output of a whole run; its processes must be gone afterwards."""
    with started(folder, *options) as process:
        output, _ = process.communicate(timeout=270)
    report = folder / "report.json"
    assert commands_of(folder) == []
    return process.returncode, json.loads(report.read_text()) if report.exists() else {}, output


def processes_of(folder: Path) -> Iterator[tuple[psutil.Process, str]]:
    """The living processes of a run with their command lines, found by the mark in the environment they inherit."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.environ().get(MARK) == str(folder):
                yield process, " ".join(process.cmdline())


def commands_of(folder: Path) -> list[str]:
    """Their command lines."""
    return [command for _, command in processes_of(folder)]


def wait_until_started(process: subprocess.Popen[str], folder: Path) -> None:
    """Return once the history is being lived through."""
    deadline = time.monotonic() + 120
    log = folder / "logs" / "webhook_ingress.log"
    while not (log.exists() and '"outcome": "accepted"' in log.read_text()):
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline, "nothing was accepted within two minutes"
        time.sleep(0.2)
    running = commands_of(folder)
    for name in ["local.pubsub", "local.firestore", "local.bigquery", "local.maintainx", "local.erp", "local.sink"]:
        assert any(name in line for line in running), f"{name} is not among {running}"


def assert_nothing_lost_or_doubled(report: dict[str, Any], output: str) -> None:
    assert (report["lost"], report["doubled"], report["differences"]) == (0, 0, []), output
    assert report["notifications"]["missing"] == report["notifications"]["doubled"] == 0, output
    assert report["archived"] == report["accepted"] == report["deliveries"], output
    assert report["catch_up"]["published"] == report["missed"] > 0, output
    assert report["taken_in"] == report["made_in_erp"] > 0, output
    assert report["erp_edits"] > 0, output
    assert report["erp_pull"]["published"] >= report["erp_edits"] + report["made_in_erp"], output


def test_erp_push_killed_in_the_middle_loses_and_doubles_nothing(tmp_path: Path) -> None:
    code, report, output = run(tmp_path / "s", "--count", "80", "--seed", "7", "--kill", "erp_push")
    assert code == 0, output
    assert_nothing_lost_or_doubled(report, output)
    starts = (tmp_path / "s" / "logs" / "erp_push.log").read_text().count("--- start")
    assert starts == 2


def test_erp_down_for_the_first_half_loses_and_doubles_nothing(tmp_path: Path) -> None:
    code, report, output = run(tmp_path / "s", "--count", "80", "--seed", "8", "--outage", "0:0.5")
    assert code == 0, output
    assert_nothing_lost_or_doubled(report, output)
    assert report["outcomes"]["erp_push"]["retry RemoteUnavailable"] > 0


def test_report_tells_refusals_dead_letters_replay_and_kpis(tmp_path: Path) -> None:
    code, report, output = run(tmp_path / "s", "--count", "60", "--outage", "none")
    assert code == 0, output
    assert [entry["answered"] for entry in report["refusals"]] == [entry["expected"] for entry in report["refusals"]]
    dead = {entry["error_class"] for entry in report["dead_letters"]}
    assert dead == {"MalformedEvent", "RemoteRejected"}
    assert {entry["error_class"] for entry in report["still_dead"]} == {"MalformedEvent"}
    assert report["replay"][0]["replayed"] >= 2
    kpis = {(row["site"], row["kpi"]) for row in report["kpis"] if row["value"] is not None}
    for site in ("plant-north", "plant-south"):
        assert {
            (site, "mttr_work_order"),
            (site, "pm_compliance"),
            (site, "backlog"),
            (site, "completion_rate"),
        } <= kpis


def test_own_work_orders_drive_the_run_and_bad_rows_are_reported_by_line(tmp_path: Path) -> None:
    history = tmp_path / "history.csv"
    rows = ["BscStartDate,Asset,OriginalShorttext,PMType,Cost"]
    rows += [
        f"2024-03-{day:02d},Excavator {day % 3},REPLACE LIP {day},PM0{1 + day % 2},{day * 100}" for day in range(1, 25)
    ]
    rows += ["yesterday,Excavator 1,BROKEN DATE,PM01,1", "2024-03-05,,NO ASSET,PM01,1", "2024-03-06,A,NO COST,PM01,x"]
    history.write_text("\n".join(rows) + "\n")
    code, report, output = run(tmp_path / "s", "--work-orders", str(history), "--outage", "none")
    assert code == 0, output
    assert report["work_orders"] == 24
    assert [row["line"] for row in report["skipped_rows"]] == [26, 27, 28]
    assert_nothing_lost_or_doubled(report, output)


def test_unusable_work_orders_file_is_refused_with_its_reason(tmp_path: Path) -> None:
    (tmp_path / "empty.csv").write_text("A,B\n1,2\n")
    code, _, output = run(tmp_path / "s", "--work-orders", str(tmp_path / "empty.csv"))
    assert code == 2
    assert "no column for" in output


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "sigterm"])
def test_interrupted_run_leaves_no_process_behind(tmp_path: Path, number: signal.Signals) -> None:
    folder = tmp_path / "s"
    with started(folder, "--count", "2000") as process:
        wait_until_started(process, folder)
        process.send_signal(number)
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 130, output
    assert commands_of(folder) == []


def test_killed_run_leaves_no_process_behind(tmp_path: Path) -> None:
    folder = tmp_path / "s"
    with started(folder, "--count", "2000") as process:
        wait_until_started(process, folder)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate(timeout=60)
    deadline = time.monotonic() + 30
    while commands_of(folder) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert commands_of(folder) == []


def test_embedded_service_that_dies_is_named_and_ends_the_run(tmp_path: Path) -> None:
    folder = tmp_path / "s"
    with started(folder, "--count", "2000") as process:
        wait_until_started(process, folder)
        next(each for each, command in processes_of(folder) if "local.firestore --port" in command).kill()
        output, _ = process.communicate(timeout=120)
    assert process.returncode == 2, output
    assert "firestore ended (signal 9)" in output
    assert "Traceback" not in output
    assert commands_of(folder) == []
