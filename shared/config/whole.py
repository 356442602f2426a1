"""All configuration together, read once and checked across its files."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from shared.config.erp import ErpConfig
from shared.config.loading import Location, config_folder, load_model, locate
from shared.config.mappings import MappingFile
from shared.config.messages import did_you_mean
from shared.config.routes import Route, RoutesFile
from shared.config.shared_erps import shared_erps
from shared.config.sites import SiteConfig, SitesFile
from shared.erp.agreement import disagreements
from shared.erp.descriptions import description_of, reference_field_of
from shared.errors import ConfigError, UnknownSite
from shared.maintainx.webhooks import WEBHOOK_TYPES


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
    faults = locate(
        folder / "sites.yaml", chain(_faults_of_sites(sites, set(mappings)), shared_erps(sites.sites, mappings))
    )
    faults += locate(folder / "routes.yaml", _faults_of_routes(routes, {site.id for site in sites.sites}))
    for name, mapping in mappings.items():
        faults += locate(folder / "mappings" / f"{name}.yaml", _faults_of_mapping(name, mapping, sites.sites))
    if faults:
        raise ConfigError("\n".join(faults))
    return Config(
        public_url=sites.public_url,
        sites={site.id: site for site in sites.sites},
        routes=tuple(routes.routes),
        mappings=mappings,
    )


def _faults_of_sites(file: SitesFile, mappings: set[str]) -> Iterator[tuple[Location, str]]:
    for number, site in enumerate(file.sites):
        if site.erp is not None and site.erp.mapping not in mappings:
            meant = did_you_mean(site.erp.mapping, mappings)
            yield ("sites", number, "erp", "mapping"), f"there is no file mappings/{site.erp.mapping}.yaml{meant}"


def _faults_of_mapping(name: str, mapping: MappingFile, sites: Sequence[SiteConfig]) -> Iterator[tuple[Location, str]]:
    """What the ERPs of the sites that use the mapping cannot do, each fault once."""
    sites_of: dict[tuple[Location, str], list[str]] = {}
    for site in sites:
        if site.erp is not None and site.erp.mapping == name:
            faults = disagreements(mapping, description_of(site.erp), reference_field_of(site.erp))
            for fault in chain(faults, _unseen(mapping, site.erp)):
                sites_of.setdefault(fault, []).append(site.id)
    for (where, reason), site_ids in sites_of.items():
        yield where, f"{reason} (ERP of {', '.join(site_ids)})"


def _unseen(mapping: MappingFile, erp: ErpConfig) -> Iterator[tuple[Location, str]]:
    if mapping.on_new_in_erp.action == "create" and not erp.can_ask_what_changed:
        yield ("on_new_in_erp", "action"), "create finds nothing without erp.rest.changed_parameter in sites.yaml"


def _faults_of_routes(file: RoutesFile, site_ids: set[str]) -> Iterator[tuple[Location, str]]:
    known = {*_EVENT_TYPES, *file.other_events}
    known |= {f"{name.partition('.')[0]}.*" for name in known}
    for number, route in enumerate(file.routes):
        where = ("routes", number, "when")
        for position, name in enumerate(route.when.type):
            if name not in known and not _may_become_known(name):
                yield (*where, "type", position), _unknown_event(name, known)
        for position, name in enumerate(route.when.site or []):
            if name not in site_ids:
                yield (*where, "site", position), f"{name!r} is not in sites.yaml{did_you_mean(name, site_ids)}"


def _may_become_known(name: str) -> bool:
    """Whether webhook_ingress would call a webhook type so that MaintainX adds one day."""
    return name.startswith("maintainx.") and name.removeprefix("maintainx.").upper() not in WEBHOOK_TYPES


def _unknown_event(name: str, known: set[str]) -> str:
    hint = did_you_mean(name, known)
    return f"there is no event {name!r}{hint or ';'} What gateways and sensors send must be listed in other_events"


# Besides MaintainX's own: finished work apart from canceled, and what the sync tells people (`shared.sync`).
_OWN_TYPES = ("work_order.completed", "sync.conflict", "sync.brake")
_EVENT_TYPES = frozenset({*_OWN_TYPES, *(spec.event for spec in WEBHOOK_TYPES.values())})


@functools.cache
def get_config() -> Config:
    """The configuration of this process. Raises ConfigError."""
    return load_config(config_folder())
