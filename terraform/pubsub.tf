# Topics and pipelines: the same names as in shared/topics.py, held equal by a test.

locals {
  topics = {
    audit         = "What the synchronisation wrote, why, and the values before and after"
    erp-push      = "Events whose work order the ERP may have to learn of"
    events        = "Every event that came in"
    notifications = "Events that people are told about"
  }

  # max_delivery_attempts with a backoff of 10 s to 10 min: 100 attempts outlast an outage of 16 hours, 30 one of 4.
  pipelines = {
    erp-push       = { topic = "erp-push", function = "erp_push", table = null, max_delivery_attempts = 100 }
    event-router   = { topic = "events", function = "event_router", table = null, max_delivery_attempts = 100 }
    notify         = { topic = "notifications", function = "notify", table = null, max_delivery_attempts = 30 }
    raw-events     = { topic = "events", function = null, table = "raw_events", max_delivery_attempts = 100 }
    sync-audit-raw = { topic = "audit", function = null, table = "sync_audit_raw", max_delivery_attempts = 100 }
  }

  message_retention = "${var.retention.messages_days * 86400}s"
}

resource "google_pubsub_topic" "this" {
  #checkov:skip=CKV_GCP_83:Encrypted with var.kms_key where one is given; a key must not be a condition for everybody.
  for_each = local.topics

  name         = "${var.name_prefix}${each.key}"
  kms_key_name = local.kms_key
  # Kept also after delivery: a subscription can be sought back to before a fault.
  message_retention_duration = local.message_retention

  dynamic "message_storage_policy" {
    for_each = length(var.message_storage_regions) > 0 ? [var.message_storage_regions] : []
    content {
      allowed_persistence_regions = message_storage_policy.value
    }
  }

  depends_on = [google_project_service.this]
}

module "pipeline" {
  source   = "./modules/pipeline"
  for_each = local.pipelines

  name         = each.key
  name_prefix  = var.name_prefix
  topic        = google_pubsub_topic.this[each.value.topic].id
  pubsub_agent = local.pubsub_agent
  kms_key      = local.kms_key

  dead_letter_retention_s = var.retention.dead_letters_days * 86400
  max_delivery_attempts   = each.value.max_delivery_attempts
  message_retention_s     = var.retention.messages_days * 86400
  message_storage_regions = var.message_storage_regions

  bigquery_table = each.value.table == null ? null : "${var.project_id}.${local.dataset}.${each.value.table}"
  push = each.value.function == null ? null : {
    endpoint              = module.function[each.value.function].uri
    function_timeout_s    = module.function[each.value.function].timeout_s
    service_account_email = google_service_account.caller[each.value.function].email
  }

  # Pub/Sub refuses a BigQuery subscription whose table it may not write.
  depends_on = [google_bigquery_table_iam_member.pubsub, time_sleep.service_agents]
}
