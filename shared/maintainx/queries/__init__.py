"""Filters of the MaintainX lists as closed types: a query that MaintainX would refuse cannot be written.

MaintainX answers 400 to an unknown parameter or value. Values are checked when a filter is made (pydantic), names by
the type checker as well.
"""

from shared.maintainx.queries.assets import (
    AssetExpand,
    AssetFilter,
    AssetSort,
    AssetStatusFilter,
    AssetStatusSort,
    ReportExpand,
    ReportRowExpand,
    RootCauseReportFilter,
)
from shared.maintainx.queries.directory import (
    LocationExpand,
    LocationFilter,
    MeasurementType,
    MeterExpand,
    MeterFilter,
    MeterTriggerFilter,
    PartExpand,
    PartFilter,
    UserExpand,
    UserFilter,
)
from shared.maintainx.queries.params import MAX_PAGE_SIZE, Filter, Params, expand, flag, page
from shared.maintainx.queries.work_orders import (
    Priority,
    RequestStatus,
    Status,
    WorkOrderExpand,
    WorkOrderFilter,
    WorkOrderRowExpand,
    WorkOrderSort,
    WorkRequestExpand,
    WorkRequestFilter,
    WritableStatus,
)

__all__ = [
    "MAX_PAGE_SIZE",
    "AssetExpand",
    "AssetFilter",
    "AssetSort",
    "AssetStatusFilter",
    "AssetStatusSort",
    "Filter",
    "LocationExpand",
    "LocationFilter",
    "MeasurementType",
    "MeterExpand",
    "MeterFilter",
    "MeterTriggerFilter",
    "Params",
    "PartExpand",
    "PartFilter",
    "Priority",
    "ReportExpand",
    "ReportRowExpand",
    "RequestStatus",
    "RootCauseReportFilter",
    "Status",
    "UserExpand",
    "UserFilter",
    "WorkOrderExpand",
    "WorkOrderFilter",
    "WorkOrderRowExpand",
    "WorkOrderSort",
    "WorkRequestExpand",
    "WorkRequestFilter",
    "WritableStatus",
    "expand",
    "flag",
    "page",
]
