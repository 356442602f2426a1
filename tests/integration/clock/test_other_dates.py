"""The suite with another date: what moves the clock does so, and some tests that read it pass in another year.

The whole suite with another date is `python -m tests.clock +400d .venv/bin/python -m pytest ...`; this is the part of
it that every run can afford.
"""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.clock import CannotMoveClock, find_library, offset_s
from tests.lanes import missing

ROOT = Path(__file__).resolve().parents[3]
NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
DAY_S = 86_400
SLEEPS_IN_A_CHILD = """
import subprocess, sys, time
begin, moved = time.monotonic(), time.time()
time.sleep(0.2)
print(int(moved), 0.2 <= time.monotonic() - begin < 60, flush=True)
if len(sys.argv) > 1:
    subprocess.run([sys.executable, "-c", sys.argv[1]], check=True)
"""
GIVES_THE_DATE_BACK = """
import os, subprocess, sys
from tests.clock import real_clock
reads = [sys.executable, "-c", "import time; print(int(time.time()))"]
subprocess.run(reads, check=True)
subprocess.run(reads, check=True, env={**os.environ, **real_clock()})
"""
# They hold records against windows, tokens and time-outs of the real clock; .ci/run has those that need a BigQuery.
READ_THE_CLOCK = (
    "unit/core/test_logs.py",
    "unit/functions/test_event_router.py",
    "unit/functions/test_ingress_accepts.py",
    "unit/pubsub/test_dead_letter.py",
)


@pytest.fixture
def environment() -> dict[str, str]:
    """Of a run beside this one. Skips or fails the test where the clock cannot be moved."""
    try:
        find_library()
    except CannotMoveClock as reason:
        missing("CLOCK", str(reason))
    if "FAKETIME" in os.environ:
        pytest.skip("the clock of this run is moved already")
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}


def with_clock(clock: str, environment: dict[str, str], *command: str) -> subprocess.CompletedProcess[str]:
    arguments = [sys.executable, "-m", "tests.clock", clock, *command]
    return subprocess.run(arguments, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=150)


def test_clock_is_a_distance_or_a_moment() -> None:
    cases = {
        "+400d": 400 * DAY_S,
        "-3h": -3 * 3600,
        "+2w": 14 * DAY_S,
        "2026-12-01": DAY_S // 2,
        "2026-11-30 12:00:10": 10,
        "2026-11-30T14:00+01:00": 3600,
    }
    assert {text: offset_s(text, NOW) for text in cases} == cases
    for text in ("", "400d", "+400", "+1y", "tomorrow", "2027-02-29", "+99999999w"):
        with pytest.raises(CannotMoveClock, match="say \\+400d"):
            offset_s(text, NOW)


def test_clock_that_cannot_be_moved_is_said_and_nothing_is_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("FAKETIME", raising=False)
    monkeypatch.setenv("LIBFAKETIME", str(tmp_path / "absent.so"))
    run = with_clock("+400d", dict(os.environ), "echo", "run")
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr.startswith("CLOCK=+400d: LIBFAKETIME names ")


def test_every_process_reads_the_moved_clock_and_waits_as_long_as_ever(environment: dict[str, str]) -> None:
    expected_s = (datetime.now(UTC) + timedelta(days=400)).timestamp()
    run = with_clock("+400d", environment, sys.executable, "-c", SLEEPS_IN_A_CHILD, SLEEPS_IN_A_CHILD)
    assert run.returncode == 0, run.stderr
    read = [line.split() for line in run.stdout.splitlines()]
    assert [0 <= float(moment_s) + 1 - expected_s < 60 for moment_s, _ in read] == [True, True]
    assert [slept for _, slept in read] == ["True", "True"]


def test_a_child_can_be_given_the_real_date_back(environment: dict[str, str]) -> None:
    now_s = datetime.now(UTC).timestamp()
    run = with_clock("+400d", environment, sys.executable, "-c", GIVES_THE_DATE_BACK)
    assert run.returncode == 0, run.stderr
    passed_s = [float(moment_s) - now_s for moment_s in run.stdout.split()]
    assert [round(each_s / DAY_S) for each_s in passed_s] == [400, 0]


def test_what_reads_the_clock_passes_in_another_year(environment: dict[str, str]) -> None:
    tests = [f"tests/{name}" for name in READ_THE_CLOCK]
    plain = [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider"]
    run = with_clock("+400d", environment, *plain, *tests)
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-1000:]
