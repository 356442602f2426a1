# What runs by the clock, once for every site and in its time zone. A new scheduled function is one entry here.
#
# needs_erp  only for sites that have an ERP

locals {
  schedules = {
    catch-up    = { function = "catch_up", cron = var.schedules.catch_up, body = {}, needs_erp = false }
    erp-compare = { function = "erp_pull", cron = var.schedules.erp_compare, body = { compare_all = true }, needs_erp = true }
    erp-pull    = { function = "erp_pull", cron = var.schedules.erp_pull, body = {}, needs_erp = true }
    health      = { function = "health", cron = var.schedules.health, body = { heal = true }, needs_erp = false }
    kpi-compare = { function = "kpi_compute", cron = var.schedules.kpi_compare, body = { compare_all = true }, needs_erp = false }
    kpi-refresh = { function = "kpi_compute", cron = var.schedules.kpi_refresh, body = {}, needs_erp = false }
  }

  jobs = merge([
    for id, site in local.sites : {
      for name, schedule in local.schedules : "${name}-${id}" => {
        cron      = schedule.cron
        function  = schedule.function
        body      = merge({ site = id }, schedule.body)
        time_zone = site.time_zone
      } if !schedule.needs_erp || try(site.erp, null) != null
    }
  ]...)
}

resource "google_cloud_scheduler_job" "this" {
  for_each = local.jobs

  name        = "${var.name_prefix}${each.key}"
  description = "Calls ${each.value.function}"
  region      = var.region
  schedule    = each.value.cron
  time_zone   = each.value.time_zone
  # Longer than the function may run, or Scheduler takes a slow success for a failure and calls again.
  attempt_deadline = "${module.function[each.value.function].timeout_s + 30}s"

  http_target {
    http_method = "POST"
    uri         = module.function[each.value.function].uri
    headers     = { "Content-Type" = "application/json" }
    body        = base64encode(jsonencode(each.value.body))

    oidc_token {
      service_account_email = google_service_account.caller[each.value.function].email
      audience              = module.function[each.value.function].uri
    }
  }

  retry_config {
    retry_count          = 3
    min_backoff_duration = "30s"
    max_backoff_duration = "300s"
    max_doublings        = 3
  }

  depends_on = [google_project_service.this]
}
