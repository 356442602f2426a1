"""Shows, replays and discards dead letters, for the operator on call. Not public: callers need the invoker role."""

from __future__ import annotations

import functools
import logging
from dataclasses import asdict
from typing import Annotated, Any, Literal

import functions_framework
from flask import Request
from pydantic import Field, StringConstraints, ValidationError

from shared.config.loading import Model
from shared.config.whole import get_config
from shared.dead_letters.letter import DeadLetterFilter
from shared.dead_letters.queue import DeadLetters
from shared.errors import TransientError
from shared.logs import configure_logging
from shared.pubsub.publisher import publisher
from shared.topics import PIPELINES, Pipeline

configure_logging("dlq_replay")
log = logging.getLogger(__name__)
get_config()  # a bad configuration is refused at start

Answer = tuple[dict[str, Any], int] | tuple[dict[str, Any], int, dict[str, str]]
# An empty filter is a slip of the pen, often of an unset shell variable; it must not mean "any".
Text = Annotated[str, StringConstraints(min_length=1)]
_LOGGED_EVENT_IDS = 100


class BadRequest(Exception):
    """The request is refused; the argument is the answer's body beside `error`."""


class ReplayRequest(Model):
    """Query of a GET and body of a POST. `pipeline` is required; every filter given must match exactly."""

    pipeline: Text
    action: Literal["replay"] = "replay"
    site: Text | None = None
    type: Text | None = None
    event_id: Text | None = None
    resource_id: Text | None = None
    error_class: Text | None = None
    message_id: Text | None = None
    limit: int = Field(default=100, ge=1, le=10_000)
    dry_run: bool = False

    def wanted(self) -> DeadLetterFilter:
        """The filter part."""
        return DeadLetterFilter(
            self.site, self.type, self.event_id, self.resource_id, self.error_class, self.message_id
        )


class DiscardRequest(Model):
    """Body of a POST that takes one dead letter away for good."""

    action: Literal["discard"]
    pipeline: Text
    message_id: Text


@functions_framework.http
def dlq_replay(request: Request) -> Answer:
    """GET lists dead letters, POST replays them or, with `"action": "discard"`, takes one away.

    400 for a bad request, 404 if there is no such letter to discard, 503 if Pub/Sub does not answer.
    """
    try:
        if request.method == "GET":
            return _list(ReplayRequest.model_validate(_query(request)))
        if request.method == "POST":
            order = _body(request)
            if isinstance(order, dict) and order.get("action") == "discard":
                return _discard(DiscardRequest.model_validate(order))
            return _replay(ReplayRequest.model_validate(order))
    except ValidationError as error:
        faults = [f"{'.'.join(map(str, fault['loc'])) or 'body'}: {fault['msg']}" for fault in error.errors()]
        return {"error": "bad request", "faults": faults}, 400
    except BadRequest as error:
        return {"error": "bad request", **error.args[0]}, 400
    except TransientError as error:
        log.error("%s", error)
        return {"error": str(error)}, 503
    return {"error": "GET lists, POST replays or discards"}, 405, {"Allow": "GET, HEAD, POST"}


def _query(request: Request) -> dict[str, str]:
    if repeated := [key for key, values in request.args.lists() if len(values) > 1]:
        raise BadRequest({"faults": [f"{key}: given more than once" for key in repeated]})
    return request.args.to_dict()


def _body(request: Request) -> Any:
    if not request.is_json:
        raise BadRequest({"faults": ["body: send JSON with the header Content-Type: application/json"]})
    return request.get_json(silent=True)


def _pipeline(name: str) -> Pipeline:
    if name not in PIPELINES:
        raise BadRequest({"faults": [f"pipeline: there is no {name}"], "pipelines": sorted(PIPELINES)})
    return PIPELINES[name]


def _list(query: ReplayRequest) -> Answer:
    letters = _dead_letters().list(_pipeline(query.pipeline), query.wanted(), query.limit)
    return {"pipeline": query.pipeline, "count": len(letters), "letters": letters}, 200


def _replay(order: ReplayRequest) -> Answer:
    wanted = order.wanted()
    report = _dead_letters().replay(_pipeline(order.pipeline), wanted, order.limit, dry_run=order.dry_run)
    extra = {
        "pipeline": report.pipeline,
        "dry_run": report.dry_run,
        "matched": report.matched,
        "replay_id": report.replay_id,
        "filters": wanted.given(),
        "event_ids": [letter["event_id"] for letter in report.letters[:_LOGGED_EVENT_IDS]],
    }
    log.info("replayed %d of %d dead letters", report.replayed, report.seen, extra=extra)
    return asdict(report), 200


def _discard(order: DiscardRequest) -> Answer:
    discarded = _dead_letters().discard(_pipeline(order.pipeline), order.message_id)
    if discarded is None:
        return {"error": f"no dead letter {order.message_id} in {order.pipeline}"}, 404
    return {"discarded": discarded}, 200


@functools.cache
def _dead_letters() -> DeadLetters:
    from google.cloud.pubsub_v1 import SubscriberClient  # made on first use, after gunicorn forked

    return DeadLetters(SubscriberClient(), publisher)
