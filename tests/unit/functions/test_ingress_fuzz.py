"""Any header and body bytes, through the real ASGI application: verified or 401, never a fault of ours."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.maintainx.signature import BODY_SIGNATURE_HEADER, URI_SIGNATURE_HEADER, sign
from tests.examples import examples
from tests.fakes.publisher import FakePublisher
from tests.fakes.settings import SECRETS, Settings
from tests.unit.functions.deliveries import BODY, NEW_WORK_ORDER, AsgiClient

PUBLIC_URL = "https://hooks.example.com"
URI = f"{PUBLIC_URL}{NEW_WORK_ORDER}".encode()
SECRET = SECRETS["webhook-new-work-order"]

fuzz = settings(
    max_examples=examples(150), suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
# What may stand in a header field of HTTP: no control characters but the tab.
field_bytes = st.binary(max_size=120).map(lambda raw: bytes(byte for byte in raw if byte == 9 or byte > 31))
near_misses = st.lists(
    st.sampled_from([b"t=", b"v1=", b"v0=", b",", b"=", b" ", b"\xff", b"0" * 64, b"-", b"1789387200", b"9" * 17]),
    max_size=8,
).map(b"".join)
json_bodies = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@pytest.fixture
def client(configured: Settings, ingress: Callable[[], AsgiClient]) -> AsgiClient:
    """webhook_ingress of an installation that knows its public URL: so both signatures are checked."""
    path = configured.config / "sites.yaml"
    path.write_text(f"public_url: {PUBLIC_URL}\n{path.read_text()}")
    return ingress()


def post(client: AsgiClient, body: bytes, body_header: bytes | None, uri_header: bytes | None) -> int:
    given_headers = {BODY_SIGNATURE_HEADER: body_header, URI_SIGNATURE_HEADER: uri_header}
    headers = {name: value for name, value in given_headers.items() if value is not None}
    return client.request("POST", NEW_WORK_ORDER, content=body, headers=headers).status_code


def signed(message: bytes) -> bytes:
    return sign(message, SECRET, int(time.time())).encode()


def test_what_is_signed_twice_is_taken(client: AsgiClient) -> None:
    assert post(client, BODY, signed(BODY), signed(URI)) == 202


@fuzz
@given(body=st.binary(max_size=300), header=field_bytes | near_misses, uri=st.none() | field_bytes | near_misses)
def test_any_bytes_without_the_secret_are_401(
    client: AsgiClient, broker: FakePublisher, body: bytes, header: bytes, uri: bytes | None
) -> None:
    assert post(client, body, header, uri) == 401
    assert broker.published == []


@fuzz
@given(uri=st.none() | field_bytes | near_misses)
def test_genuine_body_signature_with_any_uri_signature_is_401(
    client: AsgiClient, broker: FakePublisher, uri: bytes | None
) -> None:
    assert post(client, BODY, signed(BODY), uri) == 401
    assert broker.published == []


@fuzz
@given(header=field_bytes | near_misses)
def test_genuine_uri_signature_with_any_body_signature_is_401(
    client: AsgiClient, broker: FakePublisher, header: bytes
) -> None:
    assert post(client, BODY, header, signed(URI)) == 401
    assert broker.published == []


@fuzz
@given(body=st.binary(max_size=300))
def test_genuine_delivery_of_any_bytes_is_an_event_or_a_bad_request(client: AsgiClient, body: bytes) -> None:
    assert post(client, body, signed(body), signed(URI)) in {202, 400}


@fuzz
@given(value=json_bodies, extra=st.sampled_from(["eventType", "occurredAt", "workOrderId", "orgId"]))
def test_genuine_object_of_any_shape_is_taken_or_a_bad_request(client: AsgiClient, value: object, extra: str) -> None:
    body = json.dumps({extra: value}).encode()
    assert post(client, body, signed(body), signed(URI)) in {202, 400}


@fuzz
@given(data=st.data())
def test_header_with_a_changed_byte_is_taken_only_if_it_still_proves_the_secret(
    client: AsgiClient, data: st.DataObject
) -> None:
    header = bytearray(signed(BODY))
    position = data.draw(st.integers(0, len(header) - 1))
    header[position] = data.draw(st.integers(32, 255))
    expected = 202 if proves(bytes(header)) else 401
    assert post(client, BODY, bytes(header), signed(URI)) == expected


def proves(header: bytes) -> bool:
    """The vendor's rule, written down a second time: t and v1 by name, HMAC over t, a dot and the body."""
    pairs = [part.strip(b" ").split(b"=", 1) for part in header.split(b",")]
    fields = {pair[0]: pair[1] for pair in pairs if len(pair) == 2}
    t, v1 = fields.get(b"t", b""), fields.get(b"v1", b"")
    if not t.isdigit() or abs(time.time() - int(t)) > 300:
        return False
    return hmac.new(SECRET.encode(), t + b"." + BODY, hashlib.sha256).hexdigest().encode() == v1
