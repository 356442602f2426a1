"""Records of MaintainX as it sends them, read tolerantly.

MaintainX leaves null fields out and adds fields and enumeration values without notice. So every field but the id may be
absent (None), enumerations are plain text, and unknown fields are kept in `model_extra`. Times are aware datetimes in
UTC, durations integer seconds, money integer cents. Source: MaintainX REST API v1, sections on each entity.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Self, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    ModelWrapValidatorHandler,
    PrivateAttr,
    model_validator,
)
from pydantic.alias_generators import to_camel


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


Moment = Annotated[AwareDatetime, AfterValidator(_utc)]


class Value(BaseModel):
    """A part of a record, or an answer without id. Attributes are snake_case, the wire is camelCase."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="allow", frozen=True)


class Record(Value):
    """Base of all records: what has an id of its own."""

    id: int
    _wire: dict[str, Any] = PrivateAttr(default_factory=dict)

    def wire(self) -> dict[str, Any]:
        """The JSON object exactly as MaintainX sent it, in its names and with fields that are unknown here."""
        return self._wire

    @model_validator(mode="wrap")
    @classmethod
    def _keep_wire(cls, value: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        record = handler(value)
        if isinstance(value, dict):
            record._wire = value
        return record


class Created(Record):
    """The answer to most creations: the new record's id and nothing else."""


M = TypeVar("M", bound=BaseModel)
R = TypeVar("R", bound=Record)
