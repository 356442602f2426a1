# The whole, as the two sites of config/sites.yaml have it deployed: who may do what, and what is easily forgotten.

mock_provider "archive" {
  override_during = plan
}
mock_provider "time" {
  override_during = plan
}
mock_provider "google" {
  override_during = plan

  mock_data "google_project" {
    defaults = { number = "123456789012" }
  }
  # Made-up strings still pass the provider's own checks: a member must look like one.
  mock_resource "google_service_account" {
    defaults = {
      name   = "projects/p/serviceAccounts/mock@p.iam.gserviceaccount.com"
      email  = "mock@p.iam.gserviceaccount.com"
      member = "serviceAccount:mock@p.iam.gserviceaccount.com"
    }
  }
  mock_resource "google_cloudfunctions2_function" {
    defaults = { service_config = { uri = "https://function.example.com" } }
  }
}

variables {
  project_id   = "example-maintenance"
  alert_emails = ["oncall@example.com"]
  operators    = ["group:oncall@example.com"]
}

run "bundle" {
  command = plan

  # Functions

  assert {
    condition     = [for name, function in module.function : name if length(setintersection(function.invokers, ["allUsers", "allAuthenticatedUsers"])) > 0] == ["webhook_ingress"]
    error_message = "webhook_ingress, and nothing else, is public."
  }
  assert {
    condition     = alltrue([for name, function in module.function : function.ingress_settings == "ALLOW_INTERNAL_ONLY" if !contains(["webhook_ingress", "dlq_replay"], name)])
    error_message = "What only Pub/Sub and Scheduler call is not reachable from the internet."
  }
  assert {
    condition     = alltrue([for name, function in module.function : length(function.invokers) > 0])
    error_message = "A function that nobody may call does nothing."
  }
  assert {
    condition     = alltrue([for function in module.function : function.service_config.max_instance_request_concurrency > 1 && tonumber(function.service_config.available_cpu) >= 1])
    error_message = "Concurrency left at 1, or less than a whole vCPU: one instance for every request."
  }
  assert {
    condition     = alltrue([for name, function in module.function : function.service_config.environment_variables["THREADS"] == tostring(function.service_config.max_instance_request_concurrency) if name != "webhook_ingress"])
    error_message = "The server must have as many threads as Cloud Run sends requests."
  }
  assert {
    condition     = module.function["webhook_ingress"].service_config.environment_variables["FUNCTION_USE_ASGI"] == "true" && module.function["webhook_ingress"].service_config.min_instance_count >= 1
    error_message = "webhook_ingress runs under asyncio, and one instance is warm: MaintainX waits 10 s."
  }
  assert {
    condition     = alltrue([for name, function in module.function : tonumber(function.service_config.environment_variables["CLAIM_LEASE_S"]) >= function.service_config.timeout_seconds if local.functions[name].trigger == "push"])
    error_message = "A claim shorter than the function may run is taken over while it is worked on."
  }

  # Pub/Sub

  assert {
    condition     = alltrue([for pipeline, spec in local.pipelines : module.pipeline[pipeline].ack_deadline_s >= module.function[spec.function].service_config.timeout_seconds if spec.function != null])
    error_message = "An ack deadline below the function's timeout has Pub/Sub send a message again while it is worked on."
  }
  assert {
    condition     = alltrue([for pipeline, spec in local.pipelines : module.function[spec.function].service_config.environment_variables["MAX_DELIVERY_ATTEMPTS"] == tostring(spec.max_delivery_attempts) if spec.function != null])
    error_message = "A function must know its subscription's limit, to write the dead letter with its reason first."
  }
  assert {
    condition     = alltrue([for topic in google_pubsub_topic.this : topic.message_retention_duration == "604800s"])
    error_message = "A topic without retention cannot be sought back to before a fault."
  }
  assert {
    condition     = alltrue([for grant in values(google_service_account_iam_member.push_token) : grant.role == "roles/iam.serviceAccountTokenCreator" && endswith(grant.member, "service-123456789012@gcp-sa-pubsub.iam.gserviceaccount.com")]) && toset(keys(google_service_account_iam_member.push_token)) == toset(["erp_push", "event_router", "notify"])
    error_message = "Pub/Sub's agent must be able to sign tokens as each pushing account."
  }
  assert {
    condition     = toset([for table, grant in google_bigquery_table_iam_member.pubsub : table if grant.role == "roles/bigquery.dataEditor"]) == toset(["raw_events", "sync_audit_raw"])
    error_message = "Pub/Sub's agent writes the two raw tables, and no other."
  }
  assert {
    condition     = [for function, grant in google_bigquery_table_iam_member.archive : "${function} ${grant.table_id} ${grant.role}"] == ["catch_up raw_events roles/bigquery.dataViewer"]
    error_message = "Who asks what we were told reads the archive, and writes nothing."
  }

  # Schedulers

  assert {
    condition     = alltrue([for id, site in local.sites : alltrue([for name, schedule in local.schedules : try(google_cloud_scheduler_job.this["${name}-${id}"].time_zone == site.time_zone, false) if !schedule.needs_erp || can(site.erp.adapter)])])
    error_message = "Every site of sites.yaml has every schedule, in its own time zone."
  }
  assert {
    condition     = alltrue([for job in google_cloud_scheduler_job.this : try(job.retry_config[0].retry_count >= 1, false)])
    error_message = "A scheduler job without retry skips a run because of one bad second."
  }
  assert {
    condition     = alltrue([for job in google_cloud_scheduler_job.this : try(job.http_target[0].oidc_token[0].audience == job.http_target[0].uri, false) && lookup(job.http_target[0].headers, "Content-Type", "") == "application/json"])
    error_message = "A call without a token is refused, one without a content type is not understood."
  }
  assert {
    condition     = alltrue([for key, job in google_cloud_scheduler_job.this : tonumber(trimsuffix(job.attempt_deadline, "s")) >= module.function[local.jobs[key].function].service_config.timeout_seconds && tonumber(trimsuffix(job.attempt_deadline, "s")) <= 1800])
    error_message = "An attempt deadline below the function's timeout takes a slow success for a failure."
  }

  # Secrets

  assert {
    condition = {
      for kind in toset(local.site_secrets[*].kind) : kind => toset(flatten([
        for secret in local.site_secrets : [for grant in values(local.secret_grants) : grant.function if grant.secret == secret.name] if secret.kind == kind
      ]))
      } == {
      erp_credentials     = toset(["erp_pull", "erp_push", "health"])
      events              = toset(["webhook_ingress"])
      maintainx_api_key   = toset(["catch_up", "erp_push", "event_router", "health", "kpi_compute", "notify"])
      notify_urls         = toset(["notify"])
      subscription_ledger = toset(["health"])
      webhook             = toset(["health", "webhook_ingress"])
    }
    error_message = "A secret is readable by a function that has no use for it, or not by one that has."
  }
  assert {
    condition     = toset(keys(google_secret_manager_secret_iam_member.function)) == toset(keys(local.secret_grants)) && alltrue([for grant in values(google_secret_manager_secret_iam_member.function) : grant.role == "roles/secretmanager.secretAccessor"])
    error_message = "Grants on secrets are those of the table, to read and nothing more."
  }

  assert {
    condition     = toset([for grant in values(local.secret_writers) : grant.function]) == toset(["health"]) && alltrue([for grant in values(google_secret_manager_secret_iam_member.writer) : grant.role == "roles/secretmanager.secretVersionManager"])
    error_message = "Only the watchdog of the subscriptions changes secrets, and only their versions."
  }

  # The project

  assert {
    condition = toset(concat(
      [for grant in values(google_project_iam_member.bigquery_jobs) : grant.role],
      [for grant in values(google_project_iam_member.firestore) : grant.role],
      [google_project_iam_member.build_logs.role, google_project_iam_member.build_source.role],
    )) == toset(["roles/bigquery.jobUser", "roles/datastore.user", "roles/logging.logWriter", "roles/storage.objectViewer"])
    error_message = "On the project only what cannot be lower; the README has the list."
  }
  assert {
    condition     = alltrue([for grant in values(google_project_iam_member.firestore) : length(grant.condition) == 1]) && length(google_project_iam_member.build_source.condition) == 1
    error_message = "Firestore and the build's source are narrowed by a condition."
  }

  # What data needs

  assert {
    condition     = length(google_firestore_field.claim_ttl.ttl_config) == 1
    error_message = "Without TTL claims are kept, and paid for, for ever."
  }
  assert {
    condition     = alltrue([for table in google_bigquery_table.this : table.deletion_protection]) && google_firestore_database.this.delete_protection_state == "DELETE_PROTECTION_ENABLED" && alltrue([for secret in google_secret_manager_secret.this : secret.deletion_protection])
    error_message = "By default nothing that holds data can be destroyed."
  }
  assert {
    condition     = length(setunion(local.views_1, local.views_2, local.views_3, local.views_4, local.views_5)) == length(local.view_files) && alltrue([for name in local.views_5 : length(setsubtract(local.view_reads[name], local.made_4)) == 0])
    error_message = "Views are more than five layers deep, or read each other in a circle: warehouse.tf needs another layer."
  }

  # Alerts

  assert {
    condition = length(setsubtract(
      ["backlog", "breaker-open", "dead-letters", "error-rate", "ingress-latency", "kpi-stale-plant-north", "kpi-stale-plant-south", "missed-webhooks", "no-traffic-plant-north", "no-traffic-plant-south", "scheduler-failures", "site-unhealthy", "webhook-failures"],
      keys(module.alert),
    )) == 0 && contains(keys(module.log_alert), "subscription-deleted")
    error_message = "An alert is missing."
  }
}
