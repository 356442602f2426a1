"""No test knows the shell that started it: not its proxies, its terminal, or what it exports for other work."""

from __future__ import annotations

import json
import os

from local.environment import keep_to_this_machine
from tests.clock import real_clock

# Width, colours and language of a terminal; what tools of tests read.
_OF_A_TERMINAL = (
    *("COLUMNS", "LINES", "FORCE_COLOR", "NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "TTY_COMPATIBLE", "TTY_INTERACTIVE"),
    *("PY_COLORS", "GITHUB_ACTIONS", "LANGUAGE", "LC_MESSAGES", "PYTHONWARNINGS", "CLOUDSDK_CORE_PROJECT"),
)
_KEPT = "TESTS_SHELL"


def leave_shell() -> None:
    """Take the shell's variables out of this process's environment, once; xdist's workers inherit what is left."""
    if _KEPT in os.environ:
        return
    taken = keep_to_this_machine(os.environ)
    taken |= {name: os.environ.pop(name) for name in _OF_A_TERMINAL if name in os.environ}
    os.environ[_KEPT] = json.dumps(taken)


def shell_environment() -> dict[str, str]:
    """The environment as the shell had it, and the real date: for what leaves this machine, as an installation does."""
    now = {name: value for name, value in os.environ.items() if name not in (_KEPT, "no_proxy", "NO_PROXY")}
    taken: dict[str, str] = json.loads(os.environ[_KEPT])
    return now | taken | real_clock()
