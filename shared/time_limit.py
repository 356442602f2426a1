"""Limits on waiting that cost next to nothing while nobody waits long: asyncio.timeout sets a timer every time."""

from __future__ import annotations

import asyncio
import types
from collections import deque
from collections.abc import Coroutine, Generator
from typing import Any, TypeVar

T = TypeVar("T")


@types.coroutine
def limited(seconds: float, work: Coroutine[Any, Any, T]) -> Generator[Any, Any, T]:
    """What `work` returns. TimeoutError if it is not done `seconds` after it first had to wait."""
    try:
        awaited = work.send(None)
    except StopIteration as done:
        return done.value  # type: ignore[no-any-return]
    return (yield from _rest(seconds, work, awaited).__await__())


async def _rest(seconds: float, work: Coroutine[Any, Any, T], awaited: Any) -> T:
    async with asyncio.timeout(seconds):
        return await _resumed(work, awaited)


@types.coroutine
def _resumed(work: Coroutine[Any, Any, T], awaited: Any) -> Generator[Any, Any, T]:
    """The rest of `work`, which waits for `awaited`."""
    while True:
        raised: BaseException | None = None
        try:
            sent = yield awaited
        except BaseException as error:  # a cancellation, say: it is for whoever waits in there
            raised = error
        try:
            awaited = work.send(sent) if raised is None else work.throw(raised)
        except StopIteration as done:
            return done.value  # type: ignore[no-any-return]


class Limits:
    """Gives up futures in the order in which they were added: TimeoutError for who waits. One timer for all of them."""

    def __init__(self) -> None:
        self._futures: deque[tuple[float, asyncio.Future[Any]]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def add(self, future: asyncio.Future[Any], seconds: float, loop: asyncio.AbstractEventLoop) -> None:
        """Give up `future`, which is of the running `loop`, after `seconds`, and after those that were added before."""
        while self._futures and self._futures[0][1].done():
            self._futures.popleft()
        if not self._futures and self._timer is not None:
            self._timer.cancel()
            self._timer = None
        until = loop.time() + seconds
        self._futures.append((until, future))
        if self._timer is None:
            self._timer = loop.call_at(until, self._give_up, loop)

    def _give_up(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        while self._futures:
            until, future = self._futures[0]
            if not future.done():
                if until > loop.time():
                    self._timer = loop.call_at(until, self._give_up, loop)
                    return
                future.set_exception(TimeoutError())
            self._futures.popleft()
