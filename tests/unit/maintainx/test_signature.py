"""The published vectors of the MaintainX contract, every way to be refused, and arbitrary bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import PermanentError
from shared.maintainx.signature import SignatureError, sign, verify

SECRET = "mx_00000000-0000-4000-8000-000000000001_00000000-0000-4000-8000-000000000002"
OTHER = "mx_00000000-0000-4000-8000-000000000003_00000000-0000-4000-8000-000000000004"
T = 1789387200

BODY = (
    b'{"eventType":"NEW_WORK_ORDER","occurredAt":"2026-09-14T12:00:00.000Z","orgId":4242,'
    b'"workOrderId":9001001,"customerId":null,"userId":77}'
)
BODY_V1 = "6f122720961c363b24047f2921232c45ae110785546c58b9992a0594565d57ee"
VECTORS = [
    (BODY, 135, BODY_V1),
    (
        b'{"workOrderId":9001001,"orgId":4242,"oldStatus":"OPEN","newStatus":"DONE","newSubStatus":"CANCELED",'
        b'"progress":{"inProgressCount":0,"onHoldCount":0,"doneCount":1},"occurredAt":"2026-09-14T12:05:00.000Z"}',
        203,
        "c3fd22620aee3f0c7dfa76eadc36fb8491b14bd89ae05022b6026474b09d0c2e",
    ),
    (
        '{"orgId":4242,"workOrderId":9001001,"occurredAt":"2026-09-14T12:06:00.000Z","type":"TEXT",'
        '"comment":"Pompe réparée – café ☕"}'.encode(),
        132,
        "6f3320a0dc71bff22aa5b73c9d3b3887e5682bd1f4f897e4bc0ed008c5b62848",
    ),
    (
        b"https://hooks.example.com/maintainx/inbound?tenant=acme",
        55,
        "96c8dd9ebcf4cbadbc4be81bc5b066c901195ef2a65b08aaa315d8dbde033f3c",
    ),
]
HEADER = f"t={T},v1={BODY_V1}"


def accepts(header: str | None, message: bytes = BODY, secrets: tuple[str, ...] = (SECRET,), now_s: float = T) -> bool:
    try:
        verify(header, message, secrets, now_s=now_s)
    except SignatureError:
        return False
    return True


@pytest.mark.parametrize(("message", "length", "v1"), VECTORS)
def test_published_vector_is_accepted_and_reproduced(message: bytes, length: int, v1: str) -> None:
    assert len(message) == length
    assert sign(message, SECRET, T) == f"t={T},v1={v1}"
    verify(f"t={T},v1={v1}", message, [SECRET], now_s=T)


@pytest.mark.parametrize(
    "header",
    [
        pytest.param(f"v1={BODY_V1},t={T}", id="elements in the other order"),
        pytest.param(f"t={T}, v1={BODY_V1}", id="space after the comma"),
        pytest.param(f"t={T},v0=abc,v1={BODY_V1},v2=x=y,nonsense", id="other elements are ignored"),
        pytest.param(f"t={T},v1={'0' * 64},v1={BODY_V1}", id="second of two v1 matches"),
        pytest.param(f"t={T},v1={BODY_V1},v1={'0' * 64}", id="first of two v1 matches"),
        pytest.param(f"t={T},v1=short,v1={BODY_V1}", id="malformed v1 beside a good one"),
    ],
)
def test_unusual_but_valid_header_is_accepted(header: str) -> None:
    assert accepts(header)


@pytest.mark.parametrize(
    "header",
    [
        pytest.param(None, id="absent"),
        pytest.param("", id="empty"),
        pytest.param(f"t={T}", id="no v1"),
        pytest.param(f"t={T},v1=", id="empty v1"),
        pytest.param(f"t={T},v1={BODY_V1[:-1]}", id="v1 cut short"),
        pytest.param(f"t={T},v1={BODY_V1}0", id="v1 too long"),
        pytest.param(f"t={T},v0={BODY_V1}", id="only v0"),
        pytest.param(f"t={T},v1={BODY_V1.upper()}", id="upper-case hex"),
        pytest.param(f"v1={BODY_V1}", id="no t"),
        pytest.param(f"t=,v1={BODY_V1}", id="empty t"),
        pytest.param(f"t=NaN,v1={BODY_V1}", id="t is NaN"),
        pytest.param(f"t=-{T},v1={BODY_V1}", id="negative t"),
        pytest.param(f"t={T}.0,v1={BODY_V1}", id="fractional t"),
        pytest.param(f"t=1e9,v1={BODY_V1}", id="t in scientific notation"),
        pytest.param(f"t={'9' * 5000},v1={BODY_V1}", id="t of 5,000 digits"),
        pytest.param(f"t=١٧٨٩٣٨٧٢٠٠,v1={BODY_V1}", id="Arabic digits"),
        pytest.param(f"t={T},v1={'é' * 64}", id="v1 not ASCII"),
        pytest.param(f"t={T},t={T},v1={BODY_V1}", id="two t"),
        pytest.param(f"t={T};v1={BODY_V1}", id="wrong separator"),
        pytest.param(f"T={T},V1={BODY_V1}", id="upper-case names"),
        pytest.param(f"t={T}\n,v1={BODY_V1}\n", id="line ends"),
    ],
)
def test_malformed_header_is_rejected(header: str | None) -> None:
    assert not accepts(header)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(BODY[:-1] + b"]", id="last byte changed"),
        pytest.param(BODY.replace(b",", b", "), id="serialised again with spaces"),
        pytest.param(b"", id="emptied"),
        pytest.param(BODY + b"\n", id="line end added"),
    ],
)
def test_changed_body_is_rejected(body: bytes) -> None:
    assert accepts(HEADER)
    assert not accepts(HEADER, body)


@pytest.mark.parametrize(
    ("now_s", "accepted"), [(T + 300, True), (T + 301, False), (T - 300, True), (T - 301, False), (float("nan"), False)]
)
def test_timestamp_outside_tolerance_is_rejected(now_s: float, accepted: bool) -> None:
    assert accepts(HEADER, now_s=now_s) is accepted


def test_timestamp_in_milliseconds_is_understood() -> None:
    header = sign(BODY, SECRET, T * 1000 + 999)
    assert accepts(header, now_s=T + 300)
    assert not accepts(header, now_s=T + 302)


def test_any_configured_secret_may_have_signed() -> None:
    assert accepts(sign(BODY, OTHER, T), secrets=(SECRET, OTHER))
    assert accepts(sign(BODY, OTHER, T), secrets=(OTHER, SECRET))
    assert not accepts(sign(BODY, OTHER, T), secrets=(SECRET,))


@pytest.mark.parametrize("secrets", [(), ("",), ("", "")])
def test_without_secret_everything_is_rejected(secrets: tuple[str, ...]) -> None:
    assert not accepts(sign(BODY, "", T), secrets=secrets)


def test_refusal_is_permanent_and_keeps_its_reason() -> None:
    with pytest.raises(SignatureError) as caught:
        verify(None, BODY, [SECRET], now_s=T)
    assert isinstance(caught.value, PermanentError)
    assert caught.value.reason == "header is missing or empty"
    assert SECRET not in str(caught.value)


fragments = st.lists(
    st.sampled_from(["t=", "v1=", "v0=", "=", ",", str(T), BODY_V1, " ", "\x00", "é", "9" * 400, "-1", "nan"])
    | st.text(max_size=8)
).map("".join)


@given(header=st.none() | fragments, message=st.binary(max_size=64), now_s=st.floats())
def test_arbitrary_header_and_body_never_raise_anything_else(header: str | None, message: bytes, now_s: float) -> None:
    assert not accepts(header, message, (OTHER,), now_s=now_s)


@given(message=st.binary(), secret=st.text(min_size=1), t=st.integers(0, 10**11), skew=st.floats(-300, 300))
def test_own_signature_is_always_accepted_and_foreign_secret_never(
    message: bytes, secret: str, t: int, skew: float
) -> None:
    header = sign(message, secret, t)
    assert accepts(header, message, (secret,), now_s=t + skew / 2)
    assert not accepts(header, message, (secret + "x",), now_s=t)
