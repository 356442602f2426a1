"""The publisher on Google's client: one request, our errors, and a client that is made late."""

from __future__ import annotations

import threading
from concurrent import futures
from typing import Any

import grpc
import pytest
from google.api_core import exceptions
from google.auth.credentials import AnonymousCredentials
from google.auth.exceptions import DefaultCredentialsError
from google.cloud import pubsub_v1
from google.pubsub_v1.services.publisher import PublisherClient as Api
from google.pubsub_v1.types import PublishRequest, PublishResponse

from shared.errors import BrokerUnavailable
from shared.pubsub import publisher as module
from shared.pubsub.publisher import Publisher


@pytest.fixture
def google(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "p1")
    monkeypatch.delenv("RESOURCE_PREFIX", raising=False)
    return pubsub_v1.PublisherClient(credentials=AnonymousCredentials())


def test_messages_go_in_one_request_and_their_ids_come_back(google: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    requests = []

    def publish(self: object, *, request: dict[str, Any], **_: object) -> PublishResponse:
        requests.append(request)
        return PublishResponse(message_ids=["10", "11"])

    monkeypatch.setattr(Api, "publish", publish)
    assert Publisher(google).publish_all("events", [(b"1", {"a": "b"}), (b"2", {})]) == ["10", "11"]
    assert requests == [
        {
            "topic": "projects/p1/topics/events",
            "messages": [{"data": b"1", "attributes": {"a": "b"}}, {"data": b"2", "attributes": {}}],
        }
    ]


@pytest.mark.parametrize(
    "error",
    [
        exceptions.ServiceUnavailable("down"),
        exceptions.DeadlineExceeded("slow"),
        exceptions.ResourceExhausted("too much"),
        exceptions.NotFound("no topic"),
        exceptions.PermissionDenied("no right"),
        exceptions.RetryError("given up", cause=None),
        DefaultCredentialsError("none"),
    ],
)
def test_anything_but_an_acknowledgement_is_broker_unavailable(
    google: Any, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def publish(self: object, **_: object) -> None:
        raise error

    monkeypatch.setattr(Api, "publish", publish)
    with pytest.raises(BrokerUnavailable, match=f"topic events: {type(error).__name__}"):
        Publisher(google).publish("events", b"1", {})


def test_hanging_broker_gets_several_short_attempts_and_is_given_up_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "p1")
    monkeypatch.setattr(module, "PUBLISH_TIMEOUT_S", 1.2)
    monkeypatch.setattr(module, "ATTEMPT_TIMEOUT_S", 0.4)
    time_left_s, over = [], threading.Event()

    def publish(request: Any, context: grpc.ServicerContext) -> Any:
        time_left_s.append(context.time_remaining())
        over.wait(30)
        return PublishResponse.pb()()

    method = grpc.unary_unary_rpc_method_handler(
        publish,
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
        with pytest.raises(BrokerUnavailable, match="topic events"):
            Publisher().publish("events", b"1", {})
    finally:
        over.set()
        server.stop(None).wait()
    assert len(time_left_s) >= 2  # one alone would wait for the whole time
    assert max(time_left_s) < 0.8


def test_client_that_cannot_be_made_is_broker_unavailable(google: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def client(**_: object) -> None:
        raise DefaultCredentialsError("none")

    monkeypatch.setattr(pubsub_v1, "PublisherClient", client)
    with pytest.raises(BrokerUnavailable, match="DefaultCredentialsError"):
        Publisher().publish("events", b"1", {})
