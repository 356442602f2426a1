"""A cache of reads: lifetimes a kind, one request for many callers, old values while the source is unreachable.

An old value is marked, never passed off as fresh. After a failure the source is left alone for a moment, so that an
outage costs one slow call now and then and not one a lookup. Thread-safe; the oldest unused entry goes when it is full.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from shared.deadline import remaining_s
from shared.errors import NotTakenOn, RecordNotFound, RemoteUnavailable

log = logging.getLogger(__name__)

_RETRY_S = 10.0
_REPORT_S = 60.0

V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Lifetime:
    """fresh_s: how old a value may be without asking again. stale_s: how old it may be while nobody answers."""

    fresh_s: float
    stale_s: float


@dataclass(frozen=True, slots=True)
class Cached(Generic[V]):
    """A value, how old it is, and whether it is older than it should be because the source does not answer in time."""

    value: V
    age_s: float
    is_stale: bool


@dataclass(slots=True)
class _Entry:
    value: Any
    read_at_s: float
    failed_at_s: float = float("-inf")


class ReadCache:
    """Keeps values by kind and key. lifetimes: by kind. labels: go with every report, for example the site.

    Lookups are counted by kind as hit, miss, stale and failed, and reported to the log at most once a minute, where a
    log-based metric finds them (`metric: read_cache`).
    """

    def __init__(
        self,
        lifetimes: dict[str, Lifetime],
        *,
        max_entries: int = 5_000,
        labels: dict[str, str] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._lifetimes = lifetimes
        self._max_entries = max_entries
        self._labels = labels or {}
        self._clock = clock
        self._lock = threading.Lock()
        self._entries: OrderedDict[Hashable, _Entry] = OrderedDict()
        self._loading: dict[Hashable, Future[Cached[Any]]] = {}
        self._counts: Counter[tuple[str, str]] = Counter()
        self._reported_at_s = clock()

    def get(self, kind: str, key: Hashable, load: Callable[[], V], *, max_age_s: float = math.inf) -> Cached[V]:
        """The value, from the cache or by `load`, which one caller runs and all others wait for.

        max_age_s: an older value is not fresh for this caller, but may stand in. Raises what `load` raises, unless it
        is RemoteUnavailable and an old value may stand in. RecordNotFound drops the entry. Who waits for another's
        `load` gets the old value, or NotTakenOn, when the own deadline passes (`shared.deadline`).
        """
        place = (kind, key)
        lifetime = self._lifetimes[kind]
        with self._lock:
            known = self._known(place, lifetime, max_age_s)
            if known is not None:
                self._count(kind, "stale" if known.is_stale else "hit")
                return known
            loading = self._loading.get(place)
            is_ours = loading is None
            if loading is None:
                loading = self._loading[place] = Future()
        if is_ours:
            self._load(place, lifetime, load, loading)
        found: Cached[V] = self._result(place, lifetime, loading)
        with self._lock:
            self._count(kind, "stale" if found.is_stale else "miss" if is_ours else "hit")
        return found

    def counts(self) -> dict[tuple[str, str], int]:
        """How many lookups of each kind were a hit, a miss, stale or failed, since the last report."""
        with self._lock:
            return dict(self._counts)

    def _result(self, place: tuple[str, Hashable], lifetime: Lifetime, loading: Future[Cached[Any]]) -> Cached[Any]:
        """What `loading` comes to, waited for until the deadline."""
        left_s = remaining_s()
        try:
            return loading.result(None if left_s == math.inf else left_s)
        except TimeoutError:
            if loading.done():  # it is the error of `load`
                raise
            with self._lock:
                old = self._stand_in(place, lifetime)
                if old is None:
                    self._count(place[0], "failed")
            if old is None:
                raise NotTakenOn(f"{place[0]} {place[1]}: still being read, and no time is left to wait") from None
            return old

    def _known(self, place: Hashable, lifetime: Lifetime, max_age_s: float) -> Cached[Any] | None:
        """What can be answered without a call."""
        entry = self._entries.get(place)
        if entry is None:
            return None
        self._entries.move_to_end(place)
        age_s = self._clock() - entry.read_at_s
        if age_s < lifetime.fresh_s and age_s <= max_age_s:
            return Cached(entry.value, age_s, is_stale=False)
        if age_s < lifetime.stale_s and self._clock() < entry.failed_at_s + _RETRY_S:
            return Cached(entry.value, age_s, is_stale=True)
        return None

    def _load(
        self, place: tuple[str, Hashable], lifetime: Lifetime, load: Callable[[], Any], loading: Future[Cached[Any]]
    ) -> None:
        try:
            value = load()
        except BaseException as error:  # also to those who wait, who would wait for ever
            with self._lock:
                old = self._after_failure(place, lifetime, error)
                del self._loading[place]
                if old is None:
                    self._count(place[0], "failed")
            if old is None:
                loading.set_exception(error)
            else:
                loading.set_result(old)
            return
        with self._lock:
            self._entries[place] = _Entry(value, self._clock())
            self._entries.move_to_end(place)
            if len(self._entries) > self._max_entries:
                self._entries.popitem(last=False)
            del self._loading[place]
        loading.set_result(Cached(value, 0.0, is_stale=False))

    def _after_failure(self, place: Hashable, lifetime: Lifetime, error: BaseException) -> Cached[Any] | None:
        """The old value, if it may stand in."""
        if isinstance(error, RecordNotFound):
            self._entries.pop(place, None)
        if not isinstance(error, RemoteUnavailable):
            return None
        if place in self._entries:
            self._entries[place].failed_at_s = self._clock()
        return self._stand_in(place, lifetime)

    def _stand_in(self, place: Hashable, lifetime: Lifetime) -> Cached[Any] | None:
        entry = self._entries.get(place)
        age_s = math.inf if entry is None else self._clock() - entry.read_at_s
        return Cached(entry.value, age_s, is_stale=True) if entry is not None and age_s < lifetime.stale_s else None

    def _count(self, kind: str, what: str) -> None:
        self._counts[kind, what] += 1
        if self._clock() < self._reported_at_s + _REPORT_S:
            return
        self._reported_at_s = self._clock()
        for name in sorted({name for name, _ in self._counts}):
            numbers = {what: self._counts[name, what] for what in ("hit", "miss", "stale", "failed")}
            rate = round((numbers["hit"] + numbers["stale"]) / sum(numbers.values()), 4)
            extra = {**self._labels, "metric": "read_cache", "kind": name, "hit_rate": rate, **numbers}
            log.info("read cache", extra=extra)
        self._counts.clear()
