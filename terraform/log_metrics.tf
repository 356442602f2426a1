# Counters over the functions' own log lines (shared/logs.py); a test holds the fields named here against the code.

locals {
  function_logs = "resource.type=\"cloud_run_revision\" AND resource.labels.service_name=\"${var.name_prefix}%s\" AND "

  log_metrics = {
    breaker-open = {
      description = "Breakers that opened, or stayed open after a trial: the ERP of a site keeps failing"
      filter      = "resource.type=\"cloud_run_revision\" AND resource.labels.service_name=(${join(" OR ", [for name in ["erp-pull", "erp-push"] : "\"${var.name_prefix}${name}\""])}) AND severity=ERROR AND jsonPayload.breaker=\"open\""
      labels      = { site = "jsonPayload.site", system = "jsonPayload.system" }
    }
    kpi-computed = {
      description = "KPI runs that succeeded"
      filter      = "${format(local.function_logs, "kpi-compute")}jsonPayload.outcome=\"done\""
      labels      = { site = "jsonPayload.site" }
    }
    missed-webhooks = {
      description = "Changes in MaintainX of which no webhook told"
      filter      = "${format(local.function_logs, "catch-up")}severity=WARNING AND jsonPayload.missed:*"
      labels      = { site = "jsonPayload.site" }
    }
    outcomes = {
      description = "What became of events: done, skipped, retry or dead, and why"
      filter      = "resource.type=\"cloud_run_revision\" AND resource.labels.service_name=(${join(" OR ", [for name, spec in local.functions : "\"${var.name_prefix}${replace(name, "_", "-")}\"" if spec.trigger == "push"])}) AND jsonPayload.outcome=(\"done\" OR \"skipped\" OR \"retry\" OR \"dead\")"
      labels      = { function = "jsonPayload.function", outcome = "jsonPayload.outcome", reason = "jsonPayload.reason", site = "jsonPayload.site" }
    }
    probe-failures = {
      description = "Probes of a site that found something wrong"
      filter      = "${format(local.function_logs, "health")}severity=ERROR AND jsonPayload.probe:*"
      labels      = { probe = "jsonPayload.probe", site = "jsonPayload.site" }
    }
    read-cache-hit-rate = {
      description = "Share of lookups in MaintainX that the read cache answered, as each instance reports it once a minute"
      filter      = "resource.type=\"cloud_run_revision\" AND resource.labels.service_name=(${join(" OR ", [for name in ["event-router", "notify"] : "\"${var.name_prefix}${name}\""])}) AND jsonPayload.metric=\"read_cache\""
      labels      = { kind = "jsonPayload.kind", site = "jsonPayload.site" }
      value       = "jsonPayload.hit_rate"
    }
    scheduler-failures = {
      description = "Calls of Cloud Scheduler that failed"
      filter      = "resource.type=\"cloud_scheduler_job\" AND resource.labels.job_id:\"${var.name_prefix}\" AND severity>=ERROR"
      labels      = { job = "resource.labels.job_id" }
    }
    webhook-accepted = {
      description = "Deliveries that were verified and are in Pub/Sub"
      filter      = "${format(local.function_logs, "webhook-ingress")}jsonPayload.outcome=\"accepted\""
      labels      = { site = "jsonPayload.site" }
    }
    webhook-not-kept = {
      description = "Genuine deliveries answered with 503, because they could not be kept"
      filter      = "${format(local.function_logs, "webhook-ingress")}severity=ERROR AND jsonPayload.error_class:*"
      labels      = { error_class = "jsonPayload.error_class", site = "jsonPayload.site" }
    }
    webhook-refused = {
      description = "Deliveries refused with 4xx"
      filter      = "${format(local.function_logs, "webhook-ingress")}jsonPayload.status>=400"
      labels      = { site = "jsonPayload.site", status = "jsonPayload.status" }
    }
  }

  # Filter of Cloud Monitoring for each of these metrics.
  metric_filter = {
    for name, metric in google_logging_metric.this :
    name => "resource.type = \"${name == "scheduler-failures" ? "cloud_scheduler_job" : "cloud_run_revision"}\" AND metric.type = \"logging.googleapis.com/user/${metric.name}\""
  }
}

resource "google_logging_metric" "this" {
  for_each = local.log_metrics

  name        = "${var.name_prefix}${each.key}"
  description = each.value.description
  filter      = each.value.filter

  metric_descriptor {
    metric_kind = "DELTA"
    # A metric without a value counts lines.
    value_type = can(each.value.value) ? "DISTRIBUTION" : "INT64"

    dynamic "labels" {
      for_each = each.value.labels
      content {
        key        = labels.key
        value_type = "STRING"
      }
    }
  }
  value_extractor  = can(each.value.value) ? "EXTRACT(${each.value.value})" : null
  label_extractors = { for label, field in each.value.labels : label => "EXTRACT(${field})" }

  depends_on = [google_project_service.this]
}

# Cloud Monitoring knows a metric some moments after it was made; a policy over an unknown one is refused.
resource "time_sleep" "log_metrics" {
  create_duration = "60s"
  triggers        = { metrics = join(",", sort([for metric in google_logging_metric.this : metric.name])) }
}
