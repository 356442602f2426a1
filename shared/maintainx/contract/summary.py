"""From the vendor's OpenAPI document to the summary of what is used of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import Any

from shared.errors import ConfigError
from shared.maintainx.contract import uses
from shared.maintainx.contract.schema import Field, Fields, container, flatten, without_members
from shared.maintainx.operations import OPERATIONS

_SUMMARY = "summary.json"


@dataclass(frozen=True, slots=True)
class Summary:
    """Tables by "GET /workorders query", "POST /workorders request", "... answer" and "webhook NEW_WORK_ORDER".

    An operation is in `operations` even if nothing is sent to it or read from it. A request's table has all its
    required fields, used or not.
    """

    operations: tuple[str, ...]
    tables: dict[str, Fields]


def load_document(path: Path) -> dict[str, Any]:
    """The vendor's document. Raises ConfigError if the file is not there or no OpenAPI document."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: {error}") from error
    if not (isinstance(document, dict) and isinstance(document.get("paths"), dict)):
        raise ConfigError(f"{path}: not an OpenAPI document: it has no paths")
    return document


def summarise(document: Mapping[str, Any]) -> Summary:
    """What the code uses, as the document has it; what the document lacks is absent."""
    sent = uses.sent()
    there: list[str] = []
    tables: dict[str, Fields] = {}
    for operation in OPERATIONS.values():
        key = uses.operation_key(operation)
        described = document["paths"].get(operation.path, {}).get(operation.method.lower())
        if described is None:
            continue
        there.append(key)
        tables[f"{key} query"] = _query(described, sent[key].query)
        tables[f"{key} request"] = _request(described, sent[key].body)
        tables[f"{key} answer"] = _kept(flatten(_answer(described)), uses.answer_paths(operation))
    for name, hook in _webhooks(document).items():
        schema = hook["post"]["requestBody"]["content"]["application/json"]["schema"]
        wanted = uses.webhook_fields(name, schema.get("properties", {})) if name in uses.webhook_types() else set()
        tables[f"webhook {name}"] = _kept(flatten(schema), wanted)
    return Summary(tuple(sorted(there)), {name: table for name, table in tables.items() if table or "web" in name})


def shipped() -> Summary:
    """The summary that this version of the bundle was built against."""
    return loads(resources.files(__package__).joinpath(_SUMMARY).read_text(encoding="utf-8"))


def dumps(summary: Summary) -> str:
    """One line a field, sorted: made to be read in a diff."""
    lines = ["{", '"operations": [', ",\n".join(f" {json.dumps(name)}" for name in summary.operations), "],"]
    lines += ['"tables": {', ",\n".join(_table(name, summary.tables[name]) for name in sorted(summary.tables)), "}"]
    return "\n".join([*lines, "}", ""])


def loads(text: str) -> Summary:
    """The summary in the form of `dumps`."""
    content = json.loads(text)
    tables = {
        name: {path: Field(**{**entry, "enum": tuple(entry.get("enum", ()))}) for path, entry in table.items()}
        for name, table in content["tables"].items()
    }
    return Summary(tuple(content["operations"]), tables)


def _table(name: str, table: Fields) -> str:
    entries = ",\n".join(f"  {json.dumps(path)}: {json.dumps(_flags(table[path]))}" for path in sorted(table))
    return f" {json.dumps(name)}: {{{chr(10) + entries + chr(10) + ' ' if entries else ''}}}"


def _flags(entry: Field) -> dict[str, Any]:
    flags = {"required": entry.required, "nullable": entry.nullable, "enum": list(entry.enum)}
    return {"type": entry.type, **{name: value for name, value in flags.items() if value}}


def _query(described: Mapping[str, Any], sent: Mapping[str, set[str]]) -> Fields:
    """Parameters that are sent, with those of their closed values that are; and required ones."""
    parameters = [parameter for parameter in described.get("parameters", ()) if parameter["in"] == "query"]
    properties = {parameter["name"]: parameter["schema"] for parameter in parameters}
    required = [parameter["name"] for parameter in parameters if parameter.get("required")]
    table = flatten({"properties": properties, "required": required})
    return {
        name: replace(entry, enum=tuple(value for value in entry.enum if value in sent.get(name, ())) or entry.enum)
        for name, entry in table.items()
        if name in sent or entry.required
    }


def _request(described: Mapping[str, Any], sent: set[str]) -> Fields:
    content = described.get("requestBody", {}).get("content", {}).get("application/json", {})
    table = flatten(content.get("schema", {}))
    return {path: entry for path, entry in table.items() if _is_sent(path, sent) or _is_needed(path, entry, sent)}


def _is_sent(path: str, sent: set[str]) -> bool:
    plain = without_members(path)
    heads = ["*", *(f"{plain[:at]}.*" for at, character in enumerate(plain) if character in ".[" and at)]
    return plain in sent or any(head in sent for head in heads)


def _is_needed(path: str, entry: Field, sent: set[str]) -> bool:
    """Required of us, since what it is in is sent."""
    parent = without_members(container(path)).removesuffix("[]")
    return entry.required and (not parent or _is_sent(parent, sent))


def _answer(described: Mapping[str, Any]) -> Mapping[str, Any]:
    for status, answer in sorted(described.get("responses", {}).items()):
        if status.startswith("2"):
            schema: Mapping[str, Any] = answer.get("content", {}).get("application/json", {}).get("schema", {})
            return schema
    return {}


def _kept(table: Fields, wanted: set[str]) -> Fields:
    return {path: entry for path, entry in table.items() if path in wanted}


def _webhooks(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """The vendor keeps them in an extension of OpenAPI 3.0; 3.1 has a place of its own for them."""
    hooks: Mapping[str, Any] = document.get("x-webhooks") or document.get("webhooks") or {}
    return hooks
