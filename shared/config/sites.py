"""sites.yaml: the plants, what they are called on each side, and the names of their secrets (never the secrets)."""

from __future__ import annotations

import functools
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, StrictBool, StrictFloat, StrictInt, field_validator, model_validator

from shared.config.loading import Model, config_folder, load_model
from shared.secrets import environment_variable

# A site id becomes part of secret, scheduler and service names: Google Cloud's label rules, short enough to append to.
SiteId = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{1,30}[a-z0-9]$")]
# Secret Manager: letters, digits, - and _, at most 255 characters.
SecretName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,255}$")]
WebhookTypeName = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]{2,60}$")]
HttpUrl = Annotated[str, Field(pattern=r"^https?://[^\s/?#]+[^\s?#]*$")]


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


class MaintainXConfig(Model):
    """Where a site's MaintainX is and how we are known there."""

    base_url: HttpUrl = "https://api.getmaintainx.com/v1"
    organization_id: StrictInt = Field(gt=0)
    api_key_secret: SecretName
    subscriptions: list[SubscriptionConfig] = Field(min_length=1)

    @field_validator("subscriptions")
    @classmethod
    def _one_subscription_a_type(cls, value: list[SubscriptionConfig]) -> list[SubscriptionConfig]:
        types = [subscription.type for subscription in value]
        twice = sorted({name for name in types if types.count(name) > 1})
        if twice:
            raise ValueError(f"more than one subscription of type {', '.join(twice)}")
        return value

    def subscription(self, webhook_type: str) -> SubscriptionConfig | None:
        """The subscription of this webhook type, or None if the site has none."""
        return next((s for s in self.subscriptions if s.type == webhook_type), None)


class RestErpConfig(Model):
    """How an ERP with a REST interface is spoken to; paths are relative to `base_url`, `{id}` is the ERP's id.

    `collection_key`: the key of the list in a search answer (None: the answer is the list).
    `id_field`, `reference_field`: names in the ERP's record; `reference_parameter`: the query parameter to search by
    a reference. `version_header`: where the ERP puts a record's version; updates send it back as If-Match (None: the
    ERP has no versions, and an update overwrites what was written since it was read). `credentials_secret` holds the
    token for `auth: bearer`, `user:password` for `basic`. `timeout_s`: how long to wait for an answer. `settle_s`: how
    long a create may still take effect in the ERP after we gave up waiting; only then is it tried again.
    `busy_statuses`: with which the ERP refuses what it may accept a moment later (409 where it means "locked", not
    "wrong"); 423, 425, 429, 503 always count so.
    """

    collection_path: str = "/orders"
    record_path: str = Field(default="/orders/{id}", pattern=r"\{id\}")
    collection_key: str | None = "items"
    id_field: str = "id"
    reference_field: str = "externalReference"
    reference_parameter: str = "externalReference"
    version_header: str | None = "ETag"
    auth: Literal["bearer", "basic", "none"] = "bearer"
    timeout_s: StrictFloat = Field(default=20.0, gt=0, le=120)
    settle_s: StrictFloat = Field(default=30.0, ge=0, le=600)
    busy_statuses: frozenset[Annotated[StrictInt, Field(ge=400, le=499)]] = frozenset()

    @model_validator(mode="after")
    def _settles_longer_than_we_wait(self) -> RestErpConfig:
        if self.settle_s < self.timeout_s:
            raise ValueError("settle_s must not be less than timeout_s: an ERP that is slow once is slow again")
        return self


class ErpConfig(Model):
    """The ERP that a site is bound to."""

    adapter: Literal["rest"]
    base_url: HttpUrl
    credentials_secret: SecretName | None = None
    mapping: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$", description="name of a file in mappings/, without .yaml")
    # Not RestErpConfig(): that would build a validator of its own at every cold start.
    rest: RestErpConfig = Field(default_factory=dict, validate_default=True)

    @model_validator(mode="after")
    def _credentials_where_needed(self) -> ErpConfig:
        if self.rest.auth != "none" and self.credentials_secret is None:
            raise ValueError(f"auth {self.rest.auth} needs credentials_secret")
        return self


class NotifyConfig(Model):
    """The secret with the site's notification addresses: Apprise URLs, one a line."""

    urls_secret: SecretName


class SiteConfig(Model):
    """One plant: one MaintainX organization, one ERP binding, one time zone."""

    id: SiteId
    name: str = Field(min_length=1)
    time_zone: str
    maintainx: MaintainXConfig
    erp: ErpConfig | None = None
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

    def secret_names(self) -> set[str]:
        """Names of all secrets of the site."""
        named = [
            self.maintainx.api_key_secret,
            *(subscription.secret for subscription in self.maintainx.subscriptions),
            self.erp and self.erp.credentials_secret,
            self.notify and self.notify.urls_secret,
            self.events_secret,
        ]
        return {name for name in named if name}

    @property
    def zone(self) -> ZoneInfo:
        """The site's time zone: it decides which day something happened on."""
        return ZoneInfo(self.time_zone)


class SitesFile(Model):
    """The whole of sites.yaml.

    `public_url`: address of webhook_ingress as MaintainX knows it (no trailing slash). If set, the signature of the
    URI is verified too; a proxy that rewrites URLs does not matter, since the configured one is used.
    """

    public_url: HttpUrl | None = None
    sites: list[SiteConfig] = Field(min_length=1)

    @field_validator("public_url")
    @classmethod
    def _no_trailing_slash(cls, value: str | None) -> str | None:
        if value is not None and value.endswith("/"):
            raise ValueError("must not end with a slash")
        return value

    @field_validator("sites")
    @classmethod
    def _ids_once(cls, value: list[SiteConfig]) -> list[SiteConfig]:
        ids = [site.id for site in value]
        twice = sorted({name for name in ids if ids.count(name) > 1})
        if twice:
            raise ValueError(f"more than one site is called {', '.join(twice)}")
        return value

    @field_validator("sites")
    @classmethod
    def _one_variable_a_secret(cls, value: list[SiteConfig]) -> list[SiteConfig]:
        names: dict[str, str] = {}
        for name in (name for site in value for name in site.secret_names()):
            other = names.setdefault(environment_variable(name), name)
            if other != name:
                raise ValueError(f"secrets {other} and {name} would share the variable {environment_variable(name)}")
        return value

    def site(self, site_id: str) -> SiteConfig | None:
        """The site of this id, or None."""
        return next((site for site in self.sites if site.id == site_id), None)


@functools.cache
def get_sites() -> SitesFile:
    """The sites of this process. Raises ConfigError."""
    return load_model(config_folder() / "sites.yaml", SitesFile)
