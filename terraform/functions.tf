# The functions, as data. A new function is one entry here (and one in schedules or pipelines, if that is its trigger).
#
# trigger    public: the internet; push: its pipeline; scheduler: schedules.tf; operator: people with the invoker role
# timeout_s  of a request; also how long a claim or record is leased, so that a lease is taken over only from the dead
# secrets    kinds of secrets it may read, see locals.tf
# publishes  topics it may publish to; its own dead letters, if it has a pipeline, are added
# writes     kinds of secrets that it may add versions to, and destroy old ones of
# state      uses Firestore; warehouse: uses BigQuery; archive: reads the events that are kept there
# replays    takes dead letters and publishes them again
locals {
  functions = {
    catch_up = {
      trigger     = "scheduler"
      memory      = "512Mi"
      concurrency = 8
      timeout_s   = 600
      instances   = { min = 0, max = 2 }
      secrets     = ["maintainx_api_key"]
      publishes   = ["events"]
      state       = true
      archive     = true
      environment = { HANDLER_DEADLINE_S = "590" }
    }
    dlq_replay = {
      trigger     = "operator"
      memory      = "512Mi"
      concurrency = 8
      timeout_s   = 300
      instances   = { min = 0, max = 2 }
      secrets     = []
      publishes   = [for name in keys(local.topics) : name]
      replays     = true
    }
    erp_pull = {
      trigger     = "scheduler"
      memory      = "512Mi"
      concurrency = 8
      # A comparison reads every linked record; it goes on the next time where this ends.
      timeout_s     = 1200
      instances     = { min = 0, max = 2 }
      secrets       = ["erp_credentials"]
      publishes     = ["erp-push", "events"]
      state         = true
      vpc_connector = var.vpc_connector
      environment   = { ERP_BREAKER_PAUSE_S = "15", HANDLER_DEADLINE_S = "1190" }
    }
    erp_push = {
      trigger     = "push"
      memory      = "512Mi"
      concurrency = 8
      timeout_s   = 120
      # Few: MaintainX allows an organization 500 requests a minute, and the ERP is the slower side anyway.
      instances     = { min = 0, max = 4 }
      secrets       = ["maintainx_api_key", "erp_credentials"]
      publishes     = ["audit", "events"]
      state         = true
      vpc_connector = var.vpc_connector
      environment   = { ERP_BREAKER_PAUSE_S = "15", RECORD_LEASE_S = "120" }
    }
    event_router = {
      trigger     = "push"
      memory      = "512Mi"
      concurrency = 16
      timeout_s   = 60
      instances   = { min = 0, max = 5 }
      secrets     = ["maintainx_api_key"]
      publishes   = ["erp-push", "notifications"]
      state       = true
    }
    health = {
      trigger     = "scheduler"
      memory      = "512Mi"
      concurrency = 8
      timeout_s   = 300
      instances   = { min = 0, max = 2 }
      secrets     = ["maintainx_api_key", "erp_credentials", "webhook", "subscription_ledger"]
      # MaintainX makes the secret of a subscription; healing a deleted one means to keep the new one's.
      writes        = ["webhook", "subscription_ledger"]
      state         = true
      vpc_connector = var.vpc_connector
    }
    kpi_compute = {
      trigger     = "scheduler"
      memory      = "1Gi"
      concurrency = 8
      timeout_s   = 1200
      instances   = { min = 0, max = 2 }
      secrets     = ["maintainx_api_key"]
      publishes   = ["events"]
      state       = true
      warehouse   = true
    }
    notify = {
      trigger     = "push"
      memory      = "512Mi"
      concurrency = 8
      timeout_s   = 60
      instances   = { min = 0, max = 3 }
      # It asks MaintainX what assets are called.
      secrets = ["notify_urls", "maintainx_api_key"]
      state   = true
    }
    webhook_ingress = {
      trigger     = "public"
      memory      = "512Mi"
      concurrency = 80
      timeout_s   = 30
      instances   = { min = var.ingress_min_instances, max = 20 }
      secrets     = ["webhook", "events"]
      publishes   = ["events"]
      environment = { FUNCTION_USE_ASGI = "true" }
    }
  }

  ingress_settings = {
    operator  = var.operator_ingress
    public    = "ALLOW_ALL"
    push      = "ALLOW_INTERNAL_ONLY"
    scheduler = "ALLOW_INTERNAL_ONLY"
  }

  # Topics by function: those of the table and the dead letters of its own pipeline.
  publishes = {
    for name, function in local.functions : name => toset(concat(
      try(function.publishes, []),
      [for pipeline, spec in local.pipelines : "${pipeline}-dead" if spec.function == name],
    ))
  }

  environment = {
    for name, function in local.functions : name => merge(
      { COMMIT = var.commit, GOOGLE_CLOUD_PROJECT = var.project_id, LOG_LEVEL = var.log_level },
      length(local.publishes[name]) > 0 ? { RESOURCE_PREFIX = var.name_prefix } : {},
      try(function.state, false) ? { FIRESTORE_DATABASE = local.database } : {},
      try(function.warehouse, false) || try(function.archive, false) ? { BIGQUERY_DATASET = local.dataset } : {},
      function.trigger == "push" ? {
        CLAIM_LEASE_S = tostring(function.timeout_s)
        # A handler ends with an answer, before it is cut off.
        HANDLER_DEADLINE_S    = tostring(function.timeout_s - 10)
        MAX_DELIVERY_ATTEMPTS = tostring(local.pipelines[replace(name, "_", "-")].max_delivery_attempts)
      } : {},
      # Without it the threaded server has 4 threads a CPU, and Cloud Run sends more requests than that.
      try(function.environment.FUNCTION_USE_ASGI, "") == "true" ? {} : { THREADS = tostring(function.concurrency) },
      try(function.environment, {}),
    )
  }
}

# No depends_on here: with it Terraform would read the sources, and zip them, only while it applies.
module "function" {
  source   = "./modules/function"
  for_each = local.functions

  name        = each.key
  name_prefix = var.name_prefix
  project_id  = var.project_id
  region      = var.region
  runtime     = var.runtime

  source_root      = local.root
  config_folder    = local.config_folder
  source_bucket    = google_storage_bucket.source.name
  image_repository = google_artifact_registry_repository.functions.id
  build_account    = time_sleep.build_grants.triggers["account"]
  kms_key          = local.kms_key

  concurrency      = each.value.concurrency
  environment      = local.environment[each.key]
  ingress_settings = local.ingress_settings[each.value.trigger]
  instances        = each.value.instances
  memory           = each.value.memory
  public           = each.value.trigger == "public"
  timeout_s        = each.value.timeout_s
  vpc_connector    = try(each.value.vpc_connector, null)

  invokers = merge(
    each.value.trigger == "operator" ? { for member in var.operators : member => member } : {},
    contains(["push", "scheduler"], each.value.trigger) ? { caller = google_service_account.caller[each.key].member } : {},
  )
}

# Who calls a function that is not public: an identity of its own for each, which can do nothing else.
resource "google_service_account" "caller" {
  for_each = { for name, function in local.functions : name => function if contains(["push", "scheduler"], function.trigger) }

  account_id   = "${var.name_prefix}call-${replace(each.key, "_", "-")}"
  display_name = "Calls ${each.key} (${each.value.trigger})"
  depends_on   = [google_project_service.this]
}
