"""Runs a command with another date: every process of it, whatever it is written in, reads a clock that was moved.

    python -m tests.clock +400d .venv/bin/python -m pytest tests/unit
    python -m tests.clock "2028-02-29 12:00" .venv/bin/python -m local --count 40

The clock runs on from there, at its usual speed; sleeps, time-outs and the times of files stay as they are. libfaketime
does it, which the linker loads into each process. What is linked statically does not see it: Terraform keeps the date.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NoReturn

_INSTALL = "apt install libfaketime, dnf install libfaketime or brew install libfaketime"
_IS_MACOS = sys.platform == "darwin"
_PRELOAD = "DYLD_INSERT_LIBRARIES" if _IS_MACOS else "LD_PRELOAD"
_MULTIARCH = sysconfig.get_config_var("MULTIARCH") or f"{os.uname().machine}-linux-gnu"
_FOLDERS = (
    f"/usr/lib/{_MULTIARCH}/faketime",  # Debian, Ubuntu
    "/usr/lib64/faketime",  # Fedora
    "/usr/lib/faketime",  # Arch, Alpine
    "/usr/local/lib/faketime",  # from its source; Homebrew on Intel
    "/opt/homebrew/lib/faketime",
)
_NAME = "libfaketime.1.dylib" if _IS_MACOS else "libfaketimeMT.so.1"
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_SHOWN = "%Y-%m-%d %H:%M:%S"
_ALLOWED_S = 30.0  # for a Python that starts on a busy machine


class CannotMoveClock(Exception):
    """The message says why and what to do."""


def find_library() -> Path:
    """libfaketime: $LIBFAKETIME, or where the packages put it. Raises CannotMoveClock if it is not here."""
    if named := os.environ.get("LIBFAKETIME"):
        if Path(named).is_file():
            return Path(named)
        raise CannotMoveClock(f"LIBFAKETIME names {named}, which is no file; unset it, or name libfaketime's library")
    for folder in _FOLDERS:
        if (library := Path(folder) / _NAME).is_file():
            return library
    places = ", ".join(_FOLDERS)
    raise CannotMoveClock(f"libfaketime is not here ({_NAME} in {places}); {_INSTALL}, or name it in LIBFAKETIME")


def offset_s(text: str, now: datetime) -> int:
    """How far `+400d`, `-3h` or `2028-02-29 12:00` (UTC, unless it has a zone) is from now, in seconds."""
    try:
        if step := re.fullmatch(r"([+-]\d+)([smhdw])", text):
            moment = now + timedelta(**{_UNITS[step[2]]: int(step[1])})
        else:
            moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise CannotMoveClock("no such clock; say +400d, -3h (s, m, h, d, w) or '2028-02-29 12:00'") from None
    return round((moment.replace(tzinfo=moment.tzinfo or UTC) - now).total_seconds())


def moved_environment(by_s: int) -> dict[str, str]:
    """The variables that move the clock of a process and of its children."""
    site = str(Path(__file__).parent)
    return {
        _PRELOAD: _joined(str(find_library()), os.environ.get(_PRELOAD)),
        "FAKETIME": f"{by_s:+d}",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",  # what waits, waits as long as ever; Java hangs without
        "FAKETIME_FORCE_MONOTONIC_FIX": "0",  # with it, which Debian's has, what waits for a time-out spins
        "NO_FAKE_STAT": "1",  # Python's compiled files are found by the time of the source
        "PYTHONPATH": _joined(site, os.environ.get("PYTHONPATH")),  # sitecustomize.py
    }


def real_clock() -> dict[str, str]:
    """Variables by which a child reads the real date: for what has to agree with somebody whose clock is not moved."""
    return {"FAKETIME": "+0"} if "FAKETIME" in os.environ else {}


def check(environment: Mapping[str, str], by_s: int) -> None:
    """Raise CannotMoveClock if a Python with this environment does not read the clock that it should."""
    expected = datetime.now(UTC) + timedelta(seconds=by_s)
    command = [sys.executable, "-c", "import time; time.sleep(0.001); print(int(time.time()))"]
    asked = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    if asked.returncode or not -1 <= int(asked.stdout) - expected.timestamp() <= _ALLOWED_S:
        read = asked.stderr.strip() or f"it read {datetime.fromtimestamp(int(asked.stdout), UTC):{_SHOWN}}"
        library = environment[_PRELOAD]
        raise CannotMoveClock(f"{library} does not move {sys.executable} to {expected:{_SHOWN}} UTC: {read}")


def main(arguments: Sequence[str]) -> NoReturn:
    """Become the command, with its clock moved; ends with a message if that cannot be."""
    if len(arguments) < 2:
        sys.exit(
            "usage: python -m tests.clock CLOCK COMMAND ...   CLOCK: +400d, -3h (s, m, h, d, w), '2028-02-29 12:00'"
        )
    clock, *command = arguments
    try:
        if "FAKETIME" in os.environ:
            raise CannotMoveClock(f"the clock is moved already (FAKETIME={os.environ['FAKETIME']})")
        by_s = offset_s(clock, datetime.now(UTC))
        environment = {**os.environ, **moved_environment(by_s)}
        check(environment, by_s)
        os.execvpe(command[0], command, environment)  # noqa: S606  # the user's own command, as `env` runs one
    except CannotMoveClock as error:
        sys.exit(f"CLOCK={clock}: {error}")
    except OSError as error:
        sys.exit(f"CLOCK={clock}: {command[0]} cannot be run: {error.strerror}")


def _joined(first: str, others: str | None) -> str:
    return first if not others else f"{first}{os.pathsep}{others}"
