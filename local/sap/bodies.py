"""Request bodies become rows: every rule about a single field that SAP enforces, and the fields it fills itself."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol

from local.sap.edm import from_json, initial
from local.sap.fields import MODEL, EntityType, Model, Property
from local.sap.refusals import bad_request, business
from local.sap.settings import Settings
from local.sap.status import Status

Row = dict[str, Any]


class System(Protocol):
    """What a body is checked against."""

    @property
    def settings(self) -> Settings: ...

    @property
    def model(self) -> Model: ...


def created_row(system: System, entity: EntityType, body: Any) -> tuple[Row, dict[str, list[Any]]]:
    """The row of a new entity, and the bodies of its children by set. Raises Refusal."""
    fields = _object(body)
    nested = {
        set_name: _children(name, fields[name]) if name in fields else []
        for name, set_name in entity.navigations.items()
    }
    # Fields that this system does not know are in the row all the same, so that the rules need not care.
    row: Row = {name: initial(made) for name, made in MODEL[entity.set_name].properties.items()}
    for name, value in fields.items():
        if name not in entity.navigations and name != "__metadata":
            row[name] = _value(system, _property(entity, name, "creatable"), value)
    _complete_key(entity, row)
    return row, nested


def with_changes(system: System, entity: EntityType, row: Mapping[str, Any], body: Any) -> Row:
    """`row` with the changes in `body`. Raises Refusal."""
    changes: Row = {}
    for name, value in _object(body).items():
        if name in entity.navigations:
            raise bad_request(f"{name}: deep updates are not supported", name)
        if name != "__metadata":
            changes[name] = _changed(system, entity, row, name, value)
    return {**row, **changes}


def own_part(entity: EntityType, row: Mapping[str, Any]) -> tuple[str, ...]:
    """The part of a child's key that tells it from its siblings."""
    return tuple(row[name] for name in entity.key[1:])


def derive(settings: Settings, header: Row, children: Mapping[str, Mapping[Any, Row]], status: Status) -> None:
    """Fill the fields that follow from others."""
    for point, name in (("Start", "MaintOrdSchedldBscStrtDateTime"), ("End", "MaintOrdSchedldBscEndDateTime")):
        when: datetime | None = header[f"MaintOrdBasic{point}DateTime"]
        header[name] = when
        header[f"MaintOrdBasic{point}Date"] = when and datetime(when.year, when.month, when.day)  # noqa: DTZ001  # a day
        header[f"MaintOrdBasic{point}Time"] = when and timedelta(
            hours=when.hour, minutes=when.minute, seconds=when.second
        )
    equipment, location = header["Equipment"], header["FunctionalLocation"]
    header["EquipmentName"] = settings.equipment.get(equipment, "")[:40]
    header["TechnicalObject"] = header["TechnicalObjectLabel"] = equipment or location
    header["TechObjIsEquipOrFuncnlLoc"] = "EAMS_EQUI" if equipment else "EAMS_FL" if location else ""
    header["OrderHasLongText"] = bool(children["MaintenanceOrderLongText"])
    header["SystemStatusText"] = status.line(settings.noise, settings.codes)
    for operation in children["MaintenanceOrderOperation"].values():
        operation["MaintenanceOrder"] = header["MaintenanceOrder"]
        operation["SystemStatusText"] = status.line((), settings.codes)
    for text in children["MaintenanceOrderLongText"].values():
        text["MaintenanceOrder"] = header["MaintenanceOrder"]


def _changed(system: System, entity: EntityType, row: Mapping[str, Any], name: str, value: Any) -> Any:
    made = entity.properties.get(name)
    if made is not None and name in entity.key:
        # Gateway lets a key be repeated in the body, but not changed.
        if (same := _read(made, value)) == row[name]:
            return same
        raise bad_request(f"Property {name} is part of the key and cannot be changed", name)
    return _value(system, _property(entity, name, "updatable"), value)


def _property(entity: EntityType, name: str, permission: str) -> Property:
    made = entity.properties.get(name)
    if made is None:
        raise bad_request(f"Property {name} is invalid for {entity.name}", name)
    if not getattr(made, permission):
        raise bad_request(f"Property {name} of {entity.name} is not {permission}", name)
    return made


def _value(system: System, made: Property, value: Any) -> Any:
    read = _read(made, value)
    if made.name == "Equipment" and read and read not in system.settings.equipment:
        raise business("IE/002", f"Equipment {read} does not exist", made.name)
    allowed = system.settings.allowed.get(made.name)
    if allowed is not None and read and read not in allowed:
        raise business("IW/040", f"{made.name} {read!r} is not defined", made.name)
    return read


def _read(made: Property, value: Any) -> Any:
    try:
        return from_json(value, made)
    except ValueError as error:
        raise bad_request(f"Property {made.name} {error}", made.name) from error


def _complete_key(entity: EntityType, row: Row) -> None:
    if entity.set_name == "MaintenanceOrderOperation":
        for name in entity.key[1:]:
            if row[name].isascii() and row[name].isdigit():
                row[name] = row[name].zfill(4)
    elif entity.set_name == "MaintenanceOrderLongText":
        row["Language"] = row["Language"] or "EN"  # the language of the logon
        if not row["TextObjectType"]:
            raise business("IW/106", "Enter a text ID", "TextObjectType")


def _children(name: str, given: Any) -> list[Any]:
    found = given.get("results") if isinstance(given, dict) else given
    if not isinstance(found, list):
        raise bad_request(f"{name} must be a list", name)
    return found


def _object(body: Any) -> Mapping[str, Any]:
    if not isinstance(body, dict):
        raise bad_request("The request body is not a JSON object")
    return body
