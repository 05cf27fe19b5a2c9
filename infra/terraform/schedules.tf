# What calls the function, each with its own time and body: Resource Scheduler, or alarms in its place.

resource "oci_resource_scheduler_schedule" "schedule" {
  for_each = var.schedule_with == "RESOURCE_SCHEDULER" ? local.schedules : {}

  compartment_id     = local.compartment_id
  display_name       = "${var.name}-${each.key}"
  description        = each.value.purpose
  action             = "START_RESOURCE"
  recurrence_type    = "CRON"
  recurrence_details = each.value.cron
  freeform_tags      = var.freeform_tags

  resources {
    id = oci_functions_function.function.id

    parameters {
      parameter_type = "BODY"
      value          = [each.value.body]
    }
  }
}

locals {
  # A cron expression as the interval that an alarm can keep; empty where there is none.
  alarm_intervals = {
    for name, each in local.planned : name => try(
      regex("^[*] [*] [*] [*] [*]$", each.cron) != "" ? "PT1M" : "",
      "PT${one(regex("^[*]/([1-9]|[1-5][0-9]) [*] [*] [*] [*]$", each.cron))}M",
      regex("^[0-9]+ [*] [*] [*] [*]$", each.cron) != "" ? "PT1H" : "",
      "PT${one(regex("^[0-9]+ [*]/([1-9]|1[0-9]|2[0-3]) [*] [*] [*]$", each.cron))}H",
      regex("^[0-9]+ [0-9]+ [*] [*] [*]$", each.cron) != "" ? "P1D" : "",
      regex("^[0-9]+ [0-9]+ [*] [*] [0-7A-Za-z]+$", each.cron) != "" ? "P7D" : "",
      "",
    )
  }
}

# An alarm that keeps firing repeats itself. This one fires for as long as the function was called within the last day,
# which its own repetitions see to: it begins with a call by hand, and ends when nothing has called for a day.
resource "oci_monitoring_alarm" "tick" {
  for_each = var.schedule_with == "ALARM" ? local.schedules : {}

  compartment_id               = local.compartment_id
  metric_compartment_id        = local.compartment_id
  display_name                 = "${var.name}-${each.key}"
  namespace                    = "oci_faas"
  query                        = "FunctionInvocationCount[1d]{resourceId = \"${oci_functions_function.function.id}\"}.grouping().sum() > 0"
  severity                     = "INFO"
  body                         = each.value.body
  destinations                 = [oci_ons_notification_topic.ticks[0].id]
  is_enabled                   = true
  message_format               = "RAW"
  repeat_notification_duration = local.alarm_intervals[each.key]
  freeform_tags                = var.freeform_tags
}
