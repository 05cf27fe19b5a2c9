# Alarms for people. What they tell comes from the function's platform and from the metrics that it publishes itself.

locals {
  # PT1H, as the query language writes it, and in minutes.
  heartbeat_window  = lower(trimprefix(var.heartbeat_absent_for, "PT"))
  heartbeat_minutes = try(tonumber(regex("[0-9]+", local.heartbeat_window)) * (endswith(local.heartbeat_window, "h") ? 60 : 1), 0)
  wants_heartbeat   = var.alarms && var.metrics == "ON" && contains(keys(local.planned), "sweep") && var.heartbeat_absent_for != "never"

  # Where nothing sweeps, nothing is missed. Of breaches sweeps tell, and reports and prunes, of which the last day's are
  # looked at where the pauses of sweeps are not known to be shorter; where none of them is called, nobody tells.
  has_heartbeat = local.wants_heartbeat && contains(keys(local.schedules), "sweep")
  has_breaches  = anytrue([for each in ["sweep", "report", "prune"] : contains(keys(local.schedules), each)])
  breach_window = local.has_heartbeat ? local.heartbeat_window : "1d"

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

  # A sweep of all that is configured publishes one point of `sweeps`, whatever it found; no report or prune does, nor a
  # sweep of some of it.
  copy_alarms = {
    heartbeat = {
      query    = "sweeps[${local.heartbeat_window}]{source = \"all\"}.grouping().absent(3d)"
      severity = "CRITICAL"
      body     = "The function ${var.name} has not swept all that is configured for ${local.heartbeat_window}: what is missing may stay missing. Look whether its schedule is active and may call it, and in its log for invocation.rejected and tell.failed."
      wanted   = local.has_heartbeat
    }
    breach = {
      query    = "recovery_point_breach[${local.breach_window}].grouping().max() > 0"
      severity = "CRITICAL"
      body     = "The recovery point of at least one source is older than it may be in a destination. The function's own message and its report say which, and why."
      wanted   = local.has_breaches
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
