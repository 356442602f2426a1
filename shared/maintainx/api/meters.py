"""Meters, readings and triggers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.errors import OutcomeUnknown, RemoteRejected
from shared.events import format_utc
from shared.maintainx import operations, queries
from shared.maintainx.answers import validated
from shared.maintainx.calls import PAGE_SIZE, Calls
from shared.maintainx.failures import SYSTEM
from shared.maintainx.models import Meter, MeterReading, MeterTrigger

MAX_READINGS = 100  # MaintainX states no limit; a batch of this size is one call of the rate limit


@dataclass(frozen=True, slots=True)
class NewReading:
    """A reading to add. read_at_utc None: now; automated meters take at most three days back."""

    meter_id: int
    value: float
    read_at_utc: datetime | None = None

    def fields(self) -> dict[str, Any]:
        """In MaintainX's names."""
        date = {} if self.read_at_utc is None else {"readingDate": format_utc(self.read_at_utc)}
        return {"meterId": self.meter_id, "value": self.value, **date}


class MeterCalls(Calls):
    """Fields of writes are in MaintainX's own names."""

    def get_meter(self, meter_id: int | str, expand: tuple[queries.MeterExpand, ...] = ()) -> Meter:
        """The meter as it is now; its newest reading with `expand=("last_reading",)`."""
        return self._get(operations.GET_METER, meter_id, queries.expand(expand))

    def iter_meters(
        self,
        wanted: queries.MeterFilter = queries.MeterFilter(),  # noqa: B008  # immutable
        expand: tuple[queries.MeterExpand, ...] = (),
        page_size: int = PAGE_SIZE,
    ) -> Iterator[Meter]:
        """Rows of the list."""
        return self._rows(operations.LIST_METERS, wanted.params() + queries.expand(expand), page_size)

    def add_meter_readings(
        self, readings: Sequence[NewReading], *, skip_webhook: bool = False
    ) -> tuple[MeterReading, ...]:
        """Add 1 to MAX_READINGS readings in one call: all of them or none.

        Raises RateLimited, with nothing sent, if a limit of readings is used up (`shared.maintainx.readings`: manual
        meters take 10 calls a day, so send theirs apart from those of automated ones, and many together). Raises
        OutcomeUnknown if they may have been added.
        """
        if not 1 <= len(readings) <= MAX_READINGS:
            raise ValueError(f"a batch has 1 to {MAX_READINGS} readings, not {len(readings)}")
        operation = operations.ADD_METER_READINGS
        with self._counted(readings):
            body = self._post(operation, [reading.fields() for reading in readings], skip_webhook=skip_webhook)
        if not isinstance(body, list):
            raise OutcomeUnknown(f"{SYSTEM}: POST {operation.path}: answer is not a list")
        try:
            return tuple(validated(operation, row) for row in body)
        except RemoteRejected as error:  # they are added, but we cannot read what was
            raise OutcomeUnknown(str(error)) from error

    def _counted(self, readings: Sequence[NewReading]) -> AbstractContextManager[None]:
        """Counts the request that is sent inside, if this client was given the limits of readings."""
        limits = self._reading_limits
        if limits is None:
            return nullcontext()
        return limits.request(limits.kinds_of((reading.meter_id for reading in readings), self))

    def get_meter_trigger(self, trigger_id: int | str) -> MeterTrigger:
        """The trigger as it is now."""
        return self._get(operations.GET_METER_TRIGGER, trigger_id)

    def iter_meter_triggers(
        self,
        wanted: queries.MeterTriggerFilter = queries.MeterTriggerFilter(),  # noqa: B008  # immutable
        page_size: int = PAGE_SIZE,
    ) -> Iterator[MeterTrigger]:
        """Rows of the list."""
        return self._rows(operations.LIST_METER_TRIGGERS, wanted.params(), page_size)

    def create_meter_trigger(self, fields: Mapping[str, Any], *, skip_webhook: bool = False) -> int:
        """Make a trigger (`meterId`, `name`, `amount`, `condition` are required); returns its id.

        Raises OutcomeUnknown if it may have been made.
        """
        body = {"meterTrigger": dict(fields)}
        return self._create(operations.CREATE_METER_TRIGGER, body, skip_webhook=skip_webhook).id

    def change_meter_trigger(
        self, trigger_id: int | str, fields: Mapping[str, Any], *, skip_webhook: bool = False
    ) -> None:
        """Replace fields of a trigger. MaintainX answers nothing."""
        body = {"meterTrigger": dict(fields)}
        self._change(operations.CHANGE_METER_TRIGGER, trigger_id, body, skip_webhook=skip_webhook)

    def delete_meter_trigger(self, trigger_id: int | str, *, skip_webhook: bool = False) -> None:
        """Delete a trigger. RecordNotFound if there was none."""
        self._delete(operations.DELETE_METER_TRIGGER, trigger_id, skip_webhook=skip_webhook)
