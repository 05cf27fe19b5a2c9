# Alarms for people. What they tell comes from the function's platform and from the metrics that it publishes itself.

locals {
  # PT1H, as the query language writes it.
  heartbeat_window = lower(trimprefix(var.heartbeat_absent_for, "PT"))

  # Where nothing sweeps, nothing is missed; and it is reports that tell of breaches, once a day or so.
  sweeps        = contains(keys(local.schedules), "sweep")
  breach_window = local.sweeps ? local.heartbeat_window : "1d"

  function_alarms = {
    errors = {
      query    = "FunctionResponseCount[5m]{resourceId = \"${oci_functions_function.function.id}\", responseType = \"Error\"}.grouping().sum() > 0"
      severity = "CRITICAL"
      body     = "Calls of the function ${var.name} fail: it broke, ran out of time, or an API was in trouble, which sweeps make good. Look in its log for invocation.failed and invocation.crashed."
    }
    throttled = {
      query    = "FunctionResponseCount[5m]{resourceId = \"${oci_functions_function.function.id}\", responseType = \"Throttled\"}.grouping().sum() > 0"
      severity = "WARNING"
      body     = "Calls of the function ${var.name} are turned away: functions in this region use all the memory that the tenancy may have at once. Ask for a higher limit, or run it less often."
    }
  }

  # Each sweep tells of each destination how many copies it has started, be it none. Which metric it is does not matter;
  # that there is one does.
  copy_alarms = {
    heartbeat = {
      query    = "copies_started[${local.heartbeat_window}].grouping().absent(3d)"
      severity = "CRITICAL"
      body     = "No sweep of the function ${var.name} has told how things stand for ${local.heartbeat_window}: what is missing may stay missing. Look whether its schedule is active and may call it, and in its log for invocation.rejected and tell.failed."
      wanted   = local.sweeps
    }
    breach = {
      query    = "recovery_point_breach[${local.breach_window}].grouping().max() > 0"
      severity = "CRITICAL"
      body     = "The recovery point of at least one source is older than it may be in a destination. The function's own message and its report say which, and why."
      wanted   = true
    }
  }
}

resource "oci_monitoring_alarm" "function" {
  for_each = var.alarms ? local.function_alarms : {}

  compartment_id        = local.compartment_id
  metric_compartment_id = local.compartment_id
  display_name          = "${var.name}-${each.key}"
  namespace             = "oci_faas"
  query                 = each.value.query
  severity              = each.value.severity
  body                  = each.value.body
  destinations          = [oci_ons_notification_topic.notices.id]
  is_enabled            = true
  message_format        = "ONS_OPTIMIZED"
  freeform_tags         = var.freeform_tags
}

resource "oci_monitoring_alarm" "copies" {
  for_each = var.alarms && var.metrics == "ON" ? { for name, each in local.copy_alarms : name => each if each.wanted } : {}

  compartment_id               = local.compartment_id
  metric_compartment_id        = local.compartment_id
  display_name                 = "${var.name}-${each.key}"
  namespace                    = "backup_copy"
  query                        = each.value.query
  severity                     = each.value.severity
  body                         = each.value.body
  destinations                 = [oci_ons_notification_topic.notices.id]
  is_enabled                   = true
  message_format               = "ONS_OPTIMIZED"
  repeat_notification_duration = "P1D"
  freeform_tags                = var.freeform_tags
}
