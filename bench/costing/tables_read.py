"""Which tables an SQL statement of the warehouse reads, and how often, with its views resolved."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

from shared.warehouse.tables import TABLES, VIEWS, text

_NAMED = re.compile(r"\b(?:FROM|JOIN|INTO|USING)\s+`?(?:\$\{dataset\}\.)?(?P<name>[a-z_]+)`?", re.IGNORECASE)
_COMMENT = re.compile(r"--[^\n]*")
_TABLES = frozenset(spec.name for spec in TABLES)
_VIEW_FILES: Mapping[str, str] = dict(VIEWS)


def tables_read(sql: str) -> Counter[str]:
    """How often each table is read: BigQuery bills every mention, also those in a view that is used twice."""
    found: Counter[str] = Counter()
    for match in _NAMED.finditer(_COMMENT.sub("", sql)):
        name = match["name"]
        if name in _TABLES:
            found[name] += 1
        elif name in _VIEW_FILES:
            found += tables_read(text(_VIEW_FILES[name]))
    return found
