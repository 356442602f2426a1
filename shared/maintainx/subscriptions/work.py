"""Carries out the plan for one site, one step at a time, and remembers after each.

A run may end anywhere. What it leaves is remembered, and the next run, of whoever, goes on from there.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from shared.errors import (
    BridgeError,
    OutcomeUnknown,
    RecordNotFound,
    SecretMissing,
    TransientError,
)
from shared.maintainx.models import Subscription
from shared.maintainx.signature import TOLERANCE_S
from shared.maintainx.subscriptions.ledger import Ledger
from shared.maintainx.subscriptions.model import Remembered, Step, Verb, Wanted, secret_hash
from shared.maintainx.subscriptions.plan import plan
from shared.maintainx.subscriptions.receiver import Receiver
from shared.secret_forms import LINES, oddity, rows
from shared.secret_versions import SecretVersions

# No delivery is accepted longer than this after it was signed; then the secret of a deleted subscription has no use.
_DRAIN = timedelta(seconds=TOLERANCE_S)
_ASK_AGAIN = timedelta(seconds=2)


class SubscriptionApi(Protocol):
    """What is needed of MaintainX; every call may raise the errors of `shared.http.send`."""

    def create_subscription(
        self, webhook_type: str, url: str, *, filters: Mapping[str, Any] | None, options: Mapping[str, bool] | None
    ) -> Subscription: ...

    def get_subscription(self, subscription_id: int) -> Subscription: ...

    def change_subscription(self, subscription_id: int, *, url: str) -> Subscription: ...

    def delete_subscription(self, subscription_id: int) -> None: ...

    def get_subscription_secret(self, subscription_id: int) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What a run works with.

    settle: from storing a secret until webhook_ingress is asked whether it knows it. grace: how long a predecessor is
    left beside its successor.
    """

    maintainx: SubscriptionApi
    receiver: Receiver
    versions: SecretVersions
    ledger: Ledger
    settle: timedelta
    grace: timedelta
    clock: Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Done:
    """A step that was taken. error: why it was not, or not to its end; "" if it was. id: also of what was created."""

    verb: Verb
    type: str
    id: int | None
    reason: str
    error: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What a run did, and what it leaves for later because it is not due, or because its turn has not come."""

    done: tuple[Done, ...]
    waiting: tuple[Step, ...]

    @property
    def failed(self) -> bool:
        return any(item.error for item in self.done)

    @property
    def next_due_utc(self) -> datetime | None:
        """When the next run has something to do; None: when something changes."""
        return min((step.due_at_utc for step in self.waiting if step.due_at_utc), default=None)


class _NotYet(TransientError):
    """The step's turn has not come; no failure."""


class Work:
    """One run over one site."""

    def __init__(
        self,
        tools: Tools,
        wanted: Collection[Wanted],
        remembered: Collection[Remembered],
        actual: dict[int, Subscription | None],
    ) -> None:
        self._tools = tools
        self._maintainx = tools.maintainx
        self._versions = tools.versions
        self._wanted = {item.type: item for item in wanted}
        self._entries = {entry.id: entry for entry in remembered}
        self._actual = actual
        self._secrets: dict[int, str] = {}
        self._can_remember = False

    def finish(self, rotate: Collection[str], *, without: Collection[Verb], without_types: Collection[str]) -> Report:
        """Plan and carry out, until nothing is left that is due and was not tried."""
        done: list[Done] = []
        tried: set[tuple[Verb, str, int | None]] = set()
        blocked: set[str] = set(without_types)
        waiting: dict[tuple[Verb, int | None], Step] = {}
        while True:
            steps = [
                step
                for step in plan(tuple(self._wanted.values()), tuple(self._entries.values()), self._actual, rotate)
                if step.verb not in ("keep", *without) and step.type not in blocked
            ]
            now_utc = self._tools.clock()
            due = [step for step in steps if step.is_due(now_utc) and (step.verb, step.type, step.id) not in tried]
            if not due:
                later = [waiting.get((step.verb, step.id), step) for step in steps]
                return Report(tuple(done), tuple(later))
            rotate = ()
            for step in due:
                tried.add((step.verb, step.type, step.id))
                if step.type in blocked:
                    continue
                try:
                    done.append(self._take(step))
                except _NotYet:
                    waiting[step.verb, step.id] = replace(step, due_at_utc=now_utc + _ASK_AGAIN)
                except BridgeError as error:
                    done.append(Done(step.verb, step.type, step.id, step.reason, f"{type(error).__name__}: {error}"))
                    blocked.add(step.type)

    def _take(self, step: Step) -> Done:
        if step.id is None:
            return Done("create", step.type, self._create(step), step.reason)
        _ACTIONS[step.verb](self, self._entries[step.id])
        return Done(step.verb, step.type, step.id, step.reason)

    def _create(self, step: Step) -> int:
        wanted = self._wanted[step.type]
        if not self._can_remember:  # nothing is made that could not be remembered
            self._save(self._entries)
        parked = wanted.addresses.parked
        try:
            made = self._maintainx.create_subscription(
                wanted.type, parked, filters=wanted.filters or None, options=wanted.options or None
            )
        except OutcomeUnknown as error:
            hint = "if one to this address is listed in Settings > Integrations > Webhooks, delete it there"
            raise OutcomeUnknown(f"a subscription to {parked} may have been made; {hint}: {error}") from error
        entry = first_entry(wanted, made.id, self._tools.clock())
        try:
            self._save({**self._entries, made.id: entry})
        except BridgeError as error:
            raise SecretMissing(f"{self._unmake(made.id)}, as it could not be remembered: {error}") from error
        self._actual[made.id] = made.model_copy(update={"type": made.type or wanted.type, "url": made.url or parked})
        if made.secret:
            self._secrets[made.id] = made.secret
        return made.id

    def _unmake(self, subscription_id: int) -> str:
        try:
            self._maintainx.delete_subscription(subscription_id)
        except BridgeError:
            return f"subscription {subscription_id} must be deleted by hand"
        return f"subscription {subscription_id} was deleted again"

    def _store_secret(self, entry: Remembered) -> None:
        secret = self._secret(entry)
        known = self._stored(entry)
        if secret not in known:
            together = "\n".join((secret, *known))
            if odd := oddity(together, LINES):  # webhook_ingress would leave that one out
                raise SecretMissing(f"secret {entry.secret_name}, with the new value as line 1, {odd}; correct it")
            self._versions.add(entry.secret_name, together)
        due = self._tools.clock() + self._tools.settle
        self._remember(replace(entry, state="parked", secret_hash=secret_hash(secret), due_at_utc=due))

    def _activate(self, entry: Remembered) -> None:
        addresses = self._wanted[entry.type].addresses
        if not self._tools.receiver.knows(addresses.parked, self._secret(entry)):
            raise _NotYet("webhook_ingress does not know the secret yet")
        self._actual[entry.id] = self._maintainx.change_subscription(entry.id, url=addresses.used)
        self._remember(replace(entry, state="active", due_at_utc=None))

    def _repoint(self, entry: Remembered) -> None:
        url = self._wanted[entry.type].addresses.used
        self._actual[entry.id] = self._maintainx.change_subscription(entry.id, url=url)

    def _retire(self, entry: Remembered) -> None:
        self._remember(replace(entry, state="retiring", due_at_utc=self._tools.clock() + self._tools.grace))

    def _delete(self, entry: Remembered) -> None:
        with contextlib.suppress(RecordNotFound):
            self._maintainx.delete_subscription(entry.id)
        self._remember(replace(entry, state="gone", due_at_utc=self._tools.clock() + _DRAIN))

    def _lose(self, entry: Remembered) -> None:
        # MaintainX answers 404 also to a key that may not see it: its deliveries stay welcome for a while.
        self._remember(replace(entry, state="gone", due_at_utc=self._tools.clock() + max(_DRAIN, self._tools.grace)))

    def _drop_secret(self, entry: Remembered) -> None:
        others = {other.secret_hash for other in self._entries.values() if other.id != entry.id}
        known = self._stored(entry)
        kept = [value for value in known if secret_hash(value) != entry.secret_hash or entry.secret_hash in others]
        if kept and len(kept) < len(known):  # a secret cannot be empty; of a type that is not wanted nobody reads it
            self._versions.add(entry.secret_name, "\n".join(kept))
        self._save({key: value for key, value in self._entries.items() if key != entry.id})

    def _stored(self, entry: Remembered) -> tuple[str, ...]:
        """All values of its secret, also those that cannot be used: what is there is not for us to take away."""
        return tuple(filter(None, rows(self._versions.newest(entry.secret_name) or "")))

    def _secret(self, entry: Remembered) -> str:
        if entry.id not in self._secrets:
            self._secrets[entry.id] = self._maintainx.get_subscription_secret(entry.id)
        return self._secrets[entry.id]

    def _remember(self, entry: Remembered) -> None:
        self._save({**self._entries, entry.id: entry})

    def _save(self, entries: Mapping[int, Remembered]) -> None:
        self._tools.ledger.save(entries.values())
        self._entries = dict(entries)
        self._can_remember = True


def first_entry(wanted: Wanted, subscription_id: int, now_utc: datetime) -> Remembered:
    """How a subscription is remembered at first."""
    return Remembered(
        id=subscription_id,
        type=wanted.type,
        secret_name=wanted.secret_name,
        filters=wanted.filters,
        options=wanted.options,
        state="made",
        secret_hash="",
        created_at_utc=now_utc,
    )


_ACTIONS: dict[Verb, Callable[[Work, Remembered], None]] = {
    "store_secret": Work._store_secret,
    "activate": Work._activate,
    "repoint": Work._repoint,
    "retire": Work._retire,
    "delete": Work._delete,
    "lose": Work._lose,
    "drop_secret": Work._drop_secret,
}
