"""Every operation of the MaintainX API that the bundle uses, as data: nothing else is ever sent.

Envelopes and their irregular names (`subscription`, but no envelope around the answer to its creation) are those of the
vendor's OpenAPI document.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, Literal

from shared.maintainx import models
from shared.maintainx.models import M

Method = Literal["GET", "POST", "PATCH", "DELETE"]


@dataclass(frozen=True, slots=True)
class Operation(Generic[M]):
    """One operation. path: as in the vendor's document. model: of the answer, or of each row; Value if there is none.

    envelope: the key of the answer that holds the record or the rows; "" if the answer is the record itself.
    """

    method: Method
    path: str
    model: type[M]
    envelope: str = ""


LIST_WORK_ORDERS = Operation("GET", "/workorders", models.WorkOrder, "workOrders")
GET_WORK_ORDER = Operation("GET", "/workorders/{id}", models.WorkOrder, "workOrder")
CREATE_WORK_ORDER = Operation("POST", "/workorders", models.Created)
CHANGE_WORK_ORDER = Operation("PATCH", "/workorders/{id}", models.WorkOrder, "workOrder")
SET_WORK_ORDER_STATUS = Operation("PATCH", "/workorders/{id}/status", models.WorkOrder, "workOrder")
LIST_COMMENTS = Operation("GET", "/workorders/{id}/comments", models.Comment, "comments")
ADD_COMMENT = Operation("POST", "/workorders/{id}/comments", models.Created)
GET_COSTS = Operation("GET", "/workorders/{id}/costs", models.Costs, "costs")
ADD_COST = Operation("POST", "/workorders/{id}/costs", models.CostRow)

LIST_WORK_REQUESTS = Operation("GET", "/workrequests", models.WorkRequest, "workRequests")
GET_WORK_REQUEST = Operation("GET", "/workrequests/{id}", models.WorkRequest, "workRequest")
CREATE_WORK_REQUEST = Operation("POST", "/workrequests", models.Created)
CHANGE_WORK_REQUEST = Operation("PATCH", "/workrequests/{id}", models.WorkRequest, "workRequest")

LIST_ASSETS = Operation("GET", "/assets", models.Asset, "assets")
GET_ASSET = Operation("GET", "/assets/{id}", models.Asset, "asset")
SET_ASSET_STATUS = Operation("POST", "/assets/{assetId}/status", models.AssetStatus, "assetStatus")
LIST_ASSET_STATUSES = Operation("GET", "/assetstatuses", models.AssetStatus, "assetStatuses")
CHANGE_ASSET_STATUS = Operation("PATCH", "/assetstatuses/{id}", models.AssetStatus, "assetStatus")
LIST_ROOT_CAUSE_REPORTS = Operation(
    "GET", "/rootcauseanalysisreports", models.RootCauseReport, "rootCauseAnalysisReports"
)
GET_ROOT_CAUSE_REPORT = Operation(
    "GET", "/rootcauseanalysisreports/{id}", models.RootCauseReport, "rootCauseAnalysisReport"
)

LIST_METERS = Operation("GET", "/meters", models.Meter, "meters")
GET_METER = Operation("GET", "/meters/{id}", models.Meter, "meter")
ADD_METER_READINGS = Operation("POST", "/meterreadings", models.MeterReading)
LIST_METER_TRIGGERS = Operation("GET", "/metertriggers", models.MeterTrigger, "meterTriggers")
GET_METER_TRIGGER = Operation("GET", "/metertriggers/{id}", models.MeterTrigger, "meterTrigger")
CREATE_METER_TRIGGER = Operation("POST", "/metertriggers", models.Created)
CHANGE_METER_TRIGGER = Operation("PATCH", "/metertriggers/{id}", models.Value)
DELETE_METER_TRIGGER = Operation("DELETE", "/metertriggers/{id}", models.Value)

LIST_ORGANIZATIONS = Operation("GET", "/organizations", models.Organization, "organizations")
LIST_LOCATIONS = Operation("GET", "/locations", models.Location, "locations")
GET_LOCATION = Operation("GET", "/locations/{id}", models.Location, "location")
LIST_USERS = Operation("GET", "/users", models.User, "users")
GET_USER = Operation("GET", "/users/{id}", models.User, "user")
LIST_TEAMS = Operation("GET", "/teams", models.Team, "teams")
GET_TEAM = Operation("GET", "/teams/{id}", models.Team, "team")
LIST_CATEGORIES = Operation("GET", "/categories", models.Category, "categories")
GET_CATEGORY = Operation("GET", "/categories/{id}", models.Category, "category")
LIST_PARTS = Operation("GET", "/parts", models.Part, "parts")
GET_PART = Operation("GET", "/parts/{id}", models.Part, "part")

CREATE_SUBSCRIPTION = Operation("POST", "/subscriptions", models.Subscription)
GET_SUBSCRIPTION = Operation("GET", "/subscriptions/{id}", models.Subscription, "subscription")
CHANGE_SUBSCRIPTION = Operation("PATCH", "/subscriptions/{id}", models.Subscription, "subscription")
DELETE_SUBSCRIPTION = Operation("DELETE", "/subscriptions/{id}", models.Value)
GET_SUBSCRIPTION_SECRET = Operation("GET", "/subscriptions/{id}/secret", models.SubscriptionSecret)

OPERATIONS: dict[str, Operation[models.Value]] = {
    name: value for name, value in sorted(globals().items()) if isinstance(value, Operation)
}
"""All of the above by their names."""
