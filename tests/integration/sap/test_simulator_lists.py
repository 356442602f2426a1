"""The simulated SAP finds, sorts and pages as OData V2 says, and refuses queries that SAP refuses."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.sap.fields import ORDER as ORDER_TYPE
from local.sap.filters import compile_filter
from tests.integration.sap.conftest import Plant, key


@pytest.fixture
def filled(plant: Plant) -> Plant:
    """Four orders: 4000000 to 4000003."""
    for number, (text, priority, start) in enumerate(
        [("Seal O'Brien", "1", 0), ("Oil, bearing", "2", 1), ("Inspect (yearly)", "3", 2), ("", "", None)]
    ):
        times = {} if start is None else {"MaintOrdBasicStartDateTime": f"/Date({1775000000000 + start * 1000}+0000)/"}
        day = {} if start is None else {"LatestAcceptableCompletionDate": f"/Date({1775001600000 + start * 86400000})/"}
        reference = f"MX:A:{number}"
        plant.create(MaintenanceOrderDesc=text, MaintPriority=priority, ReferenceElement=reference, **times, **day)
    plant.simulator.edit(plant.name, "4000000", Equipment="10000045")
    return plant


def found(plant: Plant, **options: str) -> list[int]:
    """Last digits of the orders in a list's one page."""
    answer = plant.read("/MaintenanceOrder", params={f"${name}": text for name, text in options.items()})
    return [int(order["MaintenanceOrder"]) - 4000000 for order in answer["results"]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ReferenceElement eq 'MX:A:1'", [1]),
        ("ReferenceElement eq 'mx:a:1'", []),
        ("'MX:A:1' eq ReferenceElement", [1]),
        ("MaintenanceOrderDesc eq 'Seal O''Brien'", [0]),
        ("MaintenanceOrder eq '000004000002'", [2]),
        ("MaintPriority ne '1'", [1, 2, 3]),
        ("MaintPriority gt '1' and MaintPriority le '3'", [1, 2]),
        ("MaintPriority eq '1' or MaintPriority eq '2' and MaintenanceOrderDesc eq 'x'", [0]),
        ("(MaintPriority eq '1' or MaintPriority eq '2') and not (MaintPriority eq '2')", [0]),
        ("substringof('earin',MaintenanceOrderDesc)", [1]),
        ("substringof(', b',MaintenanceOrderDesc) eq true", [1]),
        ("startswith(MaintenanceOrderDesc,'Insp') or endswith(MaintenanceOrderDesc,'Brien')", [0, 2]),
        ("not startswith(MaintenanceOrderDesc,'Insp')", [0, 1, 3]),
        ("startswith(MaintenanceOrderDesc,'Insp') eq false", [0, 1, 3]),
        ("MaintOrdBasicStartDateTime ge datetimeoffset'2026-03-31T23:33:21Z'", [1, 2]),
        ("MaintOrdBasicStartDateTime lt datetimeoffset'2026-04-01T01:33:21+02:00'", [0]),
        ("LatestAcceptableCompletionDate gt datetime'2026-04-01T00:00:00'", [1, 2]),
        ("LatestAcceptableCompletionDate eq null", [3]),
        ("LastChangeDateTime eq null", [1, 2, 3]),
        ("LastChangeDateTime ge datetimeoffset'2020-01-01T00:00:00Z'", [0]),
        ("MaintOrdBasicStartTime eq time'PT23H33M20S'", [0]),
        ("OrderHasLongText eq false and MaintenanceCall eq 0 and MaintenanceObjectList lt 5L", [0, 1, 2, 3]),
        (
            "LastChangeDateTime ge datetimeoffset'2020-01-01T00:00:00Z'"
            " or MaintOrderCreationDateTime ge datetimeoffset'2020-01-01T00:00:00Z'",
            [0, 1, 2, 3],
        ),
    ],
)
def test_a_filter_finds_what_it_describes(filled: Plant, text: str, expected: list[int]) -> None:
    assert found(filled, filter=text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Nothing eq 'x'",
        "SystemStatusText eq 'REL'",
        "substringof('REL',SystemStatusText)",
        "MaintPriority eq 1",
        "MaintPriority eq X",
        "MaintPriority = '1'",
        "MaintPriority eq '1",
        "MaintPriority eq '1' and",
        "MaintPriority eq '1' MaintPriority eq '2'",
        "(MaintPriority eq '1'",
        "MaintPriority eq '1')",
        "MaintPriority in ('1')",
        "contains(MaintPriority,'1')",
        "substringof(MaintPriority,'1')",
        "tolower(MaintPriority) eq '1'",
        "startswith(MaintOrdBasicStartDateTime,'2')",
        "LastChangeDateTime ge datetime'2026-01-01T00:00:00'",
        "LastChangeDateTime ge datetimeoffset'2026-01-01T00:00:00'",
        "LastChangeDateTime ge datetimeoffset'yesterday'",
        "LastChangeDateTime ge '2026-01-01T00:00:00Z'",
        "LatestAcceptableCompletionDate ge datetimeoffset'2026-01-01T00:00:00Z'",
        "OrderHasLongText eq 'true'",
        "MaintenanceCall eq 1x",
        "'a' eq 'a'",
        "not",
        "§",
    ],
)
def test_a_filter_that_sap_would_not_run_is_refused(filled: Plant, text: str) -> None:
    response = filled.request("GET", params={"$filter": text})
    assert response.status_code == 400
    assert response.json()["error"]["message"]["value"]


@pytest.mark.parametrize(
    "params",
    [
        {"$search": "x"},
        {"filter": "MaintPriority eq '1'"},
        {"limit": "5"},
        {"$top": "-1"},
        {"$skip": "x"},
        {"$select": "Nothing"},
        {"$expand": "to_Nothing"},
        {"$orderby": "Nothing"},
        {"$orderby": "SystemStatusText"},
        {"$orderby": "MaintPriority up"},
        {"$inlinecount": "yes"},
        {"$format": "csv"},
    ],
)
def test_an_unknown_option_or_a_bad_value_is_refused(filled: Plant, params: dict[str, str]) -> None:
    assert filled.request("GET", params=params).status_code == 400


def test_saps_own_options_are_no_business_of_the_service(filled: Plant) -> None:
    params = {"sap-client": "100", "sap-language": "EN", "$top": "1"}
    assert len(filled.read("/MaintenanceOrder", params=params)["results"]) == 1


def test_a_list_is_sorted_by_several_properties(filled: Plant) -> None:
    assert found(filled, orderby="MaintPriority desc") == [2, 1, 0, 3]
    assert found(filled, orderby="MaintOrdBasicStartDateTime,MaintenanceOrder") == [3, 0, 1, 2]
    assert found(filled, orderby="LastChangeDateTime desc,MaintenanceOrder desc") == [0, 3, 2, 1]
    assert found(filled, orderby="MaintPriority desc", top="2", skip="1") == [1, 0]
    assert found(filled, top="0") == []


def test_select_and_expand_shape_the_answer(filled: Plant) -> None:
    path = key({"MaintenanceOrder": "4000000"})
    filled.simulator.write_long_text(filled.name, "4000000", "long")
    navigations = "to_MaintenanceOrderLongText,to_MaintenanceOrderOperation"
    shaped = filled.read(path, params={"$select": "MaintenanceOrder,MaintPriority"})
    assert set(shaped) == {"__metadata", "MaintenanceOrder", "MaintPriority"}
    both = filled.read(path, params={"$expand": navigations})
    assert both["to_MaintenanceOrderLongText"]["results"][0]["MaintenanceOrderLongText"] == "long"
    assert both["to_MaintenanceOrderOperation"] == {"results": []}
    # What is not selected is not shown, even if expanded.
    hidden = filled.read(path, params={"$expand": navigations, "$select": "MaintenanceOrder"})
    assert set(hidden) == {"__metadata", "MaintenanceOrder"}
    listed = filled.read(
        "/MaintenanceOrder", params={"$expand": navigations, "$select": "to_MaintenanceOrderLongText", "$top": "1"}
    )
    assert set(listed["results"][0]) == {"__metadata", "to_MaintenanceOrderLongText"}


@pytest.mark.parametrize("links", ["absolute", "relative"])
@pytest.mark.parametrize("top", [None, "3"])
def test_pages_are_followed_by_their_links(filled: Plant, links: str, top: str | None) -> None:
    filled.configure(page_size=1, next_links=links)
    params = {"$filter": "MaintPriority ne '2'", "$orderby": "MaintenanceOrder desc", "$inlinecount": "allpages"}
    url: str | None = f"{filled.service}/MaintenanceOrder"
    response = filled.http.get(str(url), params={**params, **({} if top is None else {"$top": top})})
    numbers = []
    while True:
        answer = response.json()["d"]
        assert answer["__count"] == "3"
        assert len(answer["results"]) == 1
        numbers += [order["MaintenanceOrder"] for order in answer["results"]]
        url = answer.get("__next")
        if url is None:
            break
        assert url.startswith("http") == (links == "absolute")
        response = filled.http.get(str(response.url.join(url)))
    assert numbers == ["4000003", "4000002", "4000000"]


def test_children_are_listed_by_their_order_and_in_their_own_set(filled: Plant) -> None:
    for number in ("4000000", "4000001"):
        filled.simulator.write_long_text(filled.name, number, f"text of {number}")
    of_one = filled.read("/MaintenanceOrder('4000001')/to_MaintenanceOrderLongText")["results"]
    assert [text["MaintenanceOrderLongText"] for text in of_one] == ["text of 4000001"]
    by_filter = filled.read("/MaintenanceOrderLongText", params={"$filter": "MaintenanceOrder eq '4000000'"})
    assert [text["MaintenanceOrder"] for text in by_filter["results"]] == ["4000000"]
    assert filled.request("GET", "/MaintenanceOrder/$count").text == "4"


_SIGNS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
}
_Row = dict[str, str]
_Test = tuple[str, Callable[[_Row], bool]]
_NAMES = ("MaintenanceOrderDesc", "MaintPriority")


def _comparison(name: str, sign: str, value: str) -> _Test:
    quoted = value.replace("'", "''")
    return f"{name} {sign} '{quoted}'", lambda row: _SIGNS[sign](row[name], value)


_texts = st.text("ab' ()", max_size=3)
_comparisons = st.builds(_comparison, st.sampled_from(_NAMES), st.sampled_from(sorted(_SIGNS)), _texts)


def _bigger(smaller: st.SearchStrategy[_Test]) -> st.SearchStrategy[_Test]:
    def both(a: _Test, b: _Test) -> _Test:
        return f"({a[0]}) and ({b[0]})", lambda row: a[1](row) and b[1](row)

    def either(a: _Test, b: _Test) -> _Test:
        return f"({a[0]}) or ({b[0]})", lambda row: a[1](row) or b[1](row)

    def negated(a: _Test) -> _Test:
        return f"not ({a[0]})", lambda row: not a[1](row)

    return st.one_of(
        st.builds(both, smaller, smaller), st.builds(either, smaller, smaller), st.builds(negated, smaller)
    )


@given(st.recursive(_comparisons, _bigger, max_leaves=6), _texts, _texts)
def test_any_filter_means_what_its_parts_mean(expression: _Test, description: str, priority: str) -> None:
    row = {"MaintenanceOrderDesc": description, "MaintPriority": priority}
    assert compile_filter(expression[0], ORDER_TYPE)(row) == expression[1](row)


@given(st.lists(_comparisons, min_size=2, max_size=5), st.lists(st.sampled_from(["and", "or"]), min_size=4, max_size=4))
def test_and_binds_more_than_or(tests: list[_Test], words: list[str]) -> None:
    text = tests[0][0] + "".join(f" {word} {test[0]}" for word, test in zip(words, tests[1:], strict=False))
    row = {"MaintenanceOrderDesc": "a", "MaintPriority": "b"}
    groups = [[tests[0][1](row)]]
    for word, test in zip(words, tests[1:], strict=False):
        if word == "or":
            groups.append([])
        groups[-1].append(test[1](row))
    assert compile_filter(text, ORDER_TYPE)(row) == any(all(group) for group in groups)
