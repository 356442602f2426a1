output "dataset_id" {
  description = "BigQuery dataset with events, work orders and KPIs."
  value       = google_bigquery_dataset.this.dataset_id
}

output "dead_letter_subscriptions" {
  description = "By pipeline: the subscription that holds its dead letters. What is here waits for an operator."
  value       = { for name, pipeline in module.pipeline : name => pipeline.dead_letter_subscription }
}

output "firestore_database" {
  description = "Firestore database with claims, sync records and watermarks."
  value       = google_firestore_database.this.name
}

output "function_accounts" {
  description = "By function: the identity that it runs as."
  value       = { for name, function in module.function : name => function.account_email }
}

output "function_uris" {
  description = "By function: where it answers."
  value       = { for name, function in module.function : name => function.uri }
}

output "project_id" {
  description = "Project that everything is in."
  value       = var.project_id
}

output "replay_commands" {
  description = "By pipeline: list its dead letters (an operator's credentials are needed)."
  value       = { for name in keys(local.pipelines) : name => format(local.replay_command, name) }
}

output "secret_commands" {
  description = "By secret that is filled by hand: the command that gives it a (new) value, read from standard input. `ops subscriptions apply` fills the others."
  value = {
    for name in local.secrets_by_hand :
    name => "gcloud secrets versions add ${google_secret_manager_secret.this[name].secret_id} --project=${var.project_id} --data-file=-"
  }
}

output "webhook_url" {
  description = "Address of webhook_ingress. Put it, or a domain of yours that leads to it, into sites.yaml as public_url."
  value       = module.function["webhook_ingress"].uri
}

output "webhook_urls" {
  description = "By site and MaintainX webhook type: the URL that `ops subscriptions apply` subscribes."
  value = {
    for id, site in local.sites : id => {
      for subscription in site.maintainx.subscriptions :
      subscription.type => "${coalesce(try(local.sites_file.public_url, null), module.function["webhook_ingress"].uri)}/webhooks/${id}/${subscription.type}"
    }
  }
}
