"""Which destinations an event goes to: pure, apart from one reader that is asked only where a rule needs the record."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from shared.config.routes import Destination, Route, When
from shared.events import Event, dig
from shared.maintainx.webhooks import entity_of

Record = Mapping[str, Any]
RecordReader = Callable[[Event], Record | None]


def destinations(event: Event, routes: Iterable[Route], read_record: RecordReader) -> dict[Destination, list[str]]:
    """Destinations of `event`, each with the names of the routes that lead there; empty if no route fits.

    read_record gives the record that the event is about as MaintainX has it now, None if it is gone. It is called at
    most once, and only if a rule asks for a field that the event's payload does not carry.
    """
    fields = _Fields(event, read_record)
    found: dict[Destination, list[str]] = {}
    for route in routes:
        if _holds(route.when, event, fields):
            for destination in route.to:
                found.setdefault(destination, []).append(route.name)
    return found


def _holds(when: When, event: Event, fields: _Fields) -> bool:
    if not any(_type_matches(pattern, event.type) for pattern in when.type):
        return False
    if when.site is not None and event.site not in when.site:
        return False
    if when.priority is not None and fields.get("priority") not in when.priority:
        return False
    if when.category is not None and not set(when.category) & _category_names(fields.get("categories")):
        return False
    return all(_field_matches(fields.get(path), allowed) for path, allowed in when.fields.items())


def _type_matches(pattern: str, event_type: str) -> bool:
    if pattern.endswith(".*"):
        return event_type.startswith(pattern[:-1])
    return event_type == pattern


def _field_matches(value: Any, allowed: list[Any]) -> bool:
    if isinstance(value, list):
        return any(item in allowed for item in value)
    return value in allowed


def _category_names(value: Any) -> set[str]:
    """Categories are names in the REST answers and `{id, name}` in webhook payloads."""
    items = value if isinstance(value, list) else []
    names = (item.get("name") if isinstance(item, Mapping) else item for item in items)
    return {name for name in names if isinstance(name, str)}


class _Fields:
    """Looks a dotted path up in the payload, then in the payload's entity, then in the record itself."""

    def __init__(self, event: Event, read_record: RecordReader) -> None:
        self._event = event
        self._sources: list[Record] = [event.data]
        entity = entity_of(event.origin, event.data)
        if entity is not None:
            self._sources.append(entity)
        self._read_record: RecordReader | None = read_record

    def get(self, path: str) -> Any:
        for source in self._sources:
            value = dig(source, path)
            if value is not None:
                return value
        if self._read_record is None:
            return None
        record, self._read_record = self._read_record(self._event), None
        if record is None:
            return None
        self._sources.append(record)
        return dig(record, path)
