"""All configuration together, read once and checked across its files."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path

from shared.config.loading import config_folder, load_model
from shared.config.mappings import MappingFile
from shared.config.routes import Route, RoutesFile
from shared.config.sites import SiteConfig, SitesFile
from shared.errors import ConfigError, UnknownSite


@dataclass(frozen=True)
class Config:
    """All configuration, valid in itself and across its files."""

    public_url: str | None
    sites: dict[str, SiteConfig]
    routes: tuple[Route, ...]
    mappings: dict[str, MappingFile]

    def site(self, site_id: str) -> SiteConfig:
        """The site of this id; UnknownSite if there is none."""
        try:
            return self.sites[site_id]
        except KeyError:
            raise UnknownSite(f"site {site_id!r} is not in sites.yaml") from None


def load_config(folder: Path) -> Config:
    """Read and check the configuration in `folder`. Raises ConfigError with file, line, path and reason."""
    sites = load_model(folder / "sites.yaml", SitesFile)
    routes = load_model(folder / "routes.yaml", RoutesFile)
    mappings = {path.stem: load_model(path, MappingFile) for path in sorted((folder / "mappings").glob("*.yaml"))}
    faults = [
        f"{folder / 'sites.yaml'}: site {site.id}: erp.mapping: there is no file mappings/{site.erp.mapping}.yaml"
        for site in sites.sites
        if site.erp is not None and site.erp.mapping not in mappings
    ]
    ids = {site.id for site in sites.sites}
    faults += [
        f"{folder / 'routes.yaml'}: route {route.name!r}: when.site: {name!r} is not in sites.yaml"
        for route in routes.routes
        for name in route.when.site or []
        if name not in ids
    ]
    if faults:
        raise ConfigError("\n".join(faults))
    return Config(
        public_url=sites.public_url,
        sites={site.id: site for site in sites.sites},
        routes=tuple(routes.routes),
        mappings=mappings,
    )


@functools.cache
def get_config() -> Config:
    """The configuration of this process. Raises ConfigError."""
    return load_config(config_folder())
