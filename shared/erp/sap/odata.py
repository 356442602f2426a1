"""The words of OData V2: addresses with keys and queries, and what is in an answer. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlsplit

from shared.erp.sap.fields import KEY
from shared.erp.sap.values import iso

ORDERS = "MaintenanceOrder"
TEXTS = "MaintenanceOrderLongText"
TEXTS_OF_ORDER = f"to_{TEXTS}"

Entity = Mapping[str, Any]


def text_literal(text: str) -> str:
    """`'O''Brien'`."""
    return "'" + text.replace("'", "''") + "'"


def time_literal(moment: datetime) -> str:
    """`datetimeoffset'2026-01-01T00:00:00Z'`, whole seconds."""
    return f"datetimeoffset'{iso(moment)}'"


def plain_number(number: str) -> str:
    """An order's number as SAP answers it: without the zeros that fill it up to 12 digits."""
    return (number.lstrip("0") or "0") if number.isascii() and number.isdigit() else number


def order_path(number: str) -> str:
    """`MaintenanceOrder('4000123')`."""
    return f"{ORDERS}({_quoted(text_literal(plain_number(number)))})"


def text_path(number: str, kind: str, language: str) -> str:
    """`MaintenanceOrderLongText(MaintenanceOrder='4000123',TextObjectType='KOPF',Language='EN')`."""
    key = {KEY: plain_number(number), "TextObjectType": kind, "Language": language}
    return f"{TEXTS}({','.join(f'{name}={_quoted(text_literal(value))}' for name, value in key.items())})"


def with_query(path: str, query: Mapping[str, str]) -> str:
    """`path?$filter=...`. Blanks become %20: not every proxy takes + for one."""
    return path + "?" + "&".join(f"{name}={quote(value, safe='')}" for name, value in query.items()) if query else path


def entity_of(body: Any) -> Entity | None:
    """The entity in an answer; None if there is none."""
    entity = body.get("d") if isinstance(body, dict) else None
    return entity if isinstance(entity, dict) and isinstance(entity.get(KEY), str) and entity[KEY] else None


def page_of(body: Any) -> tuple[list[Entity], str | None] | None:
    """The entities in an answer and the query of the next page, if there is one; None if the answer is no list.

    Of the next page's address only the query counts: SAP may know itself by another host name than we do, and our
    credentials are for the one that is configured.
    """
    found = body.get("d") if isinstance(body, dict) else None
    rows = found.get("results") if isinstance(found, dict) else found  # version 1 of the protocol has no `results`
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        return None
    following = found.get("__next") if isinstance(found, dict) else None
    return rows, urlsplit(following).query if isinstance(following, str) and following else None


def etag_of(entity: Entity) -> str | None:
    """The version of an entity as its own metadata tell it."""
    metadata = entity.get("__metadata")
    etag = metadata.get("etag") if isinstance(metadata, dict) else None
    return etag if isinstance(etag, str) and etag else None


def _quoted(literal: str) -> str:
    return "'" + quote(literal[1:-1], safe="") + "'"
