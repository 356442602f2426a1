"""The bundle's topics, and the pipelines that hang on them.

A pipeline is a topic, one subscription on it, and a dead-letter topic that has a subscription of its own (without one,
Pub/Sub drops what is dead-lettered). $RESOURCE_PREFIX is put before every name, so that two installations can share a
project.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Literal

EVENTS = "events"
ERP_PUSH = "erp-push"
NOTIFICATIONS = "notifications"
AUDIT = "audit"
TOPICS = (EVENTS, ERP_PUSH, NOTIFICATIONS, AUDIT)

Consumer = Literal["function", "bigquery"]


@dataclass(frozen=True, slots=True)
class Pipeline:
    """One subscription with its dead letters. `target` is the function's folder name or the BigQuery table's name."""

    topic: str
    consumer: Consumer
    target: str

    @property
    def name(self) -> str:
        """The pipeline's name, also that of the subscription that delivers to the target."""
        return self.target.replace("_", "-")

    @property
    def dead_letters(self) -> str:
        """Name of the topic that takes what can never be delivered, and of the pull subscription on it."""
        return f"{self.name}-dead"


PIPELINES: dict[str, Pipeline] = {
    pipeline.name: pipeline
    for pipeline in (
        Pipeline(EVENTS, "function", "event_router"),
        Pipeline(ERP_PUSH, "function", "erp_push"),
        Pipeline(NOTIFICATIONS, "function", "notify"),
        Pipeline(EVENTS, "bigquery", "raw_events"),
        Pipeline(AUDIT, "bigquery", "sync_audit_raw"),
    )
}
"""All pipelines by name."""


def function_pipeline(function: str) -> Pipeline:
    """The pipeline that feeds the function of this folder name."""
    return next(p for p in PIPELINES.values() if p.consumer == "function" and p.target == function)


def project() -> str:
    """The Google Cloud project of this process."""
    return os.environ["GOOGLE_CLOUD_PROJECT"]


def topic_path(topic: str) -> str:
    """Full resource name of a topic of ours."""
    return f"projects/{project()}/topics/{os.environ.get('RESOURCE_PREFIX', '')}{topic}"


def subscription_path(subscription: str) -> str:
    """Full resource name of a subscription of ours."""
    return f"projects/{project()}/subscriptions/{os.environ.get('RESOURCE_PREFIX', '')}{subscription}"
