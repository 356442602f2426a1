"""Wires the real adapters of a process, each made on first use and then kept.

Nothing is made at import: gunicorn forks after loading the function, and gRPC channels and connection pools must not
cross a fork. Imports are local because each function needs only some of the adapters and pays for no others.
"""

from __future__ import annotations

import functools
import os
from datetime import timedelta
from typing import TYPE_CHECKING

from shared.config.whole import get_config
from shared.errors import ConfigError
from shared.secret_forms import HEADER
from shared.secrets import secrets

if TYPE_CHECKING:
    from shared.erp.base import ErpAdapter
    from shared.maintainx.client import MaintainXClient
    from shared.maintainx.directory import Directory
    from shared.maintainx.subscriptions.keeper import Keeper
    from shared.maintainx.windows import Limit
    from shared.notify.names import Names
    from shared.state import StateStore
    from shared.state.budget import BudgetStore
    from shared.sync.catch_up import CatchUp
    from shared.sync.engine import SyncEngine
    from shared.sync.pull import Pull


@functools.cache
def state_store() -> StateStore:
    """The state store on Firestore, in the database $FIRESTORE_DATABASE."""
    from shared.state.firestore import FirestoreStateStore

    return FirestoreStateStore(database=os.environ.get("FIRESTORE_DATABASE", "(default)"))


@functools.cache
def rate_budgets() -> BudgetStore:
    """The store of rate budgets on Firestore, in the database $FIRESTORE_DATABASE."""
    from shared.state.budget_firestore import FirestoreBudgets

    return FirestoreBudgets(database=os.environ.get("FIRESTORE_DATABASE", "(default)"))


@functools.cache
def maintainx_client(site_id: str, *, max_wait_s: float = 20.0) -> MaintainXClient:
    """The MaintainX client of a site, inside the rate limit that all instances share. UnknownSite if there is none.

    max_wait_s: how long a call may wait for the limit before it raises RateLimited.
    MAINTAINX_RATE_WINDOW_S: length of MaintainX's rate window, 60 unless its sandbox is faster.
    """
    from shared.maintainx.budget import SharedGate, limits_of
    from shared.maintainx.client import MaintainXClient
    from shared.maintainx.readings import reading_limits

    settings = get_config().site(site_id).maintainx
    window_s = float(os.environ.get("MAINTAINX_RATE_WINDOW_S", "60"))

    def read_key() -> str:
        return secrets.get(settings.api_key_secret, HEADER)

    def limits() -> tuple[Limit, Limit]:
        caps = settings.rate_limits
        return limits_of(
            read_key(), settings.organization_id, window_s, user_cap=caps.user, organization_cap=caps.organization
        )

    return MaintainXClient(
        settings.base_url,
        read_key,
        settings.organization_id,
        refresh_key=lambda: secrets.refresh(settings.api_key_secret, HEADER),
        gate=SharedGate(rate_budgets(), limits, max_wait_s=max_wait_s),
        reading_limits=reading_limits(rate_budgets(), read_key, max_wait_s=max_wait_s),
    )


@functools.cache
def maintainx_directory(site_id: str) -> Directory:
    """Cached reads of what a site's records refer to. UnknownSite if there is none."""
    from shared.maintainx.cache import ReadCache
    from shared.maintainx.directory import LIFETIMES, Directory

    return Directory(maintainx_client(site_id), ReadCache(LIFETIMES, labels={"site": site_id}))


@functools.cache
def asset_names() -> Names:
    """What assets and their places are called, for notifications."""
    from shared.notify.names import Names

    return Names(maintainx_directory)


def subscription_keeper(site_id: str, *, settle: timedelta | None = None, grace: timedelta | None = None) -> Keeper:
    """The keeper of a site's webhook subscriptions; a new one each time. UnknownSite or ConfigError."""
    from shared.maintainx.subscriptions.keeper import GRACE, SETTLE, Keeper
    from shared.maintainx.subscriptions.receiver import HttpReceiver
    from shared.secret_versions import secret_versions_from_environment

    config = get_config()
    return Keeper(
        config.site(site_id),
        config.public_url,
        maintainx=maintainx_client(site_id),
        receiver=HttpReceiver(),
        state=state_store(),
        versions=secret_versions_from_environment(),
        settle=SETTLE if settle is None else settle,
        grace=GRACE if grace is None else grace,
    )


@functools.cache
def erp_adapter(site_id: str) -> ErpAdapter:
    """The ERP adapter of a site. UnknownSite, or ConfigError if the site has no ERP."""
    from shared.erp.adapters import make_adapter

    settings = get_config().site(site_id).erp
    if settings is None:
        raise ConfigError(f"site {site_id} has no erp in sites.yaml, but a route sends its events there")
    return make_adapter(settings, secrets)


@functools.cache
def guarded_erp(site_id: str) -> ErpAdapter:
    """The ERP adapter of a site behind the process's breaker for it. UnknownSite, or ConfigError without an ERP.

    ERP_BREAKER_PAUSE_S: its first pause. Probes use `erp_adapter`: they shall tell how the ERP is, not what we think.
    """
    from shared.breaker import PAUSE_S, Breaker
    from shared.erp.guarded import GuardedErp

    pause_s = float(os.environ.get("ERP_BREAKER_PAUSE_S", PAUSE_S))
    return GuardedErp(erp_adapter(site_id), Breaker(f"erp of site {site_id}", pause_s=pause_s), site_id)


@functools.cache
def sync_engine(site_id: str) -> SyncEngine:
    """What keeps a site's work orders and ERP records in step. UnknownSite, or ConfigError without an ERP."""
    from shared.pubsub.publisher import publisher
    from shared.sync.engine import SyncEngine
    from shared.sync.maintainx_side import MaintainXSide
    from shared.sync.parts import LEASE_S

    config = get_config()
    site = config.site(site_id)
    adapter = guarded_erp(site_id)
    assert site.erp is not None  # noqa: S101  # guarded_erp has just refused a site without
    mapping = config.mappings[site.erp.mapping].counted_by(adapter.description.lengths)
    return SyncEngine(
        site=site_id,
        zone=site.zone,
        mapping=mapping,
        maintainx=MaintainXSide(maintainx_client(site_id), mapping.maintainx_paths),
        erp=adapter,
        state=state_store(),
        publisher=publisher,
        clock=state_store().now,
        lease_s=float(os.environ.get("RECORD_LEASE_S", LEASE_S)),
    )


@functools.cache
def erp_pull(site_id: str) -> Pull:
    """What finds a site's changes in its ERP. UnknownSite, or ConfigError without an ERP."""
    from shared.pubsub.publisher import publisher
    from shared.sync.pull import Pull

    config = get_config()
    adapter = guarded_erp(site_id)
    settings = config.site(site_id).erp
    assert settings is not None  # noqa: S101  # guarded_erp has just refused a site without
    return Pull(site_id, config.mappings[settings.mapping], adapter, state_store(), publisher)


@functools.cache
def catch_up(site_id: str) -> CatchUp:
    """What finds a site's changes in MaintainX of which no webhook told. UnknownSite if there is none."""
    from shared.pubsub.publisher import publisher
    from shared.sync.catch_up import CatchUp
    from shared.warehouse.archive import EventArchive
    from shared.warehouse.gateway import warehouse_from_environment

    return CatchUp(
        site_id,
        has_erp=get_config().site(site_id).erp is not None,
        source=maintainx_client(site_id, max_wait_s=70.0),  # longer than MaintainX's rate window
        state=state_store(),
        archive=EventArchive(warehouse_from_environment()),
        publisher=publisher,
    )
