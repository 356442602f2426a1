"""routes.yaml: which events go where."""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, Field, field_validator

from shared.config.loading import Model, fault_at

Destination = Literal["erp-push", "notifications"]
DESTINATIONS: tuple[Destination, ...] = get_args(Destination)


def _as_list(value: object) -> object:
    return value if isinstance(value, list) or value is None else [value]


EventTypePattern = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*\.([a-z0-9_.]+|\*)$")]
EventName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_.]*$")]
OneOrMany = BeforeValidator(_as_list)


class When(Model):
    """A condition: every key given must hold, and a key holds if any of its values does.

    `type` may end in `.*`. `fields` are dotted paths into the event's payload or, where the payload has no such
    path, into the record itself as MaintainX gives it (`priority`, `assetId`, `extraFields.Area`).
    """

    type: Annotated[list[EventTypePattern], OneOrMany, Field(min_length=1)]
    site: Annotated[list[str], OneOrMany] | None = None
    priority: Annotated[list[Literal["NONE", "LOW", "MEDIUM", "HIGH"]], OneOrMany] | None = None
    category: Annotated[list[str], OneOrMany] | None = None
    fields: dict[str, Annotated[list[Any], OneOrMany]] = Field(default_factory=dict)


class Route(Model):
    """A rule: events that meet `when` go to every destination in `to`. All rules are tried, not just the first."""

    name: str = Field(min_length=1)
    when: When
    to: Annotated[list[Destination], OneOrMany, Field(min_length=1)]


class RoutesFile(Model):
    """The whole of routes.yaml.

    other_events: events that routes may name besides MaintainX's own: those that gateways and sensors send.
    """

    other_events: list[EventName] = Field(default_factory=list)
    routes: list[Route] = Field(min_length=1)

    @field_validator("routes")
    @classmethod
    def _names_once(cls, value: list[Route]) -> list[Route]:
        first: dict[str, int] = {}
        for number, route in enumerate(value):
            if (other := first.setdefault(route.name, number)) != number:
                reason = f"more than one route is called {route.name}: line {{line}} has one already"
                raise fault_at((number, "name"), reason, (other, "name"))
        return value
