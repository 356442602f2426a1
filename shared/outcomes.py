"""What a handler did with an event. A skip always has a reason: silence is not an outcome."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["done", "skipped", "retry", "dead"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """`done` and `skipped` end the message, `retry` gives it back to Pub/Sub, `dead` moves it to the dead letters.

    reason: a short fixed word that can be counted (`unchanged`, `unrouted`, `duplicate`); detail: ids and counts for
    the log; retry_after_s: the wish of the other side, for the log (Pub/Sub's retry policy sets the actual wait).
    """

    kind: Kind
    reason: str = ""
    detail: dict[str, Any] = field(default_factory=dict)
    retry_after_s: float | None = None


def done(reason: str = "", **detail: Any) -> Outcome:
    """The work is done; `reason` may say which way (`created`, `updated`)."""
    return Outcome("done", reason, detail)


def skipped(reason: str, **detail: Any) -> Outcome:
    """Nothing had to be done, because of `reason`."""
    return Outcome("skipped", reason, detail)


def retry(reason: str, *, after_s: float | None = None, **detail: Any) -> Outcome:
    """Not now; the message will come again."""
    return Outcome("retry", reason, detail, after_s)


def dead(reason: str, **detail: Any) -> Outcome:
    """Never, until a person changes something."""
    return Outcome("dead", reason, detail)
