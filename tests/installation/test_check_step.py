"""The `check` step of cloudbuild.yaml as its image has it: its PATH, its Python and pip, nothing beside the clone."""

from __future__ import annotations

import importlib.metadata
import os
import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.installation.pips import OLDEST, pins, pip_wheel
from tests.integration.emulators import emulators_are_here
from tests.shell import shell_environment

ROOT = Path(__file__).resolve().parents[2]
STEP = next(step for step in yaml.safe_load((ROOT / "cloudbuild.yaml").read_text())["steps"] if step["id"] == "check")
# Some of each kind: what needs Terraform, what needs Google's emulators, what needs neither.
SOME_TESTS = "tests/terraform/test_lifecycle.py tests/integration/pubsub/test_known_differences.py"
SOME_TESTS += " tests/unit/core/test_topics.py"
# A BigQuery on one machine is two thirds of all megabytes, and no test of these starts one; test_lock.py has the rest.
LEFT_OUT = {"bqemulator", "duckdb", "duckdb-extensions", "duckdb-extension-spatial", "numpy"}


def chosen() -> set[str]:
    """The packages that a person named."""
    lines = "\n".join((ROOT / file).read_text() for file in ("requirements.in", "requirements-dev.in"))
    return set(re.findall(r"(?m)^[A-Za-z][\w.-]*", lines))


def needed(packages: Iterable[str]) -> set[str]:
    """These packages and all that they require here, in their canonical names."""
    found: set[str] = set()
    waiting = list(packages)
    while waiting:
        name = canonicalize_name(waiting.pop())
        if name not in found:
            found.add(name)
            requirements = map(Requirement, importlib.metadata.requires(name) or [])
            waiting += [
                each.name for each in requirements if each.marker is None or each.marker.evaluate({"extra": ""})
            ]
    return found


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """The files under version control, as they are now, alone in a folder."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True
    )
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (tmp_path / "workspace" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tmp_path / "workspace" / name)
    lock = tmp_path / "workspace" / "requirements-dev.txt"
    wanted = needed(chosen() - LEFT_OUT)
    lock.write_text("".join(pin for pin in pins(lock) if re.split(r"[[=]", pin)[0] in wanted))
    return tmp_path / "workspace"


@pytest.fixture
def image(tmp_path: Path) -> dict[str, str]:
    """The environment in the image: Debian's own programs, an apt-get that has all it is asked for."""
    found = subprocess.run(["/usr/bin/python3", "-c", "import ensurepip, sys; sys.exit(sys.version_info < (3, 11))"])
    if found.returncode != 0:
        pytest.skip("no /usr/bin/python3 of version 3.11 with venv, as the image has")
    (tmp_path / "bin").mkdir()
    apt_get = tmp_path / "bin" / "apt-get"
    apt_get.write_text(f'#!/bin/sh\necho "$@" >>{tmp_path / "apt-get.log"}\n')
    apt_get.chmod(0o755)
    return {
        **{name: value for name, value in shell_environment().items() if not name.startswith(("REQUIRE_", "PYTEST_"))},
        **dict(assignment.split("=", 1) for assignment in STEP.get("env", [])),
        "PATH": f"{tmp_path / 'bin'}:/usr/bin:/bin",
        "HOME": os.environ["HOME"],
        "ARGS": SOME_TESTS,
        "MAKEFLAGS": "SOURCES=scripts",  # lint is the same everywhere: a little of it
        "PIP_NO_COMPILE": "1",
    }


def test_check_step_passes_as_its_image_has_it(clone: Path, image: dict[str, str], tmp_path: Path) -> None:
    pip_wheel(OLDEST, tmp_path)  # it installs everything: not without an index
    if not emulators_are_here():
        image["REQUIRE_EMULATORS"] = "0"
    command = [STEP["entrypoint"], *STEP["args"]]
    run = subprocess.run(command, cwd=clone, env=image, capture_output=True, text=True, timeout=590)
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-3000:]
    assert "make" in (tmp_path / "apt-get.log").read_text()
    last = run.stdout.splitlines()[-1]
    assert re.fullmatch(r"=+ \d+ passed, .*\b[1-9]\d* skipped.* =+", last), last
    skipped = [line for line in run.stdout.splitlines() if line.startswith("SKIPPED")]
    assert any("no terraform on PATH" in line for line in skipped)
    assert not emulators_are_here() or not any("emulator" in line for line in skipped)
