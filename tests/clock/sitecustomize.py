"""Each Python under a moved clock loads this first: a `time.sleep` that works with libfaketime.

Since 3.11 Python sleeps until a moment of the monotonic clock; libfaketime 0.9.10 takes that for one of its own moved
clock, even if told to leave the monotonic one alone, and the sleep fails with "Invalid argument":
https://github.com/wolfcw/libfaketime/issues/426
"""

from __future__ import annotations

import select
import time

TYPE_CHECKING = False  # as typing has it, which is too much for every process to load
if TYPE_CHECKING:
    from typing import SupportsIndex


def _sleep(duration_s: float | SupportsIndex, /) -> None:
    select.select([], [], [], float(duration_s))  # ValueError below zero, as time.sleep has it


time.sleep = _sleep
