"""A run ends when its tests have: threads that a hanging test left behind would keep the process alive for ever."""

from __future__ import annotations

import faulthandler
import os
import sys
import threading

import pytest

GRACE_S = 10.0
_status: list[int] = [pytest.ExitCode.INTERNAL_ERROR]


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(exitstatus: int) -> None:
    """Remember what the run came to."""
    _status[0] = int(exitstatus)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """End the process hard if it has not ended by itself a moment after everything was said.

    xdist's workers live on until the last of them is done; their controller ends them.
    """
    if hasattr(config, "workerinput"):
        return
    timer = threading.Timer(GRACE_S, _end)
    timer.daemon = True  # Python waits for the others only
    timer.start()


def _end() -> None:
    print(f"still alive {GRACE_S:.0f} s after the last test; these threads hang:", file=sys.__stderr__)
    faulthandler.dump_traceback(sys.__stderr__ or 2)
    os._exit(_status[0])
