"""What a newer document breaks: each used thing taken from a copy of the vendor's document is named, others are not."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from ops.contract import app
from shared.maintainx.contract import Change, compare, dumps, loads, shipped, summarise
from tests.examples import examples
from tests.reference import maintainx_document

Document = dict[str, Any]
Edit = Callable[[Document], None]


@pytest.fixture(scope="module")
def document() -> Document:
    return maintainx_document()


def test_shipped_summary_is_what_the_document_gives(document: Document) -> None:
    assert summarise(document) == shipped(), "print it anew: python -m ops contract summary DOCUMENT"


def test_document_as_it_is_breaks_nothing(document: Document, tmp_path: Path) -> None:
    assert run(tmp_path, document) == (0, {"breaks": 0, "changes": []})


def operation(document: Document, method: str, path: str) -> Any:
    return document["paths"][path][method]


def answer(document: Document, method: str, path: str) -> Any:
    responses = operation(document, method, path)["responses"]
    return next(responses[code] for code in responses if code.startswith("2"))["content"]["application/json"]["schema"]


def body(document: Document, method: str, path: str) -> Any:
    return operation(document, method, path)["requestBody"]["content"]["application/json"]["schema"]


def row(document: Document) -> Any:
    return answer(document, "get", "/workorders")["properties"]["workOrders"]["items"]


def hook(document: Document, name: str) -> Any:
    return document["x-webhooks"][name]["post"]["requestBody"]["content"]["application/json"]["schema"]


def drop_parameter(document: Document, path: str, name: str) -> None:
    described = operation(document, "get", path)
    described["parameters"] = [known for known in described["parameters"] if known["name"] != name]


def parameter(document: Document, path: str, name: str) -> Any:
    return next(known for known in operation(document, "get", path)["parameters"] if known["name"] == name)


def rename_status(document: Document) -> None:
    values = parameter(document, "/workorders", "statuses")["schema"]["items"]["enum"]
    values[values.index("ON_HOLD")] = "PAUSED"


def require(schema: Any, name: str, inner: Any) -> None:
    schema["properties"][name] = inner
    schema["required"] = [*schema.get("required", ()), name]


BREAKING: dict[str, tuple[Edit, str, str, str]] = {
    "removed path": (lambda d: d["paths"].pop("/workorders/{id}/status"), "PATCH /workorders/{id}/status", "", "gone"),
    "removed method": (lambda d: d["paths"]["/parts/{id}"].pop("get"), "GET /parts/{id}", "", "gone"),
    "removed field of a row": (
        lambda d: row(d)["properties"].pop("updatedAt"),
        "GET /workorders answer",
        "workOrders[].updatedAt",
        "gone",
    ),
    "removed envelope": (
        lambda d: answer(d, "get", "/assets")["properties"].update(
            rows=answer(d, "get", "/assets")["properties"].pop("assets")
        ),
        "GET /assets answer",
        "assets",
        "gone",
    ),
    "removed cursor": (
        lambda d: answer(d, "get", "/users")["properties"].pop("nextCursor"),
        "GET /users answer",
        "nextCursor",
        "gone",
    ),
    "changed type": (
        lambda d: row(d)["properties"]["id"].update(type="string"),
        "GET /workorders answer",
        "workOrders[].id",
        "was integer, is string",
    ),
    "changed format": (
        lambda d: row(d)["properties"]["dueDate"].update(format="date"),
        "GET /workorders answer",
        "workOrders[].dueDate",
        "was string date-time, is string date",
    ),
    "removed value of a field": (
        lambda d: row(d)["properties"]["status"]["enum"].remove("ON_HOLD"),
        "GET /workorders answer",
        "workOrders[].status",
        "no longer knows ON_HOLD",
    ),
    "renamed value of a parameter": (rename_status, "GET /workorders query", "statuses", "no longer knows ON_HOLD"),
    "all values of a parameter renamed": (
        lambda d: parameter(d, "/workorders", "statuses")["schema"]["items"].update(enum=["ACTIVE"]),
        "GET /workorders query",
        "statuses",
        "no longer knows OPEN",
    ),
    "removed parameter": (
        lambda d: drop_parameter(d, "/workorders", "updatedAt[gte]"),
        "GET /workorders query",
        "updatedAt[gte]",
        "gone",
    ),
    "parameter newly required": (
        lambda d: operation(d, "get", "/teams")["parameters"].append(
            {"in": "query", "name": "plan", "required": True, "schema": {"type": "string"}}
        ),
        "GET /teams query",
        "plan",
        "new and required",
    ),
    "expansion removed": (
        lambda d: parameter(d, "/workorders", "expand")["schema"]["items"]["enum"].remove("assignees"),
        "GET /workorders query",
        "expand",
        "no longer knows assignees",
    ),
    "request field newly required": (
        lambda d: require(body(d, "post", "/workorders"), "reason", {"type": "string"}),
        "POST /workorders request",
        "reason",
        "new and required",
    ),
    "known request field now required": (
        lambda d: body(d, "post", "/workorders")["required"].append("assetId"),
        "POST /workorders request",
        "assetId",
        "now required",
    ),
    "request field removed that mappings may name": (
        lambda d: body(d, "patch", "/workorders/{id}")["properties"].pop("estimatedTime"),
        "PATCH /workorders/{id} request",
        "estimatedTime",
        "gone",
    ),
    "writable status removed": (
        lambda d: body(d, "patch", "/workorders/{id}/status")["properties"]["status"]["enum"].remove("CANCELED"),
        "PATCH /workorders/{id}/status request",
        "status",
        "no longer knows CANCELED",
    ),
    "field of one kind of cost removed": (
        lambda d: body(d, "post", "/workorders/{id}/costs")["oneOf"][1]["properties"].pop("hourlyRate"),
        "POST /workorders/{id}/costs request",
        "<TIME>.hourlyRate",
        "gone",
    ),
    "field of a reading newly required": (
        lambda d: require(body(d, "post", "/meterreadings")["items"], "unit", {"type": "string"}),
        "POST /meterreadings request",
        "[].unit",
        "new and required",
    ),
    "filter of a subscription loses a value": (
        lambda d: next(
            member
            for member in body(d, "post", "/subscriptions")["oneOf"]
            if member["properties"]["type"]["enum"] == ["ASSET_STATUS_CHANGE"]
        )["properties"]["filters"]["properties"]["oneOfAssetStatusTypes"]["items"]["enum"].remove("OFFLINE"),
        "POST /subscriptions request",
        "<ASSET_STATUS_CHANGE>.filters.oneOfAssetStatusTypes",
        "no longer knows OFFLINE",
    ),
    "null no longer allowed where it is sent": (
        lambda d: body(d, "post", "/workorders")["properties"]["dueDate"].update(nullable=False),
        "POST /workorders request",
        "dueDate",
        "may no longer be null",
    ),
    "removed webhook type": (lambda d: d["x-webhooks"].pop("NEW_PART"), "webhook NEW_PART", "", "gone"),
    "removed id of a webhook": (
        lambda d: hook(d, "WORK_REQUEST_STATUS_CHANGE")["properties"].pop("requestId"),
        "webhook WORK_REQUEST_STATUS_CHANGE",
        "requestId",
        "gone",
    ),
    "renamed entity of a webhook": (
        lambda d: hook(d, "WORK_ORDER_DELETE")["properties"].pop("WorkOrder"),
        "webhook WORK_ORDER_DELETE",
        "WorkOrder",
        "gone",
    ),
    "removed sub-status of a webhook": (
        lambda d: hook(d, "WORK_ORDER_STATUS_CHANGE")["properties"].pop("newSubStatus"),
        "webhook WORK_ORDER_STATUS_CHANGE",
        "newSubStatus",
        "gone",
    ),
}
HARMLESS: dict[str, Edit] = {
    "unused path removed": lambda d: d["paths"].pop("/assetcustomstatuses"),
    "unused method removed": lambda d: d["paths"]["/parts/{id}"].pop("patch"),
    "unused field of a row removed": lambda d: row(d)["properties"].pop("dueDateIsFullDay"),
    "unused field of a webhook removed": lambda d: hook(d, "WORK_ORDER_CHANGE")["properties"].pop("addedAssigneeIds"),
    "unused expansion removed": lambda d: parameter(d, "/workorders", "expand")["schema"]["items"]["enum"].remove(
        "part_extra_fields"
    ),
    "texts changed": lambda d: operation(d, "get", "/workorders").update(summary="x", description="y"),
    "unused field of a row changed": lambda d: row(d)["properties"]["workOrderSummary"].update(type="string"),
    "optional parameter added": lambda d: operation(d, "get", "/teams")["parameters"].append(
        {"in": "query", "name": "plan", "schema": {"type": "string"}}
    ),
    "new path": lambda d: d["paths"].update({"/permits": {"get": {"responses": {}}}}),
}
INFORMATION: dict[str, tuple[Edit, str]] = {
    "value added to a field": (
        lambda d: row(d)["properties"]["status"]["enum"].append("WAITING"),
        "also knows WAITING",
    ),
    "webhook type added": (
        lambda d: d["x-webhooks"].update(NEW_PERMIT=d["x-webhooks"]["NEW_PART"]),
        "a new webhook type",
    ),
    "optional request field added": (
        lambda d: body(d, "post", "/workorders")["properties"].update(reason={"type": "string"}),
        "is new",
    ),
    "optional object with a required field added": (
        lambda d: body(d, "post", "/workorders")["properties"].update(
            permit={"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}}
        ),
        "is new",
    ),
    "required request field made optional": (
        lambda d: body(d, "post", "/workorders").update(required=[]),
        "is no longer required",
    ),
    "field of an answer may be null": (
        lambda d: row(d)["properties"]["title"].update(nullable=True),
        "may now be null",
    ),
}


def edited(document: Document, edit: Edit) -> Document:
    changed = copy.deepcopy(document)
    edit(changed)
    return changed


def run(folder: Path, document: Document, *options: str) -> tuple[int, Any]:
    path = folder / "openapi.json"
    path.write_text(json.dumps(document))
    result = CliRunner().invoke(app, ["diff", str(path), "--json", *options])
    return result.exit_code, json.loads(result.stdout)


def test_change_of_what_is_used_is_named_and_breaks(
    document: Document, tmp_path: Path, subtests: pytest.Subtests
) -> None:
    for name in BREAKING:
        with subtests.test(name=name):
            edit, where, field, what = BREAKING[name]
            code, report = run(tmp_path, edited(document, edit))
            assert code == 1
            breaks = [change for change in report["changes"] if change["breaks"]]
            assert report["breaks"] == len(breaks)
            assert [change for change in breaks if (change["where"], change["field"]) == (where, field)], breaks
            assert any(what in change["what"] for change in breaks), breaks


def test_change_of_what_is_not_used_is_no_change(document: Document, tmp_path: Path, subtests: pytest.Subtests) -> None:
    for name in HARMLESS:
        with subtests.test(name=name):
            assert run(tmp_path, edited(document, HARMLESS[name])) == (0, {"breaks": 0, "changes": []})


def test_addition_is_told_and_breaks_nothing(document: Document, tmp_path: Path, subtests: pytest.Subtests) -> None:
    for name in INFORMATION:
        with subtests.test(name=name):
            edit, what = INFORMATION[name]
            code, report = run(tmp_path, edited(document, edit))
            assert (code, report["breaks"]) == (0, 0)
            assert any(what in change["what"] for change in report["changes"]), report
            assert run(tmp_path, edited(document, edit), "--breaking")[1]["changes"] == []


def test_file_that_is_no_openapi_document_is_a_usage_error(tmp_path: Path, subtests: pytest.Subtests) -> None:
    for content in [None, "{", "[]", '{"openapi": "3.0.0"}']:
        with subtests.test(content=content):
            path = tmp_path / "x.json"
            if content is not None:
                path.write_text(content)
            assert CliRunner().invoke(app, ["diff", str(path)]).exit_code == 2


def test_summary_verb_prints_what_is_shipped(document: Document, tmp_path: Path) -> None:
    path = tmp_path / "openapi.json"
    path.write_text(json.dumps(document))
    result = CliRunner().invoke(app, ["summary", str(path)])
    assert (result.exit_code, loads(result.stdout)) == (0, shipped())


@given(data=st.data())
@settings(max_examples=examples(60))
def test_any_used_field_that_is_missing_breaks_by_its_name(data: st.DataObject) -> None:
    old = shipped()
    where = data.draw(st.sampled_from([name for name, table in sorted(old.tables.items()) if table]))
    path = data.draw(st.sampled_from(sorted(old.tables[where])))
    new = loads(dumps(old))
    del new.tables[where][path]
    assert compare(old, new) == [Change(True, where, path, "is gone")]
    assert not any(change.breaks for change in compare(new, old)) or where.endswith((" query", " request"))


def test_summary_compared_with_itself_and_through_its_text_is_the_same() -> None:
    assert loads(dumps(shipped())) == shipped()
    assert compare(shipped(), shipped()) == []
