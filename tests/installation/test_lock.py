"""The locks install with the oldest and the newest pip: judged by these pips and the index of the day."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.installation.pips import NEWEST, OLDEST, dry_run, pip_wheel

ROOT = Path(__file__).resolve().parents[2]
# The builder of a function resolves what is deployed. make does not resolve (Makefile, LOCK_ONLY); with the oldest pip
# test_check_step.py runs that.
AS_MAKE_DOES = ("--no-deps", "--require-hashes")


@pytest.mark.parametrize(
    ("pip", "file", "options"),
    [
        (OLDEST, "requirements.txt", ()),
        (NEWEST, "requirements.txt", ()),
        (NEWEST, "requirements-dev.txt", AS_MAKE_DOES),
    ],
)
def test_lock_installs_into_an_empty_environment(pip: str, file: str, options: tuple[str, ...], tmp_path: Path) -> None:
    run = dry_run(pip_wheel(pip, tmp_path), tmp_path / "empty", *options, "-r", str(ROOT / file))
    assert run.returncode == 0, f"{file} with {pip}: {run.stderr}"
