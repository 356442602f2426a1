# With a customer-managed key (var.kms_key), Google's services read and write data through their agents, which need it.

locals {
  kms_agents = var.kms_key == null ? {} : {
    artifacts = "service-${data.google_project.this.number}@gcp-sa-artifactregistry.iam.gserviceaccount.com"
    bigquery  = "bq-${data.google_project.this.number}@bigquery-encryption.iam.gserviceaccount.com"
    firestore = "service-${data.google_project.this.number}@gcp-sa-firestore.iam.gserviceaccount.com"
    functions = "service-${data.google_project.this.number}@gcf-admin-robot.iam.gserviceaccount.com"
    pubsub    = "service-${data.google_project.this.number}@gcp-sa-pubsub.iam.gserviceaccount.com"
    run       = "service-${data.google_project.this.number}@serverless-robot-prod.iam.gserviceaccount.com"
    secrets   = "service-${data.google_project.this.number}@gcp-sa-secretmanager.iam.gserviceaccount.com"
    storage   = "service-${data.google_project.this.number}@gs-project-accounts.iam.gserviceaccount.com"
  }
}

resource "google_kms_crypto_key_iam_member" "agent" {
  for_each = local.kms_agents

  crypto_key_id = var.kms_key
  role          = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
  member        = "serviceAccount:${each.value}"
  depends_on    = [time_sleep.service_agents]
}

locals {
  # The key, once the agents may use it; what is encrypted takes it from here.
  kms_key = one(distinct([for grant in google_kms_crypto_key_iam_member.agent : grant.crypto_key_id]))
}
