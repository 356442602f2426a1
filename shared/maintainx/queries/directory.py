"""Filters of the lists of locations, users, parts, meters and meter triggers. Other lists have none."""

from __future__ import annotations

from typing import Literal

from shared.maintainx.queries.params import (
    CustomFields,
    DatedFilter,
    Filter,
    Ids,
    Params,
    Text,
    custom_fields,
    flag,
    many,
    one,
)

LocationExpand = Literal["extra_fields", "team_ids", "vendor_ids", "barcode"]
UserExpand = Literal["role", "extra_fields"]
PartSort = Literal["id", "createdAt", "updatedAt", "-id", "-createdAt", "-updatedAt"]
PartExpand = Literal["extra_fields", "vendors"]
MeasurementType = Literal["MANUAL", "IOT_DEVICE", "AUTOMATED_SENSOR"]
MeterExpand = Literal["asset", "location", "last_reading"]

_DATES = {"updatedAt[gte]", "updatedAt[lte]", "createdAt[gte]", "createdAt[lte]"}
_LOCATION_RESERVED = frozenset({"cursor", "limit", "expand", "name"})
_PART_RESERVED = frozenset({"cursor", "limit", "sort", "expand", "partNumber", *_DATES})


class LocationFilter(Filter):
    """Which locations. name_prefix: what the name begins with."""

    name_prefix: Text | None = None
    custom_fields: CustomFields = ()

    def params(self) -> Params:
        """The query parameters."""
        return (*one("name", self.name_prefix), *custom_fields(self.custom_fields, _LOCATION_RESERVED))


class UserFilter(Filter):
    """Which users. only_assignable: those that a work order can be given to."""

    only_assignable: bool | None = None
    emails: tuple[Text, ...] = ()

    def params(self) -> Params:
        """The query parameters."""
        return (*flag("onlyAssignable", self.only_assignable), *many("email", self.emails))


class PartFilter(DatedFilter):
    """Which parts. part_numbers: as some vendor calls them."""

    part_numbers: tuple[Text, ...] = ()
    custom_fields: CustomFields = ()
    sort: PartSort | None = None

    def params(self) -> Params:
        """The query parameters."""
        return (
            *many("partNumber", self.part_numbers),
            *custom_fields(self.custom_fields, _PART_RESERVED),
            *self.dates(),
            *one("sort", self.sort),
        )


class MeterFilter(Filter):
    """Which meters."""

    measurement_type: MeasurementType | None = None
    assets: Ids = ()

    def params(self) -> Params:
        """The query parameters."""
        return (*one("measurementType", self.measurement_type), *many("assets", self.assets))


class MeterTriggerFilter(Filter):
    """Which meter triggers."""

    meters: Ids = ()

    def params(self) -> Params:
        """The query parameters."""
        return many("meters", self.meters)
