"""An order's status: how it is read, which can be reached, and the functions that lead there. Pure.

SAP shows a line of codes (`REL  CNF  GMPS PRC`), cut at 40 characters, of which the one that says most counts. What was
reported as done (PCNF, CNF) stands beside REL and cannot be set; a deletion flag hides everything below it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from shared.config.erp_sap import SapErpConfig
from shared.erp.base import StatusRules
from shared.erp.sap.fields import KEY, STATUS
from shared.erp.sap.odata import plain_number, text_literal, time_literal
from shared.errors import StatusNotPossible

INITIAL = "CRTD"
# The first that the line holds counts. NOEX stands before CLSD and TECO, as SAP completes an order that shall not be
# executed: it is cancelled, not done.
_RANK = ("DLFL", "NOEX", "CLSD", "TECO", "CNF", "PCNF", "REL", "CRTD")

# The line is in the language of the logon, and SICF's own logon data may overrule ours. Not verified on a real system.
_GERMAN = {
    "EROF": "CRTD",
    "FREI": "REL",
    "TRÜK": "PCNF",
    "RÜCK": "CNF",
    "TABG": "TECO",
    "ABGS": "CLSD",
    "LÖVM": "DLFL",
}

Literal = Callable[[SapErpConfig, datetime], str | None]
"""A parameter's literal from the settings and the present time; None: it is not sent."""


@dataclass(frozen=True, slots=True)
class Function:
    """A function import. leads_to: the status after it; None if that depends on what the order was before."""

    name: str
    leads_to: str | None
    parameters: Mapping[str, Literal] = field(default_factory=dict)

    def query(self, number: str, config: SapErpConfig, now_utc: datetime) -> dict[str, str]:
        """The parameters of a call, as literals of OData."""
        given = {name: literal(config, now_utc) for name, literal in self.parameters.items()}
        sent = {name: text for name, text in given.items() if text is not None and name not in config.omit_parameters}
        return {KEY: text_literal(plain_number(number)), **sent}


def status_in(line: object, further: Mapping[str, str]) -> str | None:
    """The status that a line of codes means; further: codes beside SAP's usual ones -> their meaning. None if none."""
    known = {**_GERMAN, **further}
    codes = {known.get(code, code) for code in line.split()} if isinstance(line, str) else set()
    return next((status for status in _RANK if status in codes), None)


def next_step(current: str | None, wanted: str, config: SapErpConfig) -> Function:
    """The function that brings an order from `current` nearer to `wanted`. StatusNotPossible if none does.

    Every way that begins can be gone to its end, whatever a function without `leads_to` leads to.
    """
    way = dict(_WAYS.get(wanted, {}))
    if wanted == "NOEX" and config.cancel_with == "deletion_flag":
        way = {**dict.fromkeys(_WORKED, _FLAG), **way}
    step = way.get(current or "")
    if step is None:
        raise StatusNotPossible(f"erp: SAP has no way from status {current} to {wanted}")
    return step


def _no(_config: SapErpConfig, _now_utc: datetime) -> str:
    return "false"


def _now(_config: SapErpConfig, now_utc: datetime) -> str:
    return time_literal(now_utc)


def _notifications(config: SapErpConfig, _now_utc: datetime) -> str:
    return "true" if config.close_notifications else "false"


def _cancellation(config: SapErpConfig, _now_utc: datetime) -> str | None:
    return None if config.cancellation_action is None else text_literal(config.cancellation_action)


_RELEASE = Function("ReleaseMaintenanceOrder", "REL")
_COMPLETE = Function(
    "SetMaintOrdToTechCompleted",
    "TECO",
    {
        "MainWrkCmpltdDateTimeIsUsed": _no,
        "MaintOrderReferenceDateTime": _now,
        "AssignedMaintNotifIsToBeClosed": _notifications,
    },
)
# Back to CNF, rather, if work was reported: REL holds there.
_RESUME = Function("ResetMaintOrdStsTechCompleted", "REL", {"AssgdMaintNotifIsToBePutInProc": _notifications})
_CLOSE = Function(
    "SetMaintOrderStatusToClosed",
    "CLSD",
    {"MaintOrderReferenceDateTime": _now, "AssignedMaintNotifIsToBeClosed": _notifications},
)
_REOPEN = Function("ResetMaintOrderStatusClosed", "TECO")
_CANCEL = Function(
    "SetMaintOrderToDoNotExecute",
    "NOEX",
    {
        "MaintOrderReferenceDateTime": _now,
        "MaintOrdCancellationAction": _cancellation,
        "AssignedMaintNotifIsToBeClosed": _notifications,
        "AssgdMaintNotifIsToBeRsetAlloc": _no,
    },
)
_UNCANCEL = Function("ResetStatusFromDoNotExecute", None)
_FLAG = Function("SetMaintOrdStsToMrkdForDeltn", "DLFL", {"AssgdMaintNotifIsToBeSetDel": _no})
_UNFLAG = Function("ResetMaintOrdStsMrkdForDeltn", None, {"AssgdMaintNotifIsToBeResetDel": _no})

_RELEASED = ("REL", "PCNF", "CNF")
# Of which SAP takes no "do not execute"; TECO because it hides whether work was reported.
_WORKED = ("PCNF", "CNF", "TECO", "CLSD")
_BACK = {"NOEX": _UNCANCEL, "DLFL": _UNFLAG}
# Wanted status -> status at present -> the function that comes next.
_WAYS: Mapping[str, Mapping[str, Function]] = {
    "REL": {"CRTD": _RELEASE, "TECO": _RESUME, "CLSD": _REOPEN, **_BACK},
    "TECO": {"CRTD": _RELEASE, **dict.fromkeys(_RELEASED, _COMPLETE), **_BACK},
    "CLSD": {"CRTD": _RELEASE, **dict.fromkeys(_RELEASED, _COMPLETE), "TECO": _CLOSE, **_BACK},
    "NOEX": {"CRTD": _CANCEL, "REL": _CANCEL},
    "DLFL": dict.fromkeys((status for status in _RANK if status != "DLFL"), _FLAG),
}
RULES = StatusRules(
    name=STATUS,
    readable=_RANK[::-1],
    writable=frozenset(_WAYS),
    separate=True,
    initial=INITIAL,
    # A closed order is technically completed too, and one that is flagged for deletion is as cancelled as it gets.
    holds_in={"REL": frozenset({"PCNF", "CNF"}), "TECO": frozenset({"CLSD"}), "NOEX": frozenset({"DLFL"})},
    final=frozenset({"CLSD", "NOEX", "DLFL"}),
    # help.sap.com, "Technical Completion of an Order": what can still be changed then is no field of ours.
    locks=frozenset({"TECO"}),
)
"""What the engine needs to know of the status. In a final status and in TECO the order's fields are closed to changes,
but its status can be taken back."""
