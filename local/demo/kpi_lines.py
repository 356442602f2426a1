"""Shows KPIs to people: a line with the values of each site, and a sentence that says what they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

# What one value rests on, and what the KPI is; the full definitions are in docs/kpis.md.
_SENTENCES: dict[str, tuple[str, str]] = {
    "pm_compliance": ("due", "Preventive work done by the day after it was due."),
    "completion_rate": ("in hand", "Work done, of all that was open or new."),
    "backlog": ("", "Work orders that are not done now."),
    "backlog_hours": ("estimated", "Estimated time of the work that is not done."),
    "backlog_estimated": ("open", "Open work orders that have an estimated time."),
    "mttr_work_order": ("repairs", "From a reactive work order's creation until it is done."),
    "asset_downtime": ("outages", "Hours that assets stood, unplanned."),
    "unclassified_downtime": ("outages", "Hours that assets stood, neither planned nor unplanned."),
    "mean_downtime": ("outages", "Unplanned downtime of an outage."),
    "mttr_restore": ("restarts", "From an unplanned stop until the asset runs again."),
    "mtbf": ("failures", "Operating hours between two failures."),
    "availability": ("assets", "Time without unplanned downtime."),
}


def kpi_lines(kpis: Sequence[Mapping[str, Any]], notes: Mapping[str, str]) -> Group:
    """KPIs of all sites; those that rest on nothing anywhere are left out. notes: what to add to a KPI's sentence."""
    sites = sorted({row["site"] for row in kpis})
    cells = {(row["kpi"], row["site"]): row for row in kpis}
    named = {row["kpi"] for row in kpis if row["n"] and row["value"] is not None}
    shown = [kpi for kpi in _SENTENCES if kpi in named] + sorted(named - set(_SENTENCES))
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    for _ in sites:
        table.add_column(justify="right", no_wrap=True)
    table.add_row(Text("KPIs, last 28 days", "bold"), *(Text(site, "bold") for site in sites))
    for kpi in shown:
        table.add_row(kpi, *(_value(cells.get((kpi, site)), kpi) for site in sites))
    sentences = Table.grid(padding=(0, 2))
    sentences.add_column(no_wrap=True)
    sentences.add_column()
    for kpi in shown:
        note = notes.get(kpi)
        sentences.add_row(Text(kpi, "dim"), Text(_sentence(kpi) + (f" {note}" if note else ""), "dim"))
    return Group(table, Text(), sentences)


def _sentence(kpi: str) -> str:
    return _SENTENCES.get(kpi, ("", ""))[1]


def _value(row: Mapping[str, Any] | None, kpi: str) -> str:
    if row is None or row["value"] is None:
        return "-"
    of = _SENTENCES.get(kpi, ("", ""))[0]
    basis = f"  ({row['n']:,} {of})" if of else ""
    return _number(row["value"], row["unit"]) + basis


def _number(value: float, unit: str) -> str:
    if unit == "ratio":
        return f"{value:.0%}"
    if unit == "h":
        return f"{value:,.0f} h" if value >= 100 else f"{value:.1f} h"
    return f"{value:,.0f}"
