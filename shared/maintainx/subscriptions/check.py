"""Whether the subscriptions are as they should be: pure findings, and the gathering of what they are made from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from shared.maintainx.models import Subscription
from shared.maintainx.subscriptions.model import Remembered, Wanted
from shared.maintainx.subscriptions.plan import Actual, age

# What is under way takes minutes; what is still under way after this was interrupted.
_OVERDUE = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong. id: None where there is no subscription. gone: MaintainX deleted it; healing helps."""

    type: str
    id: int | None
    problem: str
    gone: bool = False


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was found where. secrets: `secret_hash`es that are stored, by the secret's name.

    refused: why webhook_ingress does not accept deliveries, by id. true_secrets: `secret_hash`es of what MaintainX
    tells, by id. Both only of what was asked about.
    """

    actual: Actual
    secrets: Mapping[str, frozenset[str]]
    refused: Mapping[int, str] = field(default_factory=dict)
    true_secrets: Mapping[int, str] = field(default_factory=dict)


def findings(
    wanted: Sequence[Wanted], remembered: Sequence[Remembered], evidence: Evidence, now_utc: datetime
) -> tuple[Finding, ...]:
    """Everything that is wrong; empty if deliveries of every wanted type arrive and are accepted."""
    found: list[Finding] = []
    for item in wanted:
        mine = sorted((entry for entry in remembered if entry.type == item.type), key=age)
        found += _of_type(item, mine, evidence)
    known = {item.type for item in wanted}
    for entry in remembered:
        if entry.type not in known and entry.state != "gone":
            found.append(Finding(entry.type, entry.id, "sites.yaml does not want it: apply removes it"))
        if entry.state not in ("active", "gone") and now_utc > (entry.due_at_utc or entry.created_at_utc) + _OVERDUE:
            found.append(Finding(entry.type, entry.id, f"unfinished since long ({entry.state}): apply goes on"))
    return tuple(found)


def _of_type(wanted: Wanted, mine: Sequence[Remembered], evidence: Evidence) -> Iterator[Finding]:
    active = [entry for entry in mine if entry.state == "active"]
    if not active:
        yield Finding(wanted.type, None, "none is remembered as active: apply makes one, import adopts one")
        return
    entry = active[-1]
    actual = evidence.actual[entry.id]
    if actual is None:
        yield Finding(wanted.type, entry.id, "MaintainX does not have it any more: apply heals it", gone=True)
        return
    problems = _of_actual(wanted, actual)
    if not entry.fits(wanted):
        problems["secret name, filters or options are not those of sites.yaml: apply replaces it"] = True
    stored = evidence.secrets.get(entry.secret_name, frozenset())
    problems[f"its secret is not in {entry.secret_name}: deliveries are refused"] = entry.secret_hash not in stored
    true_secret = evidence.true_secrets.get(entry.id, entry.secret_hash)
    problems["MaintainX signs with another secret than we stored"] = true_secret != entry.secret_hash
    yield from (Finding(wanted.type, entry.id, problem) for problem, is_so in problems.items() if is_so)
    if entry.id in evidence.refused:
        yield Finding(wanted.type, entry.id, evidence.refused[entry.id])


def _of_actual(wanted: Wanted, actual: Subscription) -> dict[str, bool]:
    return {
        f"its type is {actual.type}": actual.type != wanted.type,
        f"it points to {actual.url}, not to {wanted.addresses.used}": actual.url != wanted.addresses.used,
        f"its status is {actual.status}: MaintainX's support must approve it": actual.status != "VALID",
    }
