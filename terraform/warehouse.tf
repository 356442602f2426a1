# BigQuery: the tables and views that shared/warehouse uses, from the same schema and SQL files.

locals {
  warehouse_files = "${local.root}/shared/warehouse"

  # Held equal to shared/warehouse/tables.py by a test.
  tables = {
    asset_statuses = { description = "Versions of asset status intervals, append only", partition = { field = "updated_at", type = "MONTH" }, cluster = ["site", "asset_id"] }
    kpi_periods    = { description = "The periods that kpi_values computes, by site", partition = null, cluster = ["site"] }
    kpis           = { description = "KPI values, see docs/kpis.md", partition = { field = "period_start", type = "MONTH" }, cluster = ["site", "kpi", "scope"] }
    raw_events     = { description = "Every event, as its BigQuery subscription wrote it", partition = { field = "publish_time", type = "DAY" }, cluster = null }
    sync_audit_raw = { description = "Every audit entry, as its BigQuery subscription wrote it", partition = { field = "publish_time", type = "DAY" }, cluster = null }
    work_orders    = { description = "Versions of work orders, append only", partition = { field = "updated_at", type = "MONTH" }, cluster = ["site", "work_order_id"] }
  }
  partition_expiration_days = { raw_events = var.retention.raw_events_days }

  view_files = merge(
    { for file in fileset(local.warehouse_files, "views/*.sql") : trimsuffix(basename(file), ".sql") => file },
    { for file in fileset(local.warehouse_files, "kpis/*.sql") : "kpi_${trimsuffix(basename(file), ".sql")}" => file },
  )
  view_sql = {
    for name, file in local.view_files :
    name => replace(file("${local.warehouse_files}/${file}"), "$${dataset}", "${var.project_id}.${local.dataset}")
  }
  # A view can only be made after those that it reads. One resource cannot wait for itself, so views come in layers.
  view_reads = {
    for name, file in local.view_files : name => setintersection(
      keys(local.view_files),
      flatten(regexall("\\$\\{dataset\\}\\.(\\w+)", file("${local.warehouse_files}/${file}"))),
    )
  }
  views_1 = toset([for name, reads in local.view_reads : name if length(reads) == 0])
  views_2 = toset([for name, reads in local.view_reads : name if length(setsubtract(reads, local.views_1)) == 0 && !contains(local.views_1, name)])
  made_2  = setunion(local.views_1, local.views_2)
  views_3 = toset([for name, reads in local.view_reads : name if length(setsubtract(reads, local.made_2)) == 0 && !contains(local.made_2, name)])
  made_3  = setunion(local.made_2, local.views_3)
  views_4 = toset([for name, reads in local.view_reads : name if length(setsubtract(reads, local.made_3)) == 0 && !contains(local.made_3, name)])
  made_4  = setunion(local.made_3, local.views_4)
  views_5 = setsubtract(keys(local.view_files), local.made_4)
}

resource "google_bigquery_dataset" "this" {
  #checkov:skip=CKV_GCP_81:Encrypted with var.kms_key where one is given; a key must not be a condition for everybody.
  dataset_id  = local.dataset
  description = "MaintainX events, work orders and KPIs"
  location    = var.region

  delete_contents_on_destroy = !var.deletion_protection

  dynamic "default_encryption_configuration" {
    for_each = local.kms_key[*]
    content {
      kms_key_name = default_encryption_configuration.value
    }
  }

  depends_on = [google_project_service.this]
}

resource "google_bigquery_table" "this" {
  #checkov:skip=CKV_GCP_80:The dataset's key applies, where one is given.
  #checkov:skip=CKV_GCP_121:On by default (var.deletion_protection); off only where an environment is thrown away.
  for_each = local.tables

  dataset_id          = google_bigquery_dataset.this.dataset_id
  table_id            = each.key
  description         = each.value.description
  schema              = file("${local.warehouse_files}/schemas/${each.key}.json")
  clustering          = each.value.cluster
  deletion_protection = var.deletion_protection

  dynamic "time_partitioning" {
    for_each = each.value.partition[*]
    content {
      field         = time_partitioning.value.field
      type          = time_partitioning.value.type
      expiration_ms = try(local.partition_expiration_days[each.key] * 86400000, null)
    }
  }
}
