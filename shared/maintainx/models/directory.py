"""What other records refer to: organizations, locations, users, teams, categories, parts.

Source: MaintainX REST API v1, sections on each entity.
"""

from __future__ import annotations

from typing import Any

from shared.maintainx.models.base import Moment, Record, Value


class Organization(Record):
    """An organization that the key may work in. currency: ISO 4217."""

    name: str = ""
    time_zone: str | None = None
    currency: str | None = None


class Location(Record):
    """A place; `team_ids` in rows only with `expand=team_ids`."""

    name: str = ""
    description: str | None = None
    address: str | None = None
    parent_id: int | None = None
    team_ids: tuple[int, ...] | None = None
    extra_fields: dict[str, Any] | None = None
    created_at: Moment | None = None
    updated_at: Moment | None = None


class User(Record):
    """A person or service account. role (rows: only with `expand=role`): ADMIN, MEMBER, OPERATOR, REQUESTER, ...

    hourly_rate: cents.
    """

    first_name: str = ""
    last_name: str = ""
    email: str | None = None
    phone_number: str | None = None
    role: str | None = None
    custom_role: str | None = None
    hourly_rate: int | None = None
    removed_from_organization: bool | None = None
    external_data: Any = None
    extra_fields: dict[str, Any] | None = None


class Team(Record):
    """A team; all but the name only in details."""

    name: str = ""
    description: str | None = None
    members_count: int | None = None
    asset_ids: tuple[int, ...] | None = None
    location_ids: tuple[int, ...] | None = None


class Category(Record):
    """A category; work orders refer to it by `label`, webhooks by id."""

    label: str = ""
    description: str | None = None


class PartStock(Value):
    """How much of a part lies at one location."""

    location_id: int
    available_quantity: float | None = None
    minimum_quantity: float | None = None
    maximum_quantity: float | None = None
    reserved_quantity: float | None = None
    area: str | None = None


class PartVendor(Value):
    """A vendor of a part, and the vendor's number for it."""

    vendor_id: int | None = None
    part_number: str | None = None


class Part(Record):
    """A spare part. unit_cost: cents. vendors and extra_fields in rows only if asked for by `expand`."""

    name: str = ""
    description: str | None = None
    unit_cost: float | None = None
    available_quantity: float | None = None
    in_stock_quantity: float | None = None
    minimum_quantity: float | None = None
    ordered_quantity: float | None = None
    reserved_quantity: float | None = None
    barcode: str | None = None
    location_id: int | None = None
    locations: tuple[PartStock, ...] | None = None
    part_types: tuple[str, ...] | None = None
    vendors: tuple[PartVendor, ...] | None = None
    extra_fields: dict[str, Any] | None = None
    created_at: Moment | None = None
    updated_at: Moment | None = None
