"""What survives the process, in SQLite: resources, messages, and who has yet to acknowledge which message.

Write-ahead log with synchronous=NORMAL: a committed write survives the death of the process at any moment (kill -9);
a power cut may take the last writes with it, which a stand-in on a laptop accepts.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

_SCHEMA = """
CREATE TABLE IF NOT EXISTS topics (name TEXT PRIMARY KEY, proto BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS subscriptions (
    id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, proto BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS messages (id INTEGER PRIMARY KEY, proto BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS deliveries (
    subscription_id INTEGER NOT NULL,
    message_id INTEGER NOT NULL,
    failures INTEGER NOT NULL DEFAULT 0,
    available_at_s REAL NOT NULL,
    PRIMARY KEY (subscription_id, message_id)
) WITHOUT ROWID;
"""


@dataclass(slots=True)
class Batch:
    """Changes that become durable together. Rows are in the order of the statements' parameters below."""

    messages: list[tuple[int, bytes]] = field(default_factory=list)
    deliveries: list[tuple[int, int, float]] = field(default_factory=list)
    failures: list[tuple[int, float, int, int]] = field(default_factory=list)
    settled: list[tuple[int, int]] = field(default_factory=list)
    unreferenced: list[tuple[int]] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.messages or self.deliveries or self.failures or self.settled or self.unreferenced)


# In this order: a batch may hold a message's whole life.
_STATEMENTS = {
    "messages": "INSERT INTO messages (id, proto) VALUES (?, ?)",
    "deliveries": "INSERT INTO deliveries (subscription_id, message_id, available_at_s) VALUES (?, ?, ?)",
    "failures": "UPDATE deliveries SET failures = ?, available_at_s = ? WHERE subscription_id = ? AND message_id = ?",
    "settled": "DELETE FROM deliveries WHERE subscription_id = ? AND message_id = ?",
    "unreferenced": "DELETE FROM messages WHERE id = ?",
}


class Store:
    """The database file of one server. Every method raises sqlite3.Error if the disk refuses."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._database = sqlite3.connect(path, isolation_level=None, timeout=1, check_same_thread=False)
        # One server a file: two would hand out every message twice.
        self._database.execute("PRAGMA locking_mode=EXCLUSIVE")
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=NORMAL")
        self._database.executescript(_SCHEMA)

    def commit(self, batch: Batch) -> None:
        """Make all of `batch` durable, or none of it."""
        self._database.execute("BEGIN IMMEDIATE")
        try:
            for name, statement in _STATEMENTS.items():
                if rows := getattr(batch, name):
                    self._database.executemany(statement, rows)
            self._database.execute("COMMIT")
        except BaseException:
            self._database.execute("ROLLBACK")
            raise

    def put_topic(self, name: str, proto: bytes) -> None:
        """Insert or replace a topic."""
        self._database.execute("INSERT OR REPLACE INTO topics (name, proto) VALUES (?, ?)", (name, proto))

    def delete_topic(self, name: str) -> None:
        """Forget a topic; its messages stay for the subscriptions that have them."""
        self._database.execute("DELETE FROM topics WHERE name = ?", (name,))

    def add_subscription(self, name: str, proto: bytes) -> int:
        """Insert a subscription; returns its number, which is never used again."""
        cursor = self._database.execute("INSERT INTO subscriptions (name, proto) VALUES (?, ?)", (name, proto))
        assert cursor.lastrowid is not None
        return cursor.lastrowid

    def put_subscription(self, subscription_id: int, proto: bytes) -> None:
        """Replace the stored form of a subscription."""
        self._database.execute("UPDATE subscriptions SET proto = ? WHERE id = ?", (proto, subscription_id))

    def delete_subscription(self, subscription_id: int) -> None:
        """Forget a subscription and what it had yet to acknowledge."""
        self._database.execute("BEGIN IMMEDIATE")
        self._database.execute("DELETE FROM deliveries WHERE subscription_id = ?", (subscription_id,))
        self._database.execute("DELETE FROM subscriptions WHERE id = ?", (subscription_id,))
        self._database.execute("COMMIT")

    def topics(self) -> Iterable[bytes]:
        """The stored topics."""
        return [row[0] for row in self._database.execute("SELECT proto FROM topics")]

    def subscriptions(self) -> Iterable[tuple[int, bytes]]:
        """The stored subscriptions with their numbers."""
        return self._database.execute("SELECT id, proto FROM subscriptions").fetchall()

    def messages(self) -> Iterable[tuple[int, bytes]]:
        """The messages that somebody has yet to acknowledge, oldest first; the others are deleted."""
        self._database.execute("DELETE FROM messages WHERE id NOT IN (SELECT message_id FROM deliveries)")
        return self._database.execute("SELECT id, proto FROM messages ORDER BY id")

    def deliveries(self) -> Iterable[tuple[int, int, int, float]]:
        """Rows (subscription number, message id, failures, available at) in publish order."""
        return self._database.execute(
            "SELECT subscription_id, message_id, failures, available_at_s FROM deliveries ORDER BY message_id"
        )

    def close(self) -> None:
        """Close the file; what was committed stays."""
        self._database.close()
