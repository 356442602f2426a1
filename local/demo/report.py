"""What a run found, and how it is shown: a table for people, JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from local.demo.kpi_lines import kpi_lines

# The message that is published to show that what can never succeed is kept with its reason, and stays dead.
POISON_CLASS = "MalformedEvent"


@dataclass
class Report:
    """Everything that a run has to say. `lost` and `doubled` come from comparing the simulators, nothing else.

    deliveries: webhooks that MaintainX sent; lost_webhooks: those that it did not, on purpose; missed: work orders that
    they were about. erp_edits: orders that people changed in the ERP. made_in_erp: those that they made there.
    taken_in: work orders that say that they were made of one of these.
    """

    work_orders: int = 0
    steps: int = 0
    skipped_rows: list[dict[str, Any]] = field(default_factory=list)
    assumed: dict[str, int] = field(default_factory=dict)
    deliveries: int = 0
    lost_webhooks: int = 0
    missed: int = 0
    catch_up: dict[str, int] = field(default_factory=dict)
    erp_edits: int = 0
    made_in_erp: int = 0
    taken_in: int = 0
    erp_pull: dict[str, int] = field(default_factory=dict)
    accepted: int = 0
    archived: int = 0
    refusals: list[dict[str, Any]] = field(default_factory=list)
    wrongly_answered: int = 0
    undelivered: int = 0
    outcomes: dict[str, dict[str, int]] = field(default_factory=dict)
    erp: dict[str, dict[str, int]] = field(default_factory=dict)
    notifications: dict[str, int] = field(default_factory=dict)
    dead_letters: list[dict[str, Any]] = field(default_factory=list)
    replay: list[dict[str, Any]] = field(default_factory=list)
    still_dead: list[dict[str, Any]] = field(default_factory=list)
    kpis: list[dict[str, Any]] = field(default_factory=list)
    kpi_differences: list[str] = field(default_factory=list)
    kpi_notes: dict[str, str] = field(default_factory=dict)
    kpis_left_out: list[str] = field(default_factory=list)
    compared: int = 0
    differences: list[dict[str, Any]] = field(default_factory=list)
    lost: int = 0
    doubled: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    peak_memory_mib: int = 0

    @property
    def good(self) -> bool:
        """Whether everything arrived once, and everything that had to be refused was."""
        return not self.faults()

    def faults(self) -> list[str]:
        """What is not as it should be, in words."""
        unexpected = [entry for entry in self.still_dead if entry["error_class"] != POISON_CLASS]
        counts = {
            "work orders lost": self.lost,
            "orders doubled": self.doubled,
            "webhooks not delivered": self.undelivered,
            "deliveries not accepted": abs(self.deliveries - self.accepted),
            "events not in BigQuery": abs(self.accepted - self.archived),
            "notifications missing": self.notifications.get("missing", 0),
            "notifications doubled": self.notifications.get("doubled", 0),
            "forged or malformed deliveries answered wrongly": self.wrongly_answered,
            "dead letters left that a replay should have mended": sum(entry["count"] for entry in unexpected),
            "KPIs not as the history has them": len(self.kpi_differences),
        }
        return [f"{count} {what}" for what, count in counts.items() if count]

    def write(self, path: Path) -> None:
        """The report as JSON."""
        path.write_text(json.dumps({"good": self.good, **asdict(self)}, indent=2, default=str) + "\n")

    def show(self, console: Console) -> None:
        """The report for people, but for the verdict, which is the last line of all."""
        console.print()
        console.print(_facts(self))
        console.print()
        shown = [row for row in self.kpis if row["kpi"] not in self.kpis_left_out]
        console.print(kpi_lines(shown, self.kpi_notes))
        if self.kpis_left_out:
            console.print(Text("Not shown: KPIs of when assets stood, of which the file tells nothing.", "dim"))
        for difference in self.differences[:20]:
            console.print(Text(f"  {difference['kind']}: {difference['reference']}: {difference['detail']}", "red"))
        for fault in [*self.kpi_differences[:20], *self.faults()]:
            console.print(Text(f"  {fault}", "red"))

    def show_verdict(self, console: Console) -> None:
        """The line that counts."""
        console.print(f"[dim]{self.compared} work orders compared with the ERP's orders, both ways[/dim]")
        verdict = "; ".join([f"lost {self.lost}, doubled {self.doubled}", *(() if self.good else self.faults())])
        console.print(Text(verdict, "bold green" if self.good else "bold red"), soft_wrap=True)


def _facts(report: Report) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column()
    for label, lines in _rows(report).items():
        if lines:
            table.add_row(label, Text("\n".join(lines)))  # Text: nothing in it is markup
    return table


def _rows(report: Report) -> dict[str, Sequence[str]]:
    refused = [entry for entry in report.refusals if entry["answered"] == entry["expected"]]
    wrong = [entry for entry in report.refusals if entry["answered"] != entry["expected"]]
    return {
        "work orders": [f"{report.work_orders} in {report.steps} steps"],
        "rows skipped": [f"line {row['line']}: {row['reason']}" for row in report.skipped_rows[:10]]
        + ([f"... and {len(report.skipped_rows) - 10} more"] if len(report.skipped_rows) > 10 else []),
        "webhooks": [
            f"{report.deliveries} sent, {report.accepted} accepted, {report.undelivered} not delivered; "
            f"{report.archived} distinct events in BigQuery",
            f"{len(refused)} forged, stale or malformed refused"
            + "".join(f"; {entry['name']}: {entry['answered']} instead of {entry['expected']}" for entry in wrong),
        ],
        "webhooks lost": _lost(report),
        "changed in the ERP": _edited(report),
        "made in the ERP": _made(report),
        **{function: _counts(counts) for function, counts in report.outcomes.items()},
        "ERP": [f"{site}: {_listed(counts)}" for site, counts in report.erp.items()],
        "notifications": [_listed(report.notifications)],
        "dead letters": [f"{entry['pipeline']}: {_dead(entry)}" for entry in report.dead_letters],
        "replayed": [f"{entry['pipeline']}: {entry['replayed']} of {entry['seen']}" for entry in report.replay],
        "still dead": [f"{entry['pipeline']}: {_dead(entry)}" for entry in report.still_dead],
        "time": [_listed({name: f"{seconds:.1f} s" for name, seconds in report.seconds.items()})],
        "memory": [f"{report.peak_memory_mib} MiB at the most, all processes together"],
    }


def _lost(report: Report) -> list[str]:
    if not report.lost_webhooks:
        return []
    found = report.catch_up
    return [
        f"{report.lost_webhooks} on purpose, about {report.missed} work orders; catch_up healed {found['published']} "
        f"({found['read']} read, {found['seen']} seen, {found['told']} told by a webhook)"
    ]


def _edited(report: Report) -> list[str]:
    if not report.erp_edits + report.made_in_erp:
        return []
    found = {name: count for name, count in report.erp_pull.items() if name not in ("read", "published")}
    return [
        f"{report.erp_edits} orders, and {report.made_in_erp} made; erp_pull found {report.erp_pull['published']} "
        f"({report.erp_pull['read']} read{''.join(f', {n} {name}' for name, n in found.items())})"
    ]


def _made(report: Report) -> list[str]:
    if not report.made_in_erp:
        return []
    return [f"{report.made_in_erp} orders by planners; {report.taken_in} work orders were made of them"]


def _counts(counts: Mapping[str, int]) -> list[str]:
    return [_listed(counts)] if counts else []


def _listed(values: Mapping[str, object]) -> str:
    return ", ".join(f"{name} {value}" for name, value in values.items())


def _dead(entry: Mapping[str, Any]) -> str:
    return f"{entry['count']} x {entry['error_class']}: {str(entry['error_message'])[:160]}"
