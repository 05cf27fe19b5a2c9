# What calls the function: events, schedules, or alarms in the place of schedules.

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

run "nothing_calls_before_it_is_enabled" {
  variables {
    enabled        = false
    allow_deletion = true
    prune_cron     = "0 * * * *"
  }

  assert {
    condition     = length(oci_events_rule.finished_backup) + length(oci_resource_scheduler_schedule.schedule) + length(oci_monitoring_alarm.tick) + length(oci_ons_subscription.function) == 0
    error_message = "Before enabled is true neither an event, a schedule nor an alarm calls the function."
  }

  assert {
    condition     = !contains(keys(oci_identity_policy.function), "call") && output.schedules == {}
    error_message = "Before enabled is true nobody is allowed to call the function, and the outputs say that nobody does."
  }

  assert {
    condition     = toset(keys(oci_identity_policy.function)) == toset(["look", "source", "copy", "create", "tag", "delete", "tell"])
    error_message = "What the function itself may do is there from the beginning: it can be called by hand."
  }
}

run "nothing_calls_by_alarm_before_it_is_enabled" {
  variables {
    enabled       = false
    schedule_with = "ALARM"
  }

  assert {
    condition     = length(oci_events_rule.finished_backup) + length(oci_monitoring_alarm.tick) + length(oci_ons_subscription.function) + length(oci_ons_notification_topic.ticks) == 0
    error_message = "Before enabled is true there is no alarm that calls the function, nor a topic through which anybody could."
  }
}

run "disabled_by_default" {
  command = plan

  variables {
    enabled = null
  }

  assert {
    condition     = var.enabled == false
    error_message = "Nothing begins by itself."
  }
}

run "events" {
  assert {
    condition     = toset([for each in oci_events_rule.finished_backup : each.compartment_id]) == toset(var.compartment_ids)
    error_message = "Each compartment that is looked after has a rule: a rule does not see its neighbours."
  }

  assert {
    condition = alltrue([
      for each in oci_events_rule.finished_backup : toset(jsondecode(each.condition).eventType) == toset([
        "com.oraclecloud.blockvolumes.createvolumegroupbackup.end",
        "com.oraclecloud.blockvolumes.createvolumebackup.end",
        "com.oraclecloud.blockvolumes.createbootvolumebackup.end",
      ])
    ])
    error_message = "A rule waits for the three kinds of backup to be finished, and for nothing else: not for copies."
  }

  assert {
    condition     = alltrue([for each in oci_events_rule.finished_backup : jsondecode(each.condition).data == { compartmentId = [each.compartment_id] }])
    error_message = "A rule leaves out what is in compartments below its own."
  }

  assert {
    condition     = alltrue([for each in oci_events_rule.finished_backup : one(one(each.actions).actions).action_type == "FAAS" && one(one(each.actions).actions).function_id == oci_functions_function.function.id && one(one(each.actions).actions).is_enabled && each.is_enabled])
    error_message = "A finished backup calls the function, and the rule is on."
  }
}

run "resource_scheduler" {
  assert {
    condition     = toset(keys(oci_resource_scheduler_schedule.schedule)) == toset(["sweep", "create", "report"])
    error_message = "Backups are made, missing copies are looked for, and it is reported; nothing is pruned."
  }

  assert {
    condition = alltrue([
      for each in oci_resource_scheduler_schedule.schedule :
      contains(["Sweep", "CreateDueBackups", "PruneCopies", "ReportCopies"], jsondecode(one(one(one(each.resources).parameters).value)).operation)
    ])
    error_message = "The body of each schedule is JSON, with an operation that the function has."
  }

  assert {
    condition = alltrue([
      for each in oci_resource_scheduler_schedule.schedule :
      one(each.resources).id == oci_functions_function.function.id && one(one(each.resources).parameters).parameter_type == "BODY" && each.action == "START_RESOURCE" && each.recurrence_type == "CRON"
    ])
    error_message = "Each schedule starts the function with a body, by cron."
  }

  assert {
    condition     = { for name, each in oci_resource_scheduler_schedule.schedule : name => each.recurrence_details } == { sweep = "*/10 * * * *", create = "*/15 * * * *", report = "0 6 * * *" }
    error_message = "Each schedule has its own time."
  }

  assert {
    condition     = length(oci_ons_notification_topic.ticks) == 0 && length(oci_ons_subscription.function) == 0 && length(oci_monitoring_alarm.tick) == 0
    error_message = "Where Resource Scheduler calls the function no alarm does."
  }
}

run "pruning" {
  variables {
    allow_deletion = true
    prune_cron     = "0 * * * *"
  }

  assert {
    condition     = jsondecode(one(one(one(oci_resource_scheduler_schedule.schedule["prune"].resources).parameters).value)) == { operation = "PruneCopies" }
    error_message = "With allow_deletion and prune_cron copies are pruned."
  }
}

run "a_schedule_without_a_time_is_not_made" {
  variables {
    create_cron = ""
    report_cron = "never"
  }

  assert {
    condition     = keys(oci_resource_scheduler_schedule.schedule) == ["sweep"]
    error_message = "An empty cron expression makes no schedule, nor does the word never."
  }
}

run "nothing_is_scheduled" {
  variables {
    sweep_cron  = "never"
    create_cron = "never"
    report_cron = "never"
  }

  assert {
    condition     = length(oci_resource_scheduler_schedule.schedule) == 0 && !contains(keys(oci_identity_policy.function), "call")
    error_message = "Without schedules nobody is allowed to call the function."
  }
}

run "alarms_in_place_of_schedules" {
  variables {
    schedule_with  = "ALARM"
    allow_deletion = true
    prune_cron     = "30 */6 * * *"
  }

  override_resource {
    target = oci_ons_notification_topic.ticks
    values = { id = "ocid1.onstopic.oc1.iad.ticks" }
  }

  assert {
    condition     = length(oci_resource_scheduler_schedule.schedule) == 0 && !anytrue([for each in output.policy_statements : strcontains(each, "any-user")])
    error_message = "Where alarms call the function no schedule does, nor may."
  }

  assert {
    condition     = { for name, each in oci_monitoring_alarm.tick : name => each.repeat_notification_duration } == { sweep = "PT10M", create = "PT15M", prune = "PT6H", report = "P1D" }
    error_message = "Each alarm repeats as often as its cron expression says."
  }

  assert {
    condition     = { for name, each in oci_monitoring_alarm.tick : name => jsondecode(each.body).operation } == { sweep = "Sweep", create = "CreateDueBackups", prune = "PruneCopies", report = "ReportCopies" }
    error_message = "The body of each alarm is JSON, with the operation of its name."
  }

  assert {
    condition     = alltrue([for each in oci_monitoring_alarm.tick : toset(each.destinations) == toset(["ocid1.onstopic.oc1.iad.ticks"]) && each.message_format == "RAW"])
    error_message = "These alarms go to the function's topic, and not to people, in the form that the function reads."
  }

  assert {
    condition     = one(oci_ons_subscription.function).topic_id == "ocid1.onstopic.oc1.iad.ticks" && one(oci_ons_subscription.function).protocol == "ORACLE_FUNCTIONS" && one(oci_ons_subscription.function).endpoint == oci_functions_function.function.id
    error_message = "The function is subscribed to its own topic."
  }

  assert {
    condition     = alltrue([for each in oci_monitoring_alarm.tick : each.namespace == "oci_faas" && each.query == "FunctionInvocationCount[1d]{resourceId = \"ocid1.fnfunc.oc1.iad.function\"}.grouping().sum() > 0" && each.is_enabled])
    error_message = "These alarms are on, and keep firing for as long as the function is called."
  }
}

run "each_interval_that_an_alarm_keeps" {
  variables {
    schedule_with        = "ALARM"
    sweep_cron           = "* * * * *"
    create_cron          = "15 * * * *"
    allow_deletion       = true
    prune_cron           = "0 */12 * * *"
    report_cron          = "0 6 * * MON"
    heartbeat_absent_for = "PT10M"
  }

  assert {
    condition     = { for name, each in oci_monitoring_alarm.tick : name => each.repeat_notification_duration } == { sweep = "PT1M", create = "PT1H", prune = "PT12H", report = "P7D" }
    error_message = "Each minute, hour, so many hours, and week."
  }
}
