"""Query parameters of the operations that are simulated, and their strict validation.

Unknown names, values outside an enumeration and numbers out of range are refused as MaintainX refuses them (measured).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from local.maintainx.problems import detailed, plain
from shared.errors import MalformedEvent
from shared.events import format_utc, parse_utc

MAX_LIMIT = 200
DEFAULT_LIMIT = 100
RESERVED = ("cursor", "limit", "sort", "expand")  # a custom field of such a label is asked for as `<label>__c`
_TRUE = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


@dataclass(frozen=True, slots=True)
class Param:
    """One parameter. kind: int, bool, text, moment, limit, or choice (of `choices`). many: may be repeated."""

    kind: str
    many: bool = False
    choices: tuple[str, ...] = ()


Spec = Mapping[str, Param]


def parse(spec: Spec, items: Iterable[tuple[str, str]], labels: Collection[str] = ()) -> dict[str, Any]:
    """Validated values by parameter name: lists where the parameter may be repeated.

    `labels`: custom fields that may be filtered by; their values are lists of text under "custom:<label>".
    """
    parsed: dict[str, Any] = {}
    for name, text in items:
        param = spec.get(name)
        if param is None:
            label = name[:-3] if name.endswith("__c") and name[:-3] in RESERVED else name
            if label not in labels:
                raise plain(400, f"'{name}' is not a valid query parameter")
            parsed.setdefault(f"custom:{label}", []).append(text)
        elif param.many:
            parsed.setdefault(name, []).append(_value(name, param, text))
        elif name in parsed:
            raise plain(400, f"'{name}' must not be repeated")
        else:
            parsed[name] = _value(name, param, text)
    return parsed


def _value(name: str, param: Param, text: str) -> Any:
    match param.kind:
        case "choice":
            if text not in param.choices:
                raise plain(400, f"'{text}' is not a member of {','.join(param.choices)}")
            return text
        case "int":
            return _integer(text)
        case "limit":
            limit = _integer(text)
            if limit > MAX_LIMIT:
                raise detailed(400, f"must be <= {MAX_LIMIT}", name, limit)
            if limit < 1:
                raise detailed(400, "must be >= 1", name, limit)
            return limit
        case "bool":
            if text not in _TRUE:
                raise plain(400, f"'{text}' is not a valid boolean")
            return _TRUE[text]
        case "moment":
            try:
                return format_utc(parse_utc(text))
            except MalformedEvent as error:
                raise plain(400, f"'{text}' is not a valid date-time") from error
    return text


def _integer(text: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise plain(400, f"'{text}' is not a valid integer") from error


def _choice(*choices: str) -> Param:
    return Param("choice", choices=choices)


def _choices(*choices: str) -> Param:
    return Param("choice", many=True, choices=choices)


def _sort(*names: str) -> Param:
    return _choice(*names, *(f"-{name}" for name in names))


_INTS = Param("int", many=True)
_TEXTS = Param("text", many=True)
_MOMENT = Param("moment")
SKIP_WEBHOOK = {"skipWebhook": Param("bool")}
PAGE = {"cursor": Param("text"), "limit": Param("limit")}
_DATES = {f"{field}[{bound}]": _MOMENT for field in ("updatedAt", "createdAt") for bound in ("gte", "lte")}

_DETAIL_EXPAND = (
    "assignees",
    "asset",
    "estimated_time",
    "location",
    "parts",
    "times",
    "time_items",
    "expenditures",
    "extra_fields",
)
_EXTRA_FIELD_EXPAND = ("part_extra_fields", "asset_extra_fields", "location_extra_fields")

WORK_ORDERS: Spec = {
    **PAGE,
    **_DATES,
    "title": Param("text"),
    **dict.fromkeys(("assets", "notAssets", "locations", "notLocations", "parts", "notParts"), _INTS),
    **dict.fromkeys(("vendors", "notVendors", "assignees", "teams"), _INTS),
    "categories": _TEXTS,
    "notCategories": _TEXTS,
    "priorities": _choices("NONE", "LOW", "MEDIUM", "HIGH"),
    "statuses": _choices("OPEN", "IN_PROGRESS", "ON_HOLD", "DONE", "CANCELED", "SKIPPED"),
    "partStatuses": _choices("NO_PARTS", "ASSIGNED", "RESERVED", "KITTED", "STAGED", "ISSUED"),
    "parentSubWorkOrderTypes": _choices("PARENT", "SUB_WORK_ORDER", "STANDALONE"),
    "show_upcoming": Param("bool"),
    "sort": _sort("updatedAt", "createdAt", "dueDate", "startedAt", "completedAt"),
    "expand": _choices(
        *_DETAIL_EXPAND, *_EXTRA_FIELD_EXPAND, "thumbnail", "categories", "procedure", "vendor_ids", "team_ids"
    ),
}
WORK_ORDER: Spec = {"expand": _choices(*_DETAIL_EXPAND, *_EXTRA_FIELD_EXPAND), "useSequentialId": Param("bool")}
WORK_ORDER_PATCH: Spec = {"expand": _choices(*_DETAIL_EXPAND), **SKIP_WEBHOOK}
ASSETS: Spec = {
    **PAGE,
    **_DATES,
    "locationId": Param("int"),
    "manufacturer": _TEXTS,
    "model": _TEXTS,
    "sort": _sort("id", "createdAt", "updatedAt"),
    "expand": _choices(
        "barcode",
        "team_ids",
        "asset_types",
        "extra_fields",
        "vendor_ids",
        "depreciation",
        "status",
        "manufacturer",
        "model",
    ),
}
ASSET_STATUSES: Spec = {**PAGE, "assetId": _INTS, "sort": _sort("createdAt", "updatedAt", "startedAt", "endedAt")}
LOCATIONS: Spec = {
    **PAGE,
    "name": Param("text"),
    "expand": _choices("extra_fields", "team_ids", "vendor_ids", "barcode"),
}
USERS: Spec = {
    **PAGE,
    "onlyAssignable": Param("bool"),
    "email": _TEXTS,
    "expand": _choices("role", "extra_fields"),
}
PARTS: Spec = {
    **PAGE,
    **_DATES,
    "partNumber": _TEXTS,
    "sort": _sort("id", "createdAt", "updatedAt"),
    "expand": _choices("extra_fields", "vendors"),
}
WORK_REQUEST: Spec = {"expand": _choices("asset", "location", "work_order", "extra_fields")}
WORK_REQUESTS: Spec = {
    **PAGE,
    **WORK_REQUEST,
    "title": Param("text"),
    **dict.fromkeys(("assets", "locations"), _INTS),
    "priorities": WORK_ORDERS["priorities"],
    "statuses": _choices("PENDING", "REJECTED", "APPROVED", "DONE"),
}
METER: Spec = {"expand": _choices("asset", "location", "last_reading")}
METERS: Spec = {
    **PAGE,
    **METER,
    "measurementType": _choice("MANUAL", "IOT_DEVICE", "AUTOMATED_SENSOR"),
    "assets": _INTS,
}
METER_TRIGGER: Spec = {"expand": _choices("work_order_template")}
METER_TRIGGERS: Spec = {**PAGE, "meters": _INTS}
_REPORT_EXPAND = ("main_asset", "main_asset_status", "problems")
REPORT: Spec = {"expand": _choices(*_REPORT_EXPAND, "work_orders")}
REPORTS: Spec = {
    **PAGE,
    **dict.fromkeys(("assets", "creators"), _INTS),
    "statuses": _choices("DONE", "DRAFT"),
    "archived": Param("bool"),
    "createdAfter": _MOMENT,
    "createdBefore": _MOMENT,
    "expand": _choices(*_REPORT_EXPAND),
}
NOTHING: Spec = {}
