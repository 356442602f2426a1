"""What the code uses of MaintainX's API, found by looking at the code and by running it, not by a list kept by hand.

- Operations: `shared.maintainx.operations`.
- Fields of answers: the pydantic models of those operations.
- Query parameters and fields of requests: each method of the client is called over a transport that only records, with
  every parameter set and every value of a closed type tried.
- Fields of webhooks: each type is read by `to_event`, from a payload that notes what is asked of it.
"""

from __future__ import annotations

import json
import re
import types
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Mapping as MappingType
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import UTC, datetime
from functools import cache
from inspect import Parameter, getmembers, isfunction, signature
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import httpx
from pydantic import AwareDatetime, BaseModel

from shared.maintainx.client import MaintainXClient
from shared.maintainx.operations import OPERATIONS, Operation
from shared.maintainx.webhooks import WEBHOOK_TYPES, entity_of, to_event

# Any text will do in a recorded call; as the label of a custom field it must be what the vendor's document calls one.
_TEXT = "customFieldName"
_SOME_TIME = datetime(2026, 1, 1, tzinfo=UTC)
_ANY_FIELD = {"": "*"}
_VERBS = ("get_", "iter_", "create_", "change_", "set_", "add_", "delete_")


@dataclass(slots=True)
class Sent:
    """What the client sends to one operation. body: paths of fields; a path that ends in ".*" (or is "*") stands for
    all fields there are: which of them are sent is decided by the mapping files of an installation."""

    query: dict[str, set[str]] = field(default_factory=dict)
    body: set[str] = field(default_factory=set)


@cache
def sent() -> Mapping[str, Sent]:
    """By operation ("GET /workorders"): everything that the client can send. Raises ValueError for one it cannot."""
    recorder = _Recorder()
    for name, method in getmembers(MaintainXClient, isfunction):
        if name.startswith(_VERBS):
            recorder.run(name, method)
    silent = {operation_key(operation) for operation in OPERATIONS.values()} - recorder.sent.keys()
    if silent:
        raise ValueError(f"no method of the client calls {', '.join(sorted(silent))}")
    return recorder.sent


def operation_key(operation: Operation[Any]) -> str:
    """ "GET /workorders/{id}" """
    return f"{operation.method} {operation.path}"


def answer_paths(operation: Operation[Any]) -> set[str]:
    """Paths of the fields that are read from the operation's answer, as `schema.flatten` names them."""
    prefixes = [operation.envelope, f"{operation.envelope}[]"] if operation.envelope else ["", "[]"]
    inner = {path for prefix in prefixes for path in _model_paths(operation.model, prefix)}
    return inner | ({operation.envelope, "nextCursor"} if operation.envelope else set())


def webhook_fields(name: str, properties: Mapping[str, Any]) -> set[str]:
    """Top-level fields that are read from a webhook, whatever the fields with closed values say."""
    read: set[str] = set()
    payloads: list[dict[str, Any]] = [{}]
    payloads += [{label: value} for label, schema in properties.items() for value in schema.get("enum", ())]
    for payload in payloads:
        data = _Noting(payload, read)
        to_event("site", name, b"{}", data, _SOME_TIME)
        entity_of(name, data)
    return read


def webhook_types() -> tuple[str, ...]:
    """The types that the code knows."""
    return tuple(WEBHOOK_TYPES)


def _model_paths(model: Any, prefix: str) -> Iterator[str]:
    for name, info in model.model_fields.items():
        path = f"{prefix}.{info.alias or name}".lstrip(".")
        yield path
        for nested in _models_in(info.annotation):
            for inner in (path, f"{path}[]"):
                yield from _model_paths(nested, inner)


def _models_in(hint: Any) -> Iterator[type[BaseModel]]:
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        yield hint
    for argument in get_args(hint):
        yield from _models_in(argument)


class _Noting(dict[str, Any]):
    """A payload that notes which fields are asked for."""

    def __init__(self, content: Mapping[str, Any], read: set[str]) -> None:
        super().__init__(content)
        self._read = read

    def get(self, key: str, default: Any = None) -> Any:
        self._read.add(key)
        return super().get(key, default)

    def __getitem__(self, key: str) -> Any:
        self._read.add(key)
        return super().__getitem__(key)

    def __contains__(self, key: object) -> bool:
        self._read.add(str(key))
        return super().__contains__(key)


class _Done(Exception):
    """The request is recorded; what would follow does not matter."""


class _Recorder:
    def __init__(self) -> None:
        self.sent: dict[str, Sent] = {}
        self._paths = [
            (operation, re.compile(r"/v1" + re.sub(r"\{\w+\}", r"\\d+", operation.path)))
            for operation in OPERATIONS.values()
        ]

    def run(self, name: str, method: Any) -> None:
        """Call a method often enough that every value of each of its parameters had its turn."""
        hints = get_type_hints(method)
        wanted = {
            label: _values(hints[label])
            for label, parameter in signature(method).parameters.items()
            if label != "self" and parameter.kind is not Parameter.VAR_KEYWORD
        }
        if "page_size" in wanted:
            wanted["page_size"] = [1]
        for turn in range(max((len(values) for values in wanted.values()), default=1)):
            arguments = {label: values[turn % len(values)] for label, values in wanted.items()}
            with MaintainXClient(
                "http://recorder/v1", lambda: "key", 1, transport=httpx.MockTransport(self._record)
            ) as client:
                try:
                    answer = getattr(client, name)(**arguments)
                    if isinstance(answer, Iterator):
                        list(answer)
                except _Done:
                    pass

    def _record(self, request: httpx.Request) -> httpx.Response:
        operation = next(
            known for known, path in self._paths if known.method == request.method and path.fullmatch(request.url.path)
        )
        entry = self.sent.setdefault(operation_key(operation), Sent())
        for name, value in request.url.params.multi_items():
            entry.query.setdefault(name, set()).add(value)
        if request.content:
            entry.body.update(_body_paths(json.loads(request.content), ""))
        if not (operation.method == "GET" and "limit" in request.url.params):
            raise _Done
        # A list: let the client go on to its second page, and to its next query.
        cursor = None if "cursor" in request.url.params else "next"
        return httpx.Response(200, json={operation.envelope: [], "nextCursor": cursor})


def _body_paths(body: Any, path: str) -> Iterator[str]:
    if body == _ANY_FIELD:
        yield f"{path}.*".lstrip(".")
    elif isinstance(body, dict):
        for name, value in body.items():
            inner = f"{path}.{name}".lstrip(".")
            yield inner
            yield from _body_paths(value, inner)
    elif isinstance(body, list):
        for value in body:
            yield from _body_paths(value, f"{path}[]")


def _values(hint: Any) -> list[Any]:
    """Values of a type: all of a closed one, at least one of any other."""
    hint = _bare(hint)
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        return list(arguments)
    if origin in (Union, types.UnionType):
        # An id may be an int or a str: one of them is enough.
        members = [_bare(argument) for argument in arguments if argument is not type(None)]
        plain = [argument for argument in members if argument in _PLAIN][1:]
        return [value for argument in members if argument not in plain for value in _values(argument)]
    if origin is tuple and arguments[-1] is not ...:
        return [tuple(_values(argument)[0] for argument in arguments)]
    if origin in (tuple, list, Sequence):
        return [tuple(_values(arguments[0]))]
    if origin in (MappingType, dict):
        return [_ANY_FIELD]
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        return _filled(hint, {name: info.annotation for name, info in hint.model_fields.items()})
    if is_dataclass(hint) and isinstance(hint, type):
        hints = get_type_hints(hint)
        return _filled(hint, {entry.name: hints[entry.name] for entry in fields(hint)})
    return [_PLAIN[hint]]


def _bare(hint: Any) -> Any:
    return get_args(hint)[0] if get_origin(hint) is Annotated else hint


def _filled(cls: Any, hints: Mapping[str, Any]) -> list[Any]:
    values = {name: _values(hint) for name, hint in hints.items()}
    turns = max((len(options) for options in values.values()), default=1)
    return [cls(**{name: options[turn % len(options)] for name, options in values.items()}) for turn in range(turns)]


_PLAIN: dict[Any, Any] = {
    int: 1,
    float: 1.5,
    str: _TEXT,
    bool: True,
    Any: _TEXT,
    **dict.fromkeys((datetime, AwareDatetime), _SOME_TIME),
}
