"""What Oracle's answers say beside the record: the version, and what is wrong."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from typing import Any

import httpx

from shared.erp.connection import object_of

_MARKUP = re.compile(r"<(script|style)\b.*?</\1>|<[^>]*>", re.IGNORECASE | re.DOTALL)


def explain(response: httpx.Response) -> str:
    """What an unsuccessful answer says is wrong: framework 4's error object, older ones' plain text, or a web page.

    The body of a 412 is the record as it is now, which has no place in a message.
    """
    if response.status_code == 412:
        return "the record was changed since it was read"
    body = object_of(response)
    if not body:
        return html.unescape(_MARKUP.sub(" ", response.text))
    details = body.get("o:errorDetails")
    said = [_detail(one) for one in details if isinstance(one, dict)] if isinstance(details, list) else []
    return "; ".join(text for text in said if text) or str(body.get("detail") or body.get("title") or response.text)


def version_of(response: httpx.Response, item: Mapping[str, Any]) -> str | None:
    """The record's version: the ETag, or what that is made of, the change indicator of the item's link to itself.

    None for a tenant whose work orders have neither.
    """
    if etag := response.headers.get("ETag"):
        return str(etag)
    links = item.get("links")
    for link in links if isinstance(links, list) else []:
        if isinstance(link, dict) and link.get("rel") == "self":
            properties = link.get("properties")
            indicator = properties.get("changeIndicator") if isinstance(properties, dict) else None
            return f'"{indicator}"' if indicator else None
    return None


def transaction_faults(answer: Mapping[str, Any]) -> str | None:
    """What a transaction that was accepted, but not carried out, names as the reason; None if it says no such thing.

    Oracle's transaction resources answer 201 with `ErrorsExistFlag` in it and the messages in their details.
    """
    if str(answer.get("ErrorsExistFlag")).lower() != "true":
        return None
    return "; ".join(_messages(answer)) or "the transaction has errors"


def _messages(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for one in value:
            yield from _messages(one)
    elif isinstance(value, dict):
        for name, inner in value.items():
            if name in ("ErrorMessage", "ErrorMessages") and isinstance(inner, str) and inner:
                yield inner
            else:
                yield from _messages(inner)


def _detail(one: Mapping[str, Any]) -> str:
    where = ", ".join(str(one[key]) for key in ("o:errorCode", "o:errorPath") if one.get(key))
    text = str(one.get("detail") or one.get("title") or "")
    return f"{text} ({where})" if where else text
