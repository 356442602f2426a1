"""The asynchronous publisher against a gRPC server: one request, our errors, no client before the fork."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent import futures
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import google.auth
import grpc
import pytest
from google.auth.exceptions import DefaultCredentialsError
from google.pubsub_v1.types import PublishRequest, PublishResponse

from shared.errors import BrokerUnavailable
from shared.pubsub import async_publisher as module
from shared.pubsub import publisher as synchronous
from shared.pubsub.async_publisher import AsyncPublisher

Answer = Callable[[Any, grpc.ServicerContext], Any]


@pytest.fixture(autouse=True)
def _installation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "p1")
    monkeypatch.delenv("RESOURCE_PREFIX", raising=False)


@contextmanager
def broker(monkeypatch: pytest.MonkeyPatch, answer: Answer) -> Iterator[None]:
    """A Pub/Sub that publishes by `answer`, where the client looks for it."""
    method = grpc.unary_unary_rpc_method_handler(
        answer,
        request_deserializer=PublishRequest.pb().FromString,
        response_serializer=lambda message: message.SerializeToString(),
    )
    server = grpc.server(futures.ThreadPoolExecutor(8))
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler("google.pubsub.v1.Publisher", {"Publish": method}),)
    )
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", f"127.0.0.1:{port}")
    try:
        yield
    finally:
        server.stop(None).wait()


def acknowledged(request: Any) -> Any:
    return PublishResponse.pb()(message_ids=[str(number) for number, _ in enumerate(request.messages, 10)])


def publish(*messages: tuple[bytes, dict[str, str]]) -> list[str]:
    async def scenario() -> list[str]:
        return await asyncio.wait_for(AsyncPublisher().publish_all("events", messages), 60)

    return asyncio.run(scenario())


def test_messages_go_in_one_request_and_their_ids_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    requests, metadata = [], []

    def answer(request: Any, context: grpc.ServicerContext) -> Any:
        requests.append(request)
        metadata.append(dict(context.invocation_metadata()))
        return acknowledged(request)

    with broker(monkeypatch, answer):
        assert publish((b"1", {"a": "b"}), (b"2", {})) == ["10", "11"]
    (request,) = requests
    assert request.topic == "projects/p1/topics/events"
    assert [(each.data, dict(each.attributes)) for each in request.messages] == [(b"1", {"a": "b"}), (b"2", {})]
    assert metadata[0]["x-goog-request-params"] == "topic=projects/p1/topics/events"


@pytest.mark.parametrize(
    ("code", "attempts"),
    [
        (grpc.StatusCode.UNAVAILABLE, 2),
        (grpc.StatusCode.ABORTED, 2),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, 1),
        (grpc.StatusCode.NOT_FOUND, 1),
        (grpc.StatusCode.PERMISSION_DENIED, 1),
        (grpc.StatusCode.INTERNAL, 1),
    ],
)
def test_what_may_pass_at_once_is_tried_again_and_the_rest_is_broker_unavailable(
    code: grpc.StatusCode, attempts: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[int] = []

    def answer(request: Any, context: grpc.ServicerContext) -> Any:
        tried.append(len(request.messages))
        if len(tried) == 1:
            context.abort(code, "for a test")
        return acknowledged(request)

    with broker(monkeypatch, answer):
        if attempts == 2:
            assert publish((b"1", {})) == ["10"]
        else:
            with pytest.raises(BrokerUnavailable, match=f"topic events: {code.name}: for a test"):
                publish((b"1", {}))
    assert len(tried) == attempts


def test_hanging_broker_gets_several_short_attempts_and_is_given_up_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(synchronous, "PUBLISH_TIMEOUT_S", 1.2)
    monkeypatch.setattr(synchronous, "ATTEMPT_TIMEOUT_S", 0.4)
    monkeypatch.setattr(module, "_FIRST_PAUSE_S", 0.01)
    time_left_s, over = [], threading.Event()

    def answer(request: Any, context: grpc.ServicerContext) -> Any:
        time_left_s.append(context.time_remaining())
        over.wait(30)
        return PublishResponse.pb()()

    with broker(monkeypatch, answer):
        try:
            with pytest.raises(BrokerUnavailable, match="topic events: DEADLINE_EXCEEDED"):
                publish((b"1", {}))
        finally:
            over.set()
    assert 1 <= len(time_left_s) <= 3
    assert max(time_left_s) < 0.8


def test_broker_that_is_not_there_is_broker_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(synchronous, "PUBLISH_TIMEOUT_S", synchronous.ATTEMPT_TIMEOUT_S)
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", "127.0.0.1:1")
    with pytest.raises(BrokerUnavailable, match="topic events: UNAVAILABLE"):
        publish((b"1", {}))


def test_want_of_credentials_is_broker_unavailable_and_the_next_request_looks_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked: list[object] = []

    def none(**options: object) -> None:
        looked.append(options)
        raise DefaultCredentialsError("none")

    monkeypatch.delenv("PUBSUB_EMULATOR_HOST", raising=False)
    monkeypatch.setattr(google.auth, "default", none)
    for _ in range(2):
        with pytest.raises(BrokerUnavailable, match="topic events: DefaultCredentialsError"):
            publish((b"1", {}))
    assert len(looked) == 2
    module._warm_up()  # says nothing: the first publish reports it


def test_client_of_google_proper_is_made_of_the_credentials_found(monkeypatch: pytest.MonkeyPatch) -> None:
    from google.auth.credentials import AnonymousCredentials

    monkeypatch.delenv("PUBSUB_EMULATOR_HOST", raising=False)
    monkeypatch.setattr(google.auth, "default", lambda **_: (AnonymousCredentials(), None))

    async def scenario() -> None:
        publisher = AsyncPublisher()
        await publisher._connect("events")
        assert isinstance(publisher._call, grpc.aio.UnaryUnaryMultiCallable)

    asyncio.run(scenario())


def test_preparing_is_done_in_the_forked_child_and_not_before() -> None:
    script = """
import os, sys, time
os.environ["PUBSUB_EMULATOR_HOST"] = "127.0.0.1:1"
from shared.pubsub import async_publisher
async_publisher.warm_up_after_fork()
loaded = lambda: "google.pubsub_v1.services.publisher.async_client" in sys.modules
assert not loaded() and "grpc" not in sys.modules
child = os.fork()
if child == 0:
    deadline = time.monotonic() + 60
    while not loaded() and time.monotonic() < deadline:
        time.sleep(0.01)
    os._exit(0 if loaded() else 1)
assert os.waitpid(child, 0)[1] == 0
assert not loaded()
"""
    root = Path(__file__).resolve().parents[3]
    done = subprocess.run([sys.executable, "-c", script], cwd=root, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
