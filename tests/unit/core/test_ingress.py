"""What an address and a body mean, and that nothing but a refusal ever comes out of bad ones."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from shared.config.sites import SitesFile
from shared.events import Event
from shared.ingress import GATEWAY_SIGNATURE_HEADER, Address, Refused, check_signature, find_address, make_event
from shared.maintainx.signature import BODY_SIGNATURE_HEADER, URI_SIGNATURE_HEADER, sign
from tests.fakes.events import AT_UTC
from tests.fakes.settings import SITES

SITES_FILE = SitesFile.model_validate(yaml.safe_load(SITES))
WEBHOOK = find_address(SITES_FILE, "/webhooks/plant-1/NEW_WORK_ORDER")
GATEWAY = find_address(SITES_FILE, "/v1/events/plant-1")
NOW_S = 1_789_387_200


def test_path_names_site_type_and_secret(subtests: pytest.Subtests) -> None:
    cases: list[tuple[str, str, str, str | None]] = [
        ("/webhooks/plant-1/NEW_WORK_ORDER", "plant-1", "NEW_WORK_ORDER", "webhook-new-work-order"),
        ("/webhooks/plant-1/NEW_WORK_ORDER/", "plant-1", "NEW_WORK_ORDER", "webhook-new-work-order"),
        ("/webhooks/plant-2/NEW_WORK_ORDER", "plant-2", "NEW_WORK_ORDER", "webhook-plant-2"),
        ("/v1/events/plant-1", "plant-1", "", "gateway"),
        ("/v1/events/plant-2/", "plant-2", "", None),
    ]
    for path, site, webhook_type, secret in cases:
        with subtests.test(path=path):
            address = find_address(SITES_FILE, path)
            assert (address.site.id, address.webhook_type, address.secret_name) == (site, webhook_type, secret)


def test_any_other_path_is_not_found(subtests: pytest.Subtests) -> None:
    cases: list[str] = [
        "/",
        "",
        "/webhooks",
        "/webhooks/plant-9/NEW_WORK_ORDER",
        "/webhooks/plant-2/WORK_ORDER_STATUS_CHANGE",
        "/webhooks/plant-1/new_work_order",
        "/webhooks/plant-1/NEW_WORK_ORDER//",
        "/webhooks/plant-1/NEW_WORK_ORDER\n",
        "/webhooks/plant-1/NEW_WORK_ORDER/x",
        "/x/webhooks/plant-1/NEW_WORK_ORDER",
        "/v1/events/plant-9",
        "/v1/events/plant-1\n",
        "/v1/events/",
        "/v2/events/plant-1",
    ]
    for path in cases:
        with subtests.test(path=path):
            with pytest.raises(Refused) as caught:
                find_address(SITES_FILE, path)
            assert caught.value.status == 404


@given(st.text() | st.from_regex(r"/webhooks/[a-z0-9-]*/[A-Z_]*/?", fullmatch=True))
def test_any_path_is_an_address_or_refused(path: str) -> None:
    with suppress(Refused):
        assert f"/{find_address(SITES_FILE, path).site.id}" in path


def gateway_body(**fields: Any) -> bytes:
    return json.dumps({"event": "work_order.created", "data": {"workOrderId": 7}, **fields}).encode()


def test_webhook_becomes_the_event_of_its_address() -> None:
    event = make_event(WEBHOOK, b'{"workOrderId": 7}', AT_UTC)
    assert (event.site, event.type, event.resource_id, event.source) == (
        "plant-1",
        "work_order.created",
        "7",
        "webhook",
    )


def test_generic_envelope_becomes_an_event() -> None:
    event = make_event(
        GATEWAY, gateway_body(data={"workOrderId": 7, "occurredAt": "2026-09-14T13:00:00+02:00"}), AT_UTC
    )
    assert (event.site, event.type, event.resource, event.resource_id) == (
        "plant-1",
        "work_order.created",
        "work_order",
        "7",
    )
    assert (event.source, event.origin, event.occurred_at.hour) == ("gateway", "work_order.created", 11)


def test_resource_id_of_the_generic_envelope_fits_a_message_attribute(subtests: pytest.Subtests) -> None:
    cases: list[tuple[dict[str, Any], str]] = [
        ({"workOrderId": 7}, "7"),
        ({"workOrderId": "A-7"}, "A-7"),
        ({"workOrderId": 7.0}, "7"),
        ({"id": 7}, "7"),
        ({"workOrderId": 7, "id": 8}, "7"),
        ({}, ""),
        ({"workOrderId": None}, ""),
        ({"workOrderId": True}, ""),
        ({"workOrderId": "x" * 2000}, ""),
        ({"workOrderId": "²"}, ""),
        ({"workOrderId": "7\n"}, ""),
        ({"workOrderId": [7]}, ""),
    ]
    for data, resource_id in cases:
        with subtests.test(data=data):
            assert make_event(GATEWAY, gateway_body(data=data), AT_UTC).resource_id == resource_id


def test_odd_time_of_the_generic_envelope_is_the_time_of_receipt(subtests: pytest.Subtests) -> None:
    cases: list[object] = [None, 7, "yesterday", "2026-09-14T12:00:00", "0001-01-01T00:00:00+14:00"]
    for occurred_at in cases:
        with subtests.test(occurred_at=occurred_at):
            assert make_event(GATEWAY, gateway_body(data={"occurredAt": occurred_at}), AT_UTC).occurred_at == AT_UTC


def test_odd_name_of_the_generic_envelope_is_refused(subtests: pytest.Subtests) -> None:
    cases: list[object] = [None, 7, "", "created", "Work.created", "work_order.", ".created", "a.b\n", "a b.c"]
    for name in cases:
        with subtests.test(name=name):
            with pytest.raises(Refused, match="dotted event name") as caught:
                make_event(GATEWAY, gateway_body(event=name), AT_UTC)
            assert caught.value.status == 400


def test_body_that_is_no_json_object_is_refused(subtests: pytest.Subtests) -> None:
    bodys: list[bytes] = [b"", b"{", b"\xff", b"[]", b'"x"', b'{"a": NaN}', b'{"a": 1e999}', b"[" * 100_000]
    for case, address in [("webhook", WEBHOOK), ("gateway", GATEWAY)]:
        for body in bodys:
            with subtests.test(case=case, body=body):
                with pytest.raises(Refused) as caught:
                    make_event(address, body, AT_UTC)
                assert caught.value.status == 400


@pytest.mark.parametrize("data", [None, [], "x"])
def test_generic_envelope_without_data_is_refused(data: object) -> None:
    with pytest.raises(Refused, match="'data'"):
        make_event(GATEWAY, gateway_body(data=data), AT_UTC)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=())),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
fields = st.dictionaries(st.sampled_from(["event", "data", "workOrderId", "occurredAt", "newStatus"]), json_values)
names = st.sampled_from(["work_order.created", "asset.x"]) | st.text()


@given(
    st.sampled_from([WEBHOOK, GATEWAY]),
    st.binary()
    | fields.map(lambda value: json.dumps(value).encode())
    | st.builds(gateway_body, event=names, data=fields),
)
def test_any_body_is_an_event_that_can_be_published_or_refused(address: Address, body: bytes) -> None:
    try:
        event = make_event(address, body, AT_UTC)
    except Refused:
        return
    assert Event.from_json(event.to_json()) == event
    assert all(len(value.encode()) <= 1024 for value in event.attributes().values())


def verdict(address: Address, headers: dict[str, str], *secrets: str, public_url: str | None = None) -> int:
    try:
        check_signature(address, headers, b"body", secrets, public_url=public_url, now_s=NOW_S)
    except Refused as refused:
        return refused.status
    return 200


def test_each_address_has_its_own_header() -> None:
    signature = sign(b"body", "s", NOW_S)
    assert verdict(WEBHOOK, {BODY_SIGNATURE_HEADER: signature}, "s") == 200
    assert verdict(GATEWAY, {GATEWAY_SIGNATURE_HEADER: signature}, "s") == 200
    assert verdict(GATEWAY, {BODY_SIGNATURE_HEADER: signature}, "s") == 401
    assert verdict(WEBHOOK, {GATEWAY_SIGNATURE_HEADER: signature}, "s") == 401


def test_uri_is_verified_if_the_public_url_is_configured() -> None:
    public_url = "https://bridge.example.com"
    body = sign(b"body", "s", NOW_S)
    uri = sign(f"{public_url}/webhooks/plant-1/NEW_WORK_ORDER".encode(), "s", NOW_S)
    other = sign(f"{public_url}/webhooks/plant-1/WORK_ORDER_DELETE".encode(), "s", NOW_S)
    both = {BODY_SIGNATURE_HEADER: body, URI_SIGNATURE_HEADER: uri}
    assert verdict(WEBHOOK, both, "s", public_url=public_url) == 200
    assert verdict(WEBHOOK, {BODY_SIGNATURE_HEADER: body}, "s", public_url=public_url) == 401
    assert verdict(WEBHOOK, {**both, URI_SIGNATURE_HEADER: other}, "s", public_url=public_url) == 401
    assert verdict(WEBHOOK, {**both, URI_SIGNATURE_HEADER: "junk"}, "s") == 200


def test_nothing_is_genuine_without_a_secret() -> None:
    assert verdict(WEBHOOK, {BODY_SIGNATURE_HEADER: sign(b"body", "", NOW_S)}) == 401
    assert verdict(WEBHOOK, {BODY_SIGNATURE_HEADER: sign(b"body", "", NOW_S)}, "") == 401
