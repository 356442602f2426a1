"""Reading and changing a field by its path within a document's `fields`.

Subscripting a protobuf map with a missing key adds it, so each look-up asks first.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from local.firestore.messages import Document

Path = tuple[str, ...]


def get(fields: Any, path: Path) -> Any | None:
    """The value at `path`, None if there is none."""
    *parents, last = path
    for name in parents:
        if name not in fields:
            return None
        fields = fields[name].map_value.fields  # empty if it is not a map
    return fields.get(last)


def put(fields: Any, path: Path, value: Any) -> None:
    """Set the value at `path`; what is on the way and not a map becomes one."""
    *parents, last = path
    for name in parents:
        if fields[name].WhichOneof("value_type") != "map_value":
            fields[name].map_value.SetInParent()
        fields = fields[name].map_value.fields
    fields[last].CopyFrom(value)


def remove(fields: Any, path: Path) -> None:
    """Remove the field at `path` if it is there."""
    *parents, last = path
    for name in parents:
        if name not in fields:
            return
        fields = fields[name].map_value.fields
    if last in fields:
        del fields[last]


def projected(document: Any, paths: Iterable[Path]) -> Any:
    """A copy of the document with no other fields than these."""
    copy = Document(name=document.name, create_time=document.create_time, update_time=document.update_time)
    for path in paths:
        value = get(document.fields, path)
        if value is not None:
            put(copy.fields, path, value)
    return copy
