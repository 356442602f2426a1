"""The function imports: their parameters, as in the vendor's metadata, and the step that each one takes.

Only the number of the order is mandatory: the metadata marks all other parameters as nullable.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from local.sap.fields import Property
from local.sap.literals import literal, value_for
from local.sap.refusals import bad_request


@dataclass(frozen=True, slots=True)
class Function:
    """One function import. step: a name in `status.STEPS`."""

    name: str
    step: str
    parameters: Mapping[str, Property]


_ORDER = Property("MaintenanceOrder", max_length=12, alpha=True)
_TIME = Property("MaintOrderReferenceDateTime", "Edm.DateTimeOffset", precision=0)
_CANCELLATION = Property("MaintOrdCancellationAction", max_length=1)


def _flag(name: str) -> Property:
    return Property(name, "Edm.Boolean")


def _function(name: str, step: str, *parameters: Property) -> Function:
    return Function(name, step, {made.name: made for made in (_ORDER, *parameters)})


_CLOSE_NOTIFICATION = _flag("AssignedMaintNotifIsToBeClosed")
_ALL = (
    _function("ReleaseMaintenanceOrder", "release"),
    _function(
        "SetMaintOrdToTechCompleted", "complete", _flag("MainWrkCmpltdDateTimeIsUsed"), _TIME, _CLOSE_NOTIFICATION
    ),
    _function("ResetMaintOrdStsTechCompleted", "uncomplete", _flag("AssgdMaintNotifIsToBePutInProc")),
    _function("SetMaintOrderStatusToClosed", "close", _TIME, _CLOSE_NOTIFICATION),
    _function("ResetMaintOrderStatusClosed", "reopen"),
    _function(
        "SetMaintOrderToDoNotExecute",
        "refuse",
        _TIME,
        _CANCELLATION,
        _CLOSE_NOTIFICATION,
        _flag("AssgdMaintNotifIsToBeRsetAlloc"),
    ),
    _function("ResetStatusFromDoNotExecute", "unrefuse"),
    _function("SetMaintOrdStsToMrkdForDeltn", "flag", _flag("AssgdMaintNotifIsToBeSetDel")),
    _function("ResetMaintOrdStsMrkdForDeltn", "unflag", _flag("AssgdMaintNotifIsToBeResetDel")),
)
FUNCTIONS: Mapping[str, Function] = {made.name: made for made in _ALL}
MANDATORY = frozenset({"MaintenanceOrder"})


def functions_without(missing: frozenset[str]) -> dict[str, Function]:
    """The functions of a system that does not know the parameters, or the functions, `missing` yet."""
    return {
        made.name: Function(
            made.name, made.step, {n: p for n, p in made.parameters.items() if n not in missing or n in MANDATORY}
        )
        for made in _ALL
        if made.name not in missing
    }


def arguments(function: Function, given: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """The values of a call's query parameters. Refusal 400: missing, unknown, twice, wrong type."""
    values: dict[str, Any] = {}
    for name, text in given:
        if name not in function.parameters:
            raise bad_request(f"{function.name} has no parameter {name}", name)
        if name in values:
            raise bad_request(f"Parameter {name} is given twice", name)
        made = function.parameters[name]
        token = literal(text)
        if made.max_length is not None and isinstance(token.value, str) and len(token.value) > made.max_length:
            raise bad_request(f"Parameter {name} is longer than {made.max_length}", name)
        values[name] = value_for(made, token)
    for name in MANDATORY:
        if values.get(name) in (None, ""):
            raise bad_request(f"Mandatory parameter {name} of {function.name} is missing", name)
    return values
