# The silent killers of a subscription: apply succeeds without each of these, and messages are lost later.

mock_provider "google" {
  mock_resource "google_pubsub_topic" {
    defaults = { id = "projects/p/topics/dead-letters" }
  }
  mock_resource "google_pubsub_subscription" {
    defaults = { id = "projects/p/subscriptions/delivers" }
  }
}

variables {
  name                    = "erp-push"
  name_prefix             = "mx-"
  topic                   = "projects/p/topics/mx-erp-push"
  pubsub_agent            = "serviceAccount:service-1@gcp-sa-pubsub.iam.gserviceaccount.com"
  dead_letter_retention_s = 1209600
  max_delivery_attempts   = 100
  message_retention_s     = 604800
  push = {
    endpoint              = "https://erp-push.example.com"
    function_timeout_s    = 120
    service_account_email = "caller@p.iam.gserviceaccount.com"
  }
}

run "push" {
  module {
    source = "./modules/pipeline"
  }

  assert {
    condition     = try(google_pubsub_subscription.this.retry_policy[0].minimum_backoff == "10s" && google_pubsub_subscription.this.retry_policy[0].maximum_backoff == "600s", false)
    error_message = "Without a retry policy a failing message is sent again at once, without end."
  }
  assert {
    condition     = try(google_pubsub_subscription.this.dead_letter_policy[0].dead_letter_topic == google_pubsub_topic.dead.id && google_pubsub_subscription.this.dead_letter_policy[0].max_delivery_attempts == 100, false)
    error_message = "Without a dead-letter policy a message that can never be delivered is lost when its retention ends."
  }
  assert {
    condition     = google_pubsub_subscription.dead.topic == google_pubsub_topic.dead.id
    error_message = "A dead-letter topic without a subscription of its own drops what it gets."
  }
  assert {
    condition     = google_pubsub_subscription.dead.message_retention_duration == "1209600s" && google_pubsub_topic.dead.message_retention_duration == "1209600s"
    error_message = "Dead letters must be kept as long as an operator was promised."
  }
  assert {
    condition     = length(google_pubsub_subscription.dead.push_config) == 0
    error_message = "Dead letters wait; nobody may be pushed them."
  }
  assert {
    condition     = alltrue([for subscription in [google_pubsub_subscription.this, google_pubsub_subscription.dead] : try(subscription.expiration_policy[0].ttl == "", false)])
    error_message = "Without an empty ttl a quiet subscription is deleted after 31 days."
  }
  assert {
    condition     = google_pubsub_subscription.this.message_retention_duration == "604800s"
    error_message = "Undelivered messages must be kept as long as the variable says."
  }
  assert {
    condition     = google_pubsub_subscription.this.ack_deadline_seconds >= var.push.function_timeout_s && google_pubsub_subscription.this.ack_deadline_seconds <= 600
    error_message = "An ack deadline below the function's timeout has Pub/Sub send a message again while it is worked on."
  }
  assert {
    condition     = try(google_pubsub_subscription.this.push_config[0].oidc_token[0].audience == google_pubsub_subscription.this.push_config[0].push_endpoint && google_pubsub_subscription.this.push_config[0].oidc_token[0].service_account_email == var.push.service_account_email, false)
    error_message = "A push without OIDC token, or with another audience, is refused by the function with 403."
  }
  assert {
    condition     = google_pubsub_topic_iam_member.agent_publishes.role == "roles/pubsub.publisher" && google_pubsub_topic_iam_member.agent_publishes.member == var.pubsub_agent && google_pubsub_topic_iam_member.agent_publishes.topic == google_pubsub_topic.dead.id
    error_message = "Pub/Sub's agent must be able to publish dead letters, or nothing is ever dead-lettered."
  }
  assert {
    condition     = google_pubsub_subscription_iam_member.agent_acknowledges.role == "roles/pubsub.subscriber" && google_pubsub_subscription_iam_member.agent_acknowledges.member == var.pubsub_agent && google_pubsub_subscription_iam_member.agent_acknowledges.subscription == google_pubsub_subscription.this.id
    error_message = "Pub/Sub's agent must be able to acknowledge what it dead-letters, or it comes again for ever."
  }
}

run "bigquery" {
  module {
    source = "./modules/pipeline"
  }
  variables {
    bigquery_table = "p.maintenance.raw_events"
    push           = null
  }

  assert {
    condition     = try(google_pubsub_subscription.this.bigquery_config[0].table == "p.maintenance.raw_events" && google_pubsub_subscription.this.bigquery_config[0].write_metadata, false)
    error_message = "The archive needs message id, publish time and attributes: write_metadata."
  }
  assert {
    condition     = try(google_pubsub_subscription.this.dead_letter_policy[0].dead_letter_topic == google_pubsub_topic.dead.id, false)
    error_message = "A row that BigQuery refuses must become a dead letter."
  }
}

run "both_targets_are_refused" {
  command = plan
  module {
    source = "./modules/pipeline"
  }
  variables {
    bigquery_table = "p.maintenance.raw_events"
  }
  expect_failures = [google_pubsub_subscription.this]
}

run "function_that_outlasts_the_ack_deadline_is_refused" {
  command = plan
  module {
    source = "./modules/pipeline"
  }
  variables {
    push = {
      endpoint              = "https://erp-push.example.com"
      function_timeout_s    = 900
      service_account_email = "caller@p.iam.gserviceaccount.com"
    }
  }
  expect_failures = [var.push]
}

run "too_few_attempts_are_refused" {
  command = plan
  module {
    source = "./modules/pipeline"
  }
  variables {
    max_delivery_attempts = 4
  }
  expect_failures = [var.max_delivery_attempts]
}
