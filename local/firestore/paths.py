"""Names of documents and paths of fields.

A document is `projects/P/databases/D/documents/COLLECTION/ID[/COLLECTION/ID...]`; the part up to `documents` is the
root. A field path is `a.b` or, for names that are not simple, `a.`b-c``, with a backslash before ` and \\.
Limits: Google Cloud, "Firestore: Quotas and limits".
"""

from __future__ import annotations

import re
from functools import lru_cache

from local.firestore.refusal import invalid

_ROOT = re.compile(r"projects/[^/]+/databases/[^/]+/documents")
_RESERVED = re.compile(r"__.*__", re.DOTALL)
_NUMERIC_ID = re.compile(r"__id(-?\d+)__")
_FIELD_SEGMENT = re.compile(r"([a-zA-Z_][a-zA-Z_0-9]*)|`((?:[^`\\]|\\.)+)`", re.DOTALL)
_MAX_ID_BYTES = 1500


@lru_cache(maxsize=4096)
def check_document(name: str) -> str:
    """`name` if it can be the name of a document; INVALID_ARGUMENT if not."""
    relative = _relative(name)
    ids = relative.split("/") if relative else []
    if not ids or len(ids) % 2:
        invalid(f"Document name {name!r} does not name a document.")
    _check_ids(name, ids)
    return name


@lru_cache(maxsize=4096)
def check_parent(name: str) -> str:
    """`name` if it is a root or a document: what collections can be under."""
    relative = _relative(name)
    ids = relative.split("/") if relative else []
    if len(ids) % 2:
        invalid(f"Parent {name!r} is neither the root nor a document.")
    _check_ids(name, ids)
    return name


def check_database(database: str) -> str:
    """`projects/P/databases/D` if it is one."""
    if not _ROOT.fullmatch(f"{database}/documents"):
        invalid(f"Database name {database!r} is not of the form projects/P/databases/D.")
    return database


def within(database: str, name: str) -> str:
    """`name` if it is a document of this database."""
    if not name.startswith(f"{database}/documents/"):
        invalid(f"Document name {name!r} is not in database {database!r}.")
    return check_document(name)


def collection_of(name: str) -> str:
    """The collection that a document is in, with its root."""
    return name.rpartition("/")[0]


def segment_keys(name: str) -> tuple[tuple[int, int | str], ...]:
    """Sort key of a name: segment by segment; ids `__id7__`, which stand for numbers, first and by number."""
    head, _, last = name.rpartition("/")
    return (*_head_keys(head), _segment_key(last))


@lru_cache(maxsize=4096)
def field_path(path: str) -> tuple[str, ...]:
    """The names of the fields on a path, outermost first."""
    names, position = [], 0
    while True:
        match = _FIELD_SEGMENT.match(path, position)
        if match is None:
            invalid(f"Invalid property path {path!r}.")
        simple, quoted = match.groups()
        names.append(simple or re.sub(r"\\(.)", r"\1", quoted, flags=re.DOTALL))
        position = match.end()
        if position == len(path):
            return tuple(names)
        if path[position] != ".":
            invalid(f"Invalid property path {path!r}.")
        position += 1


def is_reserved(name: str) -> bool:
    """Names with two underscores at both ends belong to Firestore."""
    return _RESERVED.fullmatch(name) is not None


@lru_cache(maxsize=4096)
def _head_keys(head: str) -> tuple[tuple[int, int | str], ...]:
    return tuple(_segment_key(segment) for segment in head.split("/"))


def _segment_key(segment: str) -> tuple[int, int | str]:
    numeric = _NUMERIC_ID.fullmatch(segment) if segment.startswith("__id") else None
    return (1, segment) if numeric is None else (0, int(numeric[1]))


def _relative(name: str) -> str:
    match = _ROOT.match(name)
    if match is None or name[match.end() : match.end() + 1] not in ("", "/"):
        invalid(f"Name {name!r} does not begin with projects/P/databases/D/documents.")
    return name[match.end() + 1 :]


def _check_ids(name: str, ids: list[str]) -> None:
    for index, segment in enumerate(ids):
        if not segment:
            invalid(f"Name {name!r} has an empty id.")
        if segment in (".", ".."):
            invalid(f"Name {name!r} contains a resource id {segment!r}.")
        if len(segment.encode()) > _MAX_ID_BYTES:
            invalid(f"Name {name[:60]!r}... has an id longer than {_MAX_ID_BYTES} bytes.")
        numeric_document = index % 2 and _NUMERIC_ID.fullmatch(segment)
        if is_reserved(segment) and not numeric_document:
            invalid(f"Resource id {segment!r} is invalid because it is reserved.")
