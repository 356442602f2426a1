"""Reading 10,000 work orders: as many requests as there are pages, each made only when its rows are wanted."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from local.maintainx import work_orders
from local.maintainx.actors import Actor
from local.maintainx.simulator import Simulator
from local.maintainx.testing import running_simulator
from shared.maintainx.client import MaintainXClient
from tests.integration.maintainx.plant import ORG, PLANT, PUMP, TOKEN, USER
from tests.integration.maintainx.recorder import Recorder

COUNT = 10_000
PAGE_SIZE = 200


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def client(recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> Iterator[MaintainXClient]:
    simulator = Simulator()
    monkeypatch.setattr("local.maintainx.testing.Simulator", lambda: simulator)
    with running_simulator() as control:
        control.seed(PLANT)
        organization = simulator.store.organizations[ORG]
        for number in range(COUNT):
            at = f"2026-09-{1 + number // 500:02}T12:{number // 10 % 60:02}:{number % 10:02}.000Z"
            given = {"title": f"Order {number}", "assetId": PUMP}
            work_orders.create(Actor(organization, USER, at), simulator.store.new_id(), given, check_categories=False)
        with MaintainXClient(control.api_url, lambda: TOKEN, ORG, transport=recorder) as made:
            yield made


def test_crawl_makes_one_request_a_page_and_reads_each_row_once(client: MaintainXClient, recorder: Recorder) -> None:
    rows = client.iter_work_orders(page_size=PAGE_SIZE)
    first = list(itertools.islice(rows, PAGE_SIZE))
    assert len(recorder.exchanges) == 1, "the second page is not read before it is wanted"
    ids = {row.id for row in first}
    ids.update(row.id for row in rows)
    assert len(ids) == COUNT
    assert len(recorder.exchanges) == COUNT // PAGE_SIZE
