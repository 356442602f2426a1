"""What the dataset consists of, as data. Terraform reads the same schema and view files."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from google.cloud import bigquery

_HERE = files("shared.warehouse")


@dataclass(frozen=True, slots=True)
class TableSpec:
    """A table: its columns are in schemas/<name>.json. partition_by: (TIMESTAMP column, DAY or MONTH)."""

    name: str
    description: str
    partition_by: tuple[str, str] | None
    cluster_by: tuple[str, ...] = ()

    @property
    def schema(self) -> list[bigquery.SchemaField]:
        """The columns."""
        columns: list[dict[str, Any]] = json.loads(text(f"schemas/{self.name}.json"))
        return [bigquery.SchemaField.from_api_repr(column) for column in columns]


# Months where data reaches years back: BigQuery lets one load job touch 4,000 partitions.
TABLES: tuple[TableSpec, ...] = (
    TableSpec("raw_events", "Every event, as its BigQuery subscription wrote it", ("publish_time", "DAY")),
    TableSpec("sync_audit_raw", "Every audit entry, as its BigQuery subscription wrote it", ("publish_time", "DAY")),
    TableSpec(
        "work_orders", "Versions of work orders, append only", ("updated_at", "MONTH"), ("site", "work_order_id")
    ),
    TableSpec(
        "asset_statuses",
        "Versions of asset status intervals, append only",
        ("updated_at", "MONTH"),
        ("site", "asset_id"),
    ),
    TableSpec("kpi_periods", "The periods that kpi_values computes, by site", None, ("site",)),
    TableSpec("kpis", "KPI values, see docs/kpis.md", ("period_start", "MONTH"), ("site", "kpi", "scope")),
)

KPIS: tuple[str, ...] = tuple(
    sorted(file.name.removesuffix(".sql") for file in (_HERE / "kpis").iterdir() if file.name.endswith(".sql"))
)
"""Names of the KPIs: the files in kpis/. Each is also a view, `kpi_<name>`."""

VIEWS: tuple[tuple[str, str], ...] = (
    ("events", "views/events.sql"),
    ("sync_audit", "views/sync_audit.sql"),
    ("work_orders_current", "views/work_orders_current.sql"),
    ("asset_statuses_current", "views/asset_statuses_current.sql"),
    ("asset_outages", "views/asset_outages.sql"),
    ("outage_time", "views/outage_time.sql"),
    ("observed_time", "views/observed_time.sql"),
    ("open_work", "views/open_work.sql"),
    *((f"kpi_{name}", f"kpis/{name}.sql") for name in KPIS),
    ("kpi_values", "views/kpi_values.sql"),
)
"""(name, file) of each view, after those it reads."""


def table(name: str) -> TableSpec:
    """The table of this name."""
    return next(spec for spec in TABLES if spec.name == name)


def text(file: str) -> str:
    """The content of an SQL or schema file of this folder."""
    return (_HERE / file).read_text()


def view_sql(file: str, dataset_id: str) -> str:
    """The query of a view, with ${dataset} replaced by `dataset_id` (`project.dataset`)."""
    # Not string.Template: it takes the `$` of JSON paths for its own.
    return text(file).replace("${dataset}", dataset_id)
