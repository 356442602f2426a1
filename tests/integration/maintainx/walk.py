"""A walk through every operation that the simulator has; Contract judges each answer on the way."""

from __future__ import annotations

from tests.integration.maintainx.contract import Contract
from tests.integration.maintainx.plant import FAN, LOCATION, OTHER_USER, PUMP, REPORT, TEAM, USER


def walk(call: Contract) -> None:
    """Every operation, well used and badly used."""
    for part in PARTS:
        part(call)


def work_orders(call: Contract) -> None:
    order = call(
        "POST",
        "/workorders",
        {
            "title": "Replace seal",
            "description": "Leak at drive end",
            "priority": "HIGH",
            "assetId": PUMP,
            "locationId": LOCATION,
            "assignees": [{"type": "USER", "id": "tech@example.com"}, {"type": "TEAM", "id": TEAM}],
            "categories": ["Mechanical"],
            "dueDate": "2030-09-16T16:00:00.000Z",
            "estimatedTime": 5400,
            "externalData": {"erp": "acme", "orderNo": "PM-10023"},
            "extraFields": {"Cost Center": "4100"},
        },
        expect=200,
    )["id"]
    call("POST", "/workorders", {"title": "Check belt"}, expect=200)
    every_expand = [
        *("thumbnail", "assignees", "categories", "parts", "asset", "location", "procedure", "vendor_ids", "times"),
        *("time_items", "expenditures", "extra_fields", "part_extra_fields", "asset_extra_fields"),
        *("location_extra_fields", "estimated_time"),
    ]
    page = call("GET", "/workorders", query={"limit": 1, "expand": every_expand}, expect=200)
    call("GET", "/workorders", query={"cursor": page["nextCursor"], "expand": every_expand}, expect=200)
    call("GET", "/workorders", query={"status": "OPEN"}, expect=400)
    call("GET", "/workorders", query={"limit": 250}, expect=400)
    call("GET", "/workorders/{id}", query={"expand": ["assignees", "asset", "estimated_time"]}, id=order, expect=200)
    call("GET", "/workorders/{id}", query={"useSequentialId": "true"}, id=1, expect=200)
    call("GET", "/workorders/{id}", id=1, expect=404)
    assignees = [{"type": "USER", "id": OTHER_USER}]
    change = {"title": "Replace both seals", "assignees": assignees, "categories": ["Mechanical", "Safety"]}
    call("PATCH", "/workorders/{id}", change, id=order, expect=200)
    call("PATCH", "/workorders/{id}", {"assignees": [{"id": 1}]}, id=order, expect=400)
    for status in ("IN_PROGRESS", "ON_HOLD", "DONE", "OPEN", "CANCELED"):
        call("PATCH", "/workorders/{id}/status", {"status": status}, id=order, expect=200)
    call("PATCH", "/workorders/{id}/status", {"status": "SKIPPED"}, id=order, expect=400)
    call("PATCH", "/workorders/{id}/partStatus", {"partStatus": "KITTED"}, id=order, expect=200)
    call("POST", "/workorders/{id}/comments", {"content": "Fini – café ☕"}, id=order, expect=201)
    call("POST", "/workorders/{id}/comments", {}, id=order, expect=400)
    call("GET", "/workorders/{id}/comments", id=order, expect=200)
    call("DELETE", "/workorders/{id}", id=order, expect=204)
    call("DELETE", "/workorders/{id}", id=order, expect=404)


def assets(call: Contract) -> None:
    asset = call("POST", "/assets", {"name": "Conveyor", "model": {"name": "C-9"}}, expect=201)["id"]
    expand = ["barcode", "team_ids", "asset_types", "extra_fields", "vendor_ids", "status", "manufacturer", "model"]
    call("GET", "/assets", query={"expand": expand}, expect=200)
    call("GET", "/assets", query={"ERP": "10001"}, expect=200)
    call("GET", "/assets", query={"Nonsense": "1"}, expect=400)
    call("GET", "/assets/{id}", id=PUMP, expect=200)
    call("PATCH", "/assets/{id}", {"serialNumber": "C-1"}, id=asset, expect=200)
    offline = {"status": "OFFLINE", "downtimeType": "UNPLANNED", "description": "Jam"}
    made = call("POST", "/assets/{assetId}/status", offline, assetId=asset, expect=201)["assetStatus"]["id"]
    call("POST", "/assets/{assetId}/status", {"status": "BROKEN"}, assetId=asset, expect=400)
    call("GET", "/assetstatuses", query={"assetId": [asset, FAN], "sort": "startedAt"}, expect=200)
    call("PATCH", "/assetstatuses/{id}", {"downtimeType": "PLANNED"}, id=made, expect=200)
    call("GET", "/assetcustomstatuses", expect=200)
    call("DELETE", "/assets/{id}", id=asset, expect=204)


def subscriptions(call: Contract) -> None:
    target = {"type": "NEW_WORK_ORDER", "url": "http://127.0.0.1:9/x"}
    subscription = call("POST", "/subscriptions", target, expect=201)["id"]
    call("POST", "/subscriptions", {"type": "NO_SUCH_TYPE", "url": "http://127.0.0.1:9/x"}, expect=400)
    call("GET", "/subscriptions/{id}", id=subscription, expect=200)
    call("PATCH", "/subscriptions/{id}", {"type": "NEW_ASSET"}, id=subscription, expect=200)
    call("GET", "/subscriptions/{id}/secret", id=subscription, expect=200)
    call("DELETE", "/subscriptions/{id}", id=subscription, expect=204)
    call("GET", "/subscriptions/{id}", id=subscription, expect=404)


def directory(call: Contract) -> None:
    for path in ("/organizations", "/teams", "/categories", "/versions"):
        call("GET", path, expect=200)
    call("GET", "/locations", query={"expand": ["extra_fields", "team_ids"], "Cost Center": "4100"}, expect=200)
    call("GET", "/users", query={"expand": ["role"]}, expect=200)
    call("GET", "/users/{id}", id=USER, expect=200)
    call("GET", "/users/{id}", id=1, expect=404)
    call("GET", "/teams/{id}", id=TEAM, expect=200)
    hall = {"name": "Hall 2", "address": "1 Mill Road", "parentId": LOCATION, "extraFields": {"Cost Center": "4200"}}
    made = call("POST", "/locations", hall, expect=200)["id"]
    call("POST", "/locations", {"name": "x", "parentId": 1}, expect=400)
    call("GET", "/locations/{id}", id=made, expect=200)
    call("PATCH", "/locations/{id}", {"description": "New"}, id=made, expect=200)
    call("DELETE", "/locations/{id}", id=made, expect=204)
    call("GET", "/locations/{id}", id=made, expect=404)
    made = call("POST", "/categories", {"label": "Hydraulics"}, expect=201)["id"]
    call("POST", "/categories", {}, expect=400)
    call("PATCH", "/categories/{id}", {"description": "Oil under pressure"}, id=made, expect=200)
    call("GET", "/categories/{id}", id=made, expect=200)
    call("DELETE", "/categories/{id}", id=made, expect=204)


def parts(call: Contract) -> None:
    seal = {
        "name": "Seal",
        "unitCost": 1250,
        "locations": [{"locationId": LOCATION, "availableQuantity": 4, "minimumQuantity": 1}],
        "vendors": [{"vendorId": 3, "partNumber": "S-1"}],
        "extraFields": {"ERP": "20001"},
    }
    made = call("POST", "/parts", seal, expect=201)["id"]
    call("POST", "/parts", {"name": "Bolt", "availableQuantity": "many"}, expect=400)
    call("GET", "/parts", query={"expand": ["extra_fields", "vendors"], "partNumber": "S-1"}, expect=200)
    call("GET", "/parts", query={"ERP": "20001", "updatedAt[gte]": "2020-01-01T00:00:00Z"}, expect=200)
    stock = {"addedUpdated": [{"locationId": LOCATION, "availableQuantity": 9}]}
    call("PATCH", "/parts/{id}", {"area": "B-2", "locations": stock}, id=made, expect=200)
    call("GET", "/parts/{id}", id=made, expect=200)
    used = {"title": "Fit seal", "partsUsed": [{"partId": made, "quantityUsed": 2}]}
    order = call("POST", "/workorders", used, expect=200)["id"]
    call("GET", "/workorders", query={"parts": [made], "expand": ["parts"]}, expect=200)
    expense = {"type": "EXPENSE", "costType": "TRAVEL", "costPerUnit": 6500, "description": "Courier"}
    call("POST", "/workorders/{id}/costs", expense, id=order, expect=201)
    work = {"type": "TIME", "costType": "WORK", "durationTotal": 5400, "hourlyRate": 4500}
    call("POST", "/workorders/{id}/costs", work, id=order, expect=201)
    call("POST", "/workorders/{id}/costs", {**work, "costType": "TRAVEL"}, id=order, expect=400)
    call("GET", "/workorders/{id}/costs", id=order, expect=200)
    expand = ["parts", "times", "time_items", "expenditures"]
    call("GET", "/workorders/{id}", query={"expand": expand}, id=order, expect=200)
    call("DELETE", "/parts/{id}", id=made, expect=204)


def work_requests(call: Contract) -> None:
    noise = {"title": "Noise", "priority": "HIGH", "assetId": PUMP, "locationId": LOCATION, "approverTeamId": TEAM}
    made = call("POST", "/workrequests", {**noise, "creatorContactInfo": "op@example.com"}, expect=200)["id"]
    call("POST", "/workrequests", {"title": "x", "priority": "URGENT"}, expect=400)
    call("PATCH", "/workrequests/{id}", {"description": "In the gearbox"}, id=made, expect=200)
    expand = ["asset", "location", "work_order", "extra_fields"]
    call("GET", "/workrequests/{id}", query={"expand": expand}, id=made, expect=200)
    order = call("POST", "/workorders", {"title": "Look at noise", "workRequestId": made}, expect=200)["id"]
    call("POST", "/workorders", {"title": "Again", "workRequestId": made}, expect=400)
    call("PATCH", "/workorders/{id}/status", {"status": "DONE"}, id=order, expect=200)
    call("GET", "/workrequests", query={"statuses": ["DONE"], "assets": [PUMP], "expand": expand}, expect=200)
    call("DELETE", "/workrequests/{id}", id=made, expect=204)


def meters(call: Contract) -> None:
    hours = {"name": "Hours", "unit": "h", "assetId": PUMP, "measurementType": "AUTOMATED_SENSOR"}
    meter = call("POST", "/meters", hours, expect=201)["id"]
    call("POST", "/meters", {"name": "x"}, expect=400)
    by_hand = call("POST", "/meters", {"name": "Oil level", "unit": "mm", "locationId": LOCATION}, expect=201)["id"]
    call("PATCH", "/meters/{id}", {"description": "From the PLC"}, id=meter, expect=200)
    hot = {"meterId": meter, "name": "Service due", "amount": 100, "condition": "IS_GREATER"}
    trigger = call("POST", "/metertriggers", {"meterTrigger": hot}, expect=201)["id"]
    call("POST", "/metertriggers", {"meterTrigger": {**hot, "condition": "IS_ODD"}}, expect=400)
    call("GET", "/metertriggers", query={"meters": [meter]}, expect=200)
    points = {"dataPoints": {"numerator": 1, "denominator": 2}, "period": 3600}
    call("PATCH", "/metertriggers/{id}", {"meterTrigger": points}, id=trigger, expect=204)
    readings = [{"meterId": meter, "value": 50.5}, {"meterId": meter, "value": 101}, {"meterId": by_hand, "value": 3}]
    call("POST", "/meterreadings", readings, expect=201)
    call("POST", "/meterreadings", [{"meterId": meter, "value": "hot"}], expect=400)
    call("POST", "/meterreadings", [{"meterId": 1, "value": 1}], expect=404)
    call("POST", "/meters/{meterId}/readings", {"readingValue": 4}, meterId=by_hand, expect=201)
    call("GET", "/metertriggers/{id}", query={"expand": ["work_order_template"]}, id=trigger, expect=200)
    expand = ["asset", "location", "last_reading"]
    call("GET", "/meters", query={"expand": expand, "measurementType": "MANUAL"}, expect=200)
    call("GET", "/meters/{id}", query={"expand": expand}, id=meter, expect=200)
    call("DELETE", "/metertriggers/{id}", id=trigger, expect=204)
    call("DELETE", "/meters/{id}", id=by_hand, expect=204)


def reports(call: Contract) -> None:
    expand = ["main_asset", "main_asset_status", "problems"]
    page = call("GET", "/rootcauseanalysisreports", query={"expand": expand, "statuses": ["DONE"]}, expect=200)
    assert [row["incidentDuration"] for row in page["rootCauseAnalysisReports"]] == [5400]
    query = {"expand": [*expand, "work_orders"]}
    call("GET", "/rootcauseanalysisreports/{id}", query=query, id=REPORT, expect=200)
    call("GET", "/rootcauseanalysisreports/{id}", id=1, expect=404)


PARTS = (work_orders, assets, parts, work_requests, meters, reports, directory, subscriptions)
