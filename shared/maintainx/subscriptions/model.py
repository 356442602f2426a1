"""Values: what is wanted, what is remembered, and the steps that bring them together."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from shared.canonical import canonical_json
from shared.config.sites import SiteConfig
from shared.ingress import webhook_url

State = Literal["made", "parked", "active", "retiring", "gone"]
"""made: created, its secret not stored yet. parked: stored; the subscription still points to the parked address.
active: in use. retiring: in use, to be deleted when due. gone: deleted; its secret is still accepted until due."""

Verb = Literal["create", "store_secret", "activate", "repoint", "keep", "retire", "delete", "lose", "drop_secret"]


@dataclass(frozen=True, slots=True)
class Addresses:
    """URLs of webhook_ingress for one type: the one in use, and the one that a new subscription points to at first."""

    used: str
    parked: str

    @classmethod
    def of(cls, public_url: str, site: str, webhook_type: str) -> Addresses:
        used, parked = (webhook_url(public_url, site, webhook_type, parked=parked) for parked in (False, True))
        return cls(used, parked)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One subscription that there should be; `secret_name` holds its signing secret."""

    type: str
    addresses: Addresses
    secret_name: str
    filters: Mapping[str, Any]
    options: Mapping[str, bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """One subscription that we made or adopted. MaintainX tells neither filters nor options, so they stand here.

    secret_hash: `secret_hash` of the signing secret, "" until it is stored. due_at_utc: when its next step may be
    taken; None: now, or none is due.
    """

    id: int
    type: str
    secret_name: str
    filters: Mapping[str, Any]
    options: Mapping[str, bool]
    state: State
    secret_hash: str
    created_at_utc: datetime
    due_at_utc: datetime | None = None

    def fits(self, wanted: Wanted) -> bool:
        """Whether it was made as `wanted` says. The address does not count: it can be changed."""
        return _made_as(self) == _made_as(wanted)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing to do. id: None for `create`. reason: for people. due_at_utc: not before (None: now)."""

    verb: Verb
    type: str
    id: int | None
    reason: str
    due_at_utc: datetime | None = None

    def is_due(self, now_utc: datetime) -> bool:
        return self.due_at_utc is None or self.due_at_utc <= now_utc


def wanted_by(site: SiteConfig, public_url: str) -> tuple[Wanted, ...]:
    """What sites.yaml wants of a site."""
    return tuple(
        Wanted(
            type=item.type,
            addresses=Addresses.of(public_url, site.id, item.type),
            secret_name=item.secret,
            filters=item.filters,
            options=item.options,
        )
        for item in site.maintainx.subscriptions
    )


def _made_as(item: Remembered | Wanted) -> str:
    return canonical_json([item.type, item.secret_name, dict(item.filters), dict(item.options)])


def secret_hash(secret: str) -> str:
    """What tells one signing secret from another without being one: the first 16 hex digits of its SHA-256."""
    return hashlib.sha256(secret.encode()).hexdigest()[:16]
