"""Unsuccessful answers of SAP: the words in them, whatever form they have, and the errors that they mean. Pure."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import httpx

from shared.erp.sap.documents import local_name, parsed
from shared.errors import BridgeError, NotTakenOn, PermissionDenied, VersionConflict
from shared.http import Judge

# Gateway's own name for any exception, beside the message that says what it was.
_NOISE = "/IWBEP/CX_"
_TEXT_LIMIT = 230  # leaves room for the transaction id in a message of our own
# "Order 4000123 is locked by user ADA"; but not "Order 4000123 is locked", which is a status.
_LOCKED = re.compile(r"\b(locked|being (processed|edited|changed)|blocked) by\b", re.IGNORECASE)
_NEVER_BUSY = frozenset({401, 403, 404, 412, 428, 429})


class TokenRefused(PermissionDenied):
    """SAP did nothing, as the CSRF token is missing or belongs to another session."""


@dataclass(frozen=True, slots=True)
class Said:
    """What an answer says. messages: (code, text), the code "" where there is none; transaction: SAP's id, or ""."""

    messages: tuple[tuple[str, str], ...]
    transaction: str = ""

    def __str__(self) -> str:
        told = "; ".join(f"{code}: {text}" if code else text for code, text in self.messages)[:_TEXT_LIMIT]
        return f"{told} (transaction {self.transaction})" if self.transaction else told


def said(response: httpx.Response) -> Said:
    """What an unsuccessful answer says: OData V2 or V4 JSON, XML, HTML or plain text."""
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    reader = next((reader for part, reader in _READERS if part in kind), _from_text)
    return reader(response) or _from_text(response)


def explain(response: httpx.Response) -> str:
    """`shared.http.Explain` for SAP."""
    return str(said(response))


def judge(busy_codes: Collection[str]) -> Judge:
    """`shared.http.Judge` for SAP. busy_codes: patterns of message codes that mean: not now."""

    def judged(response: httpx.Response, text: str) -> BridgeError | None:
        status = response.status_code
        if status == 403 and _is_about_the_token(response):
            return TokenRefused(text, status=status)
        if status == 428:  # an update that names no version, as far as SAP sees
            return VersionConflict(text)
        if 400 <= status < 500 and status not in _NEVER_BUSY and _is_busy(said(response), busy_codes):
            return NotTakenOn(text)
        return None

    return judged


def _is_about_the_token(response: httpx.Response) -> bool:
    """By the header, or by SAP's words (KBA 3048103: "CSRF token validation failed") where a gateway took that away."""
    return response.headers.get("x-csrf-token", "").lower() == "required" or "csrf" in response.text.lower()


def _is_busy(said: Said, busy_codes: Collection[str]) -> bool:
    return any(
        _LOCKED.search(text) or any(fnmatchcase(code, pattern) for pattern in busy_codes)
        for code, text in said.messages
    )


def _from_json(response: httpx.Response) -> Said | None:
    try:
        error = response.json().get("error")
    except (ValueError, AttributeError):
        return None
    if not isinstance(error, dict):
        return None
    inner = error.get("innererror")
    inner = inner if isinstance(inner, dict) else {}
    details = [*_dicts(inner.get("errordetails")), *_dicts(error.get("details"))]
    errors = [detail for detail in details if detail.get("severity", "error") == "error"]
    return _said([error, *errors], inner.get("transactionid"))


def _from_xml(response: httpx.Response) -> Said | None:
    root = parsed(response.content)
    if root is None or local_name(root.tag) != "error":
        return None
    found = [root, *(element for element in root.iter() if local_name(element.tag) == "errordetail")]
    messages = [{local_name(child.tag): child.text or "" for child in element} for element in found]
    errors = [message for message in messages if message.get("severity", "error") == "error"]
    ids = (element.text for element in root.iter() if local_name(element.tag) == "transactionid")
    return _said(errors, next(ids, ""))


def _from_html(response: httpx.Response) -> Said | None:
    text = re.sub(r"(?is)<(script|style)\b.*?</\1\s*>|<!--.*?-->", " ", response.text)
    return Said((("", _one_line(html.unescape(re.sub(r"<[^>]*>", " ", text)))),))


def _from_text(response: httpx.Response) -> Said:
    return Said((("", _one_line(response.text)),))


def _said(errors: Iterable[Mapping[str, Any]], transaction: object) -> Said | None:
    """Each message once, and Gateway's own only if there is no other."""
    messages = dict.fromkeys((str(error.get("code") or ""), _message(error.get("message"))) for error in errors)
    told = [message for message in messages if message[1]]
    real = [message for message in told if not message[0].startswith(_NOISE)] or told
    texts = {text for code, text in real if code}
    kept = tuple(message for message in real if message[0] or message[1] not in texts)
    return Said(kept, transaction if isinstance(transaction, str) else "") if kept else None


def _message(message: object) -> str:
    """Of V2 an object with the text in `value`, of V4 the text itself."""
    text = message.get("value") if isinstance(message, dict) else message
    return _one_line(text) if isinstance(text, str) else ""


def _dicts(found: object) -> list[dict[str, Any]]:
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _one_line(text: str) -> str:
    return " ".join(text.split())


# Part of the content type -> reader; the first that fits counts.
_READERS: tuple[tuple[str, Callable[[httpx.Response], Said | None]], ...] = (
    ("json", _from_json),
    ("html", _from_html),
    ("xml", _from_xml),
)
