"""The event: its identity, its wire form, and what is refused."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import MalformedEvent
from shared.events import MAX_DEPTH, Event, Source, dig, event_identity, format_utc, parse_object, parse_utc
from tests.fakes.events import make_event

any_text = st.text(st.characters(exclude_categories=()))  # lone halves of characters too: JSON can carry them
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | any_text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(any_text, inner, max_size=4),
    max_leaves=10,
)
moments = st.datetimes(datetime(1970, 1, 1), datetime(9998, 1, 1), timezones=st.just(UTC)).map(  # noqa: DTZ001
    lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000)
)
events = st.builds(
    Event,
    event_id=any_text,
    site=any_text,
    type=any_text,
    resource=any_text,
    resource_id=any_text,
    occurred_at=moments,
    received_at=moments,
    source=st.sampled_from(get_args(Source)),
    origin=any_text,
    data=st.dictionaries(any_text, json_values, max_size=4),
)
names = st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]))


@given(events)
def test_wire_form_round_trips(event: Event) -> None:
    assert Event.from_json(event.to_json()) == event


@given(events)
def test_wire_form_is_json_for_every_reader(event: Event) -> None:
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    raw = event.to_json()
    raw.decode("ascii")
    assert json.loads(raw, parse_constant=refuse)["data"] == event.data


def test_half_a_character_in_a_payload_survives() -> None:
    data = json.loads(rb'{"title": "half \ud83d"}')
    event = make_event(data=data)
    assert Event.from_json(event.to_json()).data == data


few = st.text("ab", max_size=2)  # so few that equal ones are met
deliveries = st.tuples(few, few, st.sampled_from([b"", b"a", b"a\n", b"\na"]))


@given(deliveries, deliveries)
def test_identity_is_equal_exactly_if_site_type_and_body_are(
    first: tuple[str, str, bytes], second: tuple[str, str, bytes]
) -> None:
    assert (event_identity(*first) == event_identity(*second)) == (first == second)


@given(names, names, names, st.binary())
def test_identity_knows_where_the_site_ends(site: str, middle: str, origin: str, body: bytes) -> None:
    one, other = event_identity(site + middle, origin, body), event_identity(site, middle + origin, body)
    assert (one == other) == (middle == "")


def test_identity_does_not_change_between_releases() -> None:
    assert event_identity("plant-1", "NEW_WORK_ORDER", b'{"workOrderId":1}') == (
        "8ef91ea48871def65102bd3c9b47095186b4a7fed1c9b9ce4dad7bd3ca0b6bca"
    )


def test_attributes_carry_what_filters_and_the_operator_need() -> None:
    attributes = make_event().attributes()
    assert attributes == {
        "event_id": "e1",
        "site": "plant-1",
        "type": "work_order.created",
        "resource": "work_order",
        "resource_id": "9001001",
        "source": "webhook",
        "origin": "NEW_WORK_ORDER",
    }


def changed(**fields: Any) -> bytes:
    return json.dumps({**json.loads(make_event().to_json()), **fields}).encode()


def without(field: str) -> bytes:
    body = json.loads(make_event().to_json())
    del body[field]
    return json.dumps(body).encode()


def test_what_is_no_event_is_refused_with_the_field(subtests: pytest.Subtests) -> None:
    cases: list[tuple[bytes, str]] = [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"\xff", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "not a JSON object"),
        (b'{"data": NaN}', "not a finite number"),
        (b'{"data": 1e999}', "not a finite number"),
        (changed(site=7), "'site'"),
        (changed(event_id=None), "'event_id'"),
        (changed(source="rumour"), "'source' is 'rumour'"),
        (changed(data=[]), "'data'"),
        (changed(occurred_at="yesterday"), "occurred_at"),
        (changed(occurred_at="2026-09-14T12:00:00"), "occurred_at"),
        (changed(received_at=1789387200), "received_at"),
        *((without(field), f"{field}") for field in ("event_id", "site", "type", "resource", "resource_id", "source")),
        *((without(field), f"{field}") for field in ("occurred_at", "received_at", "data")),
    ]
    for raw, complaint in cases:
        with subtests.test(raw=raw, complaint=complaint), pytest.raises(MalformedEvent, match=complaint):
            Event.from_json(raw)


@given(st.binary() | json_values.map(lambda value: json.dumps(value).encode()))
def test_arbitrary_bytes_are_an_event_or_malformed(raw: bytes) -> None:
    try:
        Event.from_json(raw)
    except MalformedEvent:
        return


@given(st.dictionaries(st.sampled_from(list(json.loads(make_event().to_json()))), json_values))
def test_any_value_in_any_field_is_an_event_or_malformed(fields: dict[str, Any]) -> None:
    try:
        event = Event.from_json(changed(**fields))
    except MalformedEvent:
        return
    assert Event.from_json(event.to_json()) == event


@given(st.binary())
def test_parse_object_gives_an_object_or_malformed(raw: bytes) -> None:
    try:
        assert isinstance(parse_object(raw), dict)
    except MalformedEvent:
        return


def nested(levels: int) -> bytes:
    """An object in an object and so on."""
    return b'{"a":' * (levels - 1) + b"{}" + b"}" * (levels - 1)


def test_object_that_is_nested_too_deep_is_malformed(subtests: pytest.Subtests) -> None:
    for levels in [MAX_DEPTH + 1, 300, 990, 100_000]:
        with subtests.test(levels=levels), pytest.raises(MalformedEvent):
            parse_object(nested(levels))


def test_object_as_deep_as_allowed_can_be_written_and_read_as_an_event() -> None:
    event = make_event(data=parse_object(nested(MAX_DEPTH)))
    assert Event.from_json(event.to_json()) == event


def test_wide_object_and_brackets_in_texts_are_not_deep() -> None:
    body = {"rows": [[] for _ in range(500)], "text": "[{" * 500}
    assert parse_object(json.dumps(body).encode()) == body


def test_record_id_is_a_number_of_plain_digits_or_none(subtests: pytest.Subtests) -> None:
    cases: list[tuple[str, int | None]] = [
        ("9001001", 9001001),
        ("0", 0),
        ("", None),
        ("²", None),
        ("٣", None),
        ("-1", None),
        ("1.0", None),
        ("9" * 5000, None),
    ]
    for resource_id, number in cases:
        with subtests.test(resource_id=resource_id):
            assert make_event(resource_id=resource_id).record_id == number


@given(any_text | st.from_regex(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?([+-]\d\d:?\d\d|Z)?", fullmatch=True))
def test_any_text_is_a_time_in_utc_or_malformed(text: str) -> None:
    try:
        assert parse_utc(text).tzinfo is UTC
    except MalformedEvent:
        return


def test_times_in_any_zone_become_utc(subtests: pytest.Subtests) -> None:
    cases: list[str] = [
        "2026-09-14T12:00:00.000Z",
        "2026-09-14T14:00:00+02:00",
        "2026-09-14T06:30:00-0530",
        "2026-09-14 12:00Z",
    ]
    for text in cases:
        with subtests.test(text=text):
            assert parse_utc(text) == datetime(2026, 9, 14, 12, tzinfo=UTC)


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
def test_time_that_leaves_the_calendar_is_malformed(text: str) -> None:
    with pytest.raises(MalformedEvent):
        parse_utc(text)


def test_time_is_written_in_utc_with_z() -> None:
    berlin = timezone(timedelta(hours=2))
    assert format_utc(datetime(2026, 9, 14, 14, 0, 0, 123456, tzinfo=berlin)) == "2026-09-14T12:00:00.123Z"


def test_time_without_zone_is_not_written() -> None:
    with pytest.raises(ValueError, match="zone"):
        format_utc(datetime(2026, 9, 14))  # noqa: DTZ001  # that is the point


def test_dig_follows_the_path_as_far_as_it_goes(subtests: pytest.Subtests) -> None:
    cases: list[tuple[str, object]] = [
        ("a", {"b": [1]}),
        ("a.b", [1]),
        ("a.b.c", None),
        ("x", None),
        ("a.x", None),
        ("", None),
        ("none.x", None),
    ]
    for path, value in cases:
        with subtests.test(path=path):
            assert dig({"a": {"b": [1]}, "none": None}, path) == value
