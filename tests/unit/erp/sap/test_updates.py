"""Updates: what is sent in which order, and what an answer that is no success means."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from shared.errors import (
    OutcomeUnknown,
    RemoteUnavailable,
    VersionConflict,
)
from tests.unit.erp.sap.service import Answer, Sap, answer, one, token

TEXT = {"TextObjectType": "KOPF", "Language": "EN", "MaintenanceOrderLongText": "Old words"}


def _texts(*texts: dict[str, str]) -> dict[str, Any]:
    return {"to_MaintenanceOrderLongText": {"results": list(texts)}}


def _body(request: httpx.Request) -> Any:
    return json.loads(request.content)


def test_an_update_of_a_known_version_is_one_patch_of_the_changes() -> None:
    sap = Sap(token(), answer(204, ETag='W/"2"'))
    changes = {"MaintPriority": "1", "CostCenter": None, "MainWorkCenter": "mech02 "}
    made = sap.erp().update("000004000123", changes, 'W/"1"')
    assert sap.calls == ["HEAD /", "PATCH /MaintenanceOrder('4000123')"]
    assert sap.seen[1].headers["If-Match"] == 'W/"1"'
    assert _body(sap.seen[1]) == {"MaintPriority": "1", "CostCenter": "", "MainWorkCenter": "MECH02"}
    assert (made.id, made.version) == ("4000123", 'W/"2"')
    assert made.fields == {}


def test_an_update_without_a_version_overwrites_and_may_tell_no_new_one() -> None:
    sap = Sap(token(), answer(204))
    assert sap.erp().update("4", {"MaintPriority": "1"}, None).version is None
    assert sap.seen[1].headers["If-Match"] == "*"


def test_an_update_can_go_through_a_tunnel() -> None:
    sap = Sap(token(), answer(204, ETag='W/"2"'))
    sap.erp(merge_tunnel=True).update("4", {"MaintPriority": "1"}, 'W/"1"')
    assert sap.calls[1] == "POST /MaintenanceOrder('4')"
    assert sap.seen[1].headers["X-HTTP-Method"] == "MERGE"


@pytest.mark.parametrize("status", [412, 428])
def test_a_version_that_sap_does_not_take_is_a_conflict(status: int) -> None:
    with pytest.raises(VersionConflict):
        Sap(token(), answer(status)).erp().update("4", {"MaintPriority": "1"}, 'W/"1"')


def test_nothing_to_change_is_no_request() -> None:
    sap = Sap()
    assert sap.erp().update("4", {}, 'W/"1"').version == 'W/"1"'
    assert sap.seen == []


def test_a_text_is_written_after_the_header_and_nothing_is_told_of_what_sap_made_of_it() -> None:
    look = one(etag='W/"1"', **_texts({**TEXT, "__metadata": {"etag": 'W/"t1"'}}))  # type: ignore[dict-item]
    looked = httpx.Response(200, json=look, headers={"x-csrf-token": "t"})
    sap = Sap(looked, answer(204, ETag='W/"2"'), answer(204))
    made = sap.erp().update("4000123", {"LongText": "New words ", "MaintPriority": "1"}, 'W/"1"')
    assert sap.calls == [
        "GET /MaintenanceOrder('4000123')",
        "PATCH /MaintenanceOrder('4000123')",
        "PATCH /MaintenanceOrderLongText(MaintenanceOrder='4000123',TextObjectType='KOPF',Language='EN')",
    ]
    assert [request.headers.get("If-Match") for request in sap.seen] == [None, 'W/"1"', "*"]
    assert _body(sap.seen[2]) == {"MaintenanceOrderLongText": "New words "}
    assert (made.id, made.fields, made.version) == ("4000123", {}, None)


def test_a_text_alone_is_protected_by_its_own_version() -> None:
    look = one(etag='W/"1"', **_texts({**TEXT, "__metadata": {"etag": 'W/"t1"'}}))  # type: ignore[dict-item]
    sap = Sap(httpx.Response(200, json=look, headers={"x-csrf-token": "t"}), answer(204))
    sap.erp().update("4000123", {"LongText": None}, None)
    assert sap.seen[1].headers["If-Match"] == 'W/"t1"'
    assert _body(sap.seen[1]) == {"MaintenanceOrderLongText": ""}


def test_a_text_that_is_not_there_yet_is_added() -> None:
    look = one(**_texts({**TEXT, "Language": "DE"}))
    sap = Sap(httpx.Response(200, json=look, headers={"x-csrf-token": "t"}), answer(201), answer(503))
    sap.erp(text_language="FR").update("4000123", {"LongText": "Mots"}, 'W/"1"')
    assert sap.calls[1] == "POST /MaintenanceOrder('4000123')/to_MaintenanceOrderLongText"
    assert _body(sap.seen[1]) == {"TextObjectType": "KOPF", "Language": "FR", "MaintenanceOrderLongText": "Mots"}


def test_no_text_is_added_to_say_that_there_is_none() -> None:
    sap = Sap(answer(200, one(**_texts())))
    made = sap.erp().update("4000123", {"LongText": None}, 'W/"1"')
    assert (made.fields, made.version) == ({}, 'W/"1"')
    assert len(sap.seen) == 1


def test_a_text_is_not_written_to_an_order_that_was_changed() -> None:
    sap = Sap(answer(200, one(etag='W/"2"', **_texts())))
    with pytest.raises(VersionConflict):
        sap.erp().update("4000123", {"LongText": "x", "MaintPriority": "1"}, 'W/"1"')
    assert len(sap.seen) == 1


def test_a_text_that_fails_after_the_header_was_written_leaves_the_outcome_unknown(subtests: pytest.Subtests) -> None:
    cases: list[Answer] = [
        httpx.ConnectError("refused"),
        answer(503, Retry_After="7"),
        answer(429, Retry_After="7"),
        answer(500),
    ]
    for reply in cases:
        with subtests.test(reply=reply):
            look = httpx.Response(200, json=one(**_texts(TEXT)), headers={"x-csrf-token": "t"})
            with pytest.raises(OutcomeUnknown, match=r"after a part was done|500"):
                Sap(look, answer(204), reply).erp().update("4000123", {"LongText": "x", "MaintPriority": "1"}, None)
            look = httpx.Response(200, json=one(**_texts(TEXT)), headers={"x-csrf-token": "t"})
            with pytest.raises(RemoteUnavailable) as caught:
                Sap(look, reply).erp().update("4000123", {"LongText": "x"}, None)
            assert isinstance(caught.value, OutcomeUnknown) == (
                isinstance(reply, httpx.Response) and reply.status_code == 500
            )
