"""Which destinations an event goes to: pure. What only MaintainX's record can tell is asked of the caller."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.config.routes import Destination, Route, When
from shared.events import Event, dig
from shared.maintainx.webhooks import entity_of

Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Routing:
    """Destinations, each with the names of the routes that lead there, and the routes that need the record.

    undecided: only those that lead somewhere else too.
    """

    destinations: dict[Destination, list[str]]
    undecided: list[Route]


def route_event(event: Event, routes: Iterable[Route], record: Record | None = None) -> Routing:
    """Where `event` goes by itself and, if given, by the record that it is about.

    A field is looked up in the payload, then in the payload's entity, then in `record`. Without a record, a route that
    hangs on a field found in neither is undecided (MaintainX leaves fields without a value out); with one, none is.
    """
    known = [source for source in (event.data, entity_of(event.origin, event.data), record) if source is not None]
    found: dict[Destination, list[str]] = {}
    undecided = []
    for route in routes:
        holds = _holds(route.when, event, known, complete=record is not None)
        if holds is None:
            undecided.append(route)
        elif holds:
            for destination in route.to:
                found.setdefault(destination, []).append(route.name)
    return Routing(found, [route for route in undecided if not found.keys() >= set(route.to)])


def _holds(when: When, event: Event, known: list[Record], *, complete: bool) -> bool | None:
    """None: it does as far as is known, but a field is in none of `known`, which is not complete."""
    if not any(_type_matches(pattern, event.type) for pattern in when.type):
        return False
    if when.site is not None and event.site not in when.site:
        return False
    undecided = False
    for path, allowed, matches in _conditions(when):
        value = next((value for source in known if (value := dig(source, path)) is not None), None)
        if value is None and not complete:
            undecided = True
        elif not matches(value, allowed):
            return False
    return None if undecided else True


def _conditions(when: When) -> Iterator[tuple[str, Sequence[Any], Callable[[Any, Sequence[Any]], bool]]]:
    """Paths, each with the values that are allowed there and how they are compared."""
    if when.priority is not None:
        yield "priority", when.priority, _field_matches
    if when.category is not None:
        yield "categories", when.category, _category_matches
    for path, allowed in when.fields.items():
        yield path, allowed, _field_matches


def _type_matches(pattern: str, event_type: str) -> bool:
    if pattern.endswith(".*"):
        return event_type.startswith(pattern[:-1])
    return event_type == pattern


def _field_matches(value: Any, allowed: Sequence[Any]) -> bool:
    if isinstance(value, list):
        return any(item in allowed for item in value)
    return value in allowed


def _category_matches(value: Any, allowed: Sequence[Any]) -> bool:
    """Categories are names in the REST answers and `{id, name}` in webhook payloads."""
    items = value if isinstance(value, list) else []
    names = (item.get("name") if isinstance(item, Mapping) else item for item in items)
    return any(isinstance(name, str) and name in allowed for name in names)
