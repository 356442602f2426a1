"""JSON log lines in the form that Cloud Logging reads: time, severity, message, trace, and our own keys.

Functions write to standard output, one JSON object a line; Cloud Run hands them to Cloud Logging, which lifts
`time` (RFC 3339, UTC), `severity`, `message` and `logging.googleapis.com/trace` out of the payload (Google Cloud:
structured logging).
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import sys
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any

from pythonjsonlogger.json import JsonFormatter

_context: ContextVar[dict[str, str]] = ContextVar("log_context", default={})  # noqa: B039  # never mutated
# W3C: version-traceid-parentid-flags; Google's older header: TRACE_ID/SPAN_ID;o=OPTIONS.
_TRACEPARENT = re.compile(r"^[0-9a-f]{2}-(?P<trace>[0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")
_CLOUD_TRACE = re.compile(r"^(?P<trace>[0-9a-f]{32})(/|$)")


class _CloudFormatter(JsonFormatter):
    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        log_data.update(_context.get())
        return log_data


def configure_logging(function: str) -> None:
    """Send all logging of this process to standard output as JSON lines that carry `function`. Safe to call twice."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        _CloudFormatter(
            "%(levelname)s %(message)s %(name)s",
            rename_fields={"levelname": "severity", "name": "logger"},
            static_fields={"function": function},
            timestamp="time",
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(os.environ.get("LOG_LEVEL", "INFO").upper())
    for chatty in ("httpx", "httpcore", "google", "urllib3", "apprise"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


@contextlib.contextmanager
def log_context(**keys: str) -> Iterator[None]:
    """Within the block every log line carries `keys` (site, event_id, ...); empty values are left out."""
    token = _context.set({**_context.get(), **{key: value for key, value in keys.items() if value}})
    try:
        yield
    finally:
        _context.reset(token)


def trace_key(traceparent: str = "", cloud_trace: str = "") -> dict[str, str]:
    """The log key that ties lines to a request's trace, from its `traceparent` or `X-Cloud-Trace-Context` header."""
    match = _TRACEPARENT.match(traceparent) or _CLOUD_TRACE.match(cloud_trace)
    if match is None:
        return {}
    project = os.environ.get("GOOGLE_CLOUD_PROJECT", "")
    return {"logging.googleapis.com/trace": f"projects/{project}/traces/{match['trace']}"}
