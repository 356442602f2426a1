variable "build_account" {
  description = "Service account that builds the function (projects/P/serviceAccounts/EMAIL)."
  type        = string
}

variable "concurrency" {
  description = "Requests that one instance serves at once. The default of Cloud Functions is 1: an instance for every request."
  type        = number

  validation {
    condition     = var.concurrency > 1 && var.concurrency <= 1000
    error_message = "concurrency must be 2 to 1000."
  }
}

variable "config_folder" {
  description = "Folder whose YAML files are deployed as config/."
  type        = string
}

variable "cpu" {
  description = "vCPUs of an instance; below 1 Cloud Run serves one request at a time."
  type        = string
  default     = "1"
  nullable    = false

  validation {
    condition     = can(tonumber(var.cpu)) && tonumber(var.cpu) >= 1
    error_message = "cpu must be at least 1: concurrency above 1 needs a whole vCPU."
  }
}

variable "environment" {
  description = "Environment variables. Secrets do not belong here: they are read from Secret Manager by name."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "image_repository" {
  description = "Artifact Registry repository of the built image (projects/P/locations/L/repositories/R)."
  type        = string
}

variable "ingress_settings" {
  description = "From where requests are let through: ALLOW_ALL, ALLOW_INTERNAL_ONLY or ALLOW_INTERNAL_AND_GCLB."
  type        = string
  default     = "ALLOW_INTERNAL_ONLY"
  nullable    = false
}

variable "instances" {
  description = "Least and greatest number of instances."
  type        = object({ min = number, max = number })
}

variable "invokers" {
  description = "Who may call the function: IAM members under keys that are known when planning."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    # Keys only: a member may still be unknown, or is refused by the variable that it comes from.
    condition     = length(setintersection(keys(var.invokers), ["allUsers", "allAuthenticatedUsers"])) == 0
    error_message = "A public function is made with public = true."
  }
}

variable "kms_key" {
  description = "Customer-managed key of the function's image and source; null for Google's."
  type        = string
  default     = null
}

variable "memory" {
  description = "Memory of an instance, such as 512Mi."
  type        = string
}

variable "name" {
  description = "The function's folder under functions/, which is also the name of the Python function in its main.py."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9_]*$", var.name))
    error_message = "name must be that of a Python function in small letters."
  }
}

variable "name_prefix" {
  description = "Put before the names of function and service account."
  type        = string
  default     = ""
  nullable    = false
}

variable "project_id" {
  description = "Project of the function."
  type        = string
}

variable "public" {
  description = "Let anybody on the internet call the function."
  type        = bool
  default     = false
  nullable    = false
}

variable "region" {
  description = "Region of the function."
  type        = string
}

variable "runtime" {
  description = "Runtime, such as python312."
  type        = string
}

variable "source_bucket" {
  description = "Bucket that the zip is uploaded to."
  type        = string
}

variable "source_root" {
  description = "Folder that has functions/, shared/ and requirements.txt."
  type        = string
}

variable "timeout_s" {
  description = "Longest time that a request may take."
  type        = number

  validation {
    condition     = var.timeout_s >= 1 && var.timeout_s <= 3600
    error_message = "timeout_s must be 1 to 3600."
  }
}

variable "vpc_connector" {
  description = "Serverless VPC connector for calls to private addresses; null for none."
  type        = string
  default     = null
}
