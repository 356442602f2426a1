"""Sends a notification to every address of a site, each address once.

A site's addresses are Apprise URLs (`slack://...`, `msteams://...`, `mailto://...`), one a line of its secret. Each
address has a claim of its own, so that a retry after a partial failure repeats only what failed. Services offer no
idempotency key: a crash between the service's answer and our note of it can send a notification twice.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import Protocol

from apprise import Apprise, NotifyType
from apprise.plugins import NotifyBase

from shared.errors import NotificationRejected, RecordBusy, RemoteUnavailable
from shared.events import Event
from shared.notify.messages import Notification, Urgency
from shared.outcomes import Outcome, done
from shared.state import ClaimKey, Done, InProgress, StateStore

log = logging.getLogger(__name__)

_CLAIM_LEASE_S = 60.0
_CLAIM_TTL_S = 30 * 86400.0

_TYPES: dict[Urgency, NotifyType] = {
    "info": NotifyType.INFO,
    "success": NotifyType.SUCCESS,
    "warning": NotifyType.WARNING,
    "failure": NotifyType.FAILURE,
}


class Address(Protocol):
    """One place to send to."""

    def notify(self, *, title: str, body: str, notify_type: NotifyType) -> bool:
        """Send; True if the service accepted it."""
        ...


# What Apprise logs about a URL that it does not understand is the URL, or the token in it.
_parsing: ContextVar[bool] = ContextVar("parsing", default=False)
logging.getLogger("apprise").addFilter(lambda _: not _parsing.get())


def parse_address(url: str) -> NotifyBase | None:
    """The address that an Apprise URL means; None if Apprise does not understand it."""
    token = _parsing.set(True)
    try:
        address = Apprise.instantiate(url)
    except Exception:  # of a plugin; its words may be those of the address
        return None
    finally:
        _parsing.reset(token)
    return address if isinstance(address, NotifyBase) else None


def send_notification(
    event: Event,
    text: Notification,
    urls: Sequence[str],
    store: StateStore,
    *,
    parse: Callable[[str], Address | None] = parse_address,
) -> Outcome:
    """Send `text` to each of `urls` that did not have it yet.

    Returns done with counts. Raises RemoteUnavailable if a service did not accept it, RecordBusy if another delivery is
    sending to an address or died while it did (only those are tried again), and, once all usable addresses have it,
    NotificationRejected if some URLs mean nothing to Apprise. Messages name the line of an address in the secret, never
    the address: it holds tokens.
    """
    sent = before = 0
    failed: list[int] = []
    busy: list[int] = []
    unusable: list[int] = []
    for line, url in enumerate(urls, start=1):
        address = parse(url)
        if address is None:
            unusable.append(line)
            continue
        claimed = store.claim(_claim_key(event, url), owner=f"notify/{event.event_id}", lease_s=_CLAIM_LEASE_S)
        if isinstance(claimed, Done):
            before += 1
            continue
        if isinstance(claimed, InProgress):
            busy.append(line)
            continue
        if _accepts(address, text, line):
            store.complete_claim(claimed.claim, outcome="done", reason="sent", ttl_s=_CLAIM_TTL_S)
            sent += 1
        else:
            store.release_claim(claimed.claim)
            failed.append(line)
    if failed:
        raise RemoteUnavailable(f"site {event.site}: addresses on lines {failed} did not accept the notification")
    if busy:
        raise RecordBusy(f"site {event.site}: another delivery has not finished with the addresses on lines {busy}")
    if unusable:
        raise NotificationRejected(f"site {event.site}: Apprise does not understand the addresses on lines {unusable}")
    return done("sent", sent=sent, sent_before=before)


def _accepts(address: Address, text: Notification, line: int) -> bool:
    try:
        return address.notify(title=text.title, body=text.body, notify_type=_TYPES[text.urgency])
    except Exception as error:  # a plugin's own fault is that address's; its words may be those of the address
        log.error("the address on line %d: its plugin raised %s", line, type(error).__name__)
        return False


def _claim_key(event: Event, url: str) -> ClaimKey:
    """One event at one address. Without the replay's nonce: who already has the notification gets no second one."""
    address = hashlib.sha256(url.encode()).hexdigest()[:16]
    return ClaimKey(event.site, event.event_id, f"notify:{address}")
