"""Resource paths: what of the service a URL means."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from local.sap.fields import ORDER, EntityType
from local.sap.functions import Function
from local.sap.literals import Token, tokens
from local.sap.refusals import bad_request, not_found
from local.sap.tenant import Tenant

_SEGMENT = re.compile(r"(\$?[A-Za-z_]\w*)(?:\(((?:[^'()]|'(?:[^']|'')*')*)\))?(?:/|$)")

Shape = Literal["service", "metadata", "function", "set", "count", "entity", "children"]


@dataclass(frozen=True, slots=True)
class Target:
    """What a URL means. entity: of the answer, where there is one; key: of the entity, or of the children's order."""

    shape: Shape
    entity: EntityType = ORDER
    key: Mapping[str, str] = field(default_factory=dict)
    function: Function | None = None


def target(tenant: Tenant, path: str) -> Target:
    """The meaning of `path`, relative to the service. Refusal 404 if it has none, 400 if a key is malformed."""
    segments = _segments(path)
    if not segments:
        return Target("service")
    (name, key), *rest = segments
    if name == "$metadata" and key is None and not rest:
        return Target("metadata")
    if name in tenant.functions and key is None and not rest:
        return Target("function", function=tenant.functions[name])
    entity = tenant.model.get(name)
    if entity is None or len(rest) > 1:
        raise not_found(name)
    if key is None:
        return _of_set(entity, rest)
    values = _key(entity, key)
    if not rest:
        return Target("entity", entity, values)
    (navigation, child_key), *_ = rest
    if navigation not in entity.navigations or child_key is not None:
        raise not_found(navigation)
    return Target("children", tenant.model[entity.navigations[navigation]], values)


def _of_set(entity: EntityType, rest: list[tuple[str, str | None]]) -> Target:
    if not rest:
        return Target("set", entity)
    if rest != [("$count", None)]:
        raise not_found(rest[0][0])
    return Target("count", entity)


def _segments(path: str) -> list[tuple[str, str | None]]:
    """Name and text between brackets of each segment; a `/` in a literal does not end one."""
    found, position = [], 0
    while position < len(path):
        segment = _SEGMENT.match(path, position)
        if segment is None:
            raise not_found(path)
        found.append((segment[1], segment[2]))
        position = segment.end()
    return found


def _key(entity: EntityType, text: str) -> dict[str, str]:
    """The values of a key: `'4000000'`, or `Name='value',...` for every name."""
    found = list(tokens(text))
    if len(found) == 1 and len(entity.key) == 1:
        return {entity.key[0]: _key_value(found[0])}
    values: dict[str, str] = {}
    for part in _split(found):
        if len(part) != 3 or part[0].kind != "word" or part[1] != Token("mark", "="):
            raise bad_request(f"Invalid key predicate ({text})")
        values[part[0].value] = _key_value(part[2])
    if set(values) != set(entity.key):
        raise bad_request(f"Invalid key predicate ({text}): the key of {entity.name} is {', '.join(entity.key)}")
    return values


def _split(found: list[Token]) -> list[list[Token]]:
    """The tokens between commas."""
    parts: list[list[Token]] = [[]]
    for token in found:
        if token == Token("mark", ","):
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


def _key_value(token: Token) -> str:
    if token.type != "Edm.String":
        raise bad_request("Invalid key predicate: the values of keys are strings in quotes")
    value: str = token.value
    return value
