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


def test_published_vector_is_accepted_and_reproduced(subtests: pytest.Subtests) -> None:
    for message, length, v1 in VECTORS:
        with subtests.test(message=message, length=length, v1=v1):
            assert len(message) == length
            assert sign(message, SECRET, T) == f"t={T},v1={v1}"
            verify(f"t={T},v1={v1}", message, [SECRET], now_s=T)


def test_unusual_but_valid_header_is_accepted(subtests: pytest.Subtests) -> None:
    cases: list[tuple[str, str]] = [
        ("elements in the other order", f"v1={BODY_V1},t={T}"),
        ("space after the comma", f"t={T}, v1={BODY_V1}"),
        ("other elements are ignored", f"t={T},v0=abc,v1={BODY_V1},v2=x=y,nonsense"),
        ("second of two v1 matches", f"t={T},v1={'0' * 64},v1={BODY_V1}"),
        ("first of two v1 matches", f"t={T},v1={BODY_V1},v1={'0' * 64}"),
        ("malformed v1 beside a good one", f"t={T},v1=short,v1={BODY_V1}"),
    ]
    for case, header in cases:
        with subtests.test(case=case):
            assert accepts(header)


def test_malformed_header_is_rejected(subtests: pytest.Subtests) -> None:
    cases: list[tuple[str, str | None]] = [
        ("absent", None),
        ("empty", ""),
        ("no v1", f"t={T}"),
        ("empty v1", f"t={T},v1="),
        ("v1 cut short", f"t={T},v1={BODY_V1[:-1]}"),
        ("v1 too long", f"t={T},v1={BODY_V1}0"),
        ("only v0", f"t={T},v0={BODY_V1}"),
        ("upper-case hex", f"t={T},v1={BODY_V1.upper()}"),
        ("no t", f"v1={BODY_V1}"),
        ("empty t", f"t=,v1={BODY_V1}"),
        ("t is NaN", f"t=NaN,v1={BODY_V1}"),
        ("negative t", f"t=-{T},v1={BODY_V1}"),
        ("fractional t", f"t={T}.0,v1={BODY_V1}"),
        ("t in scientific notation", f"t=1e9,v1={BODY_V1}"),
        ("t of 5,000 digits", f"t={'9' * 5000},v1={BODY_V1}"),
        ("Arabic digits", f"t=١٧٨٩٣٨٧٢٠٠,v1={BODY_V1}"),
        ("v1 not ASCII", f"t={T},v1={'é' * 64}"),
        ("two t", f"t={T},t={T},v1={BODY_V1}"),
        ("wrong separator", f"t={T};v1={BODY_V1}"),
        ("upper-case names", f"T={T},V1={BODY_V1}"),
        ("line ends", f"t={T}\n,v1={BODY_V1}\n"),
    ]
    for case, header in cases:
        with subtests.test(case=case):
            assert not accepts(header)


def test_changed_body_is_rejected(subtests: pytest.Subtests) -> None:
    cases: list[tuple[str, bytes]] = [
        ("last byte changed", BODY[:-1] + b"]"),
        ("serialised again with spaces", BODY.replace(b",", b", ")),
        ("emptied", b""),
        ("line end added", BODY + b"\n"),
    ]
    for case, body in cases:
        with subtests.test(case=case):
            assert accepts(HEADER)
            assert not accepts(HEADER, body)


def test_timestamp_outside_tolerance_is_rejected(subtests: pytest.Subtests) -> None:
    cases: list[tuple[float, bool]] = [
        (T + 300, True),
        (T + 301, False),
        (T - 300, True),
        (T - 301, False),
        (float("nan"), False),
    ]
    for now_s, accepted in cases:
        with subtests.test(now_s=now_s):
            assert accepts(HEADER, now_s=now_s) is accepted


def test_timestamp_in_milliseconds_is_understood() -> None:
    header = sign(BODY, SECRET, T * 1000 + 999)
    assert accepts(header, now_s=T + 300)
    assert not accepts(header, now_s=T + 302)


def test_any_configured_secret_may_have_signed() -> None:
    assert accepts(sign(BODY, OTHER, T), secrets=(SECRET, OTHER))
    assert accepts(sign(BODY, OTHER, T), secrets=(OTHER, SECRET))
    assert not accepts(sign(BODY, OTHER, T), secrets=(SECRET,))


def test_without_secret_everything_is_rejected(subtests: pytest.Subtests) -> None:
    for secrets in [(), ("",), ("", "")]:
        with subtests.test(secrets=secrets):
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
