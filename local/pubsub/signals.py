"""Waking the consumers of a subscription."""

from __future__ import annotations

import asyncio


class Signal:
    """Wakes every waiter at once; a waiter also wakes by itself after its time-out. One event loop only."""

    def __init__(self) -> None:
        self._waiters: set[asyncio.Future[None]] = set()

    def fire(self) -> None:
        """Wake all who wait now."""
        for waiter in self._waiters:
            _resolve(waiter)
        self._waiters.clear()

    async def wait(self, timeout_s: float) -> None:
        """Return when fired or after `timeout_s`."""
        loop = asyncio.get_running_loop()
        waiter = loop.create_future()
        timer = loop.call_later(max(timeout_s, 0.0), _resolve, waiter)
        self._waiters.add(waiter)
        try:
            await waiter
        finally:
            timer.cancel()
            self._waiters.discard(waiter)


def _resolve(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)
