"""The limits that MaintainX sets on meter readings, beside those on all requests.

Manual meters take 10 requests in 24 hours, over all endpoints; automated ones 100 batches in 60 seconds. A batch is one
request of each kind of meter that is in it, however many readings it has. An endpoint for single readings takes one
request in 10 seconds and is deprecated: the client does not have it, since a batch of one does the same.

MaintainX does not say whom these limits count for; here they are kept for each user, that is, API key. Its headers do
not tell of them either, so what others use is learned only from a refusal.
Source: MaintainX REST API v1, "Rate Limiting", `POST /meterreadings`, and the descriptions of `measurementType`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Literal, Protocol

from shared.errors import OutcomeUnknown, RateLimited, TransientError
from shared.maintainx.budget import Permit, SharedGate, user_of
from shared.maintainx.failures import OtherLimit
from shared.maintainx.models import Meter
from shared.maintainx.windows import Limit
from shared.state.budget import BudgetStore

Kind = Literal["automated", "manual"]

# Requests, and the seconds in which so many are allowed.
_LIMITS: dict[Kind, tuple[int, float]] = {"automated": (100, 60.0), "manual": (10, 86_400.0)}
_FEW = 3  # so many meters are read one by one; for more, the list of all is cheaper


class Meters(Protocol):
    """The part of the client that is used here."""

    def get_meter(self, meter_id: int) -> Meter: ...

    def iter_meters(self) -> Iterator[Meter]: ...


class ReadingLimits:
    """Keeps the readings of one user inside their limits, together with all other instances. Thread-safe."""

    def __init__(self, gates: Mapping[Kind, SharedGate]) -> None:
        self._gates = gates
        self._kinds: dict[int, Kind] = {}  # how a meter measures is said when it is made, and never changed

    def kinds_of(self, meter_ids: Iterable[int], meters: Meters) -> frozenset[Kind]:
        """The kinds of these meters; asks for those not known yet. RecordNotFound if there is no such meter."""
        wanted = set(meter_ids)
        if len(wanted - self._kinds.keys()) > _FEW:
            self._kinds.update((row.id, _kind(row)) for row in meters.iter_meters())
        for meter_id in sorted(wanted - self._kinds.keys()):
            self._kinds[meter_id] = _kind(meters.get_meter(meter_id))
        return frozenset(self._kinds[meter_id] for meter_id in wanted)

    @contextmanager
    def request(self, kinds: Iterable[Kind]) -> Iterator[None]:
        """One request with readings of these kinds is sent inside the block. RateLimited if a limit is used up.

        What the block raises decides whether the request counts: not if MaintainX did not take it on.
        """
        permits: dict[Kind, Permit] = {}
        try:
            for kind in sorted(kinds):
                permits[kind] = self._gates[kind].enter()
            yield
        except OutcomeUnknown:
            raise
        except TransientError as error:
            refused = _refused(error, permits)
            for kind, permit in permits.items():
                if kind != refused:
                    self._gates[kind].give_back(permit)
            if refused is not None:
                self._gates[refused].use_up(permits[refused])
                if error.retry_after_s is None:
                    error.retry_after_s = self._gates[refused].opens_in_s()
            raise


def reading_limits(store: BudgetStore, api_key: Callable[[], str], *, max_wait_s: float = 20.0) -> ReadingLimits:
    """The limits as MaintainX documents them, for the user of a key. max_wait_s: as for Pacer."""

    def gate(kind: Kind) -> SharedGate:
        cap, window_s = _LIMITS[kind]

        def limits() -> tuple[Limit]:
            return (Limit(f"maintainx:{kind}-readings:{user_of(api_key())}", cap, window_s),)

        return SharedGate(store, limits, max_wait_s=max_wait_s)

    return ReadingLimits({kind: gate(kind) for kind in _LIMITS})


def _kind(meter: Meter) -> Kind:
    return "manual" if meter.measurement_type in (None, "MANUAL") else "automated"


def _refused(error: TransientError, permits: Mapping[Kind, Permit]) -> Kind | None:
    """Whose limit MaintainX says is used up; None if it is none of these."""
    if not (isinstance(error, RateLimited) and isinstance(error.__cause__, OtherLimit)):
        return None
    if len(permits) == 1:
        return next(iter(permits))
    return "manual" if "manual" in str(error).lower() else "automated"
