"""JSON log lines in the form that Cloud Logging reads: time, severity, message, trace, and our own keys.

Functions write to standard output, one JSON object a line; Cloud Run hands them to Cloud Logging, which lifts
`time` (RFC 3339, UTC), `severity`, `message` and `logging.googleapis.com/trace` out of the payload (Google Cloud:
structured logging).
"""

from __future__ import annotations

import logging
import os
import re
import sys
import time
from collections import deque
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TextIO

from pythonjsonlogger.core import RESERVED_ATTRS
from pythonjsonlogger.json import JsonEncoder

from shared.version import VERSION

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

_context: ContextVar[dict[str, str]] = ContextVar("log_context", default={})  # noqa: B039  # never mutated
# W3C: version-traceid-parentid-flags; Google's older header: TRACE_ID/SPAN_ID;o=OPTIONS.
_TRACEPARENT = re.compile(r"^[0-9a-f]{2}-(?P<trace>[0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")
_CLOUD_TRACE = re.compile(r"^(?P<trace>[0-9a-f]{32})(/|$)")

_OF_EVERY_RECORD = frozenset(RESERVED_ATTRS)


class _CloudFormatter(logging.Formatter):
    """One record as one line of JSON; what JSON has no form for is written as text."""

    def __init__(self, function: str) -> None:
        super().__init__()
        self._function = function
        self._encode = JsonEncoder().encode

    def format(self, record: logging.LogRecord) -> str:
        """The line of a record."""
        keys = {key: value for key, value in record.__dict__.items() if key not in _OF_EVERY_RECORD}
        if record.exc_info:
            keys["exc_info"] = self.formatException(record.exc_info)
        if record.stack_info:
            keys["stack_info"] = self.formatStack(record.stack_info)
        return self.line(record.levelname, record.getMessage(), record.name, record.created, keys)

    def line(self, severity: str, message: str, logger: str, at_s: float, keys: Mapping[str, object]) -> str:
        """The line of these; `at_s`: seconds since 1970. Of the same key, the context's value is written."""
        return self._encode(
            {
                "severity": severity,
                "message": message,
                "logger": logger,
                "function": self._function,
                **keys,
                "time": datetime.fromtimestamp(at_s, UTC).isoformat(),
                **_context.get(),
            }
        )


class _LineHandler(logging.Handler):
    """Writes every line at once, but those of `write_soon` together with the others of the same turn of the loop."""

    def __init__(self, formatter: _CloudFormatter, stream: TextIO) -> None:
        super().__init__()
        self.formatter = self.cloud_formatter = formatter
        self._stream = stream
        self._waiting: deque[str] = deque()  # lines ends included
        self._is_due = False

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._waiting.append(self.cloud_formatter.format(record) + "\n")
            self.flush()
        except Exception:  # a line that cannot be written must not fail what it tells of
            self.handleError(record)

    def write_soon(self, line: str, loop: AbstractEventLoop) -> None:
        """Write a line at the end of this turn of `loop`, which runs."""
        self._waiting.append(line + "\n")
        if not self._is_due:
            self._is_due = True
            loop.call_soon(self._flush_due)

    def _flush_due(self) -> None:
        self._is_due = False
        self.flush()

    def flush(self) -> None:
        """Write what waits. Called at exit too."""
        self.acquire()
        try:
            # One by one: who adds a line meanwhile does so without the lock.
            lines = [self._waiting.popleft() for _ in range(len(self._waiting))]
            if lines:
                self._stream.write("".join(lines))
                self._stream.flush()
        finally:
            self.release()


def configure_logging(function: str) -> None:
    """Send all logging of this process to standard output as JSON lines that carry `function`. Safe to call twice.

    The first line says what starts: version and commit.
    """
    handler = _LineHandler(_CloudFormatter(function), sys.stdout)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(os.environ.get("LOG_LEVEL", "INFO").upper())
    # What no line shows is not looked up (Python's logging HOWTO, "Optimization"): a third of what a line costs.
    logging._srcfile = None
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    for chatty in ("httpx", "httpcore", "google", "urllib3"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    # It names channels and numbers, and those of some services are their passwords.
    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
    keys = {"version": VERSION, "commit": os.environ.get("COMMIT", "unknown")}
    logging.getLogger(__name__).info("%s starts, version %s", function, VERSION, extra=keys)


def info_soon(log: logging.Logger, message: str, keys: Mapping[str, object], loop: AbstractEventLoop) -> None:
    """The same line as `log.info(message, extra=keys)`, for a third of the time: for what is said of every delivery.

    It is written at the end of this turn of `loop`, with the lines of others. A crash in between loses it.
    """
    if log.isEnabledFor(logging.INFO):
        for handler in logging.getLogger().handlers:
            if isinstance(handler, _LineHandler):
                handler.write_soon(handler.cloud_formatter.line("INFO", message, log.name, time.time(), keys), loop)


class log_context:  # noqa: N801  # used as a function would be; a generator would cost three times as much
    """Within the block every log line carries `keys` (site, event_id, ...); empty values are left out."""

    __slots__ = ("_keys", "_token")

    def __init__(self, **keys: str) -> None:
        self._keys = keys

    def __enter__(self) -> None:
        self._token = _context.set(_context.get() | {key: value for key, value in self._keys.items() if value})

    def __exit__(self, *_: object) -> None:
        _context.reset(self._token)


def trace_key(traceparent: str = "", cloud_trace: str = "") -> dict[str, str]:
    """The log key that ties lines to a request's trace, from its `traceparent` or `X-Cloud-Trace-Context` header."""
    match = _TRACEPARENT.match(traceparent) or _CLOUD_TRACE.match(cloud_trace)
    if match is None:
        return {}
    project = os.environ.get("GOOGLE_CLOUD_PROJECT", "")
    return {"logging.googleapis.com/trace": f"projects/{project}/traces/{match['trace']}"}
