# With a customer-managed key, everything that holds data is encrypted with it, and the agents may use it.

mock_provider "archive" {
  override_during = plan
}
mock_provider "time" {
  override_during = plan
}
mock_provider "google" {
  override_during = plan

  mock_data "google_project" {
    defaults = { number = "123456789012" }
  }
  mock_resource "google_service_account" {
    defaults = {
      id     = "projects/p/serviceAccounts/mock@p.iam.gserviceaccount.com"
      name   = "projects/p/serviceAccounts/mock@p.iam.gserviceaccount.com"
      email  = "mock@p.iam.gserviceaccount.com"
      member = "serviceAccount:mock@p.iam.gserviceaccount.com"
    }
  }
}

variables {
  project_id = "example-maintenance"
  kms_key    = "projects/keys/locations/europe-west1/keyRings/bridge/cryptoKeys/data"
}

run "customer_managed_key" {
  command = plan

  assert {
    condition = toset(concat(
      [for topic in google_pubsub_topic.this : topic.kms_key_name],
      [for secret in google_secret_manager_secret.this : secret.replication[0].user_managed[0].replicas[0].customer_managed_encryption[0].kms_key_name],
      [
        google_artifact_registry_repository.functions.kms_key_name,
        google_bigquery_dataset.this.default_encryption_configuration[0].kms_key_name,
        google_firestore_database.this.cmek_config[0].kms_key_name,
        google_storage_bucket.source.encryption[0].default_kms_key_name,
      ],
      [for function in module.function : function.kms_key],
      [for pipeline in module.pipeline : pipeline.kms_key],
    )) == toset([var.kms_key])
    error_message = "Something that holds data is not encrypted with the key."
  }
  assert {
    condition     = length(google_kms_crypto_key_iam_member.agent) == 8 && alltrue([for grant in google_kms_crypto_key_iam_member.agent : grant.role == "roles/cloudkms.cryptoKeyEncrypterDecrypter" && strcontains(grant.member, "123456789012@")])
    error_message = "Each service's agent must be able to use the key."
  }
}
