"""The external reference."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from shared.sync.reference import MAX_LENGTH, external_reference

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
