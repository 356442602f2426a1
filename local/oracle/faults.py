"""Faults on demand: what goes wrong with a request, when, and how often."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

from starlette.types import Scope

from local.serving.faults import RequestFault

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
class Fault(RequestFault):
    """One fault; its settings are those of RequestFault. path: only requests with this part in their path.

    outage: 503; throttle: 429; both with Retry-After. unauthorized: 401. error_before, error_after: 500. drop_before,
    drop_after: the connection is cut without an answer. slow_before, slow_after: waits `delay_s`. What ends in _after
    happens when the work was done; all others do no work, but slow_before, which does it late.
    """

    kinds: ClassVar[tuple[str, ...]] = get_args(Kind)

    kind: Kind
    path: str = ""

    def fits(self, scope: Scope) -> bool:
        """As for all faults, and by path."""
        return RequestFault.fits(self, scope) and self.path in scope["path"]
