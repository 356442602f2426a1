# The people on call, and their command line `ops`, which speaks to Google Cloud, MaintainX and the ERP as they do.
#
# dead-letters         takes from the dead-letter subscriptions, publishes to the topics
# conflicts, link      reads and writes what the bundle remembers, publishes to the topics
# link, trace          reads MaintainX and the ERP with the sites' keys
# trace                reads the archive and the audit trail

locals {
  operator_grants = {
    for pair in setproduct(var.operators, keys(local.pipelines)) :
    "${pair[0]}/${pair[1]}" => { member = pair[0], pipeline = pair[1] }
  }

  operator_secrets = toset([
    for secret in local.site_secrets : secret.name if contains(["maintainx_api_key", "erp_credentials"], secret.kind)
  ])
}

resource "google_pubsub_subscription_iam_member" "operator" {
  for_each = local.operator_grants

  subscription = module.pipeline[each.value.pipeline].dead_letter_subscription
  role         = "roles/pubsub.subscriber"
  member       = each.value.member
}

resource "google_pubsub_topic_iam_member" "operator" {
  for_each = {
    for pair in setproduct(var.operators, distinct([for spec in values(local.pipelines) : spec.topic])) :
    "${pair[0]}/${pair[1]}" => { member = pair[0], topic = pair[1] }
  }

  topic  = local.topic_ids[each.value.topic]
  role   = "roles/pubsub.publisher"
  member = each.value.member
}

resource "google_secret_manager_secret_iam_member" "operator" {
  for_each = {
    for pair in setproduct(var.operators, local.operator_secrets) :
    "${pair[0]}/${pair[1]}" => { member = pair[0], secret = pair[1] }
  }

  secret_id = google_secret_manager_secret.this[each.value.secret].id
  role      = "roles/secretmanager.secretAccessor"
  member    = each.value.member
}

resource "google_bigquery_dataset_iam_member" "operator" {
  for_each = var.operators

  dataset_id = google_bigquery_dataset.this.dataset_id
  role       = "roles/bigquery.dataViewer"
  member     = each.key
}

# On the project, as Google Cloud has no narrower place for it.
resource "google_project_iam_member" "operator_bigquery_jobs" {
  for_each = var.operators

  project = var.project_id
  role    = "roles/bigquery.jobUser"
  member  = each.key
}

resource "google_project_iam_member" "operator_firestore" {
  for_each = var.operators

  project = var.project_id
  role    = "roles/datastore.user"
  member  = each.key

  condition {
    title      = "only ${local.database}"
    expression = "resource.name == \"projects/${var.project_id}/databases/${local.database}\""
  }
}
