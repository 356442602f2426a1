"""What Oracle's answers say: what is wrong, in which version, and what a transaction did not do."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from shared.erp.oracle.answers import explain, transaction_faults, version_of
from shared.errors import RecordNotFound, RemoteRejected, RemoteUnavailable, VersionConflict
from tests.unit.erp.oracle.tenant import answer, erp, order

STRUCTURED = {
    "title": "Bad Request",
    "status": "400",
    "o:errorDetails": [
        {"detail": "The asset number isn't valid.", "o:errorCode": "MNT-1234", "o:errorPath": "/AssetNumber"},
        {"detail": "The priority isn't valid."},
    ],
}


def test_every_way_of_saying_what_is_wrong_is_understood(subtests: pytest.Subtests) -> None:
    cases: list[tuple[httpx.Response, str]] = [
        (
            answer(400, STRUCTURED),
            "The asset number isn't valid. (MNT-1234, /AssetNumber); The priority isn't valid.",
        ),
        (answer(400, {"title": "Bad Request", "status": 400, "o:errorDetails": []}), "Bad Request"),
        (answer(400, {"title": "Bad Request", "detail": "Not so."}), "Not so."),
        (answer(400, {"o:errorDetails": "odd"}), '{"o:errorDetails":"odd"}'),
        (
            httpx.Response(400, text="The value of the attribute isn't valid."),
            "The value of the attribute isn't valid.",
        ),
        (httpx.Response(400, json=["odd"]), '["odd"]'),
        (httpx.Response(503, html="<html><style>a{}</style><h1>Busy &amp; away</h1></html>"), "Busy & away"),
        (httpx.Response(502), ""),
    ]
    for response, said in cases:
        with subtests.test(response=response):
            assert " ".join(explain(response).split()) == said


def test_the_record_in_a_refused_update_is_not_in_the_message() -> None:
    with pytest.raises(VersionConflict) as caught:
        erp(answer(412, order(WorkOrderDescription="secret recipe"))).update("1", {"WorkOrderPriority": 1}, '"v"')
    assert "secret recipe" not in str(caught.value)
    assert "changed since it was read" in str(caught.value)


def test_the_errors_carry_what_was_said(subtests: pytest.Subtests) -> None:
    cases: list[tuple[httpx.Response, type[Exception]]] = [
        (answer(400, STRUCTURED), RemoteRejected),
        (httpx.Response(404, text="Not Found"), RecordNotFound),
        (httpx.Response(503, html="<p>MNT-1234 asset number</p>"), RemoteUnavailable),
        (httpx.Response(400, text="MNT-1234: the asset number isn't valid."), RemoteRejected),
    ]
    for response, error in cases:
        with subtests.test(response=response):
            with pytest.raises(error) as caught:
                erp(response).get("1")
            assert "oracle" not in str(caught.value)
            if response.status_code != 404:
                assert "MNT-1234" in str(caught.value)


def linked(indicator: Any, rel: str = "self") -> dict[str, Any]:
    return {"links": [{"rel": "canonical"}, {"rel": rel, "properties": {"changeIndicator": indicator}}]}


def test_the_version_is_the_etag_or_what_it_is_made_of(subtests: pytest.Subtests) -> None:
    cases: list[tuple[str | None, Any, str | None]] = [
        ('"A1"', linked("B2"), '"A1"'),
        (None, linked("B2"), '"B2"'),
        (None, linked("B2", rel="parent"), None),
        (None, linked(None), None),
        (None, {"links": "odd"}, None),
        (None, {"links": [{"rel": "self", "properties": None}, 5]}, None),
        (None, {}, None),
    ]
    for etag, item, version in cases:
        with subtests.test(etag=etag, item=item, version=version):
            response = httpx.Response(200, headers={} if etag is None else {"ETag": etag})
            assert version_of(response, item) == version


def test_a_transaction_says_that_it_was_not_carried_out(subtests: pytest.Subtests) -> None:
    cases: list[tuple[dict[str, Any], str | None]] = [
        ({}, None),
        ({"ErrorsExistFlag": "false", "OperationTransactionDetail": [{"ErrorMessages": None}]}, None),
        ({"ErrorsExistFlag": False}, None),
        ({"ErrorsExistFlag": True}, "the transaction has errors"),
        (
            {
                "ErrorsExistFlag": "true",
                "OperationTransactionDetail": [{"ErrorMessages": "Not released."}, {"ErrorMessages": "Not ready."}],
            },
            "Not released.; Not ready.",
        ),
    ]
    for told, faults in cases:
        with subtests.test(told=told):
            assert transaction_faults(told) == faults
