output "account_email" {
  description = "The identity that the function runs as."
  value       = google_service_account.this.email
}

output "ingress_settings" {
  description = "From where requests are let through."
  value       = google_cloudfunctions2_function.this.service_config[0].ingress_settings
}

output "invokers" {
  description = "Everybody who may call the function."
  value = concat(
    [for grant in google_cloud_run_v2_service_iam_member.invoker : grant.member],
    google_cloud_run_v2_service_iam_member.public[*].member,
  )
}

output "kms_key" {
  description = "Customer-managed key of image and source; null for Google's."
  value       = google_cloudfunctions2_function.this.kms_key_name
}

output "member" {
  description = "The identity that the function runs as, in the form of IAM."
  value       = google_service_account.this.member
}

output "name" {
  description = "Name of the function and of its Cloud Run service."
  value       = google_cloudfunctions2_function.this.name
}

output "service_config" {
  description = "How the function is run, as deployed."
  value       = google_cloudfunctions2_function.this.service_config[0]
}

output "timeout_s" {
  description = "Longest time that a request may take."
  value       = var.timeout_s
}

output "uri" {
  description = "Where the function answers (its run.app address: internal ingress counts Pub/Sub and Scheduler as internal there)."
  value       = google_cloudfunctions2_function.this.service_config[0].uri
  # Who has the address may rely on being let in.
  depends_on = [google_cloud_run_v2_service_iam_member.invoker, google_cloud_run_v2_service_iam_member.public]
}
