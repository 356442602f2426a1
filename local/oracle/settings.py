"""What a tenant is set to: credentials, master data and switches, as a control request gives them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from local.oracle.status import NAMES

_FIRST_ORGANIZATION_ID = 300000000000101
_FIRST_ASSET_ID = 300000000500001


@dataclass(slots=True)
class Settings:
    """Credentials, master data, switches.

    user, password: for Basic. client_id, client_secret, scope: of the OAuth client; without client_id there is none.
    organizations, assets: code or number -> id. work_order_types, sub_types: the lookup codes that are taken.
    standard_operations, work_centers: those that operations may name; empty: any. work_definitions: those that orders
    may name; empty: any. user_statuses: code of a user-defined status -> the system status that it belongs to.
    etag: whether records have change indicators. last_update_date: whether LastUpdateDate and CreationDate exist.
    release_needs_operation: whether an order without operations cannot be released.
    """

    user: str = ""
    password: str = ""
    client_id: str = ""
    client_secret: str = ""
    scope: str = ""
    organizations: dict[str, int] = field(default_factory=dict)
    assets: dict[str, int] = field(default_factory=dict)
    work_order_types: tuple[str, ...] = ("CORRECTIVE", "PREVENTIVE")
    sub_types: tuple[str, ...] = ("ORA_EMERGENCY",)
    standard_operations: tuple[str, ...] = ()
    work_centers: tuple[str, ...] = ()
    work_definitions: tuple[str, ...] = ()
    user_statuses: dict[str, str] = field(default_factory=dict)
    etag: bool = True
    last_update_date: bool = True
    release_needs_operation: bool = False

    def merge(self, body: Mapping[str, Any]) -> None:
        """Take over what a control request says; organizations and assets are added. ValueError if it makes no sense.

        organizations, assets, lookups: lists of texts; user_statuses: an object.
        """
        known = {f.name for f in fields(self)}
        if unknown := sorted(set(body) - known):
            raise ValueError(f"unknown setting {', '.join(unknown)}")
        merged = {name: _merged(name, getattr(self, name), value) for name, value in body.items()}
        if not {*merged.get("user_statuses", {}).values()} <= set(NAMES):
            raise ValueError(f"user_statuses belong to one of {', '.join(NAMES)}")
        for name, value in merged.items():
            setattr(self, name, value)
        if not self.user or not self.password:
            raise ValueError("user and password are needed")


def _merged(name: str, old: Any, new: Any) -> Any:
    if name in _NUMBERED:
        return _numbered(list(dict.fromkeys((*old, *_texts(name, new)))), _NUMBERED[name])
    if isinstance(old, tuple):
        return tuple(_texts(name, new))
    if type(new) is not type(old):
        raise ValueError(f"{name} is of the wrong type")
    return new


def _numbered(codes: list[str], first: int) -> dict[str, int]:
    return {code: number for number, code in enumerate(codes, first)}


def _texts(name: str, value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(text, str) and text for text in value):
        raise ValueError(f"{name} is a list of texts")
    return value


_NUMBERED = {"organizations": _FIRST_ORGANIZATION_ID, "assets": _FIRST_ASSET_ID}
