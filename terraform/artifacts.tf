# Where the functions' source and images are, and the account that builds them.

resource "google_storage_bucket" "source" {
  #checkov:skip=CKV_GCP_62:Access is recorded by Cloud Audit Logs; a bucket of access logs beside it would tell no more.
  name     = "${var.project_id}-${var.name_prefix}source"
  location = var.region

  force_destroy               = !var.deletion_protection
  public_access_prevention    = "enforced"
  uniform_bucket_level_access = true

  versioning {
    enabled = true
  }

  lifecycle_rule {
    condition {
      days_since_noncurrent_time = var.retention.source_versions_days
    }
    action {
      type = "Delete"
    }
  }

  dynamic "encryption" {
    for_each = local.kms_key[*]
    content {
      default_kms_key_name = encryption.value
    }
  }

  depends_on = [google_project_service.this]
}

resource "google_artifact_registry_repository" "functions" {
  #checkov:skip=CKV_GCP_84:Encrypted with var.kms_key where one is given; a key must not be a condition for everybody.
  repository_id = "${var.name_prefix}functions"
  description   = "Images of the functions, built by Cloud Build"
  location      = var.region
  format        = "DOCKER"
  kms_key_name  = local.kms_key

  cleanup_policies {
    id     = "keep-recent"
    action = "KEEP"
    most_recent_versions {
      keep_count = 5
    }
  }
  cleanup_policies {
    id     = "delete-old"
    action = "DELETE"
    condition {
      older_than = "30d"
    }
  }

  depends_on = [google_project_service.this]
}

resource "google_service_account" "build" {
  account_id   = "${var.name_prefix}build"
  display_name = "Builds the functions"
  depends_on   = [google_project_service.this]
}

resource "google_storage_bucket_iam_member" "build" {
  bucket = google_storage_bucket.source.name
  role   = "roles/storage.objectViewer"
  member = google_service_account.build.member
}

resource "google_artifact_registry_repository_iam_member" "build" {
  repository = google_artifact_registry_repository.functions.name
  location   = var.region
  role       = "roles/artifactregistry.writer"
  member     = google_service_account.build.member
}

# A build that starts before its account's grants have spread fails, and with it the first apply. The functions take the
# account from here, and so wait.
resource "time_sleep" "build_grants" {
  create_duration = "60s"
  triggers        = { account = google_service_account.build.id }

  depends_on = [
    google_artifact_registry_repository_iam_member.build,
    google_project_iam_member.build_logs,
    google_project_iam_member.build_source,
    google_storage_bucket_iam_member.build,
  ]
}
