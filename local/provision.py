"""Makes topics, subscriptions and tables as `terraform apply` does in Google Cloud, through Google's own clients."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from google.cloud.pubsub_v1 import PublisherClient, SubscriberClient

from shared.topics import PIPELINES, TOPICS, Pipeline, project, subscription_path, topic_path

# A policy without ttl; without a policy, Pub/Sub deletes a subscription that nobody pulls for 31 days, letters and all.
_NEVER: dict[str, object] = {}


@dataclass(frozen=True)
class DeliveryPolicy:
    """How the push subscriptions deliver; production values are in the Terraform variables."""

    ack_deadline_s: int = 30
    minimum_backoff_s: float = 0.5
    maximum_backoff_s: float = 4.0
    max_delivery_attempts: int = 12


def provision_pubsub(function_urls: Mapping[str, str], dataset: str, policy: DeliveryPolicy) -> None:
    """Create every topic, its consumers' subscriptions and their dead letters. function_urls: by folder name."""
    publisher, subscriber = PublisherClient(), SubscriberClient()
    with subscriber:
        for topic in TOPICS:
            publisher.create_topic(request={"name": topic_path(topic)})
        for pipeline in PIPELINES.values():
            publisher.create_topic(request={"name": topic_path(pipeline.dead_letters)})
            subscriber.create_subscription(
                request={
                    "name": subscription_path(pipeline.dead_letters),
                    "topic": topic_path(pipeline.dead_letters),
                    "ack_deadline_seconds": 60,
                    "message_retention_duration": {"seconds": 14 * 86400},
                    "expiration_policy": _NEVER,
                }
            )
            subscriber.create_subscription(
                request={
                    "name": subscription_path(pipeline.name),
                    "topic": topic_path(pipeline.topic),
                    "ack_deadline_seconds": policy.ack_deadline_s,
                    "expiration_policy": _NEVER,
                    "retry_policy": {
                        "minimum_backoff": _duration(policy.minimum_backoff_s),
                        "maximum_backoff": _duration(policy.maximum_backoff_s),
                    },
                    "dead_letter_policy": {
                        "dead_letter_topic": topic_path(pipeline.dead_letters),
                        "max_delivery_attempts": policy.max_delivery_attempts,
                    },
                    **_target(pipeline, function_urls, dataset),
                }
            )


def _target(pipeline: Pipeline, function_urls: Mapping[str, str], dataset: str) -> dict[str, object]:
    if pipeline.consumer == "bigquery":
        table = f"{project()}.{dataset}.{pipeline.target}"
        return {"bigquery_config": {"table": table, "write_metadata": True}}
    url = function_urls[pipeline.target]
    return {
        "push_config": {
            "push_endpoint": url,
            "oidc_token": {"service_account_email": f"push@{project()}.iam.gserviceaccount.com", "audience": url},
        }
    }


def _duration(seconds: float) -> dict[str, int]:
    whole = int(seconds)
    return {"seconds": whole, "nanos": int((seconds - whole) * 1e9)}
