"""Faults on demand: what goes wrong with a request, when, and how often. Each simulator adds kinds of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Self, TypeVar

from starlette.types import Scope


def tenant_of(scope: Scope) -> str:
    """The tenant that a request is for: the first part of its path."""
    path: str = scope["path"]
    return path.split("/")[1]


@dataclass(slots=True)
class RequestFault:
    """One fault. kind: one of `kinds`. times: requests left to hit, None for all until cleared. tenant, methods: only
    those requests. delay_s: how long a slow kind waits. retry_after_s: what a refusal tells the client, None: nothing.

    ValueError if there is no such kind.
    """

    kinds: ClassVar[tuple[str, ...]] = ()

    kind: str
    times: int | None = None
    tenant: str | None = None
    methods: tuple[str, ...] = ()
    delay_s: float = 1.0
    retry_after_s: int | None = 1

    def __post_init__(self) -> None:
        if self.kind not in self.kinds:
            raise ValueError(f"kind must be one of {', '.join(self.kinds)}")

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Self:
        """The fault that a control request describes; TypeError or ValueError if it describes none."""
        return cls(**{**body, "methods": tuple(body.get("methods", ()))})

    def as_json(self) -> dict[str, Any]:
        """The settings as a control request gives them, with the requests that are left."""
        return {name: value for name, value in asdict(self).items() if not name.startswith("_")}

    def fits(self, scope: Scope) -> bool:
        """Whether it is on and meant for this request. Called once a request: a simulator may draw lots here."""
        return (
            self.times != 0
            and self.tenant in (None, tenant_of(scope))
            and (not self.methods or scope["method"] in self.methods)
        )

    def hits(self, scope: Scope) -> bool:
        """Whether this request suffers it; counts down."""
        if not self.fits(scope):
            return False
        if self.times is not None:
            self.times -= 1
        return True

    def retry_after(self) -> dict[str, str]:
        """The header Retry-After, or none."""
        return {} if self.retry_after_s is None else {"Retry-After": str(self.retry_after_s)}


_Fault = TypeVar("_Fault", bound=RequestFault)


def first_that_hits(faults: Iterable[_Fault], scope: Scope) -> _Fault | None:
    """The fault that this request suffers: the first that fits, in the order they were set."""
    return next((fault for fault in faults if fault.hits(scope)), None)
