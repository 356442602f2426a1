"""What becomes of BigQuery's errors, over a real socket."""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
import stamina
from google.api_core import exceptions
from werkzeug import Request, Response

from shared.errors import BridgeError, ConfigError, PermanentError, WarehouseUnavailable
from shared.warehouse.gateway import Parameter, Warehouse, structs, texts, warehouse_errors, warehouse_from_environment
from tests.fakes.web import web_server

Failing = Callable[..., Warehouse]


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Iterator[Failing]:
    """A BigQuery that answers everything with one status, reason and text."""
    fault: dict[str, Any] = {"status": 200, "reason": "", "message": ""}

    def answer(_: Request) -> Response:
        error = {"code": fault["status"], "message": fault["message"], "errors": [{"reason": fault["reason"]}]}
        return Response(json.dumps({"error": error}), fault["status"], content_type="application/json")

    def make(status: int, reason: str, message: str = "so it is") -> Warehouse:
        fault.update(status=status, reason=reason, message=message)
        return Warehouse(warehouse_from_environment().client, "maintenance", timeout_s=2.0, retry_s=0.2)

    with web_server(answer) as server:
        monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", server.address)
        monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "test-project")
        monkeypatch.setenv("BIGQUERY_DATASET", "maintenance")
        yield make


@pytest.mark.parametrize(
    ("status", "reason", "expected"),
    [
        (500, "internalError", WarehouseUnavailable),
        (503, "backendError", WarehouseUnavailable),
        (429, "rateLimitExceeded", WarehouseUnavailable),
        (403, "rateLimitExceeded", WarehouseUnavailable),
        (403, "quotaExceeded", WarehouseUnavailable),
        (400, "tableUnavailable", WarehouseUnavailable),
        (400, "jobBackendError", WarehouseUnavailable),
        (403, "accessDenied", PermanentError),
        (400, "invalidQuery", PermanentError),
        (404, "notFound", PermanentError),
    ],
)
def test_an_error_says_whether_another_try_can_help(
    failing: Failing, status: int, reason: str, expected: type[BridgeError]
) -> None:
    with pytest.raises(expected, match="maintenance"):
        failing(status, reason).query("SELECT 1 AS one")


@pytest.mark.parametrize(("reason", "expected"), [("aborted", WarehouseUnavailable), ("duplicate", PermanentError)])
def test_not_every_conflict_passes(reason: str, expected: type[BridgeError]) -> None:
    with pytest.raises(expected), warehouse_errors("load"):
        raise exceptions.Conflict("so it is", errors=[{"reason": reason}])


def test_words_of_the_http_library_about_our_request_are_not_passed_on() -> None:
    quoting = requests.exceptions.InvalidHeader("Invalid header value: 'Bearer a-secret'")
    with pytest.raises(PermanentError, match=r"^load: InvalidHeader$") as caught, warehouse_errors("load"):
        raise quoting
    assert "a-secret" not in "".join(traceback.format_exception(caught.value))
    lost = requests.exceptions.ConnectionError(
        "no answer from https://host/upload?uploadType=resumable&upload_id=a-secret"
    )
    with pytest.raises(WarehouseUnavailable, match=r"from https://host/upload$"), warehouse_errors("load"):
        raise lost


CONTENDED = "Could not serialize access to table p:maintenance.kpis due to concurrent update"


def test_a_table_that_somebody_else_changed_meanwhile_is_worth_another_try(failing: Failing) -> None:
    """BigQuery gives it the status and reason of a wrong query."""
    with pytest.raises(WarehouseUnavailable, match="concurrent update"):
        failing(400, "invalidQuery", CONTENDED).query("SELECT 1 AS one")


@pytest.mark.parametrize(("message", "tries"), [(CONTENDED, 3), ("Syntax error", 1)])
def test_a_merge_is_tried_three_times_if_that_can_help(
    failing: Failing, monkeypatch: pytest.MonkeyPatch, message: str, tries: int
) -> None:
    query, asked = Warehouse.query, []

    def counting(self: Warehouse, sql: str, parameters: dict[str, Parameter]) -> object:
        asked.append(sql)
        return query(self, sql, parameters)

    monkeypatch.setattr(Warehouse, "query", counting)
    with stamina.set_testing(True, attempts=3), pytest.raises(BridgeError):
        failing(400, "invalidQuery", message).merge("MERGE INTO kpis", {})
    assert len(asked) == tries


def test_no_answer_is_worth_another_try(failing: Failing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", "http://127.0.0.1:9")
    with pytest.raises(WarehouseUnavailable):
        failing(200, "").query("SELECT 1 AS one")


def test_a_query_that_bigquery_does_not_understand_is_permanent(warehouse: Warehouse) -> None:
    with pytest.raises(PermanentError, match="no_such_table"):
        warehouse.query("SELECT * FROM no_such_table")


def test_a_load_into_a_table_that_is_not_there_is_permanent_and_makes_none(warehouse: Warehouse) -> None:
    with pytest.raises(PermanentError):
        warehouse.append("no_such_table", [{"a": 1}], [])


def test_parameters_arrive_as_they_are(warehouse: Warehouse) -> None:
    rows = warehouse.query(
        "SELECT p.id, p.name FROM UNNEST(@pairs) AS p WHERE p.name IN UNNEST(@names) ORDER BY p.id",
        {"pairs": structs({"id": "INT64", "name": "STRING"}, [(1, "a'b"), (2, "c")]), "names": texts(["a'b"])},
    )
    assert [(row["id"], row["name"]) for row in rows] == [(1, "a'b")]


@pytest.mark.parametrize("missing", ["GOOGLE_CLOUD_PROJECT", "BIGQUERY_DATASET"])
def test_a_missing_setting_is_named(failing: Failing, monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    monkeypatch.delenv(missing)
    with pytest.raises(ConfigError, match=missing):
        warehouse_from_environment()
