"""sites.yaml: the plants, what they are called on each side, and the names of their secrets (never the secrets)."""

from __future__ import annotations

from pydantic import Field

from shared.config.erp import ErpConfig
from shared.config.senders import MaintainXConfig, NotifyConfig, RateLimits, SendersFile, SenderSite, SubscriptionConfig

__all__ = ["MaintainXConfig", "NotifyConfig", "RateLimits", "SiteConfig", "SitesFile", "SubscriptionConfig"]


class SiteConfig(SenderSite):
    """One plant: one MaintainX organization, one ERP binding, one time zone."""

    erp: ErpConfig | None = None


class SitesFile(SendersFile):
    """The whole of sites.yaml; see SendersFile."""

    sites: list[SiteConfig] = Field(min_length=1)  # type: ignore[assignment]  # a list of the same, and more in each

    def site(self, site_id: str) -> SiteConfig | None:
        """The site of this id, or None."""
        return next((site for site in self.sites if site.id == site_id), None)
