"""Lists of the REST adapter's ERPs: what changed, found or not, in pages of every style."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from shared.erp import ErpRecord
from shared.erp.base import UnreadableRecord
from shared.erp.rest import paging as paging_module
from shared.errors import (
    ConfigError,
)
from tests.unit.erp.rest_answers import Answer, answer, erp

SINCE = datetime(2026, 9, 14, 12, 0, 0, 999_000, tzinfo=UTC)
CHANGED: dict[str, Any] = {"changed_parameter": "since", "changed_field": "changed"}


def rows(*numbers: int) -> dict[str, Any]:
    return {"items": [{"id": number, "externalReference": None} for number in numbers]}


def changed(*answers: Answer, seen: list[httpx.Request] | None = None, **rest: Any) -> list[ErpRecord]:
    """What has changed, from an ERP that gives these pages."""
    return list(erp(*answers, seen=seen, **{**CHANGED, "paging": {"style": "none"}, **rest}).changed_since(SINCE))


LINKED = {"style": "next_link", "next": "@odata.nextLink"}


def test_an_erp_that_cannot_be_asked_what_changed_is_named_with_the_missing_setting() -> None:
    with pytest.raises(ConfigError, match=r"rest\.changed_parameter is missing"):
        erp().changed_since(SINCE)


def test_the_time_is_asked_for_in_the_erp_s_own_form(subtests: pytest.Subtests) -> None:
    cases: list[tuple[dict[str, Any], bytes]] = [
        ({}, b"since=2026-09-14T12%3A00%3A00Z"),
        ({"changed_format": "epoch_s"}, b"since=1789387200"),
        ({"changed_format": "epoch_ms"}, b"since=1789387200999"),
        (
            {"changed_parameter": "$filter=modifiedon ge {since}", "list_parameters": {"$orderby": "modifiedon"}},
            b"%24orderby=modifiedon&%24filter=modifiedon+ge+2026-09-14T12%3A00%3A00Z",
        ),
    ]
    for settings, query in cases:
        with subtests.test(settings=settings):
            seen: list[httpx.Request] = []
            assert changed(answer(200, rows()), seen=seen, **settings) == []
            assert seen[0].url.query == query


def test_a_search_may_be_a_condition_instead_of_a_parameter() -> None:
    seen: list[httpx.Request] = []
    made = erp(answer(200, rows()), seen=seen, reference_parameter="$filter=msdyn_name eq '{reference}'")
    assert made.find_by_reference("mx:a:1") is None
    assert seen[0].url.params["$filter"] == "msdyn_name eq 'mx:a:1'"


def test_a_next_link_is_followed_but_never_to_another_host(subtests: pytest.Subtests) -> None:
    cases: list[tuple[str, bytes]] = [
        ("https://erp.test/api/orders?skip=2&a=%20b", b"/api/orders?skip=2&a=%20b"),
        ("https://elsewhere.test/api/orders?skip=2", b"/api/orders?skip=2"),
        ("/api/orders?skip=2", b"/api/orders?skip=2"),
        ("//elsewhere.test/api/orders?skip=2", b"/api/orders?skip=2"),
        ("https://user:password@elsewhere.test:8443/api/orders?skip=2", b"/api/orders?skip=2"),
        ("http://erp.test:8080/api/orders?skip=2", b"/api/orders?skip=2"),
        ("https://erp.test//elsewhere.test/orders?skip=2", b"//elsewhere.test/orders?skip=2"),
        ("?skip=2", b"/api/orders?skip=2"),
        ("orders?skip=2", b"/api/orders?skip=2"),
    ]
    for link, path in cases:
        with subtests.test(link=link):
            seen: list[httpx.Request] = []
            first = {**rows(1), "@odata.nextLink": link}
            found = changed(
                answer(200, first), answer(200, rows(2)), seen=seen, paging=LINKED, parameters={"lean": "1"}
            )
            assert [record.id for record in found] == ["1", "2"]
            assert str(seen[1].url) == f"https://erp.test{path.decode()}"


def test_an_erp_that_does_not_get_on_is_an_error_and_not_an_endless_loop(subtests: pytest.Subtests) -> None:
    cases: list[tuple[list[dict[str, Any]], dict[str, Any]]] = [
        ([{**rows(1), "@odata.nextLink": "?skip=1"}, {**rows(2), "@odata.nextLink": "?skip=1"}], LINKED),
        ([{**rows(1), "next": "a"}, {**rows(2), "next": "a"}], {"style": "cursor", "parameter": "c", "next": "next"}),
        ([rows(1, 2), rows(1, 2)], {"style": "offset", "parameter": "offset"}),
        ([rows(1, 2), rows(1, 2)], {"style": "page", "parameter": "page"}),
    ]
    for pages, paging in cases:
        with subtests.test(pages=pages, paging=paging), pytest.raises(ConfigError, match=r"rest\.paging"):
            changed(*(answer(200, page) for page in pages), paging=paging)


def test_an_erp_that_makes_up_pages_without_end_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging_module, "MAX_PAGES", 3)
    with pytest.raises(ConfigError, match="no end"):
        changed(*(answer(200, rows(number)) for number in range(9)), paging={"style": "page", "parameter": "p"})


def test_a_next_link_that_is_no_address_is_a_fault_of_the_configuration(subtests: pytest.Subtests) -> None:
    for link in [5, ["?a=1"], {"href": "?a=1"}, "http://["]:
        with subtests.test(link=link), pytest.raises(ConfigError, match=r"rest\.paging\.next"):
            changed(answer(200, {**rows(1), "@odata.nextLink": link}), paging=LINKED)


def test_a_short_page_is_not_taken_for_the_last_one() -> None:
    seen: list[httpx.Request] = []
    paging = {"style": "offset", "parameter": "offset", "size": 500, "size_parameter": "limit"}
    found = changed(*(answer(200, rows(*ids)) for ids in ((1, 2), (3,), ())), seen=seen, paging=paging)
    assert [record.id for record in found] == ["1", "2", "3"]
    assert [request.url.params["offset"] for request in seen] == ["0", "2", "3"]
    assert {request.url.params["limit"] for request in seen} == {"500"}


def test_pages_may_be_counted_from_zero_and_end_where_the_erp_says_so() -> None:
    seen: list[httpx.Request] = []
    paging = {"style": "page", "parameter": "page", "first": 0, "more": "meta.more"}
    pages = [{**rows(1), "meta": {"more": True}}, {**rows(2), "meta": {"more": False}}]
    assert len(changed(*(answer(200, page) for page in pages), seen=seen, paging=paging)) == 2
    assert [request.url.params["page"] for request in seen] == ["0", "1"]


def test_a_record_that_slips_onto_the_next_page_comes_once_but_again_if_it_changed_meanwhile() -> None:
    def page(*states: tuple[int, int]) -> Answer:
        return answer(200, {"items": [{"id": number, "changed": time} for number, time in states]})

    paging = {"style": "offset", "parameter": "offset"}
    found = changed(page((1, 10), (2, 20)), page((2, 20), (1, 30)), page(), paging=paging, changed_format="epoch_s")
    assert [(record.id, record.changed_at and record.changed_at.timestamp()) for record in found] == [
        ("1", 10),
        ("2", 20),
        ("1", 30),
    ]


def test_a_search_goes_on_to_the_next_page_where_the_erp_says_there_is_one() -> None:
    row = {"id": 5, "externalReference": "r"}
    first = {"items": [], "@odata.nextLink": "?token=1"}
    found = erp(answer(200, first), answer(200, {"items": [row]}), paging=LINKED).find_by_reference("r")
    assert found is not None
    assert found.id == "5"


def test_a_time_of_change_that_cannot_be_understood_is_a_fault_of_the_configuration(subtests: pytest.Subtests) -> None:
    for value in ["yesterday", "2026-09-14T12:00:00", 5, [], True]:
        with subtests.test(value=value):
            with pytest.raises(ConfigError, match=r"rest\.changed_field"):
                erp(answer(200, {"id": 5, "changed": value}), changed_field="changed").get("5")
            assert (
                erp(answer(200, {"id": 5, "changed": value}), changed_field="changed").update("5", {}, None).id == "5"
            )


@pytest.mark.parametrize("value", [None, ""])
def test_a_record_that_was_never_changed_has_no_time(value: Any) -> None:
    assert erp(answer(200, {"id": 5, "changed": value}), changed_field="changed").get("5").changed_at is None


def test_a_row_whose_time_cannot_be_understood_keeps_no_other_row_back() -> None:
    items = [
        {"id": 1, "changed": "2026-09-14T12:00:00Z"},
        {"id": 2, "changed": "the day before yesterday", "externalReference": "r"},
        {"id": 3, "changed": "2026-09-14T13:00:00Z"},
    ]
    found = changed(answer(200, {"items": items}), changed_format="iso")
    assert [record.id for record in found] == ["1", "2", "3"]
    (unclear,) = (record for record in found if isinstance(record, UnreadableRecord))
    assert (unclear.id, unclear.reference, unclear.changed_at) == ("2", "r", None)
    assert "'the day before yesterday' is not a time" in unclear.why


def test_a_row_without_id_is_a_fault_of_the_configuration() -> None:
    with pytest.raises(ConfigError, match="id_field"):
        changed(answer(200, {"items": [{"number": 5}]}))
