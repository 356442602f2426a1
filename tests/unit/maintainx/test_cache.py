"""The read cache: lifetimes, one request for many callers, old values while nobody answers, and what it reports."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from time import monotonic, sleep
from typing import Any

import httpx
import pytest

from shared.deadline import deadline
from shared.errors import NetworkFailed, NotTakenOn, PermissionDenied, RecordNotFound
from shared.maintainx.cache import Cached, Lifetime, ReadCache
from shared.maintainx.client import MaintainXClient
from shared.maintainx.directory import LIFETIMES, Directory
from tests.fakes.clock import Clock
from tests.unit.conftest import LogLines

LIFETIME = {"asset": Lifetime(fresh_s=60.0, stale_s=600.0), "user": Lifetime(fresh_s=10.0, stale_s=10.0)}


class Source:
    """Gives a new number with each call, or raises."""

    def __init__(self) -> None:
        self.calls = 0
        self.error: Exception | None = None

    def __call__(self) -> int:
        self.calls += 1
        if self.error is not None:
            raise self.error
        return self.calls


@pytest.fixture
def time() -> Clock:
    return Clock(0.0)


@pytest.fixture
def cache(time: Clock) -> ReadCache:
    return ReadCache(LIFETIME, max_entries=3, labels={"site": "plant-1"}, clock=time)


def test_fresh_value_needs_no_call(cache: ReadCache, time: Clock) -> None:
    source = Source()
    assert cache.get("asset", 7, source) == Cached(1, 0.0, is_stale=False)
    time.now_s = 59.0
    assert cache.get("asset", 7, source) == Cached(1, 59.0, is_stale=False)
    time.now_s = 60.0
    assert cache.get("asset", 7, source) == Cached(2, 0.0, is_stale=False)


def test_kinds_and_keys_are_apart_and_have_lifetimes_of_their_own(cache: ReadCache, time: Clock) -> None:
    source = Source()
    assert [cache.get(kind, key, source).value for kind, key in (("asset", 7), ("asset", 8), ("user", 7))] == [1, 2, 3]
    time.now_s = 30.0
    assert cache.get("asset", 7, source).value == 1
    assert cache.get("user", 7, source).value == 4


def test_ten_callers_at_once_are_one_request(cache: ReadCache) -> None:
    everybody_is_here = threading.Barrier(10)
    asked, go_on = threading.Event(), threading.Event()
    calls = []

    def load() -> str:
        calls.append(1)
        asked.set()
        assert go_on.wait(10)
        return "value"

    def look() -> str:
        everybody_is_here.wait(10)
        with deadline(5):  # else a fault would have all of them wait for ever, and the process with them
            return cache.get("asset", 7, load).value

    with ThreadPoolExecutor(10) as pool:
        looks = [pool.submit(look) for _ in range(10)]
        assert asked.wait(10)
        go_on.set()
        assert [done.result(10) for done in looks] == ["value"] * 10
    assert len(calls) == 1
    assert cache.counts() == {("asset", "miss"): 1, ("asset", "hit"): 9}


def test_ten_callers_at_once_share_a_failure(cache: ReadCache) -> None:
    asked, go_on = threading.Event(), threading.Event()
    calls = []

    def load() -> str:
        calls.append(1)
        asked.set()
        assert go_on.wait(10)
        raise NetworkFailed("x")

    def look() -> str:
        with deadline(5), pytest.raises(NetworkFailed):  # see above
            cache.get("asset", 7, load)
        return "failed"

    with ThreadPoolExecutor(10) as pool:
        first = pool.submit(look)
        assert asked.wait(10)
        others = [pool.submit(look) for _ in range(9)]
        waiting: Any = cache._loading["asset", 7]._condition  # one that comes late would ask again
        until_s = monotonic() + 10
        while len(waiting._waiters) < 9 and monotonic() < until_s:
            sleep(0.001)
        go_on.set()
        assert [done.result(10) for done in (first, *others)] == ["failed"] * 10
    assert len(calls) == 1


def test_old_value_stands_in_while_nobody_answers_and_is_marked(cache: ReadCache, time: Clock) -> None:
    source = Source()
    cache.get("asset", 7, source)
    source.error = NetworkFailed("x")
    time.now_s = 100.0
    assert cache.get("asset", 7, source) == Cached(1, 100.0, is_stale=True)
    time.now_s = 105.0
    assert cache.get("asset", 7, source) == Cached(1, 105.0, is_stale=True)
    assert source.calls == 2, "a source that just failed is left alone for a moment"
    time.now_s = 111.0
    source.error = None
    assert cache.get("asset", 7, source) == Cached(3, 0.0, is_stale=False)


def test_caller_may_want_a_younger_value_than_others(cache: ReadCache, time: Clock) -> None:
    source = Source()
    cache.get("asset", 7, source)
    time.now_s = 30.0
    assert cache.get("asset", 7, source, max_age_s=30.0).value == 1
    assert cache.get("asset", 7, source, max_age_s=29.0) == Cached(2, 0.0, is_stale=False)
    time.now_s = 40.0
    source.error = NetworkFailed("x")
    assert cache.get("asset", 7, source, max_age_s=5.0) == Cached(2, 10.0, is_stale=True)
    assert cache.get("asset", 7, source) == Cached(2, 10.0, is_stale=False), "for others it is young enough"


def test_who_has_no_time_left_does_not_wait_for_the_request_of_another(cache: ReadCache, time: Clock) -> None:
    asked, go_on = threading.Event(), threading.Event()

    def load() -> str:
        asked.set()
        assert go_on.wait(30)
        return "new"

    cache.get("asset", 8, lambda: "old")
    time.now_s = 100.0
    cache.get("user", 7, lambda: "x")  # reports what was counted before
    with ThreadPoolExecutor(2) as pool:
        for key in (7, 8):
            asked.clear()
            first = pool.submit(cache.get, "asset", key, load)
            assert asked.wait(30)
            with deadline(0.01):
                if key == 8:
                    assert cache.get("asset", key, load) == Cached("old", 100.0, is_stale=True)
                else:
                    with pytest.raises(NotTakenOn):
                        cache.get("asset", key, load)
            go_on.set()
            assert first.result(30).value == "new"
            go_on.clear()
    assert cache.counts()["asset", "failed"] == 1
    assert cache.get("asset", 8, load).value == "new", "the source is not taken for one that failed"


def test_asset_from_before_an_event_is_read_anew() -> None:
    calls: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        calls.append(request.url.path)
        return httpx.Response(200, json={"asset": {"id": 7, "name": "Pump"}})

    with MaintainXClient("https://maintainx.test", lambda: "k", 1, transport=httpx.MockTransport(answer)) as client:
        directory = Directory(client, ReadCache(LIFETIMES))
        now_utc = datetime.now(UTC)
        for since_utc in (None, now_utc - timedelta(hours=1), now_utc + timedelta(seconds=1), now_utc):
            directory.asset(7, since_utc=since_utc)
    assert len(calls) == 3


def test_value_older_than_stated_does_not_stand_in(cache: ReadCache, time: Clock) -> None:
    source = Source()
    cache.get("user", 7, source)
    source.error = NetworkFailed("x")
    time.now_s = 10.0
    with pytest.raises(NetworkFailed):
        cache.get("user", 7, source)
    assert cache.counts() == {("user", "miss"): 1, ("user", "failed"): 1}


def test_refusal_is_never_hidden_by_an_old_value(cache: ReadCache, time: Clock) -> None:
    source = Source()
    cache.get("asset", 7, source)
    time.now_s = 100.0
    source.error = PermissionDenied("x", status=403)
    with pytest.raises(PermissionDenied):
        cache.get("asset", 7, source)


def test_record_that_is_gone_does_not_come_back_when_nobody_answers(cache: ReadCache, time: Clock) -> None:
    source = Source()
    cache.get("asset", 7, source)
    time.now_s = 100.0
    source.error = RecordNotFound("x", status=404)
    with pytest.raises(RecordNotFound):
        cache.get("asset", 7, source)
    source.error = NetworkFailed("x")
    with pytest.raises(NetworkFailed):
        cache.get("asset", 7, source)


def test_least_used_entry_goes_when_it_is_full(cache: ReadCache) -> None:
    source = Source()
    for key in (1, 2, 3):
        cache.get("asset", key, source)
    cache.get("asset", 1, source)
    cache.get("asset", 4, source)
    assert source.calls == 4
    cache.get("asset", 1, source)
    assert source.calls == 4
    cache.get("asset", 2, source)
    assert source.calls == 5


def test_hit_rate_is_reported_once_a_minute_and_kind(cache: ReadCache, time: Clock, logged: LogLines) -> None:
    source = Source()
    for now_s in (0.0, 1.0, 2.0, 61.0):
        time.now_s = now_s
        cache.get("asset", 7, source)
    (line,) = [entry for entry in logged() if entry.get("metric") == "read_cache"]
    assert (line["site"], line["kind"], line["hit"], line["miss"], line["hit_rate"]) == ("plant-1", "asset", 2, 2, 0.5)
    assert cache.counts() == {}


ANSWERS: dict[str, dict[str, Any]] = {
    "/v1/assets/7": {"asset": {"id": 7, "name": "Pump"}},
    "/v1/locations/7": {"location": {"id": 7, "name": "Hall"}},
    "/v1/users/7": {"user": {"id": 7, "firstName": "Planner"}},
    "/v1/categories/7": {"category": {"id": 7, "label": "Mechanical"}},
    "/v1/teams/7": {"team": {"id": 7, "name": "Mechanics"}},
    "/v1/categories": {"categories": [{"id": 7, "label": "Mechanical"}]},
    "/v1/workorders/7": {"workOrder": {"id": 7, "assetId": 2201}},
    "/v1/teams": {"teams": [{"id": 7, "name": "Mechanics"}]},
}
LOOKUPS: list[tuple[Callable[[Directory], Cached[Any]], Callable[[Any], str]]] = [
    (lambda directory: directory.asset(7), lambda found: found.name),
    (lambda directory: directory.asset_of(7), str),
    (lambda directory: directory.location(7), lambda found: found.name),
    (lambda directory: directory.user(7), lambda found: found.first_name),
    (lambda directory: directory.category(7), lambda found: found.label),
    (lambda directory: directory.team(7), lambda found: found.name),
    (lambda directory: directory.categories(), lambda found: found[0].label),
    (lambda directory: directory.teams(), lambda found: found[0].name),
]


def test_directory_reads_each_record_once() -> None:
    paths: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        paths.append(request.url.path)
        return httpx.Response(200, json=ANSWERS[request.url.path])

    with MaintainXClient("https://maintainx.test/v1", lambda: "k", 1, transport=httpx.MockTransport(answer)) as client:
        directory = Directory(client, ReadCache(LIFETIMES))
        names = [name(look(directory).value) for _ in range(2) for look, name in LOOKUPS]
    assert names == ["Pump", "2201", "Hall", "Planner", "Mechanical", "Mechanics", "Mechanical", "Mechanics"] * 2
    assert sorted(paths) == sorted(ANSWERS)
