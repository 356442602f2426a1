"""The limits of meter readings: clients that know them send nothing that MaintainX would refuse. Over sockets."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest
import stamina

from local.maintainx.control_client import SimControl
from shared.errors import NetworkFailed, OutcomeUnknown, RateLimited, RecordNotFound, ServerFailed
from shared.maintainx.api.meters import NewReading
from shared.maintainx.client import MaintainXClient
from shared.maintainx.readings import reading_limits
from tests.fakes.budgets import MemoryBudgets
from tests.integration.maintainx.plant import ORG, TOKEN, api
from tests.integration.maintainx.recorder import Recorder

HAND, SENSOR = 5001, 5002
METERS = [
    {"id": HAND, "name": "Oil level", "unit": "mm"},
    *({"id": SENSOR + n, "name": "T", "unit": "C", "measurementType": "AUTOMATED_SENSOR"} for n in range(20)),
]
DAY_S = 86_400


class Plant:
    """Instances of one user, which share their budgets."""

    def __init__(self, control: SimControl, stack: ExitStack) -> None:
        self.control = control
        self.budgets = MemoryBudgets()
        self.recorder = Recorder()
        self._stack = stack

    def client(self, *, transport: httpx.BaseTransport | None = None) -> MaintainXClient:
        limits = reading_limits(self.budgets, lambda: TOKEN, max_wait_s=2.0)
        made = MaintainXClient(
            self.control.api_url, lambda: TOKEN, ORG, transport=transport or self.recorder, reading_limits=limits
        )
        return self._stack.enter_context(made)

    def posts(self) -> list[int]:
        """Statuses of the batches that reached MaintainX."""
        return [answer.status_code for request, answer in self.recorder.exchanges if request.method == "POST"]

    def kept(self) -> int:
        return len(self.control.records(ORG)["meterReadings"])


@pytest.fixture
def plant(control: SimControl) -> Iterator[Plant]:
    control.seed({"id": ORG, "name": "Plant 1", "meters": METERS})
    control.configure(token_cap=100_000, organization_cap=100_000)
    with ExitStack() as stack:
        yield Plant(control, stack)


def hand(count: int = 1) -> list[NewReading]:
    return [NewReading(HAND, float(number)) for number in range(count)]


def test_manual_readings_stop_after_ten_requests_a_day_of_all_instances(plant: Plant) -> None:
    instances = [plant.client() for _ in range(3)]
    for number in range(10):
        instances[number % 3].add_meter_readings(hand(20))
    for instance in instances:
        with pytest.raises(RateLimited) as caught:
            instance.add_meter_readings(hand())
        assert caught.value.retry_after_s == pytest.approx(DAY_S, abs=300)
    assert plant.posts() == [201] * 10, "what is known to be refused is not sent"
    assert plant.kept() == 200
    instances[0].add_meter_readings([NewReading(SENSOR, 1.0)])
    assert instances[0].get_meter(HAND).id == HAND, "nothing else is held back"


def test_batch_of_both_kinds_counts_against_both_and_is_kept_whole_or_not_at_all(plant: Plant) -> None:
    client = plant.client()
    for _ in range(10):
        client.add_meter_readings([NewReading(SENSOR, 1.0), *hand()])
    with pytest.raises(RateLimited):
        client.add_meter_readings([NewReading(SENSOR, 1.0), *hand()])
    assert plant.kept() == 20
    for _ in range(5):
        client.add_meter_readings([NewReading(SENSOR, 1.0)])


def test_automated_batches_are_kept_inside_their_limit(plant: Plant) -> None:
    plant.control.configure(automated_batches_cap=100, automated_batches_window_s=3_600.0)
    client = plant.client()
    for _ in range(100):
        client.add_meter_readings([NewReading(SENSOR, 1.0)])
    with pytest.raises(RateLimited) as caught:
        client.add_meter_readings([NewReading(SENSOR, 1.0)])
    assert caught.value.retry_after_s is not None
    assert 0 < caught.value.retry_after_s <= 63
    assert 429 not in plant.posts()


def test_readings_that_others_have_sent_are_learned_from_the_refusal(plant: Plant) -> None:
    with api(plant.control, TOKEN) as somebody:
        for _ in range(10):
            assert somebody.post(f"/meters/{HAND}/readings", json={"readingValue": 1}).status_code == 201
    one, other = plant.client(), plant.client()
    for instance in (one, other, one):
        with pytest.raises(RateLimited) as caught:
            instance.add_meter_readings(hand())
        assert caught.value.retry_after_s == pytest.approx(DAY_S, abs=300)
    assert plant.posts() == [429], "once, and neither again at once nor by the next instance"
    assert one.get_meter(HAND).id == HAND, "the refusal holds back nothing else"


def test_request_that_maintainx_did_not_take_on_does_not_count(plant: Plant) -> None:
    class Dead(httpx.BaseTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            if request.method == "POST":
                raise httpx.ConnectError("x")
            return httpx.Response(200, json={"meter": {"id": HAND, "measurementType": "MANUAL"}})

    class Busy(httpx.BaseTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            if request.method == "POST":
                return httpx.Response(503, headers={"Retry-After": "9"})
            return httpx.Response(200, json={"meter": {"id": HAND}})

    cut_off, put_off = plant.client(transport=Dead()), plant.client(transport=Busy())
    with stamina.set_testing(True, attempts=2):
        for _ in range(12):
            with pytest.raises(NetworkFailed):
                cut_off.add_meter_readings(hand())
            with pytest.raises(ServerFailed):
                put_off.add_meter_readings(hand())
    # Those two hold on to one each, which they have leased and not used.
    client = plant.client()
    for _ in range(8):
        client.add_meter_readings(hand())
    assert plant.posts() == [201] * 8


def test_request_whose_answer_is_lost_counts(plant: Plant) -> None:
    client = plant.client()
    client.add_meter_readings(hand())
    for _ in range(9):
        plant.control.fail_next(1, after=True)
        with pytest.raises(OutcomeUnknown):
            client.add_meter_readings(hand())
    with pytest.raises(RateLimited):
        client.add_meter_readings(hand())
    assert plant.kept() == 10


def test_kinds_of_many_meters_are_asked_for_once_and_together(plant: Plant) -> None:
    client = plant.client()
    batch = [NewReading(SENSOR + number, 1.0) for number in range(20)]
    for _ in range(3):
        client.add_meter_readings(batch)
    client.add_meter_readings(hand())
    asked = [request.url.path for request, _ in plant.recorder.exchanges if request.method == "GET"]
    assert asked == ["/v1/meters"]
    with pytest.raises(RecordNotFound):
        client.add_meter_readings([NewReading(1, 1.0)])
    assert plant.posts() == [201] * 4


def test_without_the_store_maintainx_itself_refuses(plant: Plant) -> None:
    plant.budgets.is_down = True
    client = plant.client()
    for _ in range(10):
        client.add_meter_readings(hand())
    with pytest.raises(RateLimited):
        client.add_meter_readings(hand())
    assert plant.posts() == [201] * 10 + [429]
