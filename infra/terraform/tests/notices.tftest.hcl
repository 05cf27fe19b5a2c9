# Who is told, and of what: topics, alarms, logs.

mock_provider "oci" {
  source = "./tests/mocks"
}

mock_provider "oci" {
  alias  = "home"
  source = "./tests/mocks"
}

variables {
  tenancy_ocid        = "ocid1.tenancy.oc1..tenancy"
  region              = "us-ashburn-1"
  compartment_id      = "ocid1.compartment.oc1..functions"
  compartment_ids     = ["ocid1.compartment.oc1..production", "ocid1.compartment.oc1..finance"]
  destination_regions = ["us-phoenix-1", "eu-frankfurt-1"]
  image               = "iad.ocir.io/mynamespace/backups/cross-region-backup:1.0.0"
  enabled             = true
}

run "topics" {
  variables {
    schedule_with = "ALARM"
    notice_emails = ["operator@example.com", "second@example.com"]
  }

  override_resource {
    target = oci_ons_notification_topic.notices
    values = { id = "ocid1.onstopic.oc1.iad.notices" }
  }

  override_resource {
    target = oci_ons_notification_topic.ticks
    values = { id = "ocid1.onstopic.oc1.iad.ticks" }
  }

  assert {
    condition     = alltrue([for each in oci_ons_subscription.function : each.topic_id != oci_ons_notification_topic.notices.id])
    error_message = "The function is never subscribed to the notices topic: it would answer its own notices."
  }

  assert {
    condition     = toset([for each in oci_ons_subscription.email : each.endpoint]) == toset(["operator@example.com", "second@example.com"])
    error_message = "Each person is told by e-mail."
  }

  assert {
    condition     = alltrue([for each in oci_ons_subscription.email : each.protocol == "EMAIL" && each.topic_id == oci_ons_notification_topic.notices.id])
    error_message = "People are told through the notices topic only."
  }

  assert {
    condition     = oci_functions_function.function.config["NOTIFICATION_TOPIC_ID"] == "ocid1.onstopic.oc1.iad.notices" && one(oci_functions_function.function.failure_destination).topic_id == "ocid1.onstopic.oc1.iad.notices"
    error_message = "What the function says, and its calls that fail, go to people."
  }

  assert {
    condition     = alltrue([for each in concat(values(oci_monitoring_alarm.function), values(oci_monitoring_alarm.copies)) : toset(each.destinations) == toset(["ocid1.onstopic.oc1.iad.notices"])])
    error_message = "Alarms for people go to the notices topic."
  }
}

run "alarms" {
  variables {
    heartbeat_absent_for = "PT45M"
  }

  assert {
    condition     = { for name, each in oci_monitoring_alarm.function : name => each.namespace } == { errors = "oci_faas", throttled = "oci_faas" }
    error_message = "Calls that fail and calls that are turned away raise an alarm, from the metrics of OCI Functions."
  }

  assert {
    condition     = { for name, each in oci_monitoring_alarm.copies : name => each.namespace } == { heartbeat = "backup_copy", breach = "backup_copy" }
    error_message = "Sweeps that have ceased and recovery points that are too old raise an alarm, from the function's own metrics."
  }

  assert {
    condition = { for name, each in oci_monitoring_alarm.function : name => each.query } == {
      for name, type in { errors = "Error", throttled = "Throttled" } : name => "FunctionResponseCount[5m]{resourceId = \"ocid1.fnfunc.oc1.iad.function\", responseType = \"${type}\"}.grouping().sum() > 0"
    }
    error_message = "Alarms on calls are about this function only, and about one such call and more."
  }

  assert {
    condition     = alltrue([for each in oci_monitoring_alarm.copies : each.repeat_notification_duration == "P1D"])
    error_message = "What stands is told again each day."
  }

  assert {
    condition     = oci_monitoring_alarm.copies["heartbeat"].query == "sweeps[45m]{source = \"all\"}.grouping().absent(3d)"
    error_message = "The alarm on the heartbeat fires when nothing was swept for as long as is said, and goes on for three days."
  }

  assert {
    condition     = oci_monitoring_alarm.copies["breach"].query == "recovery_point_breach[45m].grouping().max() > 0"
    error_message = "The alarm on recovery points fires when the last sweeps have told of a breach."
  }

  assert {
    condition     = alltrue([for each in concat(values(oci_monitoring_alarm.function), values(oci_monitoring_alarm.copies)) : each.metric_compartment_id == "ocid1.compartment.oc1..functions" && each.is_enabled && length(each.body) > 0 && length(each.body) <= 1000])
    error_message = "Each alarm looks where its metrics are, is on, and says what to do in what a body may hold."
  }
}

run "no_alarms" {
  variables {
    alarms = false
  }

  assert {
    condition     = length(oci_monitoring_alarm.function) == 0 && length(oci_monitoring_alarm.copies) == 0
    error_message = "With alarms = false none is made."
  }
}

run "no_alarm_waits_for_what_nobody_publishes" {
  variables {
    metrics = "OFF"
  }

  assert {
    condition     = length(oci_monitoring_alarm.copies) == 0 && length(oci_monitoring_alarm.function) == 2
    error_message = "Without the function's metrics there are no alarms on them; those on its calls stay."
  }
}

run "no_heartbeat_before_it_is_enabled" {
  variables {
    enabled = false
  }

  assert {
    condition     = length(oci_monitoring_alarm.copies) == 0
    error_message = "No sweep is missed before any is called, and nobody tells of breaches."
  }
}

run "no_heartbeat_without_sweeps" {
  variables {
    sweep_cron = "never"
  }

  assert {
    condition     = keys(oci_monitoring_alarm.copies) == ["breach"]
    error_message = "Where no sweep is scheduled none is missed."
  }

  assert {
    condition     = oci_monitoring_alarm.copies["breach"].query == "recovery_point_breach[1d].grouping().max() > 0"
    error_message = "Where reports alone tell of breaches, the last day is looked at."
  }
}

run "no_breaches_where_nobody_tells_of_them" {
  variables {
    sweep_cron  = "never"
    report_cron = "never"
  }

  assert {
    condition     = length(oci_monitoring_alarm.copies) == 0
    error_message = "What makes backups tells of no recovery points."
  }
}

run "no_heartbeat_is_asked_for" {
  variables {
    sweep_cron           = "0 6 * * 1"
    heartbeat_absent_for = "never"
  }

  assert {
    condition     = keys(oci_monitoring_alarm.copies) == ["breach"] && oci_monitoring_alarm.copies["breach"].query == "recovery_point_breach[1d].grouping().max() > 0"
    error_message = "Where sweeps are too rare for an alarm there is none on them, and that on breaches looks at the last day."
  }
}

run "a_heartbeat_as_slow_as_the_sweeps" {
  variables {
    sweep_cron           = "0 */6 * * *"
    heartbeat_absent_for = "PT7H"
  }

  assert {
    condition     = oci_monitoring_alarm.copies["heartbeat"].query == "sweeps[7h]{source = \"all\"}.grouping().absent(3d)" && oci_monitoring_alarm.copies["breach"].query == "recovery_point_breach[7h].grouping().max() > 0"
    error_message = "Both alarms on sweeps look back further than to the last one."
  }
}

run "logs" {
  assert {
    condition     = one(one(oci_logging_log.invoke.configuration).source).resource == oci_functions_application.application.id && one(one(oci_logging_log.invoke.configuration).source).service == "functions" && one(one(oci_logging_log.invoke.configuration).source).category == "invoke"
    error_message = "What the function logs is kept."
  }

  assert {
    condition     = oci_logging_log.invoke.is_enabled && oci_logging_log.invoke.retention_duration % 30 == 0
    error_message = "Logs are on, and kept for a time that Logging knows."
  }
}
