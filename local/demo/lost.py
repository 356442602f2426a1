"""Which webhooks get lost: chosen so that nothing but the catch-up can find out. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from local.demo.history import PlannedWorkOrder, Step

# Of these the catch-up cannot learn: a deleted work order is in no list, and assets are not polled.
_NEVER_LOST = frozenset({"delete", "asset_down", "asset_up"})


def lost_steps(history: Sequence[Step], count: int, spared: Collection[PlannedWorkOrder] = ()) -> list[int]:
    """Numbers of at most `count` recent steps whose webhooks get lost, spread over the newest that are possible.

    Each is the last step of its work order, since a later webhook would tell of the earlier change too. Urgent new
    work is spared: people are told of it by the event of its creation, which the comparison looks for.
    """
    last = {step.work_order.key: number for number, step in enumerate(history)}
    possible = [
        number
        for number in sorted(last.values())
        if history[number].action not in _NEVER_LOST
        and history[number].work_order not in spared
        and (history[number].action, history[number].work_order.priority) != ("create", "HIGH")
    ]
    recent = possible[-4 * count :] if count else []
    count = min(count, len(recent))
    return [recent[index * len(recent) // count] for index in range(count)]
