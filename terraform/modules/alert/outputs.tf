output "conditions" {
  description = "The conditions, as created."
  value       = google_monitoring_alert_policy.this.conditions
}

output "name" {
  description = "Full name of the policy."
  value       = google_monitoring_alert_policy.this.name
}
