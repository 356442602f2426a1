"""Documents in one SQLite file.

Write-ahead log, synchronous=NORMAL: a commit is in the file system's cache before the answer goes out, so that a
killed process loses nothing that was acknowledged; a power cut may lose the last moments.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from local.firestore.messages import Document
from local.firestore.paths import collection_of

# collection: name of the collection with its root; group_id: its last segment. texts: the short text fields of each
# document, so that a filter for equality need not read the whole collection.
_SCHEMA = """
CREATE TABLE IF NOT EXISTS documents (
  name TEXT PRIMARY KEY, collection TEXT NOT NULL, group_id TEXT NOT NULL, body BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS documents_by_collection ON documents (collection, name);
CREATE INDEX IF NOT EXISTS documents_by_group ON documents (group_id, name);
CREATE TABLE IF NOT EXISTS texts (
  collection TEXT NOT NULL, field TEXT NOT NULL, value TEXT NOT NULL, name TEXT NOT NULL,
  PRIMARY KEY (collection, field, value, name)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS clock (id INTEGER PRIMARY KEY CHECK (id = 1), last_us INTEGER NOT NULL);
INSERT OR IGNORE INTO clock VALUES (1, 0);
"""
_WITH_TEXT = "FROM texts WHERE collection = ? AND field = ? AND value = ?"
_INDEXED_CHARACTERS = 200
_MANY = 1000
# exclusive: a second server on the same file must fail, not hand out commit times of its own.
_PRAGMAS = ("busy_timeout = 2000", "locking_mode = EXCLUSIVE", "journal_mode = WAL", "synchronous = NORMAL")


class DocumentStore:
    """All documents of all databases. Not safe between threads: one event loop owns it."""

    def __init__(self, file: Path) -> None:
        """Open or make the file; sqlite3.OperationalError if another process has it."""
        file.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        for pragma in _PRAGMAS:
            self._db.execute(f"PRAGMA {pragma}")
        self._db.executescript(_SCHEMA)
        self._last_us: int = self._db.execute("SELECT last_us FROM clock").fetchone()[0]

    def close(self) -> None:
        """Close the file; what was committed is in it."""
        self._db.close()

    def now_us(self) -> int:
        """Microseconds since 1970, not before the last commit."""
        return max(time.time_ns() // 1000, self._last_us)

    @contextmanager
    def commit(self) -> Iterator[int]:
        """All changes within the block or none. Gives the commit time, later than that of any commit before."""
        self._db.execute("BEGIN IMMEDIATE")
        at_us = max(time.time_ns() // 1000, self._last_us + 1)
        try:
            yield at_us
            self._db.execute("UPDATE clock SET last_us = ?", (at_us,))
            self._db.execute("COMMIT")
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._last_us = at_us

    def get(self, name: str) -> Any | None:
        """The document, None if there is none."""
        row = self._db.execute("SELECT body FROM documents WHERE name = ?", (name,)).fetchone()
        return None if row is None else Document.FromString(row[0])

    def put(self, document: Any, before: Any | None) -> None:
        """Write the document under its name, where `before` is now."""
        collection = collection_of(document.name)
        self._index(document.name, _texts(before), _texts(document))
        self._db.execute(
            "INSERT INTO documents VALUES (?, ?, ?, ?) ON CONFLICT (name) DO UPDATE SET body = excluded.body",
            (document.name, collection, collection.rpartition("/")[2], document.SerializeToString()),
        )

    def delete(self, before: Any) -> None:
        """Remove the document."""
        self._index(before.name, _texts(before), set())
        self._db.execute("DELETE FROM documents WHERE name = ?", (before.name,))

    def collection(self, parent: str, collection_id: str, equal: Iterable[tuple[str, str]] = ()) -> Iterator[Any]:
        """The documents directly in one collection, at least all of those whose text fields `equal` these values."""
        collection = f"{parent}/{collection_id}"
        narrowest = min(
            (pair for pair in equal if len(pair[1]) <= _INDEXED_CHARACTERS),
            key=lambda pair: self._at_most(_MANY, collection, *pair),
            default=None,
        )
        if narrowest is None:
            return self._documents("collection = ?", collection)
        return self._documents(f"name IN (SELECT name {_WITH_TEXT})", collection, *narrowest)

    def group(self, parent: str, collection_id: str) -> Iterator[Any]:
        """The documents of all collections of this id anywhere below `parent`."""
        return self._documents("group_id = ? AND name > ? AND name < ?", collection_id, *_bounds(parent))

    def below(self, parent: str) -> Iterator[Any]:
        """All documents anywhere below `parent`."""
        return self._documents("name > ? AND name < ?", *_bounds(parent))

    def names_below(self, parent: str) -> list[str]:
        """The names of all documents anywhere below `parent`, sorted as text."""
        rows = self._db.execute(
            "SELECT name FROM documents WHERE name > ? AND name < ? ORDER BY name",
            _bounds(parent),
        )
        return [name for (name,) in rows]

    def _index(self, name: str, before: set[tuple[str, str]], after: set[tuple[str, str]]) -> None:
        collection = collection_of(name)
        for pair in before - after:
            self._db.execute(f"DELETE {_WITH_TEXT} AND name = ?", (collection, *pair, name))
        for pair in after - before:
            self._db.execute("INSERT INTO texts VALUES (?, ?, ?, ?)", (collection, *pair, name))

    def _at_most(self, limit: int, collection: str, field: str, value: str) -> int:
        """How many documents of the collection have this text in this field, counted no further than `limit`."""
        counted = f"SELECT count(*) FROM (SELECT 1 {_WITH_TEXT} LIMIT ?)"
        count: int = self._db.execute(counted, (collection, field, value, limit)).fetchone()[0]
        return count

    def _documents(self, where: str, *parameters: str) -> Iterator[Any]:
        rows = self._db.execute(f"SELECT body FROM documents WHERE {where}", parameters).fetchall()
        return (Document.FromString(body) for (body,) in rows)


def _texts(document: Any | None) -> set[tuple[str, str]]:
    """Name and value of the fields that the index covers."""
    if document is None:
        return set()
    return {
        (field, value.string_value)
        for field, value in document.fields.items()
        if value.WhichOneof("value_type") == "string_value" and len(value.string_value) <= _INDEXED_CHARACTERS
    }


def _bounds(parent: str) -> tuple[str, str]:
    """The names below `parent` lie between these two: "0" is the character after "/"."""
    return f"{parent}/", f"{parent}0"
