"""A test that fails and leaves a thread behind that hangs: the process ends all the same, with the run's status."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
LEAVING = """
import threading

def test_leaves_a_thread():
    threading.Thread(target=threading.Event().wait).start()
    raise AssertionError
"""
PLUGIN = """
import tests.ending
from tests.ending import pytest_sessionfinish, pytest_unconfigure

tests.ending.GRACE_S = 0.5
"""


def test_thread_that_hangs_does_not_keep_the_process(tmp_path: Path) -> None:
    (tmp_path / "test_leaving.py").write_text(LEAVING)
    (tmp_path / "plugin.py").write_text(PLUGIN)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "plugin",
        "-p",
        "no:bqemulator",
        "-c",
        "/dev/null",
        "test_leaving.py",
    ]
    run = subprocess.run(
        command,
        cwd=tmp_path,
        env={"PYTHONPATH": f"{ROOT}:{tmp_path}", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert run.returncode == 1, run.stderr
    assert "1 failed" in run.stdout
    assert "these threads hang" in run.stderr
