"""The adapter with a SAP that answers in other ways than the simulator: each answer is a thing real ones do."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from shared.errors import (
    ConfigError,
    DuplicateRecord,
    OutcomeUnknown,
)
from tests.unit.erp.sap.service import NOW, Answer, Sap, answer, many, one, token

REFERENCE = "mx:plant-1:9001"
MINE = {"ReferenceElement": "MX:PLANT-1:9001"}
TEXT = {"TextObjectType": "KOPF", "Language": "EN", "MaintenanceOrderLongText": "Old words"}


def _texts(*texts: dict[str, str]) -> dict[str, Any]:
    return {"to_MaintenanceOrderLongText": {"results": list(texts)}}


def _body(request: httpx.Request) -> Any:
    return json.loads(request.content)


def test_numbers_lose_the_zeros_that_fill_them_up() -> None:
    sap = Sap(answer(200, one("000004000123")), answer(200, one("WO-7")))
    erp = sap.erp()
    assert (erp.get("000004000123").id, erp.get("WO-7").id) == ("4000123", "WO-7")
    assert sap.calls == ["GET /MaintenanceOrder('4000123')", "GET /MaintenanceOrder('WO-7')"]


def test_quotes_and_other_signs_in_keys_and_references_are_escaped() -> None:
    sap = Sap(answer(200, one("O'1/2")), answer(200, many()))
    erp = sap.erp()
    erp.get("O'1/2")
    erp.find_by_reference("it's & more")
    assert b"MaintenanceOrder('O%27%271%2F2')?" in sap.seen[0].url.raw_path
    assert sap.seen[1].url.params["$filter"] == "ReferenceElement eq 'IT''S & MORE'"
    assert b"+" not in sap.seen[1].url.raw_path


def test_a_record_has_canonical_values_and_what_is_not_saps_own() -> None:
    order = one(
        SystemStatusText="REL  PCNF PRC",
        MaintenanceOrderDesc="Replace seal",
        CostCenter="",
        LatestAcceptableCompletionDate="/Date(1789516800000)/",
        MaintOrderCreationDateTime="/Date(1789574400000+0000)/",
        LastChangeDateTime=None,
        YY1_NEW="kept",
        to_MaintenanceOrderOperation={"__deferred": {"uri": "x"}},
        **MINE,
        **_texts({**TEXT, "Language": "DE"}, {**TEXT, "MaintenanceOrderLongText": "One\r\nTwo  "}),
    )
    found = Sap(answer(200, order)).erp().get("4000123")
    assert found.reference == REFERENCE
    assert found.version == 'W/"1"'
    assert found.changed_at == datetime(2026, 9, 16, 16, 0, tzinfo=UTC)
    assert found.fields == {
        "MaintenanceOrder": "4000123",
        "SystemStatusText": "REL  PCNF PRC",
        "SystemStatus": "PCNF",
        "MaintenanceOrderDesc": "Replace seal",
        "CostCenter": None,
        "LatestAcceptableCompletionDate": "2026-09-16",
        "MaintOrderCreationDateTime": "2026-09-16T16:00:00Z",
        "LastChangeDateTime": None,
        "ReferenceElement": "MX:PLANT-1:9001",
        "YY1_NEW": "kept",
        "LongText": "One\nTwo",
    }


def test_the_version_comes_from_the_header_where_the_order_tells_none() -> None:
    assert Sap(answer(200, one(etag=None), ETag='W/"9"')).erp().get("4").version == 'W/"9"'
    assert Sap(answer(200, one(etag=None))).erp().get("4").version is None


def test_a_create_sends_the_order_with_its_text_and_operation() -> None:
    sap = Sap(token(), answer(201, one(SystemStatusText="CRTD MANC", **MINE)))
    operation = {"OperationControlKey": "PM01", "WorkCenter": "MECH01", "Plant": "1010"}
    fields = {
        "MaintenanceOrderDesc": "Replace seal",
        "MainWorkCenter": "mech01",
        "CostCenter": None,
        "MaintOrdBasicStartDateTime": "2026-09-16T16:00:00Z",
        "LongText": "At the pump",
    }
    made = sap.erp(first_operation=operation).create(fields, REFERENCE)
    assert _body(sap.seen[1]) == {
        "MaintenanceOrderDesc": "Replace seal",
        "MainWorkCenter": "MECH01",
        "MaintOrdBasicStartDateTime": "/Date(1789574400000+0000)/",
        "ReferenceElement": "MX:PLANT-1:9001",
        "to_MaintenanceOrderOperation": [
            {
                "MaintenanceOrderOperation": "0010",
                "MaintenanceOrderSubOperation": "",
                "OperationDescription": "Replace seal",
                **operation,
            }
        ],
        "to_MaintenanceOrderLongText": [{**TEXT, "MaintenanceOrderLongText": "At the pump"}],
    }
    assert (made.id, made.reference, made.version) == ("4000123", REFERENCE, 'W/"1"')
    assert made.fields["SystemStatus"] == "CRTD"
    assert "LongText" not in made.fields  # the answer does not have the texts


def test_an_operation_of_the_settings_keeps_its_own_words_and_none_is_sent_without_settings() -> None:
    sap = Sap(token(), answer(201, one()), answer(201, one()))
    sap.erp(first_operation={"OperationDescription": "See text"}).create({"MaintenanceOrderDesc": "x"}, REFERENCE)
    assert _body(sap.seen[1])["to_MaintenanceOrderOperation"][0]["OperationDescription"] == "See text"
    plain = Sap(token(), answer(201, one()))
    made = plain.erp(long_text=False).create({"MaintenanceOrderDesc": "x", "LongText": None}, REFERENCE)
    assert set(_body(plain.seen[1])) == {"MaintenanceOrderDesc", "ReferenceElement"}
    assert "SystemStatus" not in made.fields  # the answer has no status line


def test_the_reference_may_be_another_field_and_keeps_its_letters_where_sap_does() -> None:
    settings: dict[str, Any] = {"reference_field": "YY1_CMMS", "custom_fields": {"YY1_CMMS": {"max_length": 60}}}
    sap = Sap(token(), answer(201, one(YY1_CMMS=REFERENCE)), answer(200, many(one(YY1_CMMS=REFERENCE))))
    erp = sap.erp(**settings)
    assert erp.create({}, REFERENCE).reference == REFERENCE
    found = erp.find_by_reference(REFERENCE)
    assert found is not None
    assert found.reference == REFERENCE
    assert _body(sap.seen[1]) == {"YY1_CMMS": REFERENCE}


def test_a_repeated_create_is_recognisable_within_the_hour_and_no_longer() -> None:
    later = NOW.replace(hour=17)
    sap = Sap(token(), *(answer(201, one()) for _ in range(4)))
    erp = sap.erp()
    for reference, moment in (
        (REFERENCE, NOW),
        (REFERENCE, NOW.replace(minute=59)),
        ("mx:a:2", NOW),
        (REFERENCE, later),
    ):
        erp._clock = lambda moment=moment: moment  # type: ignore[misc]
        erp.create({}, reference)
    ids = [request.headers["RequestID"] for request in sap.seen[1:]]
    assert ids[0] == ids[1]
    assert len(set(ids)) == 3
    assert all(len(each) == 32 and int(each, 16) for each in ids)
    assert sap.seen[1].headers["RepeatabilityCreation"] == "2026-09-16T16:00:00Z"
    assert sap.seen[4].headers["RepeatabilityCreation"] == "2026-09-16T17:00:00Z"


def test_a_created_order_that_is_not_in_the_answer_is_searched_for(subtests: pytest.Subtests) -> None:
    cases: list[httpx.Response] = [answer(201), answer(201, {}), answer(201, {"d": {}}), answer(201, {"d": []})]
    for accepted in cases:
        with subtests.test(accepted=accepted):
            sap = Sap(token(), accepted, answer(200, many(one(**MINE))))
            assert sap.erp().create({}, REFERENCE).id == "4000123"
            assert sap.calls == ["HEAD /", "POST /MaintenanceOrder", "GET /MaintenanceOrder"]


@pytest.mark.parametrize("search", [answer(200, many()), answer(500), httpx.ReadTimeout("slow")])
def test_a_created_order_that_is_not_found_leaves_the_outcome_unknown(search: Answer) -> None:
    with pytest.raises(OutcomeUnknown, match="accepted"):
        Sap(token(), answer(201), search).erp().create({}, REFERENCE)


def test_two_orders_of_one_reference_are_an_error_that_names_both() -> None:
    with pytest.raises(DuplicateRecord, match=r"4000123, 4000124.*mx:plant-1:9001"):
        Sap(answer(200, many(one(**MINE), one("4000124", **MINE)))).erp().find_by_reference(REFERENCE)


def test_a_search_that_answers_other_orders_or_no_list_is_a_fault_of_the_settings(subtests: pytest.Subtests) -> None:
    cases: list[Any] = [
        many(one(ReferenceElement="MX:PLANT-1:9002")),
        many(one(ReferenceElement="")),
        many(one()),
        {"d": {"results": {}}},
        {"value": []},
        {"d": {"results": [{"ReferenceElement": "x"}]}},
        [],
    ]
    for body in cases:
        with subtests.test(body=body), pytest.raises(ConfigError):
            Sap(answer(200, body)).erp().find_by_reference(REFERENCE)


def test_a_list_without_results_is_one_of_the_older_protocol() -> None:
    found = Sap(answer(200, {"d": [one(**MINE)["d"]]})).erp().find_by_reference(REFERENCE)
    assert found is not None


def test_an_answer_that_is_no_order_is_a_fault_of_the_settings() -> None:
    with pytest.raises(ConfigError, match="does not answer an order"):
        Sap(answer(200, {"d": {"results": []}})).erp().get("4")
