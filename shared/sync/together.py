"""The same work on several things at once."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


@contextlib.contextmanager
def threads(at_once: int, name: str) -> Iterator[ThreadPoolExecutor]:
    """Threads whose work that has not begun is given up at the end."""
    pool = ThreadPoolExecutor(at_once, thread_name_prefix=name)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def together(pool: ThreadPoolExecutor, work: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    """The results of `work` in the sequence of the items, with our deadline and log fields in each thread."""
    here = copy_context()
    return pool.map(lambda item: here.copy().run(work, item), items)
