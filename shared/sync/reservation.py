"""An ERP record that nothing links yet, reserved while a link to it is made: two at once would each make one.

The store refuses the holder of a reservation nothing when it has ended and another one took it. So the holder itself
looks at the time before whatever must not be done twice (`must_be_reserved`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TypeVar

from shared.deadline import deadline, remaining_s
from shared.errors import RecordBusy, TransientError
from shared.state import Acquired, Claim, ClaimKey, StateStore

T = TypeVar("T")
# An engine holds a record for a second or two; longer than this, it waits for a system that does not answer.
_WAITS_S = (0.2, 0.5, 1.0, 2.0)


def reservation(site: str, erp_id: str) -> ClaimKey:
    """The claim that reserves an ERP record."""
    return ClaimKey(site, f"work_order {erp_id}", "link")


@contextmanager
def reserved(
    state: StateStore, site: str, erp_id: str, *, owner: str, lease_s: float, sleep: Callable[[float], None]
) -> Iterator[None]:
    """While nobody else links this ERP record. RecordBusy if somebody does, for longer than one waits.

    The deadline of what is done meanwhile is half the lease: nothing is begun any more in the second half, or it would
    still be under way when the reservation ends.
    """

    def take() -> Claim | None:
        result = state.claim(reservation(site, erp_id), owner=owner, lease_s=lease_s)
        return result.claim if isinstance(result, Acquired) else None

    with deadline(lease_s / 2):
        claim = patiently(take, f"ERP record {erp_id} of {site}", sleep)
        try:
            yield
        finally:
            with suppress(TransientError):  # it ends by itself, and what was done counts
                state.release_claim(claim)


def must_be_reserved(erp_id: str) -> None:
    """RecordBusy if too little is left of the reservation around this to do anything more."""
    if remaining_s() <= 0:
        raise RecordBusy(f"ERP record {erp_id}: no time left to work on it alone")


def patiently(take: Callable[[], T | None], what: str, sleep: Callable[[float], None]) -> T:
    """What `take` gives, tried for some seconds; RecordBusy if it gives nothing."""
    for wait_s in (*_WAITS_S, None):
        taken = take()
        if taken is not None:
            return taken
        if wait_s is not None:
            sleep(wait_s)
    raise RecordBusy(f"{what} is being worked on right now; try again")
