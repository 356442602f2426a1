"""The part of sites.yaml that says which ERP a site has and how it is spoken to."""

from __future__ import annotations

from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from shared.config.erp_connection import ConnectionConfig
from shared.config.erp_oracle import OracleErpConfig
from shared.config.erp_rest import RestErpConfig
from shared.config.erp_sap import SapErpConfig
from shared.config.loading import Model, fault_at
from shared.config.names import HttpUrl, SecretName


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

    @property
    def can_ask_what_changed(self) -> bool:
        """Whether the ERP can be asked for its changes, as it is configured."""
        return self.adapter != "rest" or self.rest.changed_parameter is not None

    @model_validator(mode="after")
    def _only_the_settings_of_the_adapter(self) -> Self:
        if others := sorted(({"rest", "sap", "oracle"} - {self.adapter}) & self.model_fields_set):
            raise fault_at((others[0],), f"adapter is {self.adapter}, so {', '.join(others)} has no use")
        return self

    @model_validator(mode="after")
    def _address_without_the_path_of_the_service(self) -> Self:
        start, key = _SERVICE_PATHS.get(self.adapter, ("", ""))
        if start and f"{start}/".casefold() in f"{urlsplit(self.base_url).path}/".casefold():
            reason = f"must end before {start}: the path of the service is added to it ({self.adapter}.{key})"
            raise fault_at(("base_url",), reason)
        return self

    @model_validator(mode="after")
    def _credentials_where_needed(self) -> Self:
        if self.connection.auth != "none" and self.credentials_secret is None:
            raise ValueError(f"auth {self.connection.auth} needs credentials_secret")
        return self

    @model_validator(mode="after")
    def _organization_where_needed(self) -> Self:
        if self.adapter == "oracle" and self.oracle.organization_code is None:
            raise ValueError("adapter is oracle, so oracle.organization_code must say which maintenance plant")
        return self


# adapter -> how the paths of the vendor's services begin, and the setting that has them.
_SERVICE_PATHS = {"sap": ("/sap/opu", "service_path"), "oracle": ("/fscmRestApi", "resources_path")}
