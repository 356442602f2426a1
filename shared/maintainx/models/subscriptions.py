"""Webhook subscriptions. Source: MaintainX REST API v1, "Subscriptions & Webhooks"."""

from __future__ import annotations

from pydantic import Field

from shared.maintainx.models.base import Record, Value


class Subscription(Record):
    """A webhook subscription. status: VALID or PENDING_APPROVAL. secret: only in the answer to its creation."""

    type: str | None = None
    url: str | None = None
    status: str | None = None
    secret: str | None = Field(default=None, repr=False)


class SubscriptionSecret(Value):
    """What deliveries of a subscription are signed with."""

    secret: str = Field(repr=False)
