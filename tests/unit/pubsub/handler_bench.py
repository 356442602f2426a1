"""One function fed by push, with all that it stands on, for the tests of the handler."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask, request

from shared.events import Event
from shared.outcomes import Outcome, done
from shared.pubsub.handler import pubsub_function
from shared.state import Acquired, ClaimKey
from tests.fakes.events import AT_UTC, make_event, push_body
from tests.fakes.publisher import FakePublisher
from tests.fakes.state import MemoryStateStore

Handle = Callable[[Event], Outcome]


class Bench:
    """One function, erp_push, with its broker, its state and its clock."""

    def __init__(self) -> None:
        self.broker = FakePublisher()
        self.now_utc = AT_UTC
        self.state = MemoryStateStore(clock=lambda: self.now_utc)
        self.handled: list[Event] = []
        self._flask = Flask("test")

    def push(self, handle: Handle, body: bytes | None = None, *, claims: bool = True, **pushed: Any) -> int:
        """Push an event (or `body`) to a function with this handler; its status."""

        def handler(event: Event) -> Outcome:
            self.handled.append(event)
            return handle(event)

        function = pubsub_function("erp_push", claims=(lambda: self.state) if claims else None, publisher=self.broker)
        data = push_body(make_event(), **pushed) if body is None else body
        with self._flask.test_request_context(method="POST", data=data, content_type="application/json"):
            return function(handler)(request._get_current_object())[1]  # type: ignore[attr-defined]  # werkzeug's proxy

    def claim(self, nonce: str = "") -> object:
        """What a later delivery of the event would meet."""
        found = self.state.claim(ClaimKey("plant-1", "e1", "erp_push", nonce), owner="test", lease_s=1)
        if isinstance(found, Acquired):
            self.state.release_claim(found.claim)
        return found

    def letters(self) -> list[dict[str, str]]:
        """Attributes of the dead letters."""
        assert all(message.topic == "erp-push-dead" for message in self.broker.published)
        return [message.attributes for message in self.broker.published]


def raising(error: BaseException) -> Handle:
    def handle(event: Event) -> Outcome:
        raise error

    return handle


def returning(outcome: Outcome) -> Handle:
    def handle(event: Event) -> Outcome:
        return outcome

    return handle


ok = returning(done("created", erp_id="7"))


class Killed(BaseException):
    """The process is gone."""
