"""What SAP's unsuccessful answers say, in all the forms that they have."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from shared.erp.sap.failures import TokenRefused, judge, said
from shared.errors import BridgeError, NotTakenOn, VersionConflict

_REQUEST = httpx.Request("POST", "https://sap.test/x")


def _answer(status: int, body: str | dict[str, Any], kind: str = "application/json", **headers: str) -> httpx.Response:
    text = body if isinstance(body, str) else json.dumps(body)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, text=text, headers={"content-type": kind, **named}, request=_REQUEST)


def _v2(code: str, text: str, *details: dict[str, str], **inner: Any) -> dict[str, Any]:
    inner = {"transactionid": "6F0A", "errordetails": list(details), **inner}
    return {"error": {"code": code, "message": {"lang": "en", "value": text}, "innererror": inner}}


def _detail(code: str, text: str, severity: str = "error") -> dict[str, str]:
    return {"code": code, "message": text, "severity": severity}


_NOISE = _detail("/IWBEP/CX_MGW_BUSI_EXCEPTION", "An exception was raised")


def test_the_words_are_found_in_every_form_of_answer(subtests: pytest.Subtests) -> None:
    cases: list[tuple[httpx.Response, str]] = [
        (
            _answer(400, _v2("IW/037", "Order 4 is locked", _detail("IW/037", "Order 4 is locked"), _NOISE)),
            "IW/037: Order 4 is locked (transaction 6F0A)",
        ),
        (
            _answer(400, _v2("IW/1", "First", _detail("IW/2", "Second"), _detail("IW/3", "Careful", "warning"))),
            "IW/1: First; IW/2: Second (transaction 6F0A)",
        ),
        (
            _answer(400, _v2("/IWBEP/CX_MGW_BUSI_EXCEPTION", "An exception was raised", _detail("IW/2", "Second"))),
            "IW/2: Second (transaction 6F0A)",
        ),
        (
            _answer(400, _v2("/IWBEP/CX_MGW_BUSI_EXCEPTION", "An exception was raised")),
            "/IWBEP/CX_MGW_BUSI_EXCEPTION: An exception was raised (transaction 6F0A)",
        ),
        (
            _answer(400, {"error": {"code": "SY/530", "message": "Plain", "details": [{"code": "A", "message": "B"}]}}),
            "SY/530: Plain; A: B",
        ),
        (_answer(400, {"error": {"code": None, "message": {"value": " two\n lines "}}}), "two lines"),
        (_answer(400, {"fault": {"faultstring": "quota"}}), '{"fault": {"faultstring": "quota"}}'),
        (_answer(400, {"error": "just text"}), '{"error": "just text"}'),
        (_answer(400, {"error": {"innererror": 7, "message": {}}}), '{"error": {"innererror": 7, "message": {}}}'),
        (_answer(400, "[]"), "[]"),
        (_answer(400, "{broken"), "{broken"),
        (
            _answer(
                400,
                '<?xml version="1.0"?><error xmlns="http://schemas.microsoft.com/ado/2007/08/dataservices/metadata">'
                '<code>IW/037</code><message xml:lang="en">No way</message><innererror>'
                "<transactionid>6F0A</transactionid>"
                "<errordetails><errordetail><code>IW/9</code><message>Nor that</message><severity>error</severity>"
                "</errordetail><errordetail><code>IW/8</code><message>Hm</message><severity>warning</severity>"
                "</errordetail></errordetails></innererror></error>",
                "application/xml;charset=utf-8",
            ),
            "IW/037: No way; IW/9: Nor that (transaction 6F0A)",
        ),
        (_answer(400, "<error><code>1</code>", "application/xml"), "<error><code>1</code>"),
        (
            _answer(
                503,
                "<html><head><style>p {color: red}</style><title>503</title></head><body><!-- x --><p>Service "
                "&amp; more\n not available</p><script>alert(1)</script></body></html>",
                "text/html",
            ),
            "503 Service & more not available",
        ),
        (_answer(403, "CSRF token\nvalidation failed", "text/plain"), "CSRF token validation failed"),
        (_answer(500, "", "application/json"), ""),
    ]
    for answer, words in cases:
        with subtests.test(answer=answer):
            assert str(said(answer)) == words


def test_a_long_message_leaves_room_for_the_transaction() -> None:
    words = str(said(_answer(400, _v2("IW/1", "x" * 1000))))
    assert len(words) < 300
    assert words.endswith("(transaction 6F0A)")


def test_the_error_that_a_status_does_not_tell(subtests: pytest.Subtests) -> None:
    cases: list[tuple[httpx.Response, tuple[str, ...], type[BridgeError] | None]] = [
        (_answer(403, "CSRF token validation failed", "text/plain", x_csrf_token="Required"), (), TokenRefused),
        (_answer(403, "CSRF token validation failed", "text/plain", x_csrf_token="required"), (), TokenRefused),
        (_answer(403, "No authorization", "text/plain"), (), None),
        (_answer(428, _v2("/IWBEP/CM", "Precondition Required")), (), VersionConflict),
        (_answer(412, _v2("/IWBEP/CM", "locked by user ADA")), (), None),
        (_answer(400, _v2("IW/037", "Order 4000123 is locked by user ADA")), (), NotTakenOn),
        (_answer(409, _v2("MC/601", "Object is currently being processed by ADA")), (), NotTakenOn),
        (_answer(400, _v2("X/1", "No", _detail("IW/037", "Order 4 is locked by ADA"))), (), NotTakenOn),
        (_answer(400, _v2("IW/200", "Order 4 is locked")), (), None),
        (_answer(400, _v2("IW/200", "Order 4 is locked")), ("IW/2*",), NotTakenOn),
        (_answer(400, _v2("IW/200", "Order 4 is locked")), ("IW/3*",), None),
        (_answer(404, _v2("IW/200", "Not found")), ("IW/2*",), None),
        (_answer(500, _v2("IW/037", "Order 4000123 is locked by user ADA")), (), None),
        (_answer(429, "locked by", "text/plain"), (), None),
    ]
    for answer, busy_codes, kind in cases:
        with subtests.test(answer=answer, busy_codes=busy_codes, kind=kind):
            found = judge(busy_codes)(answer, "erp: words")
            assert found is None if kind is None else type(found) is kind and str(found) == "erp: words"
