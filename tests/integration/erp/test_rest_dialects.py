"""The REST adapter and each way in which ERPs differ, over sockets: lists, versions, answers to writes, credentials."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.erp import ErpRecord
from shared.erp.rest import RestErp
from shared.errors import AuthenticationFailed, RemoteRejected, VersionConflict
from tests.integration.erp.conftest import ORDER, Plant

REFERENCE = "mx:plant-1:9001001"
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
ISO: dict[str, Any] = {"changed_parameter": "changedSince", "changed_field": "changedAt"}
OFFSET = {"style": "offset", "parameter": "offset", "size": 2, "size_parameter": "limit"}
CURSOR = {"style": "cursor", "parameter": "pageToken", "next": "cursor.next"}
PAGED: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"paging": "none"}, {"paging": {"style": "none"}}),
    ({"paging": "offset"}, {"paging": OFFSET}),
    ({"paging": "offset"}, {"paging": {**OFFSET, "more": "hasMore"}}),
    ({"paging": "offset", "page_size": 2}, {"paging": {"style": "offset", "parameter": "offset"}}),
    ({"paging": "offset", "envelope": ""}, {"paging": OFFSET, "collection_key": None}),
    (
        {"paging": "page", "envelope": "member"},
        {
            "paging": {"style": "page", "parameter": "page", "size": 2, "size_parameter": "pageSize"},
            "collection_key": "member",
        },
    ),
    (
        {"paging": "next_link", "envelope": "d.results", "page_size": 2},
        {"paging": {"style": "next_link", "next": "nextLink"}, "collection_key": "d.results"},
    ),
    (
        {"paging": "link_header", "envelope": "", "page_size": 3},
        {"paging": {"style": "next_link", "size": 2, "size_parameter": "pageSize"}, "collection_key": None},
    ),
    (
        {"paging": "cursor", "envelope": "value", "page_size": 2},
        {"paging": CURSOR, "collection_key": "value"},
    ),
]


def ids(records: list[ErpRecord]) -> list[str]:
    return [record.id for record in records]


@pytest.mark.parametrize(("dialect", "rest"), PAGED, ids=lambda part: part["paging"] if len(part) < 4 else None)
@pytest.mark.parametrize("count", [0, 1, 4, 5])
def test_every_changed_record_comes_once_through_all_pages(
    plant: Plant, dialect: dict[str, Any], rest: dict[str, Any], count: int
) -> None:
    plant.speak(**dialect)
    erp = plant.adapter(**ISO, **rest)
    made = ids([erp.create(ORDER, f"mx:plant-1:{number}") for number in range(count)])
    found = list(erp.changed_since(LONG_AGO))
    assert ids(found) == made
    assert [record.reference for record in found] == [f"mx:plant-1:{number}" for number in range(count)]


@pytest.mark.parametrize(("dialect", "rest"), PAGED)
def test_a_search_by_reference_finds_one_among_many(
    plant: Plant, dialect: dict[str, Any], rest: dict[str, Any]
) -> None:
    plant.speak(**dialect)
    erp = plant.adapter(**rest)
    made = ids([erp.create(ORDER, f"mx:plant-1:{number}") for number in range(5)])
    found = erp.find_by_reference("mx:plant-1:3")
    assert found is not None
    assert found.id == made[3]
    assert erp.find_by_reference(REFERENCE) is None
    assert plant.counters()["searches"] == 2


FORMS: list[tuple[str, dict[str, Any]]] = [
    ("iso", ISO),
    ("epoch_s", {**ISO, "changed_format": "epoch_s"}),
    ("epoch_ms", {**ISO, "changed_format": "epoch_ms"}),
    ("filter", {**ISO, "changed_parameter": "$filter=changedAt ge {since}"}),
]


@pytest.mark.parametrize(("form", "settings"), FORMS)
def test_changed_since_takes_what_changed_at_that_moment_and_later(
    plant: Plant, form: str, settings: dict[str, Any]
) -> None:
    plant.speak(changed=form)
    erp = plant.adapter(**settings, paging=OFFSET)
    first, second = (erp.create(ORDER, f"mx:plant-1:{number}") for number in range(2))
    assert first.changed_at is not None
    assert ids(list(erp.changed_since(first.changed_at))) == [first.id, second.id]
    assert list(erp.changed_since(first.changed_at + timedelta(hours=1))) == []
    plant.simulator.edit(plant.name, first.id, priority="2")
    (again,) = (record for record in erp.changed_since(LONG_AGO) if record.id == first.id)
    assert again.fields["priority"] == "2"
    assert again.changed_at == erp.get(first.id).changed_at


def test_a_time_is_never_rounded_up(plant: Plant) -> None:
    erp = plant.adapter(**ISO, paging=OFFSET)
    made = erp.create(ORDER, REFERENCE)
    assert made.changed_at is not None
    since = made.changed_at.replace(microsecond=0) + timedelta(microseconds=999_999)
    assert ids(list(erp.changed_since(since))) == [made.id]


def test_a_parameter_that_the_erp_does_not_know_is_refused_and_not_everything_taken_for_changed(plant: Plant) -> None:
    erp = plant.adapter(changed_parameter="modifiedSince", paging=OFFSET)
    with pytest.raises(RemoteRejected, match="unknown query parameter modifiedSince"):
        list(erp.changed_since(LONG_AGO))


def test_a_version_in_the_body_goes_back_in_a_header_of_its_own(plant: Plant) -> None:
    plant.speak(version="field", conflict=409)
    erp = plant.adapter(version_field="rowVersion", match_header="X-Row-Version", conflict_statuses=[409])
    made = erp.create(ORDER, REFERENCE)
    found = erp.find_by_reference(REFERENCE)
    assert found is not None
    assert (made.version, found.version) == ("1", "1")
    assert erp.update(made.id, {"priority": "2"}, made.version).version == "2"
    with pytest.raises(VersionConflict):
        erp.update(made.id, {"priority": "3"}, made.version)
    assert erp.get(made.id).fields["priority"] == "2"


@pytest.mark.parametrize("created", ["record", "location", "nothing"])
def test_a_created_record_is_found_whatever_the_answer_tells(plant: Plant, created: str) -> None:
    plant.speak(created=created)
    made = plant.adapter().create(ORDER, REFERENCE)
    assert (made.id, made.reference) == (plant.orders()[0]["id"], REFERENCE)
    assert made.fields.items() >= ORDER.items()
    assert plant.counters().get("searches", 0) == (created == "nothing")


FIELDS: dict[str, dict[str, Any]] = {
    name: {} for name in ("shortText", "orderType", "equipment", "priority", "status", "plant")
}


@pytest.mark.parametrize(
    ("method", "settings"),
    [("PATCH", {}), ("POST", {}), ("PUT", {"fields": {**FIELDS, "createdAt": {"updatable": False}}})],
)
def test_an_update_by_any_method_leaves_other_fields_alone(plant: Plant, method: str, settings: dict[str, Any]) -> None:
    plant.speak(update=method)
    erp = plant.adapter(update_method=method, changed_field="changedAt", **settings)
    made = erp.create({**ORDER, "priority": "2"}, REFERENCE)
    erp.update(made.id, {"shortText": "Replace both seals"}, made.version)
    assert plant.orders()[0].items() >= {**ORDER, "priority": "2", "shortText": "Replace both seals"}.items()
    assert erp.get(made.id).reference == REFERENCE


def test_a_record_that_is_replaced_must_still_be_at_the_version_read(plant: Plant) -> None:
    plant.speak(update="PUT")
    erp = plant.adapter(update_method="PUT", fields=FIELDS)
    made = erp.create(ORDER, REFERENCE)
    plant.simulator.edit(plant.name, made.id, priority="2")
    with pytest.raises(VersionConflict):
        erp.update(made.id, {"priority": "3"}, made.version)
    assert plant.counters().get("updates", 0) == 0


def test_a_record_in_an_envelope_is_taken_out_of_it(plant: Plant) -> None:
    plant.speak(record_envelope="data.order")
    erp = plant.adapter(record_key="data.order")
    made = erp.create(ORDER, REFERENCE)
    assert erp.update(made.id, {"priority": "2"}, made.version) == erp.get(made.id)


def test_a_key_goes_in_its_own_header(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    plant.speak(key_header="apikey")
    erp = plant.adapter(auth="api_key", api_key_header="apikey")
    assert erp.find_by_reference(REFERENCE) is None
    with pytest.raises(AuthenticationFailed):
        plant.adapter().find_by_reference(REFERENCE)


def test_an_erp_that_knows_idempotency_keys_makes_one_order_of_two_creates(plant: Plant) -> None:
    plant.speak(idempotent=True)
    erp = plant.adapter()
    assert erp.create(ORDER, REFERENCE).id == erp.create(ORDER, REFERENCE).id
    assert erp.create(ORDER, "mx:plant-1:2").id != erp.create(ORDER, REFERENCE).id
    assert len(plant.orders()) == 2
    other = plant.adapter(idempotency_header=None)
    assert other.create(ORDER, REFERENCE).id not in (plant.orders()[0]["id"], plant.orders()[1]["id"])


def test_what_is_wrong_is_told_from_the_paths_that_are_named(plant: Plant) -> None:
    erp = plant.adapter(error_paths=["error.field", "error.message", "error.absent"])
    with pytest.raises(RemoteRejected) as caught:
        erp.create({**ORDER, "equipment": "9999"}, REFERENCE)
    assert str(caught.value) == f"erp: POST /{plant.name}/orders: 422 equipment: equipment '9999' does not exist"


def test_fixed_parameters_and_headers_are_sent_and_an_unknown_parameter_is_refused(plant: Plant) -> None:
    assert plant.adapter(list_parameters={"limit": "1"}, headers={"X-Any": "1"}).find_by_reference(REFERENCE) is None
    calls: list[Callable[[RestErp], object]] = [
        lambda erp: erp.find_by_reference("r"),
        lambda erp: erp.create(ORDER, "r"),
        lambda erp: erp.get("1"),
    ]
    for call in calls:
        with pytest.raises(RemoteRejected, match="unknown query parameter lean"):
            call(plant.adapter(parameters={"lean": "1"}))
