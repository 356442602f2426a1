"""One life of the whole stack, as `make run` starts it: fed a user's list, starved, a function killed, played with.

The tests are told in the order of the life, and one worker runs them all.
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import psutil
import pytest

ROOT = Path(__file__).resolve().parents[2]
MARK = "DEMONSTRATION_UNDER_TEST"
# Stacks share the machine's two cores badly: one at a time.
pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("stack")]


def command(folder: Path, *options: str) -> subprocess.Popen[str]:
    marked = {**os.environ, MARK: str(folder), "COLUMNS": "80"}
    words = [sys.executable, "-m", "local", "--folder", str(folder), *options]
    return subprocess.Popen(words, cwd=ROOT, env=marked, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def processes_of(folder: Path) -> Iterator[tuple[psutil.Process, str]]:
    """The living processes of a run with their command lines, found by the mark in the environment they inherit."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.environ().get(MARK) == str(folder):
                yield process, " ".join(process.cmdline())


def all_gone(folder: Path) -> bool:
    deadline = time.monotonic() + 60
    while list(processes_of(folder)) and time.monotonic() < deadline:
        time.sleep(0.2)
    return not list(processes_of(folder))


@dataclass
class Life:
    """A run that keeps running after its report, and what it printed so far."""

    folder: Path
    process: subprocess.Popen[str]
    printed: list[str] = field(default_factory=list)

    @property
    def output(self) -> str:
        return "".join(self.printed)

    def listen(self) -> None:
        assert self.process.stdout is not None
        self.printed.extend(iter(self.process.stdout.readline, ""))

    def wait_for(self, line: str) -> None:
        """Return once a line begins so."""
        deadline = time.monotonic() + 400
        while not any(each.startswith(line) for each in self.printed):
            assert self.process.poll() is None, self.output
            assert time.monotonic() < deadline, self.output
            time.sleep(0.1)

    def shell(self, words: str) -> subprocess.CompletedProcess[str]:
        """What an operator types after sourcing operator.env."""
        script = f". {shlex.quote(str(self.folder / 'operator.env'))}; {words}"
        return subprocess.run(["sh", "-c", script], cwd="/", capture_output=True, text=True, timeout=120)

    def ops(self, words: str) -> tuple[int, Any]:
        """Exit code and JSON document of a verb."""
        done = self.shell(f"ops {words} --json")
        assert "Traceback" not in done.stderr, done.stderr
        return done.returncode, json.loads(done.stdout) if done.stdout else done.stderr


def own_list(path: Path) -> None:
    """Old work of a plant as SAP lists it, in a workbook: 40 orders from 1996 to 2012, and three rows that are none."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Order list"])
    sheet.append(["Order", "Description", "Equipment", "Order Type", "Created on", "Basic fin. date"])
    sheet.append([None, None, "Pump 1", "PM01", date(2004, 3, 1), None])
    sheet.append([1, "No date", "Pump 1", "PM01", None, None])
    sheet.append([2, "Odd date", "Pump 1", "PM01", "yesterday", None])
    for number in range(40):
        created = date(2012, 10, 29) - timedelta(days=number * 3 if number < 30 else number * 150)
        words = [f"Replace lip {number}", f"Excavator {number % 4 if number else 'new'}", f"PM0{1 + number % 6}"]
        sheet.append([4000000 + number, *words, created, created + timedelta(days=4)])
    for row, status in ((1, "System status"), *((place, "TECO") for place in range(6, 46))):
        sheet.cell(row=row + (row == 1), column=7, value=status)
    sheet.cell(row=8, column=7, value="REL  PRC")
    sheet.cell(row=9, column=7, value="REL DLFL")
    book.save(path)


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Life]:
    folder = tmp_path_factory.mktemp("life") / "s"
    own_list(folder.parent / "list.xlsx")
    options = ("--work-orders", str(folder.parent / "list.xlsx"), "--kill", "erp_push", "--outage", "0:0.5", "--keep")
    process = command(folder, *options)
    found = Life(folder, process)
    listener = threading.Thread(target=found.listen, daemon=True)
    listener.start()
    try:
        found.wait_for("lost ")
        yield found
    finally:
        for each, _ in [(psutil.Process(process.pid), ""), *processes_of(folder)] if process.poll() is None else []:
            with contextlib.suppress(psutil.Error):
                each.kill()
        process.wait()
        listener.join(timeout=10)


@pytest.fixture(scope="module")
def report(life: Life) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((life.folder / "report.json").read_text())
    return found


def test_nothing_is_lost_or_doubled_though_the_erp_was_down_and_erp_push_died(
    life: Life, report: dict[str, Any]
) -> None:
    assert report["good"], life.output
    assert (report["lost"], report["doubled"], report["differences"]) == (0, 0, [])
    assert report["notifications"]["missing"] == report["notifications"]["doubled"] == 0
    assert report["archived"] == report["accepted"] == report["deliveries"]
    assert report["catch_up"]["published"] == report["missed"] > 0
    assert report["taken_in"] == report["made_in_erp"] > 0
    assert report["erp_edits"] > 0
    assert report["erp_pull"]["published"] >= report["erp_edits"] + report["made_in_erp"]
    assert report["outcomes"]["erp_push"]["retry RemoteUnavailable"] > 0
    assert (life.folder / "logs" / "erp_push.log").read_text().count("--- start") == 2


def test_report_tells_refusals_dead_letters_and_replay(report: dict[str, Any]) -> None:
    assert [entry["answered"] for entry in report["refusals"]] == [entry["expected"] for entry in report["refusals"]]
    assert {entry["error_class"] for entry in report["dead_letters"]} == {"MalformedEvent", "RemoteRejected"}
    assert {entry["error_class"] for entry in report["still_dead"]} == {"MalformedEvent"}
    assert report["replay"][0]["replayed"] >= 2


def test_own_list_is_lived_as_it_is_and_its_kpis_are_its_own(life: Life, report: dict[str, Any]) -> None:
    assert report["work_orders"] == 40
    assert [row["line"] for row in report["skipped_rows"]] == [3, 4, 5]
    assert report["kpi_differences"] == []
    assert report["assumed"] == {
        "type PM04 is not known: REACTIVE taken": 7,
        "type PM05 is not known: REACTIVE taken": 6,
    } | {"type PM06 is not known: REACTIVE taken": 6}
    values = {row["kpi"]: row["value"] for row in report["kpis"] if row["value"] is not None}
    assert {"backlog", "completion_rate", "mttr_work_order", "pm_compliance"} <= values.keys()
    assert sum(row["value"] for row in report["kpis"] if row["kpi"] == "backlog") == 1
    for words in ("40 of 43 read, 3 skipped", "1996-", "Excel workbook, sheet Sheet"):
        assert words in life.output


def test_everything_that_is_shown_fits_80_columns(life: Life) -> None:
    paths = (str(life.folder.parent), "http://")
    too_long = [line for line in life.output.splitlines() if len(line) > 80 and not any(path in line for path in paths)]
    assert too_long == []
    assert life.output.splitlines()[-1] == "lost 0, doubled 0"


def test_operator_env_points_ops_at_the_stack_and_its_subscriptions_are_known(life: Life) -> None:
    assert life.ops("subscriptions plan --check")[0] == 0
    (trace,) = (line.strip() for line in life.output.splitlines() if line.startswith("  ops trace"))
    code, story = life.ops(trace.removeprefix("ops "))
    assert code == 0
    assert story["record"]["erp_id"]
    code, letters = life.ops("dead-letters list --check")
    assert (code, {letter["error_class"] for letter in letters["letters"]}) == (1, {"MalformedEvent"})


def test_smoke_goes_through_the_whole_bundle_and_disturbs_nobody(life: Life) -> None:
    code, smoke = life.ops('smoke --url "$INGRESS_URL" --timeout 60')
    assert code == 0, smoke
    assert [site["site"] for site in smoke["sites"]] == ["plant-north", "plant-south"]
    for site in smoke["sites"]:
        assert site["answered_s"] > 0
        code, found = life.ops(f"events --site {site['site']} --id {site['event_id']}")
        assert (code, [entry["what"] for entry in found["entries"]]) == (0, ["bridge.smoke"])


def test_smoke_with_another_secret_or_address_says_what_is_wrong(life: Life) -> None:
    code, smoke = life.ops('smoke --url "$INGRESS_URL" --site nowhere')
    assert code == 2
    done = life.shell(
        'SECRET_EVENTS_PLANT_NORTH="another" && export SECRET_EVENTS_PLANT_NORTH && '
        'ops smoke --url "$INGRESS_URL" --site plant-north --json'
    )
    assert (done.returncode, json.loads(done.stdout)["sites"][0]["exit_code"]) == (1, 1), done.stderr
    assert "401" in json.loads(done.stdout)["sites"][0]["error"]
    code, smoke = life.ops("smoke --url http://127.0.0.1:1 --site plant-north --timeout 1")
    assert code == 3, smoke


def test_tour_shows_a_conflict_and_a_decision_ends_it(life: Life) -> None:
    played = life.shell("play conflict")
    assert played.returncode == 0, played.stderr
    show = next(line.split() for line in played.stdout.splitlines() if "conflicts show" in line)
    site, work_order = show[3], show[4]
    assert waits_for(lambda: life.ops(f"conflicts list --site {site}")[1], lambda found: found["conflicts"])
    assert life.ops(f"conflicts resolve {site} {work_order} --take erp")[0] == 0
    assert waits_for(lambda: life.ops(f"conflicts list --site {site}")[1], lambda found: not found["conflicts"])


def test_tour_takes_the_erp_down_and_brings_it_back(life: Life) -> None:
    for verb in ("erp-down", "erp-up", "lose-webhook", "planner"):
        played = life.shell(f"play {verb}")
        assert played.returncode == 0, played.stderr
        assert "ops " in played.stdout or "play " in played.stdout
    trace = next(line for line in played.stdout.splitlines() if "ops trace" in line).strip()
    assert waits_for(lambda: life.ops(trace.removeprefix("ops "))[1], has_the_planners_priority)


def has_the_planners_priority(story: dict[str, Any]) -> bool:
    (line,) = (line for line in story["fields"] if line["field"] == "priority")
    return bool(line["in_step"]) and line["erp"] in ("1", "3")


def waits_for(look: Any, good: Any) -> bool:
    deadline = time.monotonic() + 120
    while not good(look()):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.5)
    return True


def test_embedded_service_that_dies_is_named_and_ends_the_run(life: Life) -> None:
    running = [line for _, line in processes_of(life.folder)]
    for name in ["local.pubsub", "local.firestore", "local.bigquery", "local.maintainx", "local.erp", "local.sink"]:
        assert any(name in line for line in running), f"{name} is not among {running}"
    next(each for each, line in processes_of(life.folder) if "local.firestore --port" in line).kill()
    assert life.process.wait(timeout=120) == 2
    assert all_gone(life.folder)
    assert "firestore ended (signal 9)" in life.output
    assert "Traceback" not in life.output


def test_stopped_run_leaves_no_process_behind(tmp_path: Path) -> None:
    """While it starts: what a later moment would show, the unit tests of processes do."""
    for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 130), (signal.SIGKILL, -9)):
        folder = tmp_path / number.name
        process = command(folder)
        deadline = time.monotonic() + 120
        while len(list(processes_of(folder))) < 8 and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(number)
        output, _ = process.communicate(timeout=60)
        assert process.returncode == code, output
        assert all_gone(folder)


def test_unusable_work_orders_file_is_refused_with_its_reason(tmp_path: Path) -> None:
    (tmp_path / "empty.csv").write_text("A,B\n1,2\n")
    process = command(tmp_path / "s", "--work-orders", str(tmp_path / "empty.csv"))
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "no column for" in output
