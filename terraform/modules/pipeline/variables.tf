variable "bigquery_table" {
  description = "Table that messages are written to (PROJECT.DATASET.TABLE), with metadata; null for a push pipeline."
  type        = string
  default     = null
}

variable "dead_letter_retention_s" {
  description = "How long dead letters are kept."
  type        = number
}

variable "kms_key" {
  description = "Customer-managed key of the dead letters; null for Google's."
  type        = string
  default     = null
}

variable "max_delivery_attempts" {
  description = "After how many deliveries a message is dead."
  type        = number

  validation {
    condition     = var.max_delivery_attempts >= 5 && var.max_delivery_attempts <= 100
    error_message = "max_delivery_attempts must be 5 to 100, Pub/Sub's limits."
  }
}

variable "message_retention_s" {
  description = "How long an undelivered message is kept."
  type        = number
}

variable "message_storage_regions" {
  description = "Regions in which dead letters may be kept; empty: anywhere."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "name" {
  description = "Name of the pipeline and of its subscription, after the prefix."
  type        = string
}

variable "name_prefix" {
  description = "Put before the names of subscriptions and topics."
  type        = string
  default     = ""
  nullable    = false
}

variable "pubsub_agent" {
  description = "IAM member of the project's Pub/Sub service agent."
  type        = string
}

variable "push" {
  description = "Function that messages are pushed to, and the identity that pushes; null for a BigQuery pipeline."
  type = object({
    endpoint              = string
    function_timeout_s    = number
    service_account_email = string
  })
  default = null

  validation {
    condition     = var.push == null || try(var.push.function_timeout_s, 0) <= 570
    error_message = "A pushed function may run for 570 s at most: Pub/Sub waits no longer than 600 s for an answer."
  }
}

variable "topic" {
  description = "Topic whose messages are delivered (projects/P/topics/T)."
  type        = string
}
