"""/rootcauseanalysisreports: read only, so they are seeded."""

from __future__ import annotations

from local.maintainx import filters, queries
from local.maintainx.call import Answer, Call, Operation
from local.maintainx.store import Organization, Record
from shared.events import parse_utc

_ALWAYS_NAMES = (
    *("id", "status", "mainAssetId", "mainAssetStatusId", "createdAt", "updatedAt", "completedAt"),
    *("incidentStartedAt", "incidentEndedAt", "incidentDuration", "repairTime", "notes", "creatorId", "updaterId"),
    *("archivedAt", "relatedAssetIds", "workOrderIds"),
)
_SHOWN = (*_ALWAYS_NAMES, "organizationId")
# Required by the vendor's schema although they may be null, so never omitted.
_ALWAYS = frozenset(_ALWAYS_NAMES)
EMPTY: Record = {
    **dict.fromkeys(
        (
            *("mainAssetStatusId", "completedAt", "incidentStartedAt", "incidentEndedAt", "incidentDuration"),
            *("repairTime", "notes", "archivedAt"),
        )
    ),
    "status": "DRAFT",
    "relatedAssetIds": [],
    "workOrderIds": [],
    "problems": [],
}


def prepared(organization: Organization, given: Record) -> Record:
    """A seeded report with its organization and, if both its dates are known, the duration in seconds."""
    report: Record = {"organizationId": organization.id, **given}
    started, ended = report.get("incidentStartedAt"), report.get("incidentEndedAt")
    if started and ended and "incidentDuration" not in report:
        report["incidentDuration"] = round((parse_utc(ended) - parse_utc(started)).total_seconds())
    return report


def list_reports(call: Call) -> Answer:
    rows = filters.root_cause_reports(call.organization["rootCauseAnalysisReports"].listed(), call.query)
    page, cursor = call.paged(rows, "-createdAt")
    return call.page("rootCauseAnalysisReports", [_shown(call, row) for row in page], cursor)


def get_report(call: Call) -> Answer:
    record = call.record("rootCauseAnalysisReports", "Not Found.")
    return Answer(200, {"rootCauseAnalysisReport": _shown(call, record)})


def _shown(call: Call, record: Record) -> Record:
    views, organization = call.views(), call.organization
    status = organization["assetStatuses"].get(record["mainAssetStatusId"] or 0)
    orders = (organization["workOrders"].get(order_id) for order_id in record["workOrderIds"])
    expansions = {
        "main_asset": ("mainAsset", views.embedded_asset(record["mainAssetId"])),
        "main_asset_status": ("mainAssetStatus", views.status_interval(status) if status else None),
        "problems": ("problems", record["problems"]),
        "work_orders": ("workOrders", [views.work_order(order, ()) for order in orders if order]),
    }
    return views.picked(record, _SHOWN, _ALWAYS) | dict(expansions[name] for name in call.expand())


OPERATIONS = (
    Operation("GET", "/rootcauseanalysisreports", list_reports, queries.REPORTS),
    Operation("GET", "/rootcauseanalysisreports/{id}", get_report, queries.REPORT),
)
