"""Both locks install with the oldest and the newest pip: judged by these pips and the index of the day."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.installation.pips import NEWEST, OLDEST, dry_run, pip_wheel

ROOT = Path(__file__).resolve().parents[2]
# The builder of a function resolves; make does not (Makefile, LOCK_ONLY).
HOW = {"requirements.txt": (), "requirements-dev.txt": ("--no-deps", "--require-hashes")}


@pytest.mark.parametrize("pip", [OLDEST, NEWEST])
def test_locks_install_into_an_empty_environment(pip: str, tmp_path: Path) -> None:
    wheel = pip_wheel(pip, tmp_path)
    for file, options in HOW.items():
        run = dry_run(wheel, tmp_path / file, *options, "-r", str(ROOT / file))
        assert run.returncode == 0, f"{file} with {pip}: {run.stderr}"


def test_a_lock_without_a_form_that_is_wanted_is_refused(tmp_path: Path) -> None:
    """The test above can fail: this is the fault that it is there for."""
    lock = (ROOT / "requirements.txt").read_text().splitlines(keepends=True)
    first = next(number for number, line in enumerate(lock) if line.startswith("google-auth[pyopenssl]=="))
    end = next(number for number in range(first + 1, len(lock)) if lock[number][0].isalnum())
    (tmp_path / "lacking.txt").write_text("".join(lock[:first] + lock[end:]))
    run = dry_run(pip_wheel(OLDEST, tmp_path), tmp_path / "empty", "-r", str(tmp_path / "lacking.txt"))
    assert run.returncode != 0
    assert "google-auth[pyopenssl]" in run.stderr
