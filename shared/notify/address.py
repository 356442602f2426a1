"""One address of a site: an Apprise URL, and what sending a notification to it came to."""

from __future__ import annotations

import hashlib
import logging
import math
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from apprise import Apprise, NotifyType
from apprise.plugins import NotifyBase
from apprise.plugins.base import _delivery_tracker

from shared.deadline import remaining_s
from shared.notify.messages import Notification, Urgency
from shared.notify.transport import listening

_PATIENCE_S = 20.0  # for an answer, where the URL states no `rto`; Apprise's own 4 s are less than a busy service takes

_TYPES: dict[Urgency, NotifyType] = {
    "info": NotifyType.INFO,
    "success": NotifyType.SUCCESS,
    "warning": NotifyType.WARNING,
    "failure": NotifyType.FAILURE,
}


@dataclass(frozen=True, slots=True)
class Delivery:
    """What sending came to.

    refused: it did not arrive. unknown: nobody can say, for example because the answer did not come. why: for people,
    free of secrets. targets: marks of the channels or recipients of the address that confirmed it, now or before, if
    not all did. retry_after_s: the service's wish.
    """

    outcome: Literal["sent", "refused", "unknown"]
    why: str = ""
    targets: frozenset[str] = frozenset()
    retry_after_s: float | None = None


class Address(Protocol):
    """One place to send to."""

    def send(self, text: Notification, *, without: frozenset[str]) -> Delivery:
        """Send within the deadline, but not to the targets in `without`, which confirmed it before. Never raises."""
        ...


# What Apprise logs about a URL that it does not understand is the URL, or the token in it.
_parsing: ContextVar[bool] = ContextVar("parsing", default=False)
logging.getLogger("apprise").addFilter(lambda _: not _parsing.get())


def parse_address(url: str) -> Address | None:
    """The address that an Apprise URL means; None if Apprise does not understand it."""
    token = _parsing.set(True)
    try:
        service = Apprise.instantiate(url)
    except Exception:  # of a plugin; its words may be those of the address
        return None
    finally:
        _parsing.reset(token)
    return AppriseAddress(service) if isinstance(service, NotifyBase) else None


class AppriseAddress:
    """An address that Apprise sends to, with one call and no repetition of Apprise's own."""

    def __init__(self, service: NotifyBase) -> None:
        own_s: float = service.socket_read_timeout
        # There only if the URL has `rto`, which may be nan.
        if "socket_read_timeout" not in vars(service) or not 0 < own_s < math.inf:
            service.socket_read_timeout = _PATIENCE_S
        setattr(service, "throttle", _throttled_in_time(service.throttle))  # noqa: B010  # of this one alone
        self._service = service

    def send(self, text: Notification, *, without: frozenset[str]) -> Delivery:
        """See Address."""
        targets = _Targets(without)
        trouble = ""
        with listening() as heard, _confirmed_by(targets):
            try:
                accepted = self._service.notify(title=text.title, body=text.body, notify_type=_TYPES[text.urgency])
            except Exception as error:  # its text may hold the address
                accepted, trouble = False, type(error).__name__
        if accepted:
            return Delivery("sent")
        marks = frozenset(targets.marks)
        doubt = heard.doubt() or ("" if _is_heard(self._service) else "it speaks neither HTTP nor SMTP")
        if doubt:
            return Delivery("unknown", doubt, marks)
        return Delivery("refused", trouble or heard.refusal(), marks, heard.retry_after_s())


class _Targets(set[Any]):
    """The targets that confirmed a message, as Apprise keeps them during its own retries, but as marks to be stored.

    An entry is `(piece of a long message, (type, repr))` of the target; a plain object stands for the whole piece.
    """

    def __init__(self, marks: frozenset[str]) -> None:
        super().__init__()
        self.marks = set(marks)

    def __contains__(self, entry: Any) -> bool:
        return self._mark(entry) in self.marks

    def add(self, entry: Any) -> None:
        self.marks.add(self._mark(entry))

    @staticmethod
    def _mark(entry: Any) -> str:
        piece, (kind, text) = entry
        name = f"{piece} {kind.__name__} {'' if kind is object else text}"
        return hashlib.sha256(name.encode()).hexdigest()[:16]


@contextmanager
def _confirmed_by(targets: _Targets) -> Iterator[None]:
    """Have Apprise skip the targets that are there, and add those that confirm the message."""
    token = _delivery_tracker.set(targets)
    try:
        yield
    finally:
        _delivery_tracker.reset(token)


def _throttled_in_time(throttle: Callable[..., None]) -> Callable[..., None]:
    """Apprise's pause before a request, as long as there is time: without any, nothing is sent."""

    def pause(last_io: Any = None, wait: float | None = None) -> None:
        if (left_s := remaining_s()) > 0:
            throttle(last_io=last_io, wait=None if wait is None else min(wait, left_s))

    return pause


def _is_heard(service: NotifyBase) -> bool:
    """Whether it sends by way of requests or smtplib, going by what the modules of its class import."""
    modules = (sys.modules.get(base.__module__) for base in type(service).__mro__)
    return any(hasattr(module, name) for module in modules for name in ("requests", "smtplib"))
