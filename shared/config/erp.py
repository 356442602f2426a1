"""The part of sites.yaml that says which ERP a site has and how it is spoken to."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, StrictFloat, StrictInt, model_validator

from shared.config.loading import Model
from shared.config.names import HttpUrl, SecretName


class OAuthConfig(Model):
    """Where to get a token with the client credentials grant (RFC 6749, 4.4)."""

    token_url: HttpUrl
    scope: str | None = None


class ConnectionConfig(Model):
    """What all adapters need.

    `credentials_secret` of the ERP holds the token for `auth: bearer`, `user:password` for `basic`, and
    `client_id:client_secret` for `oauth`. `timeout_s`: how long to wait for an answer. `settle_s`: how long a create
    may still take effect in the ERP after we gave up waiting; only then is it tried again.
    """

    auth: Literal["bearer", "basic", "oauth", "none"] = "bearer"
    oauth: OAuthConfig | None = None
    timeout_s: StrictFloat = Field(default=20.0, gt=0, le=120)
    settle_s: StrictFloat = Field(default=30.0, ge=0, le=600)

    @model_validator(mode="after")
    def _settles_longer_than_we_wait(self) -> Self:
        if self.settle_s < self.timeout_s:
            raise ValueError("settle_s must not be less than timeout_s: an ERP that is slow once is slow again")
        return self

    @model_validator(mode="after")
    def _oauth_where_used(self) -> Self:
        if (self.auth == "oauth") != (self.oauth is not None):
            raise ValueError("auth: oauth and the settings under oauth go together")
        return self


class RestErpConfig(ConnectionConfig):
    """How an ERP with a REST interface is spoken to; paths are relative to `base_url`, `{id}` is the ERP's id.

    `collection_key`: the key of the list in a search answer (None: the answer is the list).
    `id_field`, `reference_field`: names in the ERP's record; `reference_parameter`: the query parameter to search by
    a reference. `version_header`: where the ERP puts a record's version; updates send it back as If-Match (None: the
    ERP has no versions, and an update overwrites what was written since it was read).
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
    busy_statuses: frozenset[Annotated[StrictInt, Field(ge=400, le=499)]] = frozenset()


class SapErpConfig(ConnectionConfig):
    """How SAP S/4HANA is spoken to (OData V2 service API_MAINTENANCEORDER)."""

    auth: Literal["bearer", "basic", "oauth", "none"] = "basic"
    service_path: str = "/sap/opu/odata/sap/API_MAINTENANCEORDER;v=0002"


class OracleErpConfig(ConnectionConfig):
    """How Oracle Fusion Cloud Maintenance is spoken to (REST resource maintenanceWorkOrders)."""

    auth: Literal["bearer", "basic", "oauth", "none"] = "basic"
    resources_path: str = "/fscmRestApi/resources/11.13.18.05"


class ErpConfig(Model):
    """The ERP that a site is bound to; `rest`, `sap` or `oracle` has the settings of that adapter."""

    adapter: Literal["rest", "sap", "oracle"]
    base_url: HttpUrl
    credentials_secret: SecretName | None = None
    mapping: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$", description="name of a file in mappings/, without .yaml")
    # Not RestErpConfig(): that would build a validator of its own at every cold start.
    rest: RestErpConfig = Field(default_factory=dict, validate_default=True)
    sap: SapErpConfig = Field(default_factory=dict, validate_default=True)
    oracle: OracleErpConfig = Field(default_factory=dict, validate_default=True)

    @property
    def connection(self) -> ConnectionConfig:
        """The settings of the adapter that is used."""
        settings: ConnectionConfig = getattr(self, self.adapter)
        return settings

    @model_validator(mode="after")
    def _only_the_settings_of_the_adapter(self) -> Self:
        if others := sorted(({"rest", "sap", "oracle"} - {self.adapter}) & self.model_fields_set):
            raise ValueError(f"adapter is {self.adapter}, so {', '.join(others)} has no use")
        return self

    @model_validator(mode="after")
    def _credentials_where_needed(self) -> Self:
        if self.connection.auth != "none" and self.credentials_secret is None:
            raise ValueError(f"auth {self.connection.auth} needs credentials_secret")
        return self
