"""Limits on waiting: what is done at once is not held up, what waits too long is given up, and nothing is swallowed."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from shared.time_limit import Limits, limited

LONG_S = 60.0


def run(coroutine: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(coroutine, LONG_S))


async def at_once() -> str:
    return "done"


async def after_a_while() -> str:
    await asyncio.sleep(0)
    return await asyncio.to_thread(lambda: "done")


async def never() -> str:
    await asyncio.sleep(LONG_S)
    raise AssertionError("nobody waited")


async def fails(first: Coroutine[Any, Any, str]) -> str:
    await first
    raise LookupError("its own")


@pytest.mark.parametrize("work", [at_once, after_a_while])
def test_result_of_what_is_done_in_time_comes_back(work: Any) -> None:
    async def scenario() -> None:
        assert await limited(LONG_S, work()) == "done"

    run(scenario())


@pytest.mark.parametrize("first", [at_once, after_a_while])
def test_error_of_the_work_is_raised(first: Any) -> None:
    async def scenario() -> None:
        with pytest.raises(LookupError, match="its own"):
            await limited(LONG_S, fails(first()))

    run(scenario())


def test_work_that_waits_too_long_is_ended_and_a_time_out() -> None:
    ended: list[bool] = []

    async def work() -> str:
        try:
            return await never()
        finally:
            ended.append(True)

    async def scenario() -> None:
        with pytest.raises(TimeoutError):
            await limited(0.01, work())
        assert ended == [True]
        await asyncio.sleep(0)  # the task itself is not left cancelled

    run(scenario())


def test_work_may_outlive_a_cancellation_only_by_saying_so() -> None:
    async def stubborn() -> str:
        try:
            return await never()
        except asyncio.CancelledError:
            return "later"

    async def scenario() -> None:
        assert await limited(0.01, stubborn()) == "later"

    run(scenario())


def test_cancellation_from_outside_stays_one() -> None:
    async def scenario() -> None:
        task = asyncio.create_task(limited_forever())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    async def limited_forever() -> str:
        return await limited(LONG_S, never())

    run(scenario())


def test_futures_are_given_up_one_after_the_other_and_those_done_are_left_alone() -> None:
    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        limits = Limits()
        first, done, second, late = (loop.create_future() for _ in range(4))
        for future in (first, done, second):
            limits.add(future, 0.01, loop)
        limits.add(late, LONG_S, loop)
        done.set_result("done")
        for future in (first, second):
            with pytest.raises(TimeoutError):
                await future
        assert (done.result(), late.done()) == ("done", False)

    run(scenario())


def test_limits_go_on_in_another_loop_than_that_of_the_last_future() -> None:
    limits = Limits()

    async def one_that_is_answered() -> None:
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        limits.add(future, LONG_S, loop)
        future.set_result(None)

    async def one_that_is_not() -> None:
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        limits.add(future, 0.01, loop)
        with pytest.raises(TimeoutError):
            await future

    run(one_that_is_answered())
    run(one_that_is_not())
