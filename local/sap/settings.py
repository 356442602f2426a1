"""What can be set for a tenant: who may log on, its master data, and what differs between real systems."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal, get_args

NextLinks = Literal["absolute", "relative"]


@dataclass(frozen=True, slots=True)
class Settings:
    """One tenant's settings.

    users: user -> password (Basic). clients: client id -> secret (OAuth). client: the SAP client (`sap-client`) that
    holds the data; None: requests need not name it. equipment: number -> name; no other may be in an order. allowed:
    property -> the values that customizing allows; properties not listed take any. page_size: entities in one page of
    a list; next_links: form of `d.__next`. noise: codes that follow in the status line. reference_field: where
    duplicates are looked for. missing: properties, functions and parameters that this system does not know yet.
    clock_offset_s: how much SAP's clock is ahead of ours. status_moves_last_change: whether a status function moves
    LastChangeDateTime (not known of real systems); a change of fields always does. codes: those of the status line in
    another language of the logon, by the English ones.
    """

    users: Mapping[str, str] = field(default_factory=dict)
    clients: Mapping[str, str] = field(default_factory=dict)
    client: str | None = None
    equipment: Mapping[str, str] = field(default_factory=dict)
    allowed: Mapping[str, frozenset[str]] = field(default_factory=lambda: {"TextObjectType": frozenset({"KOPF"})})
    page_size: int = 50
    next_links: NextLinks = "absolute"
    noise: tuple[str, ...] = ("NMAT", "PRC", "SETC")
    reference_field: str = "ReferenceElement"
    missing: frozenset[str] = frozenset()
    clock_offset_s: int = 0
    token_lifetime_s: int = 3600
    status_moves_last_change: bool = True
    codes: Mapping[str, str] = field(default_factory=dict)

    def changed(self, body: Mapping[str, Any]) -> Settings:
        """These settings with those in `body`; mappings are added to. ValueError for what is none."""
        if unknown := set(body) - {made.name for made in fields(self)}:
            raise ValueError(f"there are no settings {', '.join(sorted(unknown))}")
        values = {name: _READERS[name](value) if name in _READERS else value for name, value in body.items()}
        for name in ("users", "clients", "equipment", "allowed"):
            if name in values:
                values[name] = {**getattr(self, name), **values[name]}
        made = replace(self, **values)
        if made.page_size < 1 or made.next_links not in get_args(NextLinks):
            raise ValueError(f"page_size must be at least 1, next_links one of {', '.join(get_args(NextLinks))}")
        return made


_READERS: dict[str, Any] = {
    "users": dict,
    "clients": dict,
    "equipment": lambda given: dict(given) if isinstance(given, dict) else dict.fromkeys(given, ""),
    "allowed": lambda given: {name: frozenset(values) for name, values in given.items()},
    "codes": dict,
    "noise": tuple,
    "missing": frozenset,
}
