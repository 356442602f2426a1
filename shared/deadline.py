"""How much time is left for the request that this thread (or task) works on.

Time-outs of single reads, waits and tries do not add up to a bound; the handler sets one deadline, and whoever waits
or asks another system looks at what is left of it.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_ends_at_s: ContextVar[float] = ContextVar("deadline", default=math.inf)


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Give what runs inside this long; never longer than a deadline around it. Threads started inside have none."""
    token = _ends_at_s.set(min(_ends_at_s.get(), time.monotonic() + seconds))
    try:
        yield
    finally:
        _ends_at_s.reset(token)


def remaining_s() -> float:
    """Seconds left, 0 if the deadline has passed; infinite if there is none."""
    return max(0.0, _ends_at_s.get() - time.monotonic())
