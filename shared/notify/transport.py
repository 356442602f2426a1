"""Hears what became of a message that Apprise sends: its plugins only say True or False.

False may mean refused, never sent, or sent and not answered; only after the last may people have it all the same. So
this listens where nearly all plugins pass, `requests` and `smtplib`, and holds them to `shared.deadline`. It changes
nothing for a thread or task that is not inside `listening()`.
"""

from __future__ import annotations

import functools
import math
import re
import smtplib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from http.client import HTTPConnection
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from shared.deadline import remaining_s

# A gateway gave up waiting for a service that has the request (504; 524 is Cloudflare's). Other 5xx are taken for
# refusals: in an outage they are the rule, and to repeat the message until it is over is what people expect.
_GAVE_UP_WAITING = frozenset({504, 524})


@dataclass(slots=True)
class Request:
    """A request over HTTP, or a mail.

    sent: at least a part of it left this machine. status: the answer, once it is there in full; None: none. trouble:
    the class of the error that came instead. is_partial: a mail that the server took for some of its recipients.
    retry_after_s: the service's own wish.
    """

    sent: bool = False
    status: int | None = None
    trouble: str = ""
    is_partial: bool = False
    retry_after_s: float | None = None

    @property
    def may_have_arrived(self) -> bool:
        """Whether it may have been carried out although nobody confirmed it."""
        is_unanswered = self.sent and self.status is None
        return is_unanswered or self.is_partial or self.status in _GAVE_UP_WAITING

    def __str__(self) -> str:
        if self.is_partial:
            return "taken for some of its recipients only"
        return self.trouble if self.status is None else f"answered {self.status}"


@dataclass(slots=True)
class Heard:
    """All requests of one message, in their order."""

    requests: list[Request] = field(default_factory=list)

    def begin(self) -> Request:
        self.requests.append(Request())
        return self.requests[-1]

    def doubt(self) -> str:
        """Why the message may have arrived although it is not confirmed; "" if it cannot have."""
        return ", ".join(str(request) for request in self.requests if request.may_have_arrived)

    def refusal(self) -> str:
        """What the service said, or what prevented it; for people."""
        said = [str(request) for request in self.requests if request.status is None or request.status >= 300]
        return ", ".join(said or [str(request) for request in self.requests[-1:]]) or "nothing was sent"

    def retry_after_s(self) -> float | None:
        """The longest wait that was asked for."""
        waits_s = [request.retry_after_s for request in self.requests if request.retry_after_s is not None]
        return max(waits_s, default=None)


_heard: ContextVar[Heard | None] = ContextVar("heard", default=None)


@contextmanager
def listening() -> Iterator[Heard]:
    """Notes the requests that this thread or task makes inside."""
    heard = Heard()
    token = _heard.set(heard)
    try:
        yield heard
    finally:
        _heard.reset(token)


def _http_request(
    heard: Heard, send: Callable[..., requests.Response], adapter: HTTPAdapter, request: Any, **options: Any
) -> requests.Response:
    noted = heard.begin()
    left_s = remaining_s()
    if left_s <= 0:
        noted.trouble = "no time was left"
        raise requests.ConnectTimeout("not sent, no time is left for it", request=request)
    timeout = options.get("timeout")
    connect_s, read_s = timeout if isinstance(timeout, tuple) else (timeout, timeout)
    options["timeout"] = (_within(connect_s, left_s), _within(read_s, left_s))
    try:
        response = send(adapter, request, **options)
        if response.ok and not options.get("stream"):
            _ = response.content  # requests reads it next anyway; half of it does not confirm anything
    except Exception as error:
        noted.trouble = type(error).__name__
        raise
    noted.status = response.status_code
    if response.status_code == 429 and re.fullmatch(r"[0-9]{1,9}", wait := response.headers.get("Retry-After", "")):
        noted.retry_after_s = float(wait)
    return response


def _http_bytes(heard: Heard, send: Callable[..., None], connection: HTTPConnection, data: Any) -> None:
    if connection.sock is None and connection.auto_open:
        connection.connect()  # as `send` would: what fails here was not sent
    # CONNECT is for a proxy: as long as that has not opened the way, nothing reaches the service.
    if heard.requests and not (isinstance(data, bytes) and data.startswith(b"CONNECT ")):
        heard.requests[-1].sent = True
    send(connection, data)


def _mail(heard: Heard, sendmail: Callable[..., dict[str, Any]], smtp: smtplib.SMTP, *args: Any, **options: Any) -> Any:
    noted = heard.begin()
    try:
        refused = sendmail(smtp, *args, **options)
    except Exception as error:
        noted.trouble = type(error).__name__
        if isinstance(error, smtplib.SMTPResponseException) and error.smtp_code > 0:
            noted.status = error.smtp_code
        raise
    noted.status, noted.is_partial = 250, bool(refused)
    return refused


def _mail_connect(_: Heard, connect: Callable[..., Any], smtp: smtplib.SMTP, *args: Any, **options: Any) -> Any:
    left_s = _time_for_mail_s()
    if math.isfinite(left_s):
        smtp.timeout = min(smtp.timeout, left_s) if isinstance(smtp.timeout, (int, float)) else left_s
    return connect(smtp, *args, **options)


def _mail_bytes(heard: Heard, send: Callable[..., None], smtp: smtplib.SMTP, data: str | bytes) -> None:
    left_s = _time_for_mail_s()
    if smtp.sock is not None and math.isfinite(left_s):
        smtp.sock.settimeout(_within(smtp.sock.gettimeout(), left_s))
    # Commands are str; bytes are the mail itself, and whoever has those may deliver it.
    if isinstance(data, bytes) and heard.requests:
        heard.requests[-1].sent = True
    send(smtp, data)


def _time_for_mail_s() -> float:
    left_s = remaining_s()
    if left_s <= 0:
        raise smtplib.SMTPServerDisconnected("not sent, no time is left for it")
    return left_s


def _within(limit_s: float | None, left_s: float) -> float | None:
    """A time-out, but no longer than the time that is left; None: none."""
    if limit_s is None:
        return left_s if math.isfinite(left_s) else None
    return min(limit_s, left_s)


def _listen_at(owner: type[Any], name: str, around: Callable[..., Any]) -> None:
    """Let calls of a method pass through `around` while somebody listens."""
    method = getattr(owner, name)

    @functools.wraps(method)
    def heard_method(*args: Any, **options: Any) -> Any:
        heard = _heard.get()
        return method(*args, **options) if heard is None else around(heard, method, *args, **options)

    setattr(owner, name, heard_method)


_listen_at(HTTPAdapter, "send", _http_request)
_listen_at(HTTPConnection, "send", _http_bytes)
_listen_at(smtplib.SMTP, "connect", _mail_connect)
_listen_at(smtplib.SMTP, "sendmail", _mail)
_listen_at(smtplib.SMTP, "send", _mail_bytes)
