# The kinds that the vendor's provider knows besides, with other actions.

resource "yandex_function_trigger" "iot" {
  name = "measurements"
  iot {
    registry_id  = "are00000000000000001"
    device_id    = "are00000000000000002"
    topic        = "$devices/are00000000000000002/events"
    batch_cutoff = "10"
    batch_size   = "5"
  }
  container {
    id             = "bba00000000000000001"
    retry_attempts = "2"
    retry_interval = "15"
  }
}

resource "yandex_function_trigger" "container_registry" {
  name = "images"
  container_registry {
    registry_id      = "crp00000000000000001"
    image_name       = "shop/api"
    tag              = "stable"
    create_image_tag = true
    delete_image     = true
    batch_cutoff     = "10"
  }
  function {
    id = "d4e00000000000000001"
  }
}

resource "yandex_function_trigger" "data_streams" {
  name = "clicks"
  data_streams {
    stream_name        = "clicks"
    database           = "/ru-central1/b1g00000000000000001/etn00000000000000001"
    service_account_id = "aje00000000000000001"
    batch_cutoff       = "10"
    batch_size         = "65536"
  }
  workflow {
    id                 = "dfq00000000000000001"
    service_account_id = "aje00000000000000001"
  }
}

resource "yandex_function_trigger" "mail" {
  name = "letters"
  mail {
    attachments_bucket_id = "letters"
    service_account_id    = "aje00000000000000001"
    batch_cutoff          = "10"
    batch_size            = "3"
  }
  function {
    id = "d4e00000000000000001"
  }
}

resource "yandex_function_trigger" "log_group" {
  name = "old-logs"
  log_group {
    log_group_ids = ["eol00000000000000001", "eol00000000000000002"]
    batch_cutoff  = "10"
    batch_size    = "1" # left out, the provider takes it for 0 and replaces the trigger each time
  }
  function {
    id = "d4e00000000000000001"
  }
}
