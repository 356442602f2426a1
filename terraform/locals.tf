# What is derived from the configuration files and the variables; nothing else in this folder reads a YAML file.

data "google_project" "this" {
  project_id = var.project_id
}

locals {
  root          = "${path.module}/.."
  config_folder = "${path.module}/${var.config_folder}"

  sites_file = yamldecode(file("${local.config_folder}/sites.yaml"))
  sites      = { for site in local.sites_file.sites : site.id => site }

  dataset  = coalesce(var.bigquery_dataset, "${replace(var.name_prefix, "-", "_")}maintenance")
  database = coalesce(var.firestore_database, "${var.name_prefix}bridge")

  # Every secret that sites.yaml names, with what it is for. An API key, an ERP's credentials and
  # notification addresses may serve several sites.
  site_secrets = flatten([
    for id, site in local.sites : concat(
      [for subscription in site.maintainx.subscriptions : { kind = "webhook", name = subscription.secret }],
      [
        { kind = "maintainx_api_key", name = site.maintainx.api_key_secret },
        # Not in sites.yaml: what the bundle itself remembers of its webhook subscriptions.
        { kind = "subscription_ledger", name = "maintainx-subscriptions-${id}" },
      ],
      [for name in [try(site.events_secret, null)] : { kind = "events", name = name } if name != null],
      [for name in [try(site.erp.credentials_secret, null)] : { kind = "erp_credentials", name = name } if name != null],
      [for name in [try(site.notify.urls_secret, null)] : { kind = "notify_urls", name = name } if name != null],
    )
  ])
  secret_names = toset(local.site_secrets[*].name)
  # The others get their values from `ops subscriptions apply`: MaintainX makes the webhooks' secrets itself.
  secrets_by_hand = toset([for secret in local.site_secrets : secret.name if !contains(["webhook", "subscription_ledger"], secret.kind)])

  pubsub_agent = "serviceAccount:service-${data.google_project.this.number}@gcp-sa-pubsub.iam.gserviceaccount.com"
}
