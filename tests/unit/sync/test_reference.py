"""The external reference."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.sync.reference import MAX_LENGTH, external_reference, is_reference, work_order_id_in

SITES = st.from_regex(r"\A[a-z][a-z0-9-]{1,30}[a-z0-9]\Z")
IDS = st.integers(1, 2**63 - 1)


def test_a_usual_reference_is_readable() -> None:
    assert external_reference("plant-1", 9001001) == "mx:plant-1:9001001"


@given(SITES, IDS)
@example("a" * 32, 2**63 - 1)
def test_it_fits_whatever_the_site_and_the_id(site: str, work_order_id: int) -> None:
    reference = external_reference(site, work_order_id)
    assert len(reference) <= MAX_LENGTH
    assert reference.endswith(f":{work_order_id}")


@given(st.lists(st.tuples(SITES, IDS), min_size=2, max_size=2, unique=True))
@example([("a" * 31 + "b", 9001001), ("a" * 31 + "c", 9001001)])
@example([("a" * 31 + "b", 2**63 - 1), ("a" * 31 + "c", 2**63 - 1)])
def test_two_work_orders_never_share_one(pairs: list[tuple[str, int]]) -> None:
    one, other = (external_reference(*pair) for pair in pairs)
    assert one != other


@given(SITES, st.integers(1, 10**18 - 1), st.sampled_from([20, 32, MAX_LENGTH]))
def test_the_work_order_can_be_read_from_it(site: str, work_order_id: int, length: int) -> None:
    reference = external_reference(site, work_order_id, length)
    assert work_order_id_in(reference, site, length) == work_order_id
    assert work_order_id_in(reference, "another-plant", length) in (None, work_order_id)


def test_what_is_no_reference_of_this_site_names_no_work_order(subtests: pytest.Subtests) -> None:
    cases: list[str | None] = [
        None,
        "",
        "PO-4711",
        "mx:plant-2:9001001",
        "mx:plant-1:",
        "mx:plant-1:09001001",
        "mx:plant-1:9001001 ",
    ]
    for reference in cases:
        with subtests.test(reference=reference):
            assert work_order_id_in(reference, "plant-1") is None


def test_a_reference_of_any_site_is_one_however_the_erp_writes_it(subtests: pytest.Subtests) -> None:
    cases: list[str] = ["mx:plant-1:5", "MX:PLANT-9:5 ", "mx:long~0a1b2c3d:123456789012345678"]
    for text in cases:
        with subtests.test(text=text):
            assert is_reference(text)


def test_anything_else_is_none(subtests: pytest.Subtests) -> None:
    cases: list[str | None] = [None, "", "PM-PLAN-7", "mx:plant-1:", "mx::5", "see mx:plant-1:5", "mx:a:b:5"]
    for text in cases:
        with subtests.test(text=text):
            assert not is_reference(text)
