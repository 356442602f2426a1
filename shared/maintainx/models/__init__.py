"""Records of MaintainX as it sends them, one module a family; `base` says how they are read."""

from shared.maintainx.models.assets import Asset, AssetStatus, RootCauseReport
from shared.maintainx.models.base import Created, M, Moment, R, Record, Value
from shared.maintainx.models.directory import Category, Location, Organization, Part, PartStock, PartVendor, Team, User
from shared.maintainx.models.meters import LastReading, Meter, MeterReading, MeterTrigger
from shared.maintainx.models.subscriptions import Subscription, SubscriptionSecret
from shared.maintainx.models.work_orders import (
    AssetReference,
    Assignee,
    Comment,
    CostRow,
    Costs,
    Progress,
    WorkOrder,
    WorkRequest,
)

__all__ = [
    "Asset",
    "AssetReference",
    "AssetStatus",
    "Assignee",
    "Category",
    "Comment",
    "CostRow",
    "Costs",
    "Created",
    "LastReading",
    "Location",
    "M",
    "Meter",
    "MeterReading",
    "MeterTrigger",
    "Moment",
    "Organization",
    "Part",
    "PartStock",
    "PartVendor",
    "Progress",
    "R",
    "Record",
    "RootCauseReport",
    "Subscription",
    "SubscriptionSecret",
    "Team",
    "User",
    "Value",
    "WorkOrder",
    "WorkRequest",
]
