"""Refusals in the two shapes that MaintainX uses."""

from __future__ import annotations

from typing import Any


class Refusal(Exception):
    """Ends the handling of a request with this status and body."""

    def __init__(self, status: int, body: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        super().__init__(str(body))
        self.status = status
        self.body = body
        self.headers = headers or {}


def plain(status: int, text: str) -> Refusal:
    """Shape A: query errors, 404, 429, 5xx."""
    return Refusal(status, {"error": text})


def detailed(status: int, text: str, path: str | None = None, value: object = None) -> Refusal:
    """Shape B: range errors of queries, body validation, missing organization, 403."""
    return Refusal(status, {"errors": [detail(text, path, value)]})


def detail(text: str, path: str | None = None, value: object = None) -> dict[str, Any]:
    entry: dict[str, Any] = {"error": text}
    if path is not None:
        entry["fieldPath"] = path
    if isinstance(value, (str, int, float, bool)):
        entry["fieldValue"] = value
    return entry
