variable "channels" {
  description = "Notification channels."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "display_name" {
  description = "What is wrong, in a line."
  type        = string
}

variable "documentation" {
  description = "What it means and what to do, in Markdown; goes with every notification."
  type        = string

  validation {
    condition     = length(var.documentation) >= 80
    error_message = "An alert without instructions wakes somebody for nothing."
  }
}

variable "log_match" {
  description = "Filter of Cloud Logging; one matching entry fires. Exclusive with thresholds."
  type        = string
  default     = null
}

variable "severity" {
  description = "CRITICAL, ERROR or WARNING."
  type        = string

  validation {
    condition     = contains(["CRITICAL", "ERROR", "WARNING"], var.severity)
    error_message = "severity is CRITICAL, ERROR or WARNING."
  }
}

variable "thresholds" {
  description = "Conditions, any of which fires. Either above or below is given; below also fires when data stops coming. denominator makes the value a ratio."
  type = list(object({
    display_name = string
    filter       = string
    denominator  = optional(string)
    above        = optional(number)
    below        = optional(number)
    aligner      = string
    reducer      = optional(string, "REDUCE_SUM")
    group_by     = optional(list(string), [])
    period_s     = optional(number, 300)
    for_s        = optional(number, 0)
  }))
  default  = []
  nullable = false
}
