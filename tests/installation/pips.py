"""pip in the versions that matter, from the package index, each for an empty environment."""

from __future__ import annotations

import re
import subprocess
import sys
import venv
from pathlib import Path

from tests.lanes import missing
from tests.shell import shell_environment

OLDEST, NEWEST = "pip==23.0.1", "pip"
"""Debian 12's, the oldest that a Python 3.11 in use brings; and that of the day."""


def pins(lock: Path) -> list[str]:
    """The pins of a lock, each with its hashes, without what a person reads."""
    named = re.sub(r"(?m)^ *#.*\n", "", lock.read_text())
    return re.split(r"(?m)^(?=\w)", named)


def pip_wheel(requirement: str, folder: Path) -> Path:
    """The wheel of a pip, which Python runs as it is; skips or fails the test if no index has it for us."""
    download = [sys.executable, "-m", "pip", "download", "-qq", "--no-deps", "--retries=0", "--timeout=10"]
    run = subprocess.run(
        [*download, "--dest", str(folder), requirement],
        capture_output=True,
        text=True,
        env=shell_environment(),
        timeout=120,
    )
    wheels = list(folder.glob("pip-*.whl"))
    if run.returncode != 0 or not wheels:
        missing("INDEX", "no package index can be reached")
    return wheels[0]


def dry_run(pip: Path, environment: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """What `pip install --dry-run` with these options comes to in a new empty environment."""
    venv.create(environment, with_pip=False, symlinks=True)
    command = [str(environment / "bin" / "python"), str(pip / "pip"), "install", "-qq", "--dry-run", *options]
    return subprocess.run(command, capture_output=True, text=True, env=shell_environment(), timeout=280)
