"""Forms of names and addresses in the configuration files."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from shared.config.addresses import checked_address, checked_path

# A site id becomes part of secret, scheduler and service names: Google Cloud's label rules, short enough to append to.
SiteId = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{1,30}[a-z0-9]$")]
# Secret Manager: letters, digits, - and _, at most 255 characters.
SecretName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,255}$")]
WebhookTypeName = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]{2,60}$")]
HttpUrl = Annotated[str, Field(pattern=r"^https?://[^\s/?#]+[^\s?#]*$"), AfterValidator(checked_address)]
# Appended to a base_url, and no way past it: a client would take `https://...` for the whole address.
BelowBaseUrl = AfterValidator(checked_path)
PathBelow = Annotated[str, Field(pattern=r"^/.*[^/]$"), BelowBaseUrl]
# RFC 9110, 5.1: a token.
HeaderName = Annotated[str, Field(pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")]
# RFC 9110, 5.5, without what HTTP libraries do not send: printable ASCII on one line.
HeaderValue = Annotated[str, Field(strict=True, pattern=r"^([!-~]([ -~]*[!-~])?)?$")]


def ledger_secret(site: str) -> str:
    """The name of the secret in which a site's webhook subscriptions are remembered; sites.yaml does not name it."""
    return f"maintainx-subscriptions-{site}"
