# The secrets that sites.yaml names, and one for each site's list of subscriptions, without values: those are added outside Terraform and never reach its state.
# The output `secret_commands` has the command for each that is filled by hand; `ops subscriptions apply` fills the others.

resource "google_secret_manager_secret" "this" {
  for_each = local.secret_names

  secret_id           = each.key
  deletion_protection = var.deletion_protection

  replication {
    user_managed {
      replicas {
        location = var.region

        dynamic "customer_managed_encryption" {
          for_each = local.kms_key[*]
          content {
            kms_key_name = customer_managed_encryption.value
          }
        }
      }
    }
  }

  depends_on = [google_project_service.this]
}

locals {
  # One grant for each function and secret that it has a use for.
  secret_grants = merge([
    for function, spec in local.functions : {
      for name in toset([for secret in local.site_secrets : secret.name if contains(spec.secrets, secret.kind)]) :
      "${function}/${name}" => { function = function, secret = name }
    }
  ]...)
  secret_writers = merge([
    for function, spec in local.functions : {
      for name in toset([for secret in local.site_secrets : secret.name if contains(try(spec.writes, []), secret.kind)]) :
      "${function}/${name}" => { function = function, secret = name }
    }
  ]...)
}

resource "google_secret_manager_secret_iam_member" "function" {
  for_each = local.secret_grants

  secret_id = google_secret_manager_secret.this[each.value.secret].id
  role      = "roles/secretmanager.secretAccessor"
  member    = module.function[each.value.function].member
}

resource "google_secret_manager_secret_iam_member" "writer" {
  for_each = local.secret_writers

  secret_id = google_secret_manager_secret.this[each.value.secret].id
  role      = "roles/secretmanager.secretVersionManager"
  member    = module.function[each.value.function].member
}
