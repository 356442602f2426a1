"""Faults on demand: what goes wrong with a request, when, and how often."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

Kind = Literal[
    "outage",
    "throttle",
    "unauthorized",
    "error_before",
    "error_after",
    "drop_before",
    "drop_after",
    "slow_before",
    "slow_after",
]
REFUSALS: dict[Kind, int] = {"outage": 503, "throttle": 429, "unauthorized": 401, "error_before": 500}
"""Kinds that answer a status and do nothing."""


@dataclass(slots=True)
class Fault:
    """One fault. times: requests left to hit, None for all until cleared. tenant, methods, path: only those requests;
    path is a part of the request's path.

    outage: 503; throttle: 429; both with Retry-After. unauthorized: 401. error_before, error_after: 500. drop_before,
    drop_after: the connection is cut without an answer. slow_before, slow_after: waits `delay_s`. What ends in _after
    happens when the work was done; all others do no work, but slow_before, which does it late.
    """

    kind: Kind
    times: int | None = None
    tenant: str | None = None
    methods: tuple[str, ...] = ()
    path: str = ""
    delay_s: float = 1.0
    retry_after_s: int = 1

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Fault:
        """The fault that a control request describes; TypeError or ValueError if it describes none."""
        fault = cls(**{**body, "methods": tuple(body.get("methods", ()))})
        if fault.kind not in get_args(Kind):
            raise ValueError(f"kind must be one of {', '.join(get_args(Kind))}")
        return fault

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def hits(self, tenant: str, method: str, path: str) -> bool:
        """Whether this request suffers it; counts down."""
        if self.tenant not in (None, tenant) or self.path not in path or self.times == 0:
            return False
        if self.methods and method not in self.methods:
            return False
        if self.times is not None:
            self.times -= 1
        return True
