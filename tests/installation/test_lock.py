"""The locks install with the oldest and the newest pip: judged by these pips and the index of the day."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.installation.pips import NEWEST, OLDEST, dry_run, pins, pip_wheel

ROOT = Path(__file__).resolve().parents[2]
# make does not resolve (Makefile, LOCK_ONLY).
AS_MAKE_DOES = ("--no-deps", "--require-hashes")


@pytest.mark.parametrize("pip", [OLDEST, NEWEST])
def test_what_is_deployed_installs_into_an_empty_environment(pip: str, tmp_path: Path) -> None:
    """As the builder of a function does it, which resolves."""
    run = dry_run(pip_wheel(pip, tmp_path), tmp_path / "empty", "-r", str(ROOT / "requirements.txt"))
    assert run.returncode == 0, f"{pip}: {run.stderr}"


@pytest.mark.parametrize("pip", [OLDEST, NEWEST])
def test_what_tests_need_beside_it_installs_as_make_does(pip: str, tmp_path: Path) -> None:
    deployed = set(pins(ROOT / "requirements.txt"))
    beside = tmp_path / "beside.txt"
    beside.write_text("".join(pin for pin in pins(ROOT / "requirements-dev.txt") if pin not in deployed))
    run = dry_run(pip_wheel(pip, tmp_path), tmp_path / "empty", *AS_MAKE_DOES, "-r", str(beside))
    assert run.returncode == 0, run.stderr
