resource "google_project_service" "this" {
  for_each = toset(concat(
    [
      "artifactregistry", "bigquery", "cloudbuild", "cloudfunctions", "cloudscheduler", "firestore", "iam", "logging",
      "monitoring", "pubsub", "run", "secretmanager", "storage",
    ],
    var.kms_key == null ? [] : ["cloudkms"],
  ))

  service = "${each.key}.googleapis.com"
  # Other things in the project may use the API.
  disable_on_destroy = false
}

# Google makes its service agents some moments after an API was enabled; a grant to one that is not there yet is refused.
resource "time_sleep" "service_agents" {
  create_duration = "60s"
  triggers        = { services = join(",", sort([for service in google_project_service.this : service.service])) }
}
