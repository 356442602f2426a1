"""The statuses of a maintenance work order, and which steps lead from one to another."""

from __future__ import annotations

from shared.erp.base import StatusRules

STATUS_FIELD = "WorkOrderStatusCode"
UNRELEASED = "ORA_UNRELEASED"
RELEASED = "ORA_RELEASED"
ON_HOLD = "ORA_ON_HOLD"
COMPLETED = "ORA_COMPLETED"
CLOSED = "ORA_CLOSED"
CANCELED = "ORA_CANCELED"
ALL = (UNRELEASED, RELEASED, ON_HOLD, COMPLETED, CLOSED, CANCELED)
FINAL = frozenset({CLOSED, CANCELED})

STATUS_RULES = StatusRules(
    name=STATUS_FIELD,
    readable=ALL,
    writable=frozenset(ALL),
    separate=True,  # a new order is unreleased, and only an operation transaction completes one
    initial=UNRELEASED,
    holds_in={COMPLETED: frozenset({CLOSED})},
    final=FINAL,
)

# From -> to -> the statuses that the order is brought to, one after the other. COMPLETED is reached by an operation
# transaction and every other by writing it. Oracle refuses a few of these for reasons that only it knows: back to
# unreleased after a transaction, closing while one is pending. Nothing is said of cancelling an order on hold, so it
# is released first.
_WAYS: dict[str, dict[str, tuple[str, ...]]] = {
    UNRELEASED: {
        RELEASED: (RELEASED,),
        ON_HOLD: (ON_HOLD,),
        COMPLETED: (RELEASED, COMPLETED),
        CLOSED: (CLOSED,),
        CANCELED: (CANCELED,),
    },
    RELEASED: {
        UNRELEASED: (UNRELEASED,),
        ON_HOLD: (ON_HOLD,),
        COMPLETED: (COMPLETED,),
        CLOSED: (CLOSED,),
        CANCELED: (CANCELED,),
    },
    ON_HOLD: {
        UNRELEASED: (UNRELEASED,),
        RELEASED: (RELEASED,),
        COMPLETED: (RELEASED, COMPLETED),
        CLOSED: (CLOSED,),
        CANCELED: (RELEASED, CANCELED),
    },
    COMPLETED: {CLOSED: (CLOSED,)},
}


def steps(current: str, wanted: str) -> tuple[str, ...] | None:
    """The statuses to go through from `current` to `wanted`, which is the last of them; None if no way is known."""
    return _WAYS.get(current, {}).get(wanted)
