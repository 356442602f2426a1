# One function: its zip, its identity, itself, and who may call it.

locals {
  resource_name = "${var.name_prefix}${replace(var.name, "_", "-")}"

  # Path in the zip => file. What tools leave behind is not deployed.
  files = merge(
    { "main.py" = "${var.source_root}/functions/${var.name}/main.py" },
    { "requirements.txt" = "${var.source_root}/requirements.txt" },
    { for file in fileset(var.source_root, "shared/**") : file => "${var.source_root}/${file}" if !can(regex("__pycache__|\\.pyc$", file)) },
    { for file in fileset(var.config_folder, "**/*.yaml") : "config/${file}" => "${var.config_folder}/${file}" },
  )

  # Of the contents and not of the zip, whose bytes differ between versions of the archive provider.
  content_hash = sha256(jsonencode({ for name, file in local.files : name => filesha256(file) }))
}

data "archive_file" "source" {
  type             = "zip"
  output_path      = "${path.root}/.build/${var.name}.zip"
  output_file_mode = "0644"

  dynamic "source" {
    for_each = local.files
    content {
      filename = source.key
      content  = file(source.value)
    }
  }
}

resource "google_storage_bucket_object" "source" {
  name   = "${var.name}/${local.content_hash}.zip"
  bucket = var.source_bucket
  source = data.archive_file.source.output_path

  lifecycle {
    # The function must have moved to the new source before the old one goes.
    create_before_destroy = true
  }
}

resource "google_service_account" "this" {
  account_id   = "${var.name_prefix}fn-${replace(var.name, "_", "-")}"
  display_name = "Runs ${var.name}"
}

resource "google_cloudfunctions2_function" "this" {
  name         = local.resource_name
  location     = var.region
  kms_key_name = var.kms_key

  build_config {
    runtime           = var.runtime
    entry_point       = var.name
    docker_repository = var.image_repository
    service_account   = var.build_account

    source {
      storage_source {
        bucket = google_storage_bucket_object.source.bucket
        object = google_storage_bucket_object.source.name
      }
    }

    automatic_update_policy {}
  }

  service_config {
    all_traffic_on_latest_revision   = true
    available_cpu                    = var.cpu
    available_memory                 = var.memory
    environment_variables            = var.environment
    ingress_settings                 = var.ingress_settings
    max_instance_count               = var.instances.max
    max_instance_request_concurrency = var.concurrency
    min_instance_count               = var.instances.min
    service_account_email            = google_service_account.this.email
    timeout_seconds                  = var.timeout_s
    vpc_connector                    = var.vpc_connector
    vpc_connector_egress_settings    = var.vpc_connector == null ? null : "PRIVATE_RANGES_ONLY"
  }
}

resource "google_cloud_run_v2_service_iam_member" "invoker" {
  for_each = var.invokers

  project  = var.project_id
  location = var.region
  # The Cloud Run service of a function has its name.
  name   = google_cloudfunctions2_function.this.name
  role   = "roles/run.invoker"
  member = each.value
}

resource "google_cloud_run_v2_service_iam_member" "public" {
  #checkov:skip=CKV_GCP_102:Only webhook_ingress: MaintainX has no Google identity; it verifies a signature over the raw body.
  count = var.public ? 1 : 0

  project  = var.project_id
  location = var.region
  name     = google_cloudfunctions2_function.this.name
  role     = "roles/run.invoker"
  member   = "allUsers"
}
