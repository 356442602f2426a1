"""Shows dead letters and replays them, for the operator on call. Not public: callers need the invoker role."""

from __future__ import annotations

import functools
import logging
from dataclasses import asdict
from typing import Any

import functions_framework
from flask import Request
from pydantic import Field, ValidationError

from shared.config.loading import Model
from shared.dead_letters import DeadLetterFilter, DeadLetters
from shared.errors import TransientError
from shared.logs import configure_logging
from shared.pubsub.publisher import publisher
from shared.topics import PIPELINES

configure_logging("dlq_replay")
log = logging.getLogger(__name__)

Answer = tuple[dict[str, Any], int]


class ReplayRequest(Model):
    """Query of a GET and body of a POST. `pipeline` is required; every filter given must match exactly."""

    pipeline: str
    site: str | None = None
    type: str | None = None
    event_id: str | None = None
    resource_id: str | None = None
    error_class: str | None = None
    limit: int = Field(default=100, ge=1, le=10_000)
    dry_run: bool = False

    def wanted(self) -> DeadLetterFilter:
        """The filter part."""
        return DeadLetterFilter(self.site, self.type, self.event_id, self.resource_id, self.error_class)


@functions_framework.http
def dlq_replay(request: Request) -> Answer:
    """GET lists dead letters, POST replays them. 400 for a bad request, 503 if Pub/Sub does not answer."""
    try:
        if request.method == "GET":
            return _list(ReplayRequest.model_validate(request.args.to_dict()))
        if request.method == "POST":
            return _replay(ReplayRequest.model_validate(request.get_json(silent=True)))
    except ValidationError as error:
        faults = [f"{'.'.join(map(str, fault['loc'])) or 'body'}: {fault['msg']}" for fault in error.errors()]
        return {"error": "bad request", "faults": faults}, 400
    except KeyError:
        return {"error": "unknown pipeline", "pipelines": sorted(PIPELINES)}, 400
    except TransientError as error:
        log.error("%s", error)
        return {"error": str(error)}, 503
    return {"error": "GET lists, POST replays"}, 405


def _list(query: ReplayRequest) -> Answer:
    letters = _dead_letters().list(PIPELINES[query.pipeline], query.wanted(), query.limit)
    return {"pipeline": query.pipeline, "count": len(letters), "letters": letters}, 200


def _replay(order: ReplayRequest) -> Answer:
    pipeline = PIPELINES[order.pipeline]
    report = _dead_letters().replay(pipeline, order.wanted(), order.limit, dry_run=order.dry_run)
    log.info(
        "replayed %d of %d dead letters",
        report.replayed,
        report.seen,
        extra={"pipeline": report.pipeline, "dry_run": report.dry_run, "matched": report.matched},
    )
    return asdict(report), 200


@functools.cache
def _dead_letters() -> DeadLetters:
    from google.cloud.pubsub_v1 import SubscriberClient  # made on first use, after gunicorn forked

    return DeadLetters(SubscriberClient(), publisher)
