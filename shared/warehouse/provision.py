"""Creates the dataset where Terraform does not: on one machine and in tests."""

from __future__ import annotations

from google.cloud import bigquery

from shared.warehouse.gateway import Warehouse, warehouse_errors
from shared.warehouse.tables import TABLES, VIEWS, TableSpec, view_sql


def ensure_warehouse(client: bigquery.Client, dataset: str) -> Warehouse:
    """Create what is missing of dataset, tables and views, and bring views up to date. Safe to call again.

    Existing tables are left as they are. Raises WarehouseUnavailable or PermanentError.
    """
    warehouse = Warehouse(client, dataset)
    with warehouse_errors(f"creating {warehouse.dataset_id}"):
        client.create_dataset(warehouse.dataset_id, exists_ok=True, timeout=warehouse.timeout_s)
        for spec in TABLES:
            client.create_table(_definition(spec, warehouse.dataset_id), exists_ok=True, timeout=warehouse.timeout_s)
    for name, file in VIEWS:
        query = view_sql(file, warehouse.dataset_id)
        warehouse.query(f"CREATE OR REPLACE VIEW `{warehouse.dataset_id}.{name}` AS\n{query}")
    return warehouse


def _definition(spec: TableSpec, dataset_id: str) -> bigquery.Table:
    definition = bigquery.Table(f"{dataset_id}.{spec.name}", schema=spec.schema)
    definition.description = spec.description
    if spec.partition_by is not None:
        field, granularity = spec.partition_by
        definition.time_partitioning = bigquery.TimePartitioning(type_=granularity, field=field)
    definition.clustering_fields = list(spec.cluster_by) or None
    return definition
