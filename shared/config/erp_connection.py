"""What every ERP adapter must know to get a connection: credentials and times."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, StrictFloat, model_validator

from shared.config.loading import Model
from shared.config.names import HttpUrl


class OAuthConfig(Model):
    """Where to get a token with the client credentials grant (RFC 6749, 4.4)."""

    token_url: HttpUrl
    scope: str | None = None


class ConnectionConfig(Model):
    """What all adapters need.

    `credentials_secret` of the ERP holds the token for `auth: bearer`, the key for `api_key`, `user:password` for
    `basic`, and `client_id:client_secret` for `oauth`. `timeout_s`: how long to wait for an answer. `settle_s`: how
    long a create may still take effect in the ERP after we gave up waiting; only then is it tried again.
    """

    auth: Literal["bearer", "basic", "oauth", "api_key", "none"] = "bearer"
    oauth: OAuthConfig | None = None
    timeout_s: StrictFloat = Field(default=20.0, gt=0, le=120)
    settle_s: StrictFloat = Field(default=30.0, ge=0, le=600)

    @property
    def authorization_header(self) -> str:
        """The header that the credentials are sent in."""
        return "Authorization"

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
