"""How filters become query parameters: arrays are repeated keys, times are UTC with milliseconds."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from shared.events import format_utc

Params = tuple[tuple[str, str], ...]

Id = Annotated[int, Field(gt=0)]
Ids = tuple[Id, ...]
Text = Annotated[str, Field(min_length=1)]
# A custom field's label to its accepted values; only number and single-line fields can be asked for.
CustomFields = tuple[tuple[Text, tuple[Text, ...]], ...]

MAX_PAGE_SIZE = 200


class Filter(BaseModel):
    """Base of all filters: unknown keys and values that MaintainX would refuse raise ValidationError here."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class DatedFilter(Filter):
    """Base of those that can be asked for by time, both ends inclusive, in UTC."""

    updated_from: AwareDatetime | None = None
    updated_to: AwareDatetime | None = None
    created_from: AwareDatetime | None = None
    created_to: AwareDatetime | None = None

    def dates(self) -> Params:
        """The bounds that are set."""
        return (
            *moment("updatedAt[gte]", self.updated_from),
            *moment("updatedAt[lte]", self.updated_to),
            *moment("createdAt[gte]", self.created_from),
            *moment("createdAt[lte]", self.created_to),
        )


def expand(names: tuple[str, ...]) -> Params:
    """`expand` parameters."""
    return many("expand", names)


def page(limit: int, cursor: str | None) -> Params:
    """Where in the list, and how much of it. Raises ValueError for a limit that MaintainX refuses."""
    if not 1 <= limit <= MAX_PAGE_SIZE:
        raise ValueError(f"a page has 1 to {MAX_PAGE_SIZE} rows, not {limit}")
    return (("limit", str(limit)), *one("cursor", cursor))


def one(name: str, value: str | int | None) -> Params:
    """A parameter, or none if the value is None."""
    return () if value is None else ((name, str(value)),)


def flag(name: str, value: bool | None) -> Params:
    """A parameter that is true or false, or none if the value is None."""
    return () if value is None else ((name, "true" if value else "false"),)


def many(name: str, values: Iterable[int | str]) -> Params:
    """One parameter for each value."""
    return tuple((name, str(value)) for value in values)


def moment(name: str, value: datetime | None) -> Params:
    """A time, or none if the value is None."""
    return () if value is None else ((name, format_utc(value)),)


def custom_fields(wanted: CustomFields, reserved: frozenset[str]) -> Params:
    """Custom fields by their labels. One that is called like a parameter of the list gets the suffix `__c`."""
    return tuple((f"{label}__c" if label in reserved else label, value) for label, values in wanted for value in values)
