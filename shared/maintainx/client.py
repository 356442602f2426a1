"""The MaintainX REST API v1, as far as the bundle needs it: all of `shared.maintainx.operations`."""

from __future__ import annotations

from shared.maintainx.api.assets import AssetCalls
from shared.maintainx.api.directory import DirectoryCalls
from shared.maintainx.api.meters import MeterCalls
from shared.maintainx.api.subscriptions import SubscriptionCalls
from shared.maintainx.api.work_orders import WorkOrderCalls

BASE_URL = "https://api.getmaintainx.com/v1"


class MaintainXClient(WorkOrderCalls, AssetCalls, MeterCalls, DirectoryCalls, SubscriptionCalls):
    """Speaks for one organization. Thread-safe; build it once and keep it.

    api_key, refresh_key: give the key as known, and as it is now past every cache (asked for once after a 401).
    gate: what keeps the rate limit (None: a Pacer, for a process that is alone); max_wait_s: how long a call may wait
    for it before it raises RateLimited. reading_limits: keep the limits of meter readings too (None: nobody does).
    All methods may raise NetworkFailed, ServerFailed, RateLimited (transient), AuthenticationFailed, PermissionDenied,
    RecordNotFound, ValidationFailed and RemoteRejected (permanent); creations OutcomeUnknown too.
    """
