terraform {
  required_providers {
    yandex = {
      source  = "yandex-cloud/yandex"
      version = "0.216.0"
    }
  }
}

# Where Tocsin is, who asks and in which folder: YC_ENDPOINT, YC_TOKEN or
# YC_SERVICE_ACCOUNT_KEY_FILE, YC_FOLDER_ID.
provider "yandex" {}

variable "release" {
  description = "What of the triggers changes from one release to the next."
  type        = number
  default     = 1
}

locals {
  first = var.release == 1
}

resource "yandex_function_trigger" "timer" {
  name        = "report"
  description = "release ${var.release}"
  labels      = { release = tostring(var.release), empty = "" }
  timer {
    cron_expression = local.first ? "0 9 ? * MON-FRI *" : "30 8 ? * MON-FRI *"
    payload         = "release ${var.release}"
  }
  function {
    id                 = "d4e00000000000000001"
    service_account_id = "aje00000000000000001"
    tag                = "stable"
    retry_attempts     = "3"
    retry_interval     = local.first ? "10" : "20"
  }
  dlq {
    queue_id           = "yrn:yc:ymq:ru-central1:b1g00000000000000001:dead"
    service_account_id = "aje00000000000000001"
  }
}

resource "yandex_function_trigger" "message_queue" {
  name        = "orders"
  description = "release ${var.release}"
  message_queue {
    queue_id           = "yrn:yc:ymq:ru-central1:b1g00000000000000001:orders"
    service_account_id = "aje00000000000000001"
    batch_cutoff       = local.first ? "10" : "15"
    batch_size         = "5"
    visibility_timeout = "600"
  }
  container {
    id                 = "bba00000000000000001"
    service_account_id = "aje00000000000000001"
    path               = "/orders"
  }
}

resource "yandex_function_trigger" "object_storage" {
  name        = "photos"
  description = "release ${var.release}"
  object_storage {
    bucket_id    = "photos"
    prefix       = "in/"
    suffix       = local.first ? ".jpg" : ".png"
    create       = true
    delete       = true
    batch_cutoff = "10"
  }
  function {
    id = "d4e00000000000000001"
  }
}

resource "yandex_function_trigger" "logging" {
  name        = "alarms"
  description = "release ${var.release}"
  logging {
    group_id       = "e2300000000000000001"
    resource_types = ["serverless.function"]
    levels         = local.first ? ["error"] : ["error", "fatal"]
    stream_names   = ["main"]
    batch_cutoff   = "5"
    batch_size     = "20"
  }
  function {
    id             = "d4e00000000000000001"
    retry_attempts = "1"
    retry_interval = "10"
  }
}

data "yandex_function_trigger" "by_id" {
  trigger_id = yandex_function_trigger.timer.id
}

data "yandex_function_trigger" "by_name" {
  name = yandex_function_trigger.timer.name
}

output "found" {
  value = [data.yandex_function_trigger.by_id.id, data.yandex_function_trigger.by_name.trigger_id]
}
