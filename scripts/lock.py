"""Pin again what requirements.in and requirements-dev.in name, so that every pip of Python 3.11+ can install it.

`make lock` runs it; it needs uv on PATH. uv resolves; this adds one thing. Where a package is wanted with extras
(`google-auth[pyopenssl]`), the lock names it without and with them. Until 23.2 pip resolves the two apart: a form
that the lock lacks is taken from the index as the newest release there, whose hash the lock does not have.
"""

from __future__ import annotations

import re
import subprocess
import sys
from itertools import chain, combinations
from pathlib import Path

LOWEST_PYTHON = "3.11"
_UV = ("uv", "pip", "compile", "--quiet", "--universal", "--generate-hashes", "--no-header", "--no-strip-extras")
_PIN_WITH_EXTRAS = re.compile(r"(?P<package>[A-Za-z0-9._-]+)\[(?P<extras>[^\]]+)\](?P<rest>==.*)", re.S)
_BLOCKS = re.compile(r"^(?=[A-Za-z0-9])", re.M)


def with_each_form(lock: str) -> str:
    """The lock with one block for each form in which a package may be wanted: bare, and with any of its extras."""
    return "".join(chain.from_iterable(_forms(block) for block in _BLOCKS.split(lock)))


def _forms(block: str) -> list[str]:
    pin = _PIN_WITH_EXTRAS.match(block)
    if pin is None:
        return [block]
    extras = sorted(extra.strip() for extra in pin["extras"].split(","))
    wanted = chain.from_iterable(combinations(extras, count) for count in range(1, len(extras) + 1))
    return [pin["package"] + pin["rest"], *(f"{pin['package']}[{','.join(some)}]{pin['rest']}" for some in wanted)]


def _compile(source: str, target: str, *options: str) -> None:
    command = [*_UV, "--python-version", LOWEST_PYTHON, source, "-o", target, *options]
    subprocess.run(command, check=True)  # noqa: S603  # our own words
    Path(target).write_text(with_each_form(Path(target).read_text()))


def main() -> int:
    """Write both locks; what is deployed is what is tested. 2 if uv is not there."""
    try:
        _compile("requirements-dev.in", "requirements-dev.txt")
        _compile("requirements.in", "requirements.txt", "-c", "requirements-dev.txt")
    except FileNotFoundError:
        print("uv is not on PATH; `make lock` needs it (pip install uv)", file=sys.stderr)  # noqa: T201
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
