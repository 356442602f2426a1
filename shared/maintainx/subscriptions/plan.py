"""What to do next: pure, from what is wanted, what is remembered and what MaintainX has.

The steps are meant to be carried out and planned again until only those are left that are not due. Each is small and
leaves a state from which the next plan goes on, whoever makes it, whenever.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from shared.maintainx.models import Subscription
from shared.maintainx.subscriptions.model import Addresses, Remembered, State, Step, Verb, Wanted

Actual = Mapping[int, Subscription | None]
"""What MaintainX has under an id; None: nothing. Every remembered id but those that are `gone` is a key."""


def plan(
    wanted: Sequence[Wanted], remembered: Sequence[Remembered], actual: Actual, rotate: Collection[str] = ()
) -> tuple[Step, ...]:
    """The steps for all types in the order in which to take them; `keep` where nothing is to be done.

    rotate: types to get a new secret; where that is under way already, it is carried on and not begun again.
    """
    by_type = {item.type: item for item in wanted}
    steps: list[Step] = []
    for name in dict.fromkeys([*by_type, *(entry.type for entry in remembered)]):
        mine = sorted((entry for entry in remembered if entry.type == name), key=age)
        steps += _of_type(by_type.get(name), mine, actual, rotate=name in rotate)
    # First what makes deliveries possible. That one was lost is noted only after its successor was made: whoever goes
    # on after an interruption still sees that something is missing.
    return tuple(sorted(steps, key=lambda step: _ORDER.index(step.verb)))


def as_remembered(remembered: Iterable[Remembered], addresses: Callable[[str], Addresses]) -> tuple[Wanted, ...]:
    """What was last set up, whatever sites.yaml says now: to heal must not mean to enforce another configuration.

    addresses: of a type.
    """
    newest = {entry.type: entry for entry in sorted(remembered, key=age) if entry.state in _MEANT_TO_STAY}
    return tuple(
        Wanted(
            type=entry.type,
            addresses=addresses(entry.type),
            secret_name=entry.secret_name,
            filters=entry.filters,
            options=entry.options,
        )
        for entry in newest.values()
    )


def age(entry: Remembered) -> tuple[datetime, int]:
    """Sorts by when it was made, the oldest first."""
    return entry.created_at_utc, entry.id


def _of_type(wanted: Wanted | None, mine: Sequence[Remembered], actual: Actual, *, rotate: bool) -> Iterator[Step]:
    fitting = [entry for entry in mine if wanted and entry.fits(wanted) and _is_there(entry, actual)]
    coming = [entry for entry in fitting if entry.state in ("made", "parked")]
    current = next((entry for entry in reversed(fitting) if entry.state == "active"), None)
    if wanted and not coming:
        if current is None:
            yield Step(verb="create", type=wanted.type, id=None, reason=_why(mine, actual))
        elif rotate and not any(entry.state == "retiring" for entry in mine):
            yield Step(verb="create", type=wanted.type, id=None, reason="rotate: a new secret is asked for")
    for entry in mine:
        verb, reason = _next(wanted, entry, current, coming, actual)
        due_at_utc = entry.due_at_utc if _TAKEN_BY.get(verb) == entry.state else None
        yield Step(verb=verb, type=entry.type, id=entry.id, reason=reason, due_at_utc=due_at_utc)


def _next(
    wanted: Wanted | None,
    entry: Remembered,
    current: Remembered | None,
    coming: Sequence[Remembered],
    actual: Actual,
) -> tuple[Verb, str]:
    """The next step of one subscription and why."""
    if entry.state == "gone":
        return "drop_secret", "deleted: its secret is not needed any more"
    found = actual[entry.id]
    if found is None:
        return "lose", "MaintainX does not have it any more"
    if wanted is None:
        return "delete", "remove: sites.yaml does not want this type"
    if entry in coming:
        return _BRINGS_ON[entry.state]
    if entry is current:
        return ("keep", "as wanted") if found.url == wanted.addresses.used else ("repoint", f"points to {found.url}")
    if entry.state in ("made", "parked"):
        return "delete", "never used, and not what is wanted any more"
    if current is None:
        return "keep", "serves until its successor does"
    if entry.state == "retiring":
        return "delete", f"{current.id} has taken over"
    return "retire", f"{current.id} has taken over"


def _is_there(entry: Remembered, actual: Actual) -> bool:
    """Whether MaintainX has it, and as the type that we made it as: somebody may have changed that."""
    found = None if entry.state == "gone" else actual[entry.id]
    return found is not None and found.type == entry.type


def _why(mine: Sequence[Remembered], actual: Actual) -> str:
    meant = [entry for entry in mine if entry.state in _MEANT_TO_STAY]
    if not meant:
        return "create: there is none"
    if all(actual[entry.id] is None for entry in meant):
        return f"heal: MaintainX has deleted {', '.join(str(entry.id) for entry in meant)}"
    return "replace: type, secret name, filters or options have changed, which cannot be patched"


_MEANT_TO_STAY: tuple[State, ...] = ("made", "parked", "active")
_BRINGS_ON: dict[State, tuple[Verb, str]] = {
    "made": ("store_secret", "its secret is not stored yet"),
    "parked": ("activate", "its secret is stored"),
}
# The step for which an entry of this state waits until it is due; all other steps are due at once.
_TAKEN_BY: dict[Verb, State] = {"activate": "parked", "delete": "retiring", "drop_secret": "gone"}
_ORDER: tuple[Verb, ...] = (
    "create",
    "store_secret",
    "activate",
    "repoint",
    "retire",
    "delete",
    "lose",
    "drop_secret",
    "keep",
)
