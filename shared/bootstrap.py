"""Wires the real adapters of a process, each made on first use and then kept.

Nothing is made at import: gunicorn forks after loading the function, and gRPC channels and connection pools must not
cross a fork. Imports are local because each function needs only some of the adapters and pays for no others.
"""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING

from shared.config.whole import get_config
from shared.errors import ConfigError
from shared.secrets import secrets

if TYPE_CHECKING:
    from shared.erp.base import ErpAdapter
    from shared.maintainx.client import MaintainXClient
    from shared.state import StateStore
    from shared.sync.outbound import OutboundSync


@functools.cache
def state_store() -> StateStore:
    """The state store on Firestore."""
    from shared.state.firestore import FirestoreStateStore

    return FirestoreStateStore()


@functools.cache
def maintainx_client(site_id: str) -> MaintainXClient:
    """The MaintainX client of a site. UnknownSite if there is none."""
    from shared.maintainx.client import MaintainXClient

    settings = get_config().site(site_id).maintainx
    return MaintainXClient(
        settings.base_url,
        lambda: secrets.get(settings.api_key_secret),
        settings.organization_id,
        refresh_key=lambda: secrets.refresh(settings.api_key_secret),
    )


@functools.cache
def erp_adapter(site_id: str) -> ErpAdapter:
    """The ERP adapter of a site. UnknownSite, or ConfigError if the site has no ERP."""
    from shared.erp.rest import RestErp

    settings = get_config().site(site_id).erp
    if settings is None:
        raise ConfigError(f"site {site_id} has no erp in sites.yaml, but a route sends its events there")
    return RestErp(settings, secrets)


@functools.cache
def outbound_sync(site_id: str) -> OutboundSync:
    """The engine that brings a site's ERP in step with MaintainX. UnknownSite, or ConfigError without an ERP."""
    from shared.pubsub.publisher import publisher
    from shared.sync.outbound import LEASE_S, OutboundSync
    from shared.sync.reader import MaintainXReader

    config = get_config()
    site = config.site(site_id)
    adapter = erp_adapter(site_id)
    assert site.erp is not None  # noqa: S101  # erp_adapter has just refused a site without
    return OutboundSync(
        site=site_id,
        zone=site.zone,
        mapping=config.mappings[site.erp.mapping],
        maintainx=MaintainXReader(maintainx_client(site_id)),
        erp=adapter,
        state=state_store(),
        audit=publisher,
        lease_s=float(os.environ.get("RECORD_LEASE_S", LEASE_S)),
    )
