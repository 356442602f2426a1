"""The subscriptions of one site: what an operator, or a schedule, may ask for."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Collection, Iterator
from datetime import datetime, timedelta
from uuid import uuid4

from shared.config.sites import SiteConfig
from shared.errors import BridgeError, ConfigError, RecordBusy, RecordNotFound
from shared.ingress import utc_now
from shared.maintainx.models import Subscription
from shared.maintainx.subscriptions.check import Evidence, Finding, findings
from shared.maintainx.subscriptions.ledger import Ledger
from shared.maintainx.subscriptions.model import Addresses, Remembered, Step, Verb, secret_hash, wanted_by
from shared.maintainx.subscriptions.plan import age, as_remembered, plan
from shared.maintainx.subscriptions.receiver import Receiver
from shared.maintainx.subscriptions.work import Report, SubscriptionApi, Tools, Work, first_entry
from shared.secret_versions import SecretVersions
from shared.secrets import REFUSED_MIN_AGE_S, lines
from shared.state import RecordKey, StateStore

# Instances that have just read the secret do not read it again for REFUSED_MIN_AGE_S, whatever is refused meanwhile.
SETTLE = timedelta(seconds=REFUSED_MIN_AGE_S + 5)
GRACE = timedelta(minutes=10)
# For a new subscription: settling, and until every instance knows the secret.
PATIENCE = timedelta(seconds=90)
# Longer than a run takes: it does not wait for anything but answers.
_LEASE_S = 300.0
_NOT_HEALING: tuple[Verb, ...] = ("repoint",)


class Keeper:
    """The subscriptions of one site. Not for use by two threads; two keepers of a site take turns by a lease.

    ConfigError if sites.yaml has no `public_url`.
    """

    def __init__(
        self,
        site: SiteConfig,
        public_url: str | None,
        *,
        maintainx: SubscriptionApi,
        receiver: Receiver,
        state: StateStore,
        versions: SecretVersions,
        settle: timedelta = SETTLE,
        grace: timedelta = GRACE,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        if public_url is None:
            raise ConfigError("sites.yaml: public_url is not set: MaintainX must know where to send webhooks to")
        self.site = site.id
        self.wanted = wanted_by(site, public_url)
        self._public_url = public_url
        self._state = state
        self._tools = Tools(
            maintainx=maintainx,
            receiver=receiver,
            versions=versions,
            ledger=Ledger(site.id, versions),
            settle=settle,
            grace=grace,
            clock=clock,
        )

    def remembered(self) -> tuple[Remembered, ...]:
        """What is remembered now, the oldest first."""
        return tuple(sorted(self._tools.ledger.load(), key=age))

    def observe(self, remembered: Collection[Remembered]) -> dict[int, Subscription | None]:
        """What MaintainX has of these: one call each."""
        return {entry.id: self._find(entry.id) for entry in remembered if entry.state != "gone"}

    def preview(self, rotate: Collection[str] = ()) -> tuple[Step, ...]:
        """The steps that a run would begin with. Changes nothing."""
        remembered = self.remembered()
        return plan(self.wanted, remembered, self.observe(remembered), rotate)

    def run(self, *, rotate: Collection[str] = (), heal: bool = False, without_types: Collection[str] = ()) -> Report:
        """Do all that is due. heal: only what keeps things as they were set up, whatever sites.yaml says now.

        A step that fails ends the work on its type, not on the others; the report says so. Raises RecordBusy while
        another run works on the site, and what reading MaintainX or the ledger raises; then nothing was done.
        """
        with self._turn():
            remembered = self.remembered()
            if heal:
                wanted = as_remembered(remembered, lambda name: Addresses.of(self._public_url, self.site, name))
            else:
                wanted = self.wanted
            work = Work(self._tools, wanted, remembered, self.observe(remembered))
            return work.finish(rotate, without=_NOT_HEALING if heal else (), without_types=without_types)

    def adopt(self, subscription_id: int) -> Remembered:
        """Remember a subscription that was made elsewhere; the next run stores its secret and uses it.

        It is taken to have the filters and options of sites.yaml, because MaintainX does not tell them. RecordNotFound
        if there is none; ConfigError if sites.yaml wants none of its type. One that is remembered stays as it is.
        """
        with self._turn():
            entries = {entry.id: entry for entry in self.remembered()}
            if known := entries.get(subscription_id):
                return known
            found = self._tools.maintainx.get_subscription(subscription_id)
            wanted = next((item for item in self.wanted if item.type == found.type), None)
            if wanted is None:
                raise ConfigError(f"subscription {subscription_id} is {found.type}: sites.yaml wants none of that type")
            entry = first_entry(wanted, subscription_id, self._tools.clock())
            self._tools.ledger.save([*entries.values(), entry])
            return entry

    def forget(self, subscription_id: int) -> bool:
        """Remember it no longer and leave it, and its secret, as they are. False if it was not remembered."""
        with self._turn():
            entries = self.remembered()
            left = [entry for entry in entries if entry.id != subscription_id]
            if len(left) < len(entries):
                self._tools.ledger.save(left)
            return len(left) < len(entries)

    def run_on(
        self,
        *,
        rotate: Collection[str] = (),
        heal: bool = False,
        patience: timedelta = PATIENCE,
        sleep: Callable[[float], None] = time.sleep,
    ) -> Report:
        """Run again and again while something falls due within `patience` from now, and report on all of it."""
        until_utc = self._tools.clock() + patience
        report = self.run(rotate=rotate, heal=heal)
        done = list(report.done)
        while (due_at_utc := report.next_due_utc) and due_at_utc <= until_utc:
            sleep(max(0.0, (due_at_utc - self._tools.clock()).total_seconds()))
            # What failed is not tried again: a creation that may have been done could be done twice.
            report = self.run(heal=heal, without_types={item.type for item in done if item.error})
            done += report.done
        return Report(tuple(done), report.waiting)

    def is_under_way(self) -> bool:
        """Whether a run has, or will have, something to go on with."""
        return any(entry.state != "active" for entry in self.remembered())

    def verify(self, *, compare_secrets: bool = False) -> tuple[Finding, ...]:
        """Everything that is wrong; changes nothing. One call to MaintainX for each, and some to webhook_ingress.

        compare_secrets: also ask MaintainX for each secret: one call more each.
        """
        remembered = self.remembered()
        names = {entry.secret_name for entry in remembered}
        stored = {name: lines(self._tools.versions.newest(name) or "") for name in names}
        actual = self.observe(remembered)
        there = [entry for entry in remembered if entry.state == "active" and actual[entry.id]]
        refused = {entry.id: why for entry in there if (why := self._why_refused(entry, stored[entry.secret_name]))}
        ask = self._tools.maintainx.get_subscription_secret
        evidence = Evidence(
            actual=actual,
            secrets={name: frozenset(map(secret_hash, values)) for name, values in stored.items()},
            refused=refused,
            true_secrets={entry.id: secret_hash(ask(entry.id)) for entry in there} if compare_secrets else {},
        )
        return findings(self.wanted, remembered, evidence, self._tools.clock())

    def _why_refused(self, entry: Remembered, stored: Collection[str]) -> str:
        """ "" if webhook_ingress accepts deliveries signed with its secret, or if there is none to try with."""
        parked = Addresses.of(self._public_url, self.site, entry.type).parked
        secret = next((value for value in stored if secret_hash(value) == entry.secret_hash), None)
        try:
            if secret is None or self._tools.receiver.knows(parked, secret):
                return ""
        except BridgeError as error:
            return f"webhook_ingress does not answer: {error}"
        return "webhook_ingress refuses deliveries signed with its secret"

    def _find(self, subscription_id: int) -> Subscription | None:
        try:
            return self._tools.maintainx.get_subscription(subscription_id)
        except RecordNotFound:
            return None

    @contextlib.contextmanager
    def _turn(self) -> Iterator[None]:
        """Alone for as long as the block takes: two at once would each make what is missing."""
        key = RecordKey(self.site, "subscriptions", 0)
        locked = self._state.lock_record(key, owner=f"subscriptions-{uuid4().hex[:8]}", lease_s=_LEASE_S)
        if locked is None:
            raise RecordBusy(f"site {self.site}: its subscriptions are being worked on; wait for that to end")
        try:
            yield
        finally:
            self._state.unlock_record(locked)
