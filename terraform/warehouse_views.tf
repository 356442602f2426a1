# Views hold no data and are made anew freely; the layers come from warehouse.tf.

resource "google_bigquery_table" "view_1" {
  #checkov:skip=CKV_GCP_80:A view holds no data.
  #checkov:skip=CKV_GCP_121:A view holds no data.
  for_each = local.views_1

  dataset_id          = google_bigquery_dataset.this.dataset_id
  table_id            = each.key
  deletion_protection = false

  view {
    query          = local.view_sql[each.key]
    use_legacy_sql = false
  }

  depends_on = [google_bigquery_table.this]
}

resource "google_bigquery_table" "view_2" {
  #checkov:skip=CKV_GCP_80:A view holds no data.
  #checkov:skip=CKV_GCP_121:A view holds no data.
  for_each = local.views_2

  dataset_id          = google_bigquery_dataset.this.dataset_id
  table_id            = each.key
  deletion_protection = false

  view {
    query          = local.view_sql[each.key]
    use_legacy_sql = false
  }

  depends_on = [google_bigquery_table.view_1]
}

resource "google_bigquery_table" "view_3" {
  #checkov:skip=CKV_GCP_80:A view holds no data.
  #checkov:skip=CKV_GCP_121:A view holds no data.
  for_each = local.views_3

  dataset_id          = google_bigquery_dataset.this.dataset_id
  table_id            = each.key
  deletion_protection = false

  view {
    query          = local.view_sql[each.key]
    use_legacy_sql = false
  }

  depends_on = [google_bigquery_table.view_2]
}

resource "google_bigquery_table" "view_4" {
  #checkov:skip=CKV_GCP_80:A view holds no data.
  #checkov:skip=CKV_GCP_121:A view holds no data.
  for_each = local.views_4

  dataset_id          = google_bigquery_dataset.this.dataset_id
  table_id            = each.key
  deletion_protection = false

  view {
    query          = local.view_sql[each.key]
    use_legacy_sql = false
  }

  depends_on = [google_bigquery_table.view_3]
}

resource "google_bigquery_table" "view_5" {
  #checkov:skip=CKV_GCP_80:A view holds no data.
  #checkov:skip=CKV_GCP_121:A view holds no data.
  for_each = local.views_5

  dataset_id          = google_bigquery_dataset.this.dataset_id
  table_id            = each.key
  deletion_protection = false

  view {
    query          = local.view_sql[each.key]
    use_legacy_sql = false
  }

  depends_on = [google_bigquery_table.view_4]
}
