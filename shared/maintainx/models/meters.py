"""Meters, what they read, and what triggers on it.

MaintainX lists no readings: the last one comes with its meter, by `expand=last_reading`. Source: MaintainX REST API v1,
meters, meter readings and meter triggers.
"""

from __future__ import annotations

from shared.maintainx.models.base import Moment, Record, Value


class LastReading(Value):
    """The newest reading of a meter; its id is a text."""

    id: str | None = None
    value: float
    reading_date: Moment | None = None
    created_at: Moment | None = None


class Meter(Record):
    """A meter. measurement_type: MANUAL, AUTOMATED_SENSOR, IOT_DEVICE. Rows have only id, name, unit and this type."""

    name: str = ""
    unit: str | None = None
    measurement_type: str | None = None
    description: str | None = None
    asset_id: int | None = None
    location_id: int | None = None
    uuid: str | None = None
    last_reading: LastReading | None = None
    created_at: Moment | None = None
    updated_at: Moment | None = None


class MeterReading(Value):
    """A reading as accepted. reading_date: when it was read, created_at: when MaintainX took it in."""

    meter_id: int
    value: float
    reading_date: Moment | None = None
    created_at: Moment | None = None


class MeterTrigger(Record):
    """A rule on a meter; rows have only id, meter and name.

    condition: IS_GREATER, IS_LESS, IS_EQUAL, INCREMENTED_BY, DECREMENTED_BY, ... of `amount`. state: INACTIVE,
    INSUFFICIENT_DATA, PENDING, STABLE, TRIGGERED.
    """

    meter_id: int | None = None
    name: str = ""
    description: str | None = None
    amount: float | None = None
    condition: str | None = None
    state: str | None = None
    period: int | None = None
    next_trigger_value: float | None = None
    work_order_template_id: int | None = None
    created_at: Moment | None = None
    updated_at: Moment | None = None
    deleted_at: Moment | None = None
