"""What a fault does to an answer: late, another one, or none and the connection cut.

An answer is the list of the ASGI messages that would be sent; the empty list stands for a connection that is cut.
"""

from __future__ import annotations

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from local.serving.faults import RequestFault


async def answer_of(app: ASGIApp, scope: Scope, receive: Receive) -> list[Message]:
    """What an application (or a response, which is one too) would send, kept back."""
    answer: list[Message] = []

    async def keep(message: Message) -> None:
        answer.append(message)

    await app(scope, receive, keep)
    return answer


async def held_back(receive: Receive, delay_s: float) -> Receive:
    """The whole request, read now and handed on `delay_s` later; afterwards the rest of what comes.

    So the work is done even if the client has hung up by then.
    """
    messages = [await receive()]
    while messages[-1].get("more_body"):
        messages.append(await receive())
    await asyncio.sleep(delay_s)

    async def replay() -> Message:
        return messages.pop(0) if messages else await receive()

    return replay


async def spoiled(fault: RequestFault, app: ASGIApp, error: ASGIApp, scope: Scope, receive: Receive) -> list[Message]:
    """The answer to a request that suffers a fault of a kind that all simulators of this sort know.

    drop_before: none, and `app` does nothing. All others let `app` do the work. drop_after: none; error_after: that of
    `error`; slow_before, slow_after: that of `app`, `delay_s` waited before or after the work.
    """
    if fault.kind == "drop_before":
        return []
    if fault.kind == "slow_before":
        receive = await held_back(receive, fault.delay_s)
    answer = await answer_of(app, scope, receive)
    if fault.kind == "slow_after":
        await asyncio.sleep(fault.delay_s)
    if fault.kind == "drop_after":
        return []
    return await answer_of(error, scope, receive) if fault.kind == "error_after" else answer


async def deliver(answer: list[Message], send: Send) -> None:
    """Send an answer; cut the connection if it is empty, for which `send` must be uvicorn's own (see `cut`)."""
    if not answer:
        await cut(send)
    for message in answer:
        await send(message)


async def cut(send: Send) -> None:
    """Cut the connection without an answer.

    This goes through uvicorn's own request object, which `send` belongs to: ASGI has no word for it.
    """
    send.__self__.transport.abort()  # type: ignore[attr-defined]  # uvicorn's RequestResponseCycle.send
    await asyncio.sleep(0)  # lets uvicorn notice before it would answer 500 in our place
