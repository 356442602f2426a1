"""sites.yaml as far as who sends us events needs it: all but the ERPs' settings.

webhook_ingress reads this part alone, since the models of the ERPs' settings cost as much to import as all others.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, StrictBool, StrictInt, field_validator

from shared.config.loading import Fault, Model, config_folder, fault_at, load_model
from shared.config.names import HttpUrl, SecretName, SiteId, WebhookTypeName
from shared.config.site_clashes import site_clashes


class SubscriptionConfig(Model):
    """One MaintainX webhook subscription: one type, one URL, one secret.

    The secret may hold several values, one a line: all are accepted, so that a rotation loses no delivery.
    """

    type: WebhookTypeName
    secret: SecretName
    filters: dict[str, Any] = Field(default_factory=dict)
    options: dict[str, StrictBool] = Field(default_factory=dict)

    @field_validator("options")
    @classmethod
    def _no_tokens_in_payloads(cls, value: dict[str, bool]) -> dict[str, bool]:
        if value.get("includeOAuthTokensInPayload"):
            raise ValueError("includeOAuthTokensInPayload would put people's tokens into the event archive")
        return value


class RateLimits(Model):
    """Requests a minute that MaintainX allows; what it documents, unless it has raised them for this organization.

    MaintainX's answers correct the user's. The organization's they do not, so it must be right.
    """

    user: StrictInt = Field(default=100, gt=0)
    organization: StrictInt = Field(default=500, gt=0)


class MaintainXConfig(Model):
    """Where a site's MaintainX is and how we are known there."""

    base_url: HttpUrl = "https://api.getmaintainx.com/v1"
    organization_id: StrictInt = Field(gt=0)
    api_key_secret: SecretName
    rate_limits: RateLimits = RateLimits()
    subscriptions: list[SubscriptionConfig] = Field(min_length=1)

    @field_validator("subscriptions")
    @classmethod
    def _one_subscription_a_type(cls, value: list[SubscriptionConfig]) -> list[SubscriptionConfig]:
        first: dict[str, int] = {}
        for number, subscription in enumerate(value):
            if (other := first.setdefault(subscription.type, number)) != number:
                reason = f"more than one subscription of type {subscription.type}: line {{line}} has one already"
                raise fault_at((number, "type"), reason, (other, "type"))
        return value

    def subscription(self, webhook_type: str) -> SubscriptionConfig | None:
        """The subscription of this webhook type, or None if the site has none."""
        return next((s for s in self.subscriptions if s.type == webhook_type), None)


class NotifyConfig(Model):
    """The secret with the site's notification addresses: Apprise URLs, one a line."""

    urls_secret: SecretName


class SenderSite(Model):
    """One plant: one MaintainX organization, one time zone. erp: not looked into here."""

    id: SiteId
    name: str = Field(min_length=1)
    time_zone: str
    maintainx: MaintainXConfig
    erp: Any = None
    notify: NotifyConfig | None = None
    events_secret: SecretName | None = Field(
        default=None, description="signs /v1/events/{site}; without it that address answers 401"
    )

    @field_validator("time_zone")
    @classmethod
    def _known_time_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:  # OSError: the name of a folder, "Europe"
            raise ValueError(f"{value!r} is not a time zone of the IANA database") from error
        return value

    @property
    def zone(self) -> ZoneInfo:
        """The site's time zone: it decides which day something happened on."""
        return ZoneInfo(self.time_zone)


class SendersFile(Model):
    """sites.yaml without the ERPs.

    `public_url`: address of webhook_ingress as MaintainX knows it (no trailing slash). If set, the signature of the
    URI is verified too; a proxy that rewrites URLs does not matter, since the configured one is used.
    """

    public_url: HttpUrl | None = None
    sites: list[SenderSite] = Field(min_length=1)

    @field_validator("public_url")
    @classmethod
    def _no_trailing_slash(cls, value: str | None) -> str | None:
        if value is not None and value.endswith("/"):
            raise ValueError("must not end with a slash")
        return value

    @classmethod
    def clashes(cls, content: object) -> Iterator[Fault]:
        """See Model."""
        return site_clashes(content)

    def site(self, site_id: str) -> SenderSite | None:
        """The site of this id, or None."""
        return next((site for site in self.sites if site.id == site_id), None)


@functools.cache
def get_senders() -> SendersFile:
    """The sites of this process, without their ERPs. Raises ConfigError."""
    return load_model(config_folder() / "sites.yaml", SendersFile)
