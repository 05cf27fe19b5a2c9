# The function, and the conditions that must hold between variables before anything is made.

resource "oci_functions_application" "application" {
  compartment_id = local.compartment_id
  display_name   = var.name
  subnet_ids     = [local.subnet_id]
  shape          = var.function_shape
  freeform_tags  = var.freeform_tags
}

resource "oci_functions_function" "function" {
  application_id                   = oci_functions_application.application.id
  display_name                     = var.name
  image                            = var.image
  memory_in_mbs                    = var.memory_in_mbs
  timeout_in_seconds               = var.timeout_in_seconds
  detached_mode_timeout_in_seconds = var.detached_timeout_in_seconds
  config                           = local.config
  freeform_tags                    = var.freeform_tags

  # A detached call has no caller who could be told of its failure: people are.
  failure_destination {
    kind     = "NOTIFICATION"
    topic_id = oci_ons_notification_topic.notices.id
  }

  dynamic "provisioned_concurrency_config" {
    for_each = var.provisioned_concurrency > 0 ? [var.provisioned_concurrency] : []

    content {
      strategy = "CONSTANT"
      count    = provisioned_concurrency_config.value
    }
  }

  lifecycle {
    precondition {
      condition     = local.compartment_id != ""
      error_message = "Neither compartment_id nor compartment_ocid is given: one of them must say where the function goes."
    }

    precondition {
      condition     = length(local.compartment_ids) > 0
      error_message = "Neither source_compartment_id nor compartment_ids names a compartment: one of them must say where the volumes are."
    }

    precondition {
      condition     = !contains(local.destinations, local.source_region)
      error_message = "destination_region, destination_regions or policy names ${local.source_region}, where the sources are: remove it."
    }

    precondition {
      condition     = length(local.outside_regions) > 0
      error_message = "Nothing says where copies go: name a region in destination_region, destination_regions, policy, or allowed_regions."
    }

    precondition {
      condition     = length(var.allowed_regions) == 0 || length(setsubtract(compact(local.policy_destinations[*].region), var.allowed_regions)) == 0
      error_message = "policy names a region that allowed_regions does not: add it there, or remove it."
    }

    precondition {
      condition     = length(setsubtract(concat(local.regions, [var.region]), keys(local.region_keys))) == 0
      error_message = "There is no region of the name ${join(", ", setsubtract(concat(local.regions, [var.region]), keys(local.region_keys)))} in this realm."
    }

    precondition {
      condition     = !var.create_iam || length(setsubtract(concat(local.regions, [var.region]), local.subscriptions[*].region_name)) == 0
      error_message = "The tenancy is not subscribed to ${join(", ", setsubtract(concat(local.regions, [var.region]), local.subscriptions[*].region_name))}: subscribe to it, or leave it out."
    }

    precondition {
      condition     = length(local.kms_key_ids) == 0 || length(setsubtract(local.destination_regions, concat(keys(local.kms_key_ids), [for each in local.policy_destinations : each.region if each.names_key]))) == 0
      error_message = "Keys are named, but none for ${join(", ", setsubtract(local.destination_regions, keys(local.kms_key_ids)))}: give it one in kms_key_ids, or an empty text for an Oracle-managed one."
    }

    precondition {
      condition     = var.destination_kms_key_id == "" || (var.destination_region != "" && lookup(var.kms_key_ids, var.destination_region, var.destination_kms_key_id) == var.destination_kms_key_id)
      error_message = "destination_kms_key_id is the key for copies in destination_region: name that region, and no other key for it in kms_key_ids."
    }

    precondition {
      condition     = alltrue([for each in local.named_keys : try(contains(["", each.region, lookup(local.region_keys, each.region, each.region)], split(".", each.key)[3]), true) if each.key != "" && each.key != null])
      error_message = "destination_kms_key_id, kms_key_ids or policy gives a region a key of another region: copies can only have a key of the region that they are in."
    }

    precondition {
      condition     = local.config_bytes <= 4096
      error_message = "The function's configuration would have ${local.config_bytes} bytes, of which OCI Functions takes 4096: shorten policy, or name fewer compartments."
    }

    precondition {
      condition     = length(local.malformed_crons) == 0
      error_message = "${join(", ", local.malformed_crons)}: a cron expression has minutes of 0 to 59, hours of 0 to 23, days of 1 to 31, months of 1 to 12 or JAN to DEC, and weekdays of 0 to 7 or SUN to SAT, such as */10 * * * *."
    }

    precondition {
      condition     = !local.wants_heartbeat || local.sweep_pause < local.heartbeat_minutes
      error_message = "By sweep_cron there may be no sweep for ${local.sweep_pause} minutes, which the alarm on heartbeat_absent_for = ${var.heartbeat_absent_for} would take for the end of all: set that to more, or to never, or sweep more often."
    }

    precondition {
      condition     = !contains(keys(local.planned), "prune") || var.allow_deletion
      error_message = "prune_cron schedules deletions, which allow_deletion does not allow: set it to true, or prune_cron to never."
    }

    precondition {
      condition     = var.provisioned_concurrency % lookup({ 128 = 40, 256 = 20 }, var.memory_in_mbs, 10) == 0
      error_message = "provisioned_concurrency must be a multiple of ${lookup({ 128 = 40, 256 = 20 }, var.memory_in_mbs, 10)} with ${var.memory_in_mbs} MiB of memory."
    }

    precondition {
      condition     = var.schedule_with != "ALARM" || alltrue([for each in values(local.alarm_intervals) : each != ""])
      error_message = "An alarm keeps an interval only: with schedule_with = ALARM a cron expression must be like */10 * * * *, 0 * * * *, 0 */6 * * *, 0 6 * * * or 0 6 * * 1."
    }

    precondition {
      condition     = var.schedule_with != "ALARM" || anytrue([for each in values(local.alarm_intervals) : startswith(each, "PT")])
      error_message = "Alarms that call the function go on only while it is called at least every few hours: with schedule_with = ALARM set sweep_cron to such as */10 * * * *."
    }
  }
}
