"""The life of an order: its statuses, the steps between them, and the line in which SAP shows them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from local.sap.refusals import business

Phase = Literal["CRTD", "REL", "TECO", "CLSD", "NOEX"]
Confirmed = Literal["", "PCNF", "CNF"]
_CELL, _LINE = 5, 40


@dataclass(frozen=True, slots=True)
class Status:
    """Where an order is. confirmed: how much work was reported; flagged: for deletion (DLFL); before: the phase to
    which ResetStatusFromDoNotExecute leads back."""

    phase: Phase = "CRTD"
    confirmed: Confirmed = ""
    flagged: bool = False
    before: Phase = "CRTD"

    @property
    def code(self) -> str:
        """The one status that counts most."""
        if self.flagged:
            return "DLFL"
        return self.confirmed if self.phase == "REL" and self.confirmed else self.phase

    @property
    def changeable(self) -> bool:
        """Whether SAP takes changes of the order's fields.

        Not after technical completion: "Now you can only make the following changes" (lock, deletion flag, goods
        receipts, confirmations): help.sap.com, Maintenance Orders, "Technical Completion of an Order".
        """
        return not self.flagged and self.phase not in ("TECO", "CLSD", "NOEX")

    def line(self, noise: tuple[str, ...], names: Mapping[str, str]) -> str:
        """SystemStatusText: codes in cells of five characters, cut after 40, blanks at the end lost.

        names: of the codes in the language of the logon.
        """
        codes = [names.get(code, code) for code in (self.phase, self.confirmed, "DLFL" if self.flagged else "", *noise)]
        return "".join(f"{code:<{_CELL}}" for code in codes if code)[:_LINE].rstrip()


@dataclass(frozen=True, slots=True)
class Step:
    """One step: the phases it starts from, its result, and the name that messages give it.

    flagged: whether the deletion flag must be set (else it must not); unworked: only before work was confirmed.
    """

    name: str
    phases: frozenset[Phase]
    result: Callable[[Status], Status]
    flagged: bool = False
    unworked: bool = False

    def possible(self, status: Status) -> bool:
        """Whether SAP lets an order in `status` take it."""
        return (
            status.phase in self.phases
            and status.flagged == self.flagged
            and not (self.unworked and status.confirmed)
            and self.result(status) != status
        )


def _phase(phase: Phase) -> Callable[[Status], Status]:
    return lambda status: replace(status, phase=phase)


def _confirm(final: bool) -> Callable[[Status], Status]:
    def confirm(status: Status) -> Status:
        return replace(status, confirmed="CNF" if final or status.confirmed == "CNF" else "PCNF")

    return confirm


_EVERY: frozenset[Phase] = frozenset({"CRTD", "REL", "TECO", "CLSD", "NOEX"})
_WORKABLE: frozenset[Phase] = frozenset({"REL", "TECO"})

STEPS: Mapping[str, Step] = {
    "release": Step("release", frozenset({"CRTD"}), _phase("REL")),
    "complete": Step("complete technically", frozenset({"REL"}), _phase("TECO")),
    "uncomplete": Step("reset technical completion", frozenset({"TECO"}), _phase("REL")),
    "close": Step("close", frozenset({"TECO"}), _phase("CLSD")),
    "reopen": Step("reset closing", frozenset({"CLSD"}), _phase("TECO")),
    "refuse": Step(
        "do not execute",
        frozenset({"CRTD", "REL"}),
        lambda status: replace(status, phase="NOEX", before=status.phase),
        unworked=True,
    ),
    "unrefuse": Step("reset do not execute", frozenset({"NOEX"}), lambda status: replace(status, phase=status.before)),
    "flag": Step("set deletion flag", _EVERY, lambda status: replace(status, flagged=True)),
    "unflag": Step("reset deletion flag", _EVERY, lambda status: replace(status, flagged=False), flagged=True),
    "confirm": Step("confirm", _WORKABLE, _confirm(False)),
    "confirm_finally": Step("confirm finally", _WORKABLE, _confirm(True)),
}
CODES = ("CRTD", "REL", "PCNF", "CNF", "TECO", "CLSD", "NOEX", "DLFL")


def after(status: Status, step_name: str, order_id: str) -> Status:
    """The status after the step. Refusal 400 with a message of the application if the order cannot take it."""
    step = STEPS[step_name]
    if not step.possible(status):
        raise business("IW/155", f"Order {order_id}: '{step.name}' is not allowed in status {status.code}")
    return step.result(status)


def way_to(status: Status, code: str) -> tuple[str, ...]:
    """The fewest steps that bring an order to `code`; ValueError if none do."""
    found: dict[Status, tuple[str, ...]] = {status: ()}
    waiting = deque([status])
    while waiting:
        here = waiting.popleft()
        if here.code == code:
            return found[here]
        for name, step in STEPS.items():
            if step.possible(here) and (there := step.result(here)) not in found:
                found[there] = (*found[here], name)
                waiting.append(there)
    raise ValueError(f"no steps lead from {status.code} to {code}")
