# What wakes people. Every alert says what it means and what to do.

locals {
  replay_command = "curl -sS -H \"Authorization: Bearer $(gcloud auth print-identity-token)\" '${module.function["dlq_replay"].uri}?pipeline=%s&limit=20'"
  logs_command   = "gcloud logging read 'resource.labels.service_name=\"%s\" AND severity>=WARNING' --project=${var.project_id} --freshness=1h --limit=20"

  run_filter       = "resource.type = \"cloud_run_revision\" AND resource.labels.service_name = one_of(${join(", ", [for function in module.function : "\"${function.name}\""])})"
  work_filter      = "resource.type = \"pubsub_subscription\" AND resource.labels.subscription_id = one_of(${join(", ", [for pipeline in module.pipeline : "\"${pipeline.subscription_name}\""])})"
  dead_filter      = "resource.type = \"pubsub_subscription\" AND resource.labels.subscription_id = one_of(${join(", ", [for pipeline in module.pipeline : "\"${pipeline.dead_letter_subscription_name}\""])})"
  requests_filter  = "${local.run_filter} AND metric.type = \"run.googleapis.com/request_count\""
  by_service       = ["resource.label.service_name"]
  by_subscription  = ["resource.label.subscription_id"]
  silence_site_ids = var.alert_thresholds.no_traffic_min == null ? [] : keys(local.sites)

  alerts = merge(
    {
      backlog = {
        display_name  = "Messages wait too long"
        severity      = "ERROR"
        documentation = "The oldest message of a subscription has waited for more than ${var.alert_thresholds.backlog_age_s} s: its function fails, is slow, or BigQuery refuses rows. Nothing is lost yet; after its attempts a message becomes a dead letter.\n\nWhat the functions say: `${format(local.logs_command, "${var.name_prefix}erp-push")}`"
        thresholds = [{
          display_name = "oldest unacknowledged message"
          filter       = "${local.work_filter} AND metric.type = \"pubsub.googleapis.com/subscription/oldest_unacked_message_age\""
          above        = var.alert_thresholds.backlog_age_s
          aligner      = "ALIGN_MAX"
          reducer      = "REDUCE_MAX"
          group_by     = local.by_subscription
        }]
      }
      breaker-open = {
        display_name  = "An ERP is left alone because it keeps failing"
        severity      = "ERROR"
        documentation = "Calls of a site's ERP failed several times in a row; until one trial call succeeds, no others are made. Nothing is lost: the messages wait in Pub/Sub. What to do: docs/runbook.md, `The ERP is down`.\n\nWhat the ERP answered: `${format(local.logs_command, "${var.name_prefix}erp-push")}`"
        thresholds = [{
          display_name = "breaker opened"
          filter       = local.metric_filter["breaker-open"]
          above        = 0
          aligner      = "ALIGN_DELTA"
          group_by     = ["metric.label.site", "metric.label.system"]
          period_s     = 600
        }]
      }
      dead-letters = {
        display_name  = "Dead letters wait for an operator"
        severity      = "ERROR"
        documentation = "Messages will not be tried again by themselves; they are kept for ${var.retention.dead_letters_days} days. Each carries its reason.\n\n1. List them (also for the other pipelines): `${format(local.replay_command, "erp-push")}`\n2. Mend the cause.\n3. Replay: the same address with `-X POST -H 'Content-Type: application/json' -d '{\"pipeline\": \"erp-push\"}'`; `\"dry_run\": true` shows what would be sent."
        thresholds = [{
          display_name = "dead letters"
          filter       = "${local.dead_filter} AND metric.type = \"pubsub.googleapis.com/subscription/num_undelivered_messages\""
          above        = 0
          aligner      = "ALIGN_MAX"
          reducer      = "REDUCE_MAX"
          group_by     = local.by_subscription
        }]
      }
      error-rate = {
        display_name  = "Functions answer with errors"
        severity      = "ERROR"
        documentation = "More than ${var.alert_thresholds.error_ratio * 100} % of a function's requests ended in 5xx. For a function behind Pub/Sub 503 means `try again`: MaintainX, the ERP, Firestore or a secret is unavailable.\n\nThe reasons: `${format(local.logs_command, "SERVICE")}` with the service's name from this alert."
        thresholds = [{
          display_name = "share of 5xx"
          filter       = "${local.requests_filter} AND metric.labels.response_code_class = \"5xx\""
          denominator  = local.requests_filter
          above        = var.alert_thresholds.error_ratio
          aligner      = "ALIGN_DELTA"
          group_by     = local.by_service
          for_s        = 300
        }]
      }
      ingress-latency = {
        display_name  = "Webhooks are answered slowly"
        severity      = "WARNING"
        documentation = "One in twenty deliveries took longer than ${var.alert_thresholds.ingress_p95_ms} ms. MaintainX gives up after 10 s and documents no retry. Look for cold starts (raise ingress_min_instances) and for slow publishing.\n\n`${format(local.logs_command, "${var.name_prefix}webhook-ingress")}`"
        thresholds = [{
          display_name = "95th percentile of webhook_ingress"
          filter       = "resource.type = \"cloud_run_revision\" AND resource.labels.service_name = \"${module.function["webhook_ingress"].name}\" AND metric.type = \"run.googleapis.com/request_latencies\""
          above        = var.alert_thresholds.ingress_p95_ms
          aligner      = "ALIGN_PERCENTILE_95"
          reducer      = "REDUCE_MAX"
          group_by     = local.by_service
          for_s        = 300
        }]
      }
      scheduler-failures = {
        display_name  = "Scheduled calls fail"
        severity      = "WARNING"
        documentation = "Cloud Scheduler's calls of a job failed, its own retries included. The job is named in the alert; what the function says: `${format(local.logs_command, "SERVICE")}` with the job's function as service, such as ${var.name_prefix}erp-pull.\n\nRun it again by hand: `gcloud scheduler jobs run JOB --location=${var.region} --project=${var.project_id}`"
        thresholds = [{
          display_name = "failed calls in an hour"
          filter       = local.metric_filter["scheduler-failures"]
          above        = var.alert_thresholds.scheduler_failures_h
          aligner      = "ALIGN_DELTA"
          group_by     = ["metric.label.job"]
          period_s     = 3600
        }]
      }
      site-unhealthy = {
        display_name  = "A site is not all right"
        severity      = "ERROR"
        documentation = "Two probes of a site in half an hour failed. `maintainx`: its API or our key; `erp`: the ERP or our credentials; `subscriptions`: a webhook subscription is missing or wrong and could not be made again, so that changes no longer arrive.\n\nThe reasons: `${format(local.logs_command, "${var.name_prefix}health")}`\n\nProbe now: `gcloud scheduler jobs run ${var.name_prefix}health-SITE --location=${var.region} --project=${var.project_id}`"
        thresholds = [{
          display_name = "failed probes in half an hour"
          filter       = local.metric_filter["probe-failures"]
          above        = 1
          aligner      = "ALIGN_DELTA"
          group_by     = ["metric.label.site", "metric.label.probe"]
          period_s     = 1800
        }]
      }
      missed-webhooks = {
        display_name  = "Webhooks of MaintainX do not reach us"
        severity      = "WARNING"
        documentation = "More than ${var.alert_thresholds.missed_per_h} changes of a site's work orders within an hour were found by the catch-up, because no webhook told of them. They are told of now, so that nothing is lost, but up to a quarter of an hour late; deletions and asset status changes that were missed are not found. Look at the webhook subscriptions: docs/runbook.md, `No traffic`.\n\nWhich ones: `${format(local.logs_command, "${var.name_prefix}catch-up")}`"
        thresholds = [{
          display_name = "missed in an hour"
          filter       = local.metric_filter["missed-webhooks"]
          above        = var.alert_thresholds.missed_per_h
          aligner      = "ALIGN_DELTA"
          group_by     = ["metric.label.site"]
          period_s     = 3600
        }]
      }
      webhook-failures = {
        display_name  = "Webhooks are refused or not kept"
        severity      = "CRITICAL"
        documentation = "Either genuine deliveries could not be put into Pub/Sub (503), or a site's deliveries fail their signature (401): a secret was rotated on one side only. MaintainX may delete a subscription that keeps failing.\n\n`${format(local.logs_command, "${var.name_prefix}webhook-ingress")}`\n\nAdd the right value to the secret (several, one a line, may be valid at once): `gcloud secrets versions add SECRET --project=${var.project_id} --data-file=-`"
        thresholds = [
          {
            display_name = "not kept"
            filter       = local.metric_filter["webhook-not-kept"]
            above        = 0
            aligner      = "ALIGN_DELTA"
            group_by     = ["metric.label.site"]
          },
          {
            display_name = "signature refused"
            filter       = "${local.metric_filter["webhook-refused"]} AND metric.labels.status = \"401\""
            above        = var.alert_thresholds.refused_per_10_min
            aligner      = "ALIGN_DELTA"
            group_by     = ["metric.label.site"]
            period_s     = 600
          },
        ]
      }
    },
    {
      for id in keys(local.sites) : "kpi-stale-${id}" => {
        display_name  = "KPIs of ${id} are stale"
        severity      = "WARNING"
        documentation = "No KPI run for ${id} succeeded in ${var.alert_thresholds.kpi_stale_min} minutes: the figures in BigQuery are older than that.\n\n`${format(local.logs_command, "${var.name_prefix}kpi-compute")}`\n\nRun it: `gcloud scheduler jobs run ${var.name_prefix}kpi-refresh-${id} --location=${var.region} --project=${var.project_id}`"
        thresholds = [{
          display_name = "successful runs"
          filter       = "${local.metric_filter["kpi-computed"]} AND metric.labels.site = \"${id}\""
          below        = 1
          aligner      = "ALIGN_DELTA"
          period_s     = var.alert_thresholds.kpi_stale_min * 60
        }]
      }
    },
    {
      for id in local.silence_site_ids : "no-traffic-${id}" => {
        display_name  = "No webhooks from ${id}"
        severity      = "WARNING"
        documentation = "Not one delivery of ${id} was accepted in ${var.alert_thresholds.no_traffic_min} minutes. The plant is quiet, or MaintainX has deleted the webhook subscriptions (it may, after failures): look at Settings, Integrations, Webhooks in MaintainX.\n\nRefused ones: `${format(local.logs_command, "${var.name_prefix}webhook-ingress")}`"
        thresholds = [{
          display_name = "accepted deliveries"
          filter       = "${local.metric_filter["webhook-accepted"]} AND metric.labels.site = \"${id}\""
          below        = 1
          aligner      = "ALIGN_DELTA"
          period_s     = var.alert_thresholds.no_traffic_min * 60
        }]
      }
    },
  )

  # Fire on one entry of the audit log.
  log_alerts = {
    subscription-deleted = {
      display_name  = "A Pub/Sub subscription or topic was deleted"
      severity      = "CRITICAL"
      documentation = "Somebody deleted or detached a subscription or topic of this installation; its backlog is gone, and what is published now reaches nobody.\n\nMake it anew with `terraform apply`; then load what was missed from the archive (BigQuery, view `events`) or seek a new subscription back in the topic's retention: `gcloud pubsub subscriptions seek SUBSCRIPTION --time=TIME`"
      filter        = "logName=\"projects/${var.project_id}/logs/cloudaudit.googleapis.com%2Factivity\" AND protoPayload.serviceName=\"pubsub.googleapis.com\" AND protoPayload.methodName=(\"google.pubsub.v1.Subscriber.DeleteSubscription\" OR \"google.pubsub.v1.Publisher.DetachSubscription\" OR \"google.pubsub.v1.Publisher.DeleteTopic\") AND protoPayload.resourceName=~\"/(subscriptions|topics)/${var.name_prefix}\""
    }
  }
}

resource "google_monitoring_notification_channel" "email" {
  for_each = var.alert_emails

  display_name = "${var.name_prefix}on call: ${each.key}"
  type         = "email"
  labels       = { email_address = each.key }
  depends_on   = [google_project_service.this]
}

module "alert" {
  source   = "./modules/alert"
  for_each = local.alerts

  display_name  = "${var.name_prefix}${each.key}: ${each.value.display_name}"
  severity      = each.value.severity
  documentation = each.value.documentation
  thresholds    = each.value.thresholds
  channels      = local.alert_channels

  depends_on = [time_sleep.log_metrics]
}

module "log_alert" {
  source   = "./modules/alert"
  for_each = local.log_alerts

  display_name  = "${var.name_prefix}${each.key}: ${each.value.display_name}"
  severity      = each.value.severity
  documentation = each.value.documentation
  log_match     = each.value.filter
  channels      = local.alert_channels
}

locals {
  alert_channels = concat([for channel in google_monitoring_notification_channel.email : channel.id], tolist(var.alert_channel_ids))
}
