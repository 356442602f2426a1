"""The Makefile with stand-ins for Python: what it says of mistakes, and that it empties nothing that is not its own."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


class Checkout:
    """A folder with the Makefile, and a python3 on PATH that does what a test says."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "checkout"
        (folder / "bin").mkdir()
        self.folder.mkdir()
        for name in ("Makefile", "requirements-dev.txt"):
            shutil.copy(ROOT / name, self.folder)
        self.python(folder / "bin" / "python3", "exit 0")

    @staticmethod
    def python(path: Path, behaviour: str) -> None:
        path.write_text(f"#!/bin/sh\n{behaviour}\n")
        path.chmod(0o755)

    def installed(self, behaviour: str) -> None:
        (self.folder / ".venv" / "bin").mkdir(parents=True, exist_ok=True)
        self.python(self.folder / ".venv" / "bin" / "python", behaviour)
        (self.folder / ".venv" / ".installed").touch()

    def make(self, *words: str) -> subprocess.CompletedProcess[str]:
        path = f"{self.folder.parent / 'bin'}:/usr/bin:/bin"
        environment = {**os.environ, "PATH": path, "MAKEFLAGS": "", "MAKELEVEL": ""}
        return subprocess.run(
            ["make", *words], cwd=self.folder, env=environment, capture_output=True, text=True, timeout=60
        )


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    if shutil.which("make", path="/usr/bin:/bin") is None:
        pytest.skip("no make in /usr/bin")
    return Checkout(tmp_path)


def test_mistake_is_told_once_and_fails(checkout: Checkout) -> None:
    for target in ("run", "bench"):
        checkout.installed("echo 'no option --bogus' >&2; exit 2")
        made = checkout.make(target)
        assert made.returncode != 0
        assert (made.stdout, made.stderr) == ("", "no option --bogus\n")
        checkout.installed("exit 1")
        assert "*** " in checkout.make(target).stderr  # what is no mistake of the user's, make tells as ever
        checkout.installed('echo "$@"')
        assert checkout.make(target, "ARGS=--help").stdout.endswith(" --help\n")


def test_python_that_will_not_do_is_told_with_the_way_out(checkout: Checkout) -> None:
    for python, reason in (("python9", "python9 is not on PATH"), ("python3", "python3 is Python 3.9.1")):
        checkout.python(
            checkout.folder.parent / "bin" / "python3", '[ "$1" != --version ] || echo Python 3.9.1; [ "$1" != -c ]'
        )
        made = checkout.make("install", f"PYTHON={python}")
        assert made.returncode != 0
        assert reason in made.stdout
        assert "make PYTHON=python3.12 install" in made.stdout
        assert made.stderr == ""


def test_named_python_is_the_one_or_it_is_told(checkout: Checkout) -> None:
    checkout.installed("[ $1 = -c ] && echo 3.11 || echo ran")
    for says, told in (("3.11", "ran"), ("3.12", "make PYTHON=python3 VENV=.venv-3.12 run")):
        checkout.python(checkout.folder.parent / "bin" / "python3", f"echo {says}")
        made = checkout.make("run", "PYTHON=python3")
        assert told in made.stdout
        assert ("ran" in made.stdout, made.returncode == 0) == (says == "3.11", says == "3.11")
    assert "python9 is not on PATH" in checkout.make("run", "PYTHON=python9").stdout
    assert (checkout.make("install").stdout, checkout.make("install").stderr) == ("", "")


def test_only_an_environment_of_its_own_is_replaced(checkout: Checkout) -> None:
    elsewhere = checkout.folder.parent / "elsewhere"
    elsewhere.mkdir()
    kept = elsewhere / "kept"
    kept.touch()
    (checkout.folder / ".venv").symlink_to(elsewhere)
    for words in ((), (f"VENV={elsewhere}",)):
        made = checkout.make("install", *words)
        assert made.returncode != 0
        assert "so it is not replaced" in made.stdout
        assert kept.exists()
    (checkout.folder / ".venv").unlink()
    for own in (".venv-none", ".venv-empty", ".venv-old"):
        if own != ".venv-none":
            (checkout.folder / own).mkdir()
        if own == ".venv-old":
            (checkout.folder / own / "pyvenv.cfg").touch()
        assert "so it is not replaced" not in checkout.make("install", f"VENV={own}").stdout
