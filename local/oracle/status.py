"""The statuses of a work order and which may follow which."""

from __future__ import annotations

from collections.abc import Mapping

from local.oracle.refusals import Refusal, refused_attribute

UNRELEASED = "ORA_UNRELEASED"
RELEASED = "ORA_RELEASED"
ON_HOLD = "ORA_ON_HOLD"
COMPLETED = "ORA_COMPLETED"
CLOSED = "ORA_CLOSED"
CANCELED = "ORA_CANCELED"

NAMES = {
    UNRELEASED: "Unreleased",
    RELEASED: "Released",
    ON_HOLD: "On Hold",
    COMPLETED: "Completed",
    CLOSED: "Closed",
    CANCELED: "Canceled",
}
IDS = {code: number for number, code in enumerate(NAMES, 1)}
FINAL = frozenset({CLOSED, CANCELED})

FOLLOWS: dict[str, frozenset[str]] = {
    UNRELEASED: frozenset({RELEASED, ON_HOLD, CLOSED, CANCELED}),
    RELEASED: frozenset({UNRELEASED, ON_HOLD, CLOSED, CANCELED}),
    ON_HOLD: frozenset({UNRELEASED, RELEASED, CLOSED}),
    COMPLETED: frozenset({CLOSED}),
    CLOSED: frozenset(),
    CANCELED: frozenset(),
}
"""What a write of the status may do. Completed comes by a transaction of the last operation, never by a write."""

_ONLY_WITHOUT_TRANSACTIONS = frozenset({(RELEASED, UNRELEASED), (ON_HOLD, UNRELEASED)})


def system_status(code: str, user_statuses: Mapping[str, str]) -> str:
    """The system status that a status stands for: itself, or the one that a user-defined status belongs to."""
    system = user_statuses.get(code, code)
    if system not in NAMES:
        raise _refused("UNKNOWN_STATUS", f"The work order status {code} isn't valid.")
    return system


def check_transition(current: str, wanted: str, *, has_transactions: bool) -> None:
    """Refusal 400 if an order in system status `current` cannot be brought to `wanted` by a write."""
    if wanted == current and current not in FINAL:
        return
    if wanted == COMPLETED:
        raise _refused("STATUS_BY_APPLICATION", "You can't update the work order status to Completed.")
    if wanted not in FOLLOWS[current]:
        detail = f"You can't update the work order status from {NAMES[current]} to {NAMES[wanted]}."
        raise _refused("STATUS_ORDER", detail)
    if has_transactions and (current, wanted) in _ONLY_WITHOUT_TRANSACTIONS:
        detail = "You can't update the work order status to Unreleased, because transactions were reported."
        raise _refused("STATUS_TRANSACTIONS", detail)


def _refused(code: str, detail: str) -> Refusal:
    return refused_attribute("WorkOrderStatusCode", code, detail)
