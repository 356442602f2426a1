"""Is a site all right: probes of MaintainX, of the ERP and of the webhook subscriptions, each on its own.

A probe asks something cheap, as the key of the site. What is behind (backlog, dead letters, age of data) is measured by
monitoring and not asked here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from shared.config.sites import SiteConfig
from shared.erp.base import ErpAdapter
from shared.errors import BridgeError, ConfigError
from shared.maintainx.subscriptions.check import Finding
from shared.maintainx.subscriptions.work import Done, Report

# No record carries it: the ERP has to search, and finds nothing.


class Organizations(Protocol):
    """What is asked of MaintainX."""

    def iter_organizations(self) -> Any: ...


class Watchdog(Protocol):
    """What is asked of a keeper of subscriptions."""

    def verify(self) -> tuple[Finding, ...]: ...

    def is_under_way(self) -> bool: ...

    def run_on(self, *, heal: bool) -> Report: ...


@dataclass(frozen=True, slots=True)
class Parts:
    """Give the adapters of a site by its id; made when asked for, so that one which cannot be made fails its probe."""

    maintainx: Callable[[str], Organizations]
    erp: Callable[[str], ErpAdapter]
    subscriptions: Callable[[str], Watchdog]


@dataclass(frozen=True, slots=True)
class Probe:
    """What one probe found. reason: "" if ok. details: of the probe's own, JSON values."""

    name: str
    ok: bool
    reason: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)


def probe_site(site: SiteConfig, parts: Parts, *, heal: bool = False) -> tuple[Probe, ...]:
    """All probes of a site; one that fails does not hide the others. heal: make again what MaintainX deleted.

    Healing needs a good answer of MaintainX first: a key that sees nothing looks as if everything had been deleted.
    """
    maintainx = _probe("maintainx", lambda: _maintainx(site, parts))
    erp = [_probe("erp", lambda: _erp(site, parts))] if site.erp else []
    return maintainx, *erp, _probe("subscriptions", lambda: _subscriptions(site, parts, heal=heal and maintainx.ok))


def _probe(name: str, ask: Callable[[], Probe]) -> Probe:
    try:
        return ask()
    except BridgeError as error:
        details = {"error_class": type(error).__name__, "transient": error.transient}
        return Probe(name, ok=False, reason=str(error), details=details)


def _maintainx(site: SiteConfig, parts: Parts) -> Probe:
    """Whether the key works and sees the site's organization. One call, unless the key sees hundreds of them."""
    wanted = site.maintainx.organization_id
    if any(row.id == wanted for row in parts.maintainx(site.id).iter_organizations()):
        return Probe("maintainx", ok=True)
    raise ConfigError(f"the API key of site {site.id} does not see organization {wanted}")


def _erp(site: SiteConfig, parts: Parts) -> Probe:
    parts.erp(site.id).probe()
    return Probe("erp", ok=True)


def _subscriptions(site: SiteConfig, parts: Parts, *, heal: bool) -> Probe:
    """What is wrong with the subscriptions, after healing where that is asked for."""
    keeper = parts.subscriptions(site.id)
    found = keeper.verify()
    done: tuple[Done, ...] = ()
    if heal and (found or keeper.is_under_way()):
        done = keeper.run_on(heal=True).done
        found = keeper.verify() if done else found
    details = {
        "findings": [{"type": item.type, "id": item.id, "problem": item.problem} for item in found],
        "done": [{"verb": item.verb, "type": item.type, "id": item.id, "error": item.error} for item in done],
    }
    reason = "; ".join(f"{item.type} {item.id or ''}: {item.problem}" for item in found)
    return Probe("subscriptions", ok=not found, reason=reason, details=details)
