# One alert policy.

resource "google_monitoring_alert_policy" "this" {
  display_name          = var.display_name
  combiner              = "OR"
  severity              = var.severity
  notification_channels = var.channels

  documentation {
    content   = var.documentation
    mime_type = "text/markdown"
  }

  dynamic "conditions" {
    for_each = var.thresholds
    content {
      display_name = conditions.value.display_name

      condition_threshold {
        filter             = conditions.value.filter
        denominator_filter = conditions.value.denominator
        comparison         = conditions.value.above == null ? "COMPARISON_LT" : "COMPARISON_GT"
        threshold_value    = coalesce(conditions.value.above, conditions.value.below)
        # Cloud Monitoring takes a verdict on missing data only for a condition that must hold for a minute or more.
        duration                = "${conditions.value.above == null ? max(60, conditions.value.for_s) : conditions.value.for_s}s"
        evaluation_missing_data = conditions.value.above == null ? "EVALUATION_MISSING_DATA_ACTIVE" : null

        aggregations {
          alignment_period     = "${conditions.value.period_s}s"
          per_series_aligner   = conditions.value.aligner
          cross_series_reducer = conditions.value.reducer
          group_by_fields      = conditions.value.group_by
        }

        dynamic "denominator_aggregations" {
          for_each = conditions.value.denominator[*]
          content {
            alignment_period     = "${conditions.value.period_s}s"
            per_series_aligner   = conditions.value.aligner
            cross_series_reducer = conditions.value.reducer
            group_by_fields      = conditions.value.group_by
          }
        }
      }
    }
  }

  dynamic "conditions" {
    for_each = var.log_match[*]
    content {
      display_name = var.display_name

      condition_matched_log {
        filter = conditions.value
      }
    }
  }

  alert_strategy {
    auto_close = "604800s"

    # Cloud Monitoring demands a limit for log matches and refuses it elsewhere.
    dynamic "notification_rate_limit" {
      for_each = var.log_match[*]
      content {
        period = "300s"
      }
    }
  }
}
