"""What changed since a moment, from a SAP that pages as it likes while people go on working."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.erp.sap.changes import changed_since
from shared.erp.sap.odata import Entity
from shared.erp.sap.values import time_of
from tests.unit.erp.sap.service import PATH, Sap, answer, many, one

_START = datetime(2026, 9, 16, 12, tzinfo=UTC)


def _date(seconds: int | None) -> str | None:
    return None if seconds is None else f"/Date({int(_START.timestamp() + seconds) * 1000}+0000)/"


class _Table:
    """Orders with the seconds, after _START, of their creation and last change. honours_top: SAP need not."""

    def __init__(self, rows: dict[str, tuple[int, int | None]], *, honours_top: bool = True) -> None:
        self.rows = dict(rows)
        self.versions = dict.fromkeys(rows, 1)
        self.honours_top = honours_top
        self.between: Callable[[], None] = lambda: None  # what people do while a page is read
        self.queries = 0

    def ask(self, query: dict[str, str]) -> Iterator[Entity]:
        self.queries += 1
        assert self.queries < 1000
        found = re.fullmatch(r"(\w+) ge datetimeoffset'(\S+)'", query["$filter"])
        assert found
        name, since = found[1], datetime.fromisoformat(found[2])
        rows = [
            row for row in map(self._entity, self.rows) if (when := time_of(row[name])) is not None and when >= since
        ]
        rows.sort(key=lambda row: (time_of(row[name]), row["MaintenanceOrder"]))
        rows = rows[: int(query["$top"])] if self.honours_top else rows
        yield from rows
        self.between()

    def _entity(self, number: str) -> dict[str, Any]:
        created, changed = self.rows[number]
        times = {"MaintOrderCreationDateTime": _date(created), "LastChangeDateTime": _date(changed)}
        entity: dict[str, Any] = one(number, f'W/"{self.versions[number]}"', **times)["d"]
        return entity


_ROWS = st.dictionaries(
    st.integers(1, 60).map(str), st.tuples(st.integers(-5, 5), st.none() | st.integers(-5, 5)), max_size=40
)


@given(_ROWS, st.integers(1, 7), st.booleans())
def test_every_order_since_the_moment_comes_exactly_once(
    rows: dict[str, tuple[int, int | None]], page_size: int, honours_top: bool
) -> None:
    table = _Table(rows, honours_top=honours_top)
    found = [row["MaintenanceOrder"] for row in changed_since(table.ask, _START, page_size)]
    wanted = {number for number, times in rows.items() if any(when is not None and when >= 0 for when in times)}
    assert sorted(found) == sorted(wanted)


@given(st.integers(1, 5), st.randoms(use_true_random=False))
def test_no_order_is_lost_while_others_are_changed_between_the_pages(page_size: int, chance: random.Random) -> None:
    table = _Table({str(number): (-100, number // 3) for number in range(30)})
    clock = iter(range(100, 10_000))

    def work() -> None:
        if table.queries < 40:
            number = str(chance.randrange(30))
            table.rows[number] = (-100, next(clock))
            table.versions[number] += 1

    table.between = work
    found = {row["MaintenanceOrder"] for row in changed_since(table.ask, _START, page_size)}
    assert found == set(table.rows)


def test_more_orders_of_one_second_than_a_page_has_are_no_loop() -> None:
    table = _Table({str(number): (0, 0) for number in range(25)})
    assert len(list(changed_since(table.ask, _START, 4))) == 25
    assert table.queries < 12


def test_a_part_of_a_second_is_not_cut_off() -> None:
    table = _Table({"1": (0, None)})
    assert len(list(changed_since(table.ask, _START + timedelta(microseconds=999_999), 4))) == 1


@pytest.mark.parametrize(
    "following",
    [
        f"http://other-host:8000{PATH}/MaintenanceOrder?$skiptoken=abc%27d&sap-client=100",
        "MaintenanceOrder?$skiptoken=abc%27d&sap-client=100",
        "../API_MAINTENANCEORDER;v=0002/MaintenanceOrder?$skiptoken=abc%27d&sap-client=100",
    ],
)
def test_the_next_page_is_asked_of_the_configured_sap_with_saps_own_query(following: str) -> None:
    sap = Sap(answer(200, many(one("1"), following=following)), answer(200, many(one("2"))), answer(200, many()))
    found = sap.erp().changed_since(_START)
    assert [record.id for record in found] == ["1", "2"]
    assert sap.calls == ["GET /MaintenanceOrder"] * 3
    assert (sap.seen[1].url.scheme, sap.seen[1].url.netloc) == ("https", b"sap.test")
    assert sap.seen[1].url.query == b"$skiptoken=abc%27d&sap-client=100"


def test_pages_are_asked_for_as_they_are_consumed() -> None:
    sap = Sap(answer(200, many(one("1"), following="MaintenanceOrder?$skiptoken=1")), httpx.ConnectError("down"))
    records = sap.erp().changed_since(_START)
    assert next(records).id == "1"
    assert len(sap.seen) == 1


def test_the_time_of_change_is_that_of_the_creation_until_somebody_changes_the_order() -> None:
    rows = [one("1", 'W/"1"', LastChangeDateTime=None, MaintOrderCreationDateTime=_date(5))]
    rows += [one("2", 'W/"1"', LastChangeDateTime=_date(9), MaintOrderCreationDateTime=_date(5)), one("3")]
    found = list(Sap(answer(200, many(*rows)), answer(200, many(*rows))).erp().changed_since(_START))
    assert [record.changed_at for record in found] == [
        _START + timedelta(seconds=5),
        _START + timedelta(seconds=9),
        None,
    ]
