"""Bad deliveries: the status, a body that tells nothing, the reason in the log, and nothing published."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Callable

import pytest

from shared.ingress import MAX_BODY_BYTES
from shared.maintainx.signature import BODY_SIGNATURE_HEADER, sign
from shared.pubsub.async_publisher import async_publisher
from shared.secrets import CACHE_S
from tests.fakes.clock import Clock
from tests.fakes.publisher import FakePublisher
from tests.fakes.settings import SECRETS, Settings
from tests.unit.conftest import LogLines
from tests.unit.functions.deliveries import BODY, GATEWAY, GENUINE, STATUS_CHANGE, AsgiClient, Delivery

Load = Callable[[], AsgiClient]
GATEWAY_DELIVERY = Delivery(
    path=GATEWAY, body=b'{"event": "work_order.created", "data": {"workOrderId": 7}}', secret=SECRETS["gateway"]
)
OVER = b'{"filler": "' + b"x" * MAX_BODY_BYTES + b'"}'


def signed_now(body: bytes = BODY, secret: str = GENUINE.secret) -> str:
    return sign(body, secret, int(time.time()))


UNAUTHORIZED = {
    "no signature header": GENUINE.but(signature=None),
    "empty header": GENUINE.but(signature=""),
    "header of another scheme": GENUINE.but(signature="sha256=" + "0" * 64),
    "no timestamp": GENUINE.but(signature="v1=" + "0" * 64),
    "no signature in the header": GENUINE.but(signature=f"t={int(time.time())}"),
    "empty signature": GENUINE.but(signature=f"t={int(time.time())},v1="),
    "short signature": GENUINE.but(signature=f"t={int(time.time())},v1=00"),
    "timestamp is no number": GENUINE.but(signature="t=now,v1=" + "0" * 64),
    "timestamp of 400 digits": GENUINE.but(signature=f"t={'9' * 400},v1=" + "0" * 64),
    "two timestamps": GENUINE.but(signature=f"t=1,{signed_now()}"),
    "upper-case signature": GENUINE.but(signature=signed_now().upper().replace("T=", "t=").replace("V1=", "v1=")),
    "not ASCII": GENUINE.but(signature="t=1,v1=\xff"),
    "wrong secret": GENUINE.but(secret="guess"),
    "secret of another type": GENUINE.but(secret=SECRETS["webhook-status-change"]),
    "secret of another site": GENUINE.but(secret=SECRETS["webhook-plant-2"]),
    "signature of another body": GENUINE.but(signature=signed_now(b"{}")),
    "signature of the body and a space": GENUINE.but(signature=signed_now(BODY + b" ")),
    "stale timestamp": GENUINE.but(age_s=301),
    "stale by years": GENUINE.but(age_s=10**9),
    "timestamp of the future": GENUINE.but(age_s=-330),
    "type whose secret does not exist": GENUINE.but(path="/webhooks/plant-1/NEW_PART", secret=""),
    "empty body, unsigned": GENUINE.but(body=b"", signature=None),
    "gateway, no header": GATEWAY_DELIVERY.but(signature=None),
    "gateway, wrong secret": GATEWAY_DELIVERY.but(secret="guess"),
    "gateway of a site without secret": GATEWAY_DELIVERY.but(path="/v1/events/plant-2", secret=""),
    "gateway, signed as a webhook": GATEWAY_DELIVERY.but(signature=None, headers={BODY_SIGNATURE_HEADER: signed_now()}),
}
NOT_FOUND = {
    "unknown site": GENUINE.but(path="/webhooks/plant-9/NEW_WORK_ORDER"),
    "type without subscription": GENUINE.but(path="/webhooks/plant-1/WORK_ORDER_DELETE"),
    "type of another site only": GENUINE.but(path="/webhooks/plant-2/WORK_ORDER_STATUS_CHANGE"),
    "lower-case type": GENUINE.but(path="/webhooks/plant-1/new_work_order"),
    "climbing path": GENUINE.but(path="/webhooks/plant-1/%2e%2e/NEW_WORK_ORDER"),
    "root": GENUINE.but(path="/"),
    "gateway of an unknown site": GATEWAY_DELIVERY.but(path="/v1/events/plant-9"),
}
BAD_REQUEST = {
    "empty": GENUINE.but(body=b""),
    "not JSON": GENUINE.but(body=b"workOrderId=9001001"),
    "not UTF-8": GENUINE.but(body=b'{"title": "\xff"}'),
    "cut off": GENUINE.but(body=BODY[:-1]),
    "a list": GENUINE.but(body=b"[1]"),
    "text": GENUINE.but(body=b'"x"'),
    "null": GENUINE.but(body=b"null"),
    "NaN": GENUINE.but(body=b'{"cost": NaN}'),
    "nested without end": GENUINE.but(body=b"[" * 100_000),
    "number of 5000 digits": GENUINE.but(body=b'{"a": ' + b"9" * 5000 + b"}"),
    "gateway, no event": GATEWAY_DELIVERY.but(body=b'{"data": {}}'),
    "gateway, odd event": GATEWAY_DELIVERY.but(body=b'{"event": "x", "data": {}}'),
    "gateway, no data": GATEWAY_DELIVERY.but(body=b'{"event": "work_order.created"}'),
}
TOO_LARGE = {
    "over by its own account": GENUINE.but(body=OVER),
    "by its own account only": GENUINE.but(headers={"Content-Length": str(MAX_BODY_BYTES + 1)}),
    "unsigned": GENUINE.but(body=OVER, signature=None),
}
OTHER_METHODS = {method: GENUINE.but(method=method) for method in ("GET", "PUT", "PATCH", "DELETE", "OPTIONS")}
TABLE = [
    (f"{status} {name}", delivery, status, word)
    for status, word, deliveries in (
        (400, "bad request", BAD_REQUEST),
        (401, "unauthorized", UNAUTHORIZED),
        (404, "not found", NOT_FOUND),
        (405, "method not allowed", OTHER_METHODS),
        (413, "too large", TOO_LARGE),
    )
    for name, delivery in deliveries.items()
]


def test_bad_delivery(ingress: Load, broker: FakePublisher, logged: LogLines, subtests: pytest.Subtests) -> None:
    client = ingress()
    for case, delivery, status, word in TABLE:
        with subtests.test(case):
            logged()
            answer = delivery.send(client)
            assert (answer.status_code, answer.json()) == (status, {"error": word})
            assert broker.published == []
            (line,) = [line for line in logged() if line["severity"] != "INFO"]
            assert (line["severity"], line["status"], line["function"]) == ("WARNING", status, "webhook_ingress")
            assert line["message"].startswith("refused: ")


def test_genuine_delivery_is_what_the_table_departs_from(ingress: Load, broker: FakePublisher) -> None:
    client = ingress()
    assert [each.send(client).status_code for each in (GENUINE, GATEWAY_DELIVERY)] == [202, 202]
    assert len(broker.published) == 2


def test_streamed_body_is_given_up_as_soon_as_it_is_over(ingress: Load, broker: FakePublisher) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 64 * MAX_BODY_BYTES:
            sent += 2**16
            yield b" " * 2**16

    headers = {BODY_SIGNATURE_HEADER: signed_now()}
    answer = ingress().request("POST", GENUINE.path, content=endless(), headers=headers)
    assert (answer.status_code, answer.json()) == (413, {"error": "too large"})
    assert sent <= MAX_BODY_BYTES + 2 * 2**16
    assert broker.published == []


def test_body_of_exactly_the_cap_is_accepted(ingress: Load, broker: FakePublisher) -> None:
    empty = b'{"filler": ""}'
    body = empty.replace(b'""', b'"' + b"x" * (MAX_BODY_BYTES - len(empty)) + b'"')
    assert len(body) == MAX_BODY_BYTES
    assert GENUINE.but(body=body).send(ingress()).status_code == 202


def test_odd_declared_length_is_no_fault(ingress: Load, subtests: pytest.Subtests) -> None:
    for declared in ["²", "-1", "many", "+5"]:
        with subtests.test(declared=declared):
            answer = GENUINE.but(headers={"Content-Length": declared}).send(ingress())
            assert answer.status_code == 202


def test_reason_and_secrets_are_not_told_to_the_sender_nor_logged(ingress: Load, logged: LogLines) -> None:
    client = ingress()
    logged()
    answer = GENUINE.but(signature=signed_now(secret="guess")).send(client)
    text = json.dumps([*logged(), answer.text, dict(answer.headers)])
    assert "correct horse" not in text
    assert "9001001" not in text


def test_refusal_names_site_and_type_in_the_log(ingress: Load, logged: LogLines) -> None:
    client = ingress()
    logged()
    GENUINE.but(secret="guess", path=STATUS_CHANGE).send(client)
    (line,) = [line for line in logged() if line["severity"] == "WARNING"]
    about = (line["site"], line["webhook_type"], line["path"])
    assert about == ("plant-1", "WORK_ORDER_STATUS_CHANGE", STATUS_CHANGE)


def test_refusal_has_an_outcome_and_a_reason_to_count_by(
    ingress: Load, logged: LogLines, subtests: pytest.Subtests
) -> None:
    cases: list[tuple[Delivery, str]] = [
        (GENUINE.but(secret="guess"), "bad_signature"),
        (UNAUTHORIZED["type whose secret does not exist"], "no_secret"),
        (UNAUTHORIZED["gateway of a site without secret"], "no_secret"),
        (NOT_FOUND["unknown site"], "unknown_site"),
        (NOT_FOUND["type without subscription"], "unknown_type"),
        (NOT_FOUND["root"], "unknown_path"),
        (BAD_REQUEST["a list"], "malformed"),
        (TOO_LARGE["unsigned"], "too_large"),
        (OTHER_METHODS["GET"], "method"),
    ]
    for delivery, reason in cases:
        with subtests.test(delivery=delivery):
            client = ingress()
            logged()
            delivery.send(client)
            (line,) = [line for line in logged() if line["severity"] == "WARNING"]
            assert (line["outcome"], line["reason"]) == ("refused", reason)


def test_method_that_is_not_allowed_is_told_what_is(ingress: Load) -> None:
    client = ingress()
    answer = client.request("GET", GENUINE.path)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")
    for method in ("GET", "HEAD", "DELETE"):
        assert client.request(method, "/nowhere").status_code == 404


def test_broker_down_is_503_and_the_sender_may_come_again(
    ingress: Load, broker: FakePublisher, logged: LogLines
) -> None:
    client = ingress()
    broker.go_down()
    answer = GENUINE.send(client)
    assert (answer.status_code, answer.json(), answer.headers["Retry-After"]) == (
        503,
        {"error": "try again later"},
        "5",
    )
    (line,) = [line for line in logged() if line["severity"] == "ERROR"]
    assert (line["error_class"], line["outcome"], line["reason"]) == (
        "BrokerUnavailable",
        "not_kept",
        "BrokerUnavailable",
    )
    assert (line["type"], line["resource_id"], len(line["event_id"]) > 0) == ("work_order.created", "9001001", True)
    broker.fault = None
    assert GENUINE.send(client).status_code == 202


def test_broker_that_hangs_is_503_within_the_deadline(
    ingress: Load, monkeypatch: pytest.MonkeyPatch, logged: LogLines
) -> None:
    async def hang(*_: object) -> list[str]:
        await asyncio.sleep(60)
        raise AssertionError("nobody waited")

    client = ingress()
    monkeypatch.setattr(async_publisher, "publish_all", hang)
    monkeypatch.setattr(sys.modules["main"], "_DEADLINE_S", 0.2)
    assert GENUINE.send(client).status_code == 503
    (line,) = [line for line in logged() if line["severity"] == "ERROR"]
    assert (line["reason"], line["message"]) == ("TimeoutError", "not kept: not done within 0.2 s")


def test_body_that_does_not_end_is_503_within_the_deadline(
    ingress: Load, broker: FakePublisher, monkeypatch: pytest.MonkeyPatch, logged: LogLines
) -> None:
    async def endless() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.sleep(60)

    client = ingress()
    monkeypatch.setattr(sys.modules["main"], "_DEADLINE_S", 0.2)
    answer = client.request("POST", GENUINE.path, content=endless(), headers={BODY_SIGNATURE_HEADER: signed_now()})
    assert answer.status_code == 503
    assert broker.published == []
    (line,) = [line for line in logged() if line["severity"] == "ERROR"]
    assert (line["reason"], line["message"]) == ("TimeoutError", "not kept: not done within 0.2 s")


def test_delivery_that_was_long_in_coming_has_the_rest_of_the_time_for_being_published(
    ingress: Load, broker: FakePublisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    given_s: list[float] = []

    async def noted(acknowledged: asyncio.Future[str], timeout_s: float) -> str:
        given_s.append(timeout_s)
        return await acknowledged

    client = ingress()
    monkeypatch.setattr(sys.modules["main"], "_SHORT_S", 0.0)
    monkeypatch.setattr(asyncio, "wait_for", noted)
    assert GENUINE.send(client).status_code == 202
    assert len(broker.published) == 1
    assert 0 < given_s[0] < 8


def test_secret_serves_on_while_it_cannot_be_read(
    configured: Settings, ingress: Load, secrets_clock: Clock, logged: LogLines
) -> None:
    client = ingress()
    assert GENUINE.send(client).status_code == 202
    path = configured.secrets / "webhook-new-work-order"
    path.unlink()
    path.mkdir()
    secrets_clock.now_s += CACHE_S
    logged()
    assert GENUINE.send(client).status_code == 202
    assert GENUINE.but(secret="guess").send(client).status_code == 401
    assert [line["secret"] for line in logged() if line["severity"] == "ERROR"] == ["webhook-new-work-order"]


def test_fault_of_ours_is_500_and_nothing_is_told(ingress: Load, broker: FakePublisher, logged: LogLines) -> None:
    client = ingress()
    broker.fault = RuntimeError("the secret reason")
    answer = GENUINE.send(client)
    assert (answer.status_code, answer.text) == (500, "Internal Server Error")
    assert any("the secret reason" in json.dumps(line) for line in logged())


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_secret_that_cannot_be_read_refuses(
    content: bytes | None, configured: Settings, ingress: Load, broker: FakePublisher
) -> None:
    path = configured.secrets / "webhook-new-work-order"
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    assert GENUINE.send(ingress()).status_code == 401
    assert broker.published == []


def test_secret_that_may_be_readable_later_is_503(configured: Settings, ingress: Load, broker: FakePublisher) -> None:
    path = configured.secrets / "webhook-new-work-order"
    path.unlink()
    path.mkdir()
    assert GENUINE.send(ingress()).status_code == 503
    assert broker.published == []
