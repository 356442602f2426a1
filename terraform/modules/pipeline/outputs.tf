output "ack_deadline_s" {
  description = "How long Pub/Sub waits for an answer."
  value       = google_pubsub_subscription.this.ack_deadline_seconds
}

output "dead_letter_subscription" {
  description = "Subscription that holds the dead letters (projects/P/subscriptions/S)."
  value       = google_pubsub_subscription.dead.id
}

output "dead_letter_subscription_name" {
  description = "Its short name, as metrics give it."
  value       = google_pubsub_subscription.dead.name
}

output "dead_letter_topic" {
  description = "Topic of the dead letters (projects/P/topics/T)."
  value       = google_pubsub_topic.dead.id
}

output "kms_key" {
  description = "Customer-managed key of the dead letters; null for Google's."
  value       = google_pubsub_topic.dead.kms_key_name
}

output "subscription_name" {
  description = "Short name of the subscription that delivers."
  value       = google_pubsub_subscription.this.name
}
