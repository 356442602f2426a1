# What the functions may do, each on the single topic, subscription or dataset. The grants on the project, at the end, are
# those that Google Cloud cannot make lower; the README says why.

locals {
  # Dead-letter topics are made by the pipelines, the others in pubsub.tf.
  topic_ids = merge(
    { for name, topic in google_pubsub_topic.this : name => topic.id },
    { for name, pipeline in module.pipeline : "${name}-dead" => pipeline.dead_letter_topic },
  )

  publish_grants = merge([
    for function, topics in local.publishes : {
      for topic in topics : "${function}/${topic}" => { function = function, topic = topic }
    }
  ]...)

  replay_grants = merge([
    for function, spec in local.functions : {
      for pipeline in keys(local.pipelines) : "${function}/${pipeline}" => { function = function, pipeline = pipeline }
    } if try(spec.replays, false)
  ]...)

  archive_functions   = toset([for name, spec in local.functions : name if try(spec.archive, false)])
  state_functions     = toset([for name, spec in local.functions : name if try(spec.state, false)])
  warehouse_functions = toset([for name, spec in local.functions : name if try(spec.warehouse, false)])
}

resource "google_pubsub_topic_iam_member" "publisher" {
  for_each = local.publish_grants

  topic  = local.topic_ids[each.value.topic]
  role   = "roles/pubsub.publisher"
  member = module.function[each.value.function].member
}

resource "google_pubsub_subscription_iam_member" "replayer" {
  for_each = local.replay_grants

  subscription = module.pipeline[each.value.pipeline].dead_letter_subscription
  role         = "roles/pubsub.subscriber"
  member       = module.function[each.value.function].member
}

# Pub/Sub signs the tokens of its pushes as the caller's account.
resource "google_service_account_iam_member" "push_token" {
  for_each = toset([for name, spec in local.functions : name if spec.trigger == "push"])

  service_account_id = google_service_account.caller[each.key].name
  role               = "roles/iam.serviceAccountTokenCreator"
  member             = local.pubsub_agent
  depends_on         = [time_sleep.service_agents]
}

resource "google_bigquery_dataset_iam_member" "function" {
  for_each = local.warehouse_functions

  dataset_id = google_bigquery_dataset.this.dataset_id
  role       = "roles/bigquery.dataEditor"
  member     = module.function[each.key].member
}

# Who only asks what we were told reads the archive, and no other table.
resource "google_bigquery_table_iam_member" "archive" {
  for_each = local.archive_functions

  dataset_id = google_bigquery_dataset.this.dataset_id
  table_id   = google_bigquery_table.this["raw_events"].table_id
  role       = "roles/bigquery.dataViewer"
  member     = module.function[each.key].member

  lifecycle {
    replace_triggered_by = [google_bigquery_table.this["raw_events"].id]
  }
}

# The tables that Pub/Sub writes by itself, and no other.
resource "google_bigquery_table_iam_member" "pubsub" {
  for_each = toset([for spec in values(local.pipelines) : spec.table if spec.table != null])

  dataset_id = google_bigquery_dataset.this.dataset_id
  table_id   = google_bigquery_table.this[each.key].table_id
  role       = "roles/bigquery.dataEditor"
  member     = local.pubsub_agent
  depends_on = [time_sleep.service_agents]

  lifecycle {
    # A table that is made anew under the same name has none of the old one's grants.
    replace_triggered_by = [google_bigquery_table.this[each.key].id]
  }
}

# --- on the project ---------------------------------------------------------------------------------------------------

resource "google_project_iam_member" "bigquery_jobs" {
  for_each = setunion(local.archive_functions, local.warehouse_functions)

  project = var.project_id
  role    = "roles/bigquery.jobUser"
  member  = module.function[each.key].member
}

resource "google_project_iam_member" "firestore" {
  for_each = local.state_functions

  project = var.project_id
  role    = "roles/datastore.user"
  member  = module.function[each.key].member

  condition {
    title      = "only ${local.database}"
    expression = "resource.name == \"projects/${var.project_id}/databases/${local.database}\""
  }
}

resource "google_project_iam_member" "build_logs" {
  project = var.project_id
  role    = "roles/logging.logWriter"
  member  = google_service_account.build.member
}

# Cloud Functions copies the source into a bucket of its own making, whose name is known but which does not exist yet.
resource "google_project_iam_member" "build_source" {
  project = var.project_id
  role    = "roles/storage.objectViewer"
  member  = google_service_account.build.member

  condition {
    title      = "only the sources of functions"
    expression = "resource.name.startsWith(\"projects/_/buckets/gcf-v2-sources-${data.google_project.this.number}-${var.region}\")"
  }
}
