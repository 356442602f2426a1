"""Optimistic transactions: remember what was read, and refuse the commit if any of it has changed.

Google's servers lock instead; the client sees the same thing, ABORTED, and runs the function again.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import grpc

from local.firestore.refusal import Refusal, invalid

LIFETIME_S = 270.0  # Google Cloud, "Firestore: Quotas and limits"

Fingerprint = Any
Read = Callable[[], Fingerprint]


@dataclass(slots=True)
class _Transaction:
    read_only: bool
    expires_at_s: float
    reads: list[tuple[Read, Fingerprint]] = field(default_factory=list)


class Transactions:
    """The transactions under way; none survives the end of the process."""

    def __init__(self) -> None:
        self._open: dict[bytes, _Transaction] = {}

    def begin(self, options: Any) -> bytes:
        """Start one; `options` is a TransactionOptions message."""
        now_s = time.monotonic()
        for name in [name for name, open_ in self._open.items() if open_.expires_at_s < now_s]:
            del self._open[name]
        name = secrets.token_bytes(12)
        self._open[name] = _Transaction(options.HasField("read_only"), now_s + LIFETIME_S)
        return name

    def check(self, name: bytes) -> None:
        """INVALID_ARGUMENT if it is not under way."""
        self._get(name)

    def note(self, name: bytes, read: Read) -> None:
        """Remember what `read` gives now, to be compared with what it gives at the commit."""
        transaction = self._get(name)
        if not transaction.read_only:
            transaction.reads.append((read, read()))

    def verify(self, name: bytes, *, writes: bool) -> None:
        """Before a commit: ABORTED if something that the transaction read is different now.

        It stays open, because the client rolls back what it could not commit.
        """
        transaction = self._get(name)
        if transaction.read_only and writes:
            invalid("Cannot modify entities in a read-only transaction.")
        if any(read() != before for read, before in transaction.reads):
            raise Refusal(grpc.StatusCode.ABORTED, "What the transaction read has changed; run it again.")

    def end(self, name: bytes) -> None:
        """After a commit or for a rollback: forget it."""
        self._get(name)
        del self._open[name]

    def _get(self, name: bytes) -> _Transaction:
        transaction = self._open.get(name)
        if transaction is None:
            invalid("Transaction is invalid or closed.")
        return transaction
