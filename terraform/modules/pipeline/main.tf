# One subscription with its dead letters: messages of a topic go to a function (push) or into a table (BigQuery); what
# cannot be delivered goes to a topic of its own, where a pull subscription keeps it until an operator deals with it.

locals {
  # The function answers, or is stopped, before Pub/Sub sends the message again to another instance.
  push_ack_deadline_s = var.push == null ? null : var.push.function_timeout_s + 30
}

resource "google_pubsub_subscription" "this" {
  name  = "${var.name_prefix}${var.name}"
  topic = var.topic

  ack_deadline_seconds       = coalesce(local.push_ack_deadline_s, 60)
  message_retention_duration = "${var.message_retention_s}s"

  # Otherwise a subscription without traffic is deleted after 31 days.
  expiration_policy {
    ttl = ""
  }

  retry_policy {
    minimum_backoff = "10s"
    maximum_backoff = "600s"
  }

  dead_letter_policy {
    dead_letter_topic     = google_pubsub_topic.dead.id
    max_delivery_attempts = var.max_delivery_attempts
  }

  dynamic "push_config" {
    for_each = var.push[*]
    content {
      push_endpoint = push_config.value.endpoint

      oidc_token {
        service_account_email = push_config.value.service_account_email
        audience              = push_config.value.endpoint
      }
    }
  }

  dynamic "bigquery_config" {
    for_each = var.bigquery_table[*]
    content {
      table          = bigquery_config.value
      write_metadata = true
    }
  }

  lifecycle {
    precondition {
      condition     = (var.push == null) != (var.bigquery_table == null)
      error_message = "Pipeline ${var.name}: give either push or bigquery_table."
    }
  }
}

resource "google_pubsub_topic" "dead" {
  #checkov:skip=CKV_GCP_83:Encrypted with var.kms_key where one is given; a key must not be a condition for everybody.
  name                       = "${var.name_prefix}${var.name}-dead"
  kms_key_name               = var.kms_key
  message_retention_duration = "${var.dead_letter_retention_s}s"

  dynamic "message_storage_policy" {
    for_each = length(var.message_storage_regions) > 0 ? [var.message_storage_regions] : []
    content {
      allowed_persistence_regions = message_storage_policy.value
    }
  }
}

# Without it Pub/Sub drops what is dead-lettered.
resource "google_pubsub_subscription" "dead" {
  name  = "${var.name_prefix}${var.name}-dead"
  topic = google_pubsub_topic.dead.id

  ack_deadline_seconds       = 60
  message_retention_duration = "${var.dead_letter_retention_s}s"

  expiration_policy {
    ttl = ""
  }
}

# Pub/Sub itself moves dead letters: it publishes to the one topic and acknowledges on the other. Without these grants
# apply succeeds and nothing is ever dead-lettered.
resource "google_pubsub_topic_iam_member" "agent_publishes" {
  topic  = google_pubsub_topic.dead.id
  role   = "roles/pubsub.publisher"
  member = var.pubsub_agent

  lifecycle {
    # A topic or subscription that is made anew under the same name has none of the old one's grants.
    replace_triggered_by = [google_pubsub_topic.dead.id]
  }
}

resource "google_pubsub_subscription_iam_member" "agent_acknowledges" {
  subscription = google_pubsub_subscription.this.id
  role         = "roles/pubsub.subscriber"
  member       = var.pubsub_agent

  lifecycle {
    replace_triggered_by = [google_pubsub_subscription.this.id]
  }
}
