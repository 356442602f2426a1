# What a tfvars file cannot say.

mock_provider "archive" {}
mock_provider "google" {}
mock_provider "time" {}

run "wrong_values_are_refused" {
  command = plan
  variables {
    alert_channel_ids  = ["oncall"]
    alert_emails       = ["oncall"]
    alert_thresholds   = { no_traffic_min = 2880 } # longer than Cloud Monitoring looks back
    bigquery_dataset   = "with-hyphen"
    commit             = "main"
    firestore_database = "x"
    kms_key            = "data"
    log_level          = "LOUD"
    name_prefix        = "goog-" # Pub/Sub keeps such names for itself
    operator_ingress   = "ANYWHERE"
    operators          = ["allUsers"]
    project_id         = "No"
    retention          = { dead_letters_days = 31 } # longer than the claims that make a replay harmless
    runtime            = "nodejs22"
  }
  expect_failures = [
    var.alert_channel_ids,
    var.alert_emails,
    var.alert_thresholds,
    var.bigquery_dataset,
    var.commit,
    var.firestore_database,
    var.kms_key,
    var.log_level,
    var.name_prefix,
    var.operator_ingress,
    var.operators,
    var.project_id,
    var.retention,
    var.runtime,
  ]
}
