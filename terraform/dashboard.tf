# One page: what comes in, what becomes of it, what waits, what is dead.

locals {
  charts = [
    { title = "Webhooks accepted, by site", filter = local.metric_filter["webhook-accepted"], aligner = "ALIGN_DELTA", reducer = "REDUCE_SUM", by = ["metric.label.site"] },
    { title = "Webhooks refused or not kept, by site and status", filter = local.metric_filter["webhook-refused"], aligner = "ALIGN_DELTA", reducer = "REDUCE_SUM", by = ["metric.label.site", "metric.label.status"] },
    { title = "Changes that no webhook told of, by site", filter = local.metric_filter["missed-webhooks"], aligner = "ALIGN_DELTA", reducer = "REDUCE_SUM", by = ["metric.label.site"] },
    { title = "Outcomes, by function", filter = local.metric_filter["outcomes"], aligner = "ALIGN_DELTA", reducer = "REDUCE_SUM", by = ["metric.label.function", "metric.label.outcome"] },
    { title = "Skipped, retried and dead, by reason", filter = "${local.metric_filter["outcomes"]} AND metric.labels.outcome != \"done\"", aligner = "ALIGN_DELTA", reducer = "REDUCE_SUM", by = ["metric.label.outcome", "metric.label.reason"] },
    { title = "Dead letters", filter = "${local.dead_filter} AND metric.type = \"pubsub.googleapis.com/subscription/num_undelivered_messages\"", aligner = "ALIGN_MAX", reducer = "REDUCE_MAX", by = local.by_subscription },
    { title = "Age of the oldest waiting message (s)", filter = "${local.work_filter} AND metric.type = \"pubsub.googleapis.com/subscription/oldest_unacked_message_age\"", aligner = "ALIGN_MAX", reducer = "REDUCE_MAX", by = local.by_subscription },
    { title = "Requests, by function and class", filter = local.requests_filter, aligner = "ALIGN_DELTA", reducer = "REDUCE_SUM", by = ["resource.label.service_name", "metric.label.response_code_class"] },
    { title = "95th percentile of request time (ms)", filter = "${local.run_filter} AND metric.type = \"run.googleapis.com/request_latencies\"", aligner = "ALIGN_PERCENTILE_95", reducer = "REDUCE_MAX", by = local.by_service },
    { title = "KPI runs, by site", filter = local.metric_filter["kpi-computed"], aligner = "ALIGN_DELTA", reducer = "REDUCE_SUM", by = ["metric.label.site"] },
    { title = "Failed probes, by site", filter = local.metric_filter["probe-failures"], aligner = "ALIGN_DELTA", reducer = "REDUCE_SUM", by = ["metric.label.site", "metric.label.probe"] },
    { title = "Hit rate of the read cache, by kind", filter = local.metric_filter["read-cache-hit-rate"], aligner = "ALIGN_DELTA", reducer = "REDUCE_MEAN", by = ["metric.label.kind"] },
    { title = "Failed scheduled calls, by job", filter = local.metric_filter["scheduler-failures"], aligner = "ALIGN_DELTA", reducer = "REDUCE_SUM", by = ["metric.label.job"] },
  ]
}

resource "google_monitoring_dashboard" "this" {
  dashboard_json = jsonencode({
    displayName = "${var.name_prefix}MaintainX bridge"
    mosaicLayout = {
      columns = 12
      tiles = [
        for index, chart in local.charts : {
          xPos   = 6 * (index % 2)
          yPos   = 4 * floor(index / 2)
          width  = 6
          height = 4
          widget = {
            title = chart.title
            xyChart = {
              dataSets = [{
                plotType = "LINE"
                timeSeriesQuery = {
                  timeSeriesFilter = {
                    filter = chart.filter
                    aggregation = {
                      alignmentPeriod    = "300s"
                      perSeriesAligner   = chart.aligner
                      crossSeriesReducer = chart.reducer
                      groupByFields      = chart.by
                    }
                  }
                }
              }]
            }
          }
        }
      ]
    }
  })

  depends_on = [google_project_service.this]
}
