variable "alert_channel_ids" {
  description = "Existing Cloud Monitoring notification channels (projects/P/notificationChannels/N) that get every alert: Slack, PagerDuty, ..."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for id in var.alert_channel_ids : can(regex("^projects/[^/]+/notificationChannels/[^/]+$", id))])
    error_message = "Each channel is written projects/PROJECT/notificationChannels/NUMBER."
  }
}

variable "alert_emails" {
  description = "Mail addresses that get every alert; a channel is made for each."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for address in var.alert_emails : can(regex("^[^@\\s]+@[^@\\s]+$", address))])
    error_message = "alert_emails must be mail addresses."
  }
}

variable "alert_thresholds" {
  description = "When alerts fire. no_traffic_min: null for sites whose plants may be silent for a day (at most 1380)."
  type = object({
    backlog_age_s        = optional(number, 1800)
    error_ratio          = optional(number, 0.05)
    ingress_p95_ms       = optional(number, 5000)
    kpi_stale_min        = optional(number, 180)
    missed_per_h         = optional(number, 10)
    no_traffic_min       = optional(number, 720)
    refused_per_10_min   = optional(number, 5)
    scheduler_failures_h = optional(number, 2)
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for limit in [var.alert_thresholds.kpi_stale_min, coalesce(var.alert_thresholds.no_traffic_min, 60)] : limit >= 10 && limit <= 1380])
    error_message = "kpi_stale_min and no_traffic_min must be 10 to 1380: Cloud Monitoring looks back at most a day."
  }
}

variable "bigquery_dataset" {
  description = "Dataset of events, work orders and KPIs. Default: maintenance, after the name prefix."
  type        = string
  default     = null

  validation {
    condition     = var.bigquery_dataset == null || can(regex("^[A-Za-z0-9_]{1,1024}$", var.bigquery_dataset))
    error_message = "A dataset's name has letters, digits and underscores only."
  }
}

variable "commit" {
  description = "Commit that is deployed; each function logs it when it starts. scripts/terraform-plan.sh sets it."
  type        = string
  default     = "unknown"
  nullable    = false

  validation {
    condition     = can(regex("^(unknown|[0-9a-f]{7,64})$", var.commit))
    error_message = "commit is the hash of a commit, or unknown."
  }
}

variable "config_folder" {
  description = "Folder with sites.yaml, routes.yaml and mappings/, relative to this one; deployed with every function."
  type        = string
  default     = "../config"
  nullable    = false
}

variable "deletion_protection" {
  description = "Refuse to delete what holds data: tables, dataset, Firestore database, secrets, source bucket. false only for throw-away environments."
  type        = bool
  default     = true
  nullable    = false
}

variable "firestore_database" {
  description = "Firestore database of claims, sync records and watermarks; \"(default)\" for the project's own. Default: bridge, after the name prefix."
  type        = string
  default     = null

  validation {
    condition     = var.firestore_database == null || can(regex("^(\\(default\\)|[a-z][a-z0-9-]{2,61}[a-z0-9])$", var.firestore_database))
    error_message = "A database is called (default), or has 4 to 63 small letters, digits and hyphens."
  }
}

variable "ingress_min_instances" {
  description = "Instances of webhook_ingress kept warm: MaintainX gives a webhook 10 s, cold start included. 0 saves the idle cost."
  type        = number
  default     = 1
  nullable    = false
}

variable "kms_key" {
  description = "Customer-managed key (projects/P/locations/REGION/keyRings/R/cryptoKeys/K, in var.region) for everything that holds data; null for Google's keys."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key == null || can(regex("^projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+$", var.kms_key))
    error_message = "kms_key must be the full name of a key, without version."
  }
}

variable "labels" {
  description = "Labels put on everything that takes labels."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "log_level" {
  description = "Least severe level that the functions log."
  type        = string
  default     = "INFO"
  nullable    = false

  validation {
    condition     = contains(["DEBUG", "INFO", "WARNING", "ERROR"], var.log_level)
    error_message = "log_level is DEBUG, INFO, WARNING or ERROR."
  }
}

variable "message_storage_regions" {
  description = "Regions in which Pub/Sub may keep messages; empty: wherever the organisation allows."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "name_prefix" {
  description = "Put before the name of every resource, so that two installations can share a project."
  type        = string
  default     = "mx-"
  nullable    = false

  # Ten characters leave room for `call-event-router` in a service account's 30.
  validation {
    condition     = can(regex("^([a-z][a-z0-9-]{0,8}-)?$", var.name_prefix)) && !startswith(var.name_prefix, "goog")
    error_message = "name_prefix is empty, or up to 10 small letters, digits and hyphens that end in a hyphen; Pub/Sub refuses goog."
  }
}

variable "operator_ingress" {
  description = "From where dlq_replay can be reached, always with the invoker role: ALLOW_ALL (a laptop), ALLOW_INTERNAL_ONLY (VPN or VPC)."
  type        = string
  default     = "ALLOW_ALL"
  nullable    = false

  validation {
    condition     = contains(["ALLOW_ALL", "ALLOW_INTERNAL_ONLY", "ALLOW_INTERNAL_AND_GCLB"], var.operator_ingress)
    error_message = "operator_ingress is ALLOW_ALL, ALLOW_INTERNAL_ONLY or ALLOW_INTERNAL_AND_GCLB."
  }
}

variable "operators" {
  description = "Who may use the operators' command line: dead letters, conflicts, links, traces. IAM members such as group:oncall@example.com."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for member in var.operators : can(regex("^(user|group|serviceAccount|principal|principalSet):.+$", member))])
    error_message = "operators are IAM members (user:, group:, serviceAccount:, principal:, principalSet:); allUsers is refused."
  }
}

variable "project_id" {
  description = "Project that everything is created in; it must exist and have billing."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project_id))
    error_message = "project_id must be a valid Google Cloud project id."
  }
}

variable "region" {
  description = "Region of functions, schedulers, secrets and data."
  type        = string
  default     = "europe-west1"
  nullable    = false
}

variable "retention" {
  description = "How long things are kept. dead_letters_days must stay below the 30 days that a claim is remembered (CLAIM_TTL_S). raw_events_days: null keeps the archive for ever."
  type = object({
    dead_letters_days    = optional(number, 14)
    messages_days        = optional(number, 7)
    raw_events_days      = optional(number)
    source_versions_days = optional(number, 30)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.retention.dead_letters_days >= 7 && var.retention.dead_letters_days <= 29
    error_message = "dead_letters_days must be 7 to 29: a replayed event must find its claim, which is kept for 30 days."
  }
  validation {
    condition     = var.retention.messages_days >= 1 && var.retention.messages_days <= 31
    error_message = "messages_days must be 1 to 31, Pub/Sub's limit."
  }
}

variable "runtime" {
  description = "Python runtime of the functions."
  type        = string
  default     = "python312"
  nullable    = false

  validation {
    condition     = can(regex("^python31[1-9]$", var.runtime))
    error_message = "runtime must be python311 or newer."
  }
}

variable "schedules" {
  description = "Crons, each in the site's own time zone. catch_up finds what no webhook told of; erp_pull finds what people changed in the ERP, erp_compare by reading every linked record; health probes and makes deleted webhook subscriptions again; kpi_refresh loads what changed and computes; kpi_compare also looks for deleted work orders."
  type = object({
    catch_up    = optional(string, "*/15 * * * *")
    erp_compare = optional(string, "47 1 * * *")
    erp_pull    = optional(string, "*/5 * * * *")
    health      = optional(string, "*/10 * * * *")
    kpi_compare = optional(string, "17 3 * * *")
    kpi_refresh = optional(string, "*/30 * * * *")
  })
  default  = {}
  nullable = false
}

variable "vpc_connector" {
  description = "Serverless VPC connector through which erp_pull, erp_push and health reach a private ERP; null for none."
  type        = string
  default     = null
}
