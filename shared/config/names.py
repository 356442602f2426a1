"""Forms of names and addresses in the configuration files."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

# A site id becomes part of secret, scheduler and service names: Google Cloud's label rules, short enough to append to.
SiteId = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{1,30}[a-z0-9]$")]
# Secret Manager: letters, digits, - and _, at most 255 characters.
SecretName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,255}$")]
WebhookTypeName = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]{2,60}$")]
HttpUrl = Annotated[str, Field(pattern=r"^https?://[^\s/?#]+[^\s?#]*$")]
# RFC 9110, 5.1: a token.
HeaderName = Annotated[str, Field(pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")]
# RFC 9110, 5.5, without what HTTP libraries do not send: printable ASCII on one line.
HeaderValue = Annotated[str, Field(strict=True, pattern=r"^([!-~]([ -~]*[!-~])?)?$")]
