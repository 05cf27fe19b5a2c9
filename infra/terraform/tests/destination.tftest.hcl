# The same stack in a destination region: it reports while the source region is dark, and may prune while it is not.

mock_provider "oci" {
  source = "./tests/mocks"
}

mock_provider "oci" {
  alias  = "home"
  source = "./tests/mocks"
}

variables {
  tenancy_ocid        = "ocid1.tenancy.oc1..tenancy"
  region              = "us-phoenix-1"
  compartment_id      = "ocid1.compartment.oc1..functions"
  compartment_ids     = ["ocid1.compartment.oc1..production", "ocid1.compartment.oc1..finance"]
  destination_regions = ["us-phoenix-1"]
  image               = "phx.ocir.io/mynamespace/backups/cross-region-backup:1.0.0"
  name                = "backup-watch-phoenix"
  source_region       = "us-ashburn-1"
  sweep_cron          = "never"
  create_cron         = "never"
  enabled             = true
}

run "it_watches" {
  assert {
    condition     = length(oci_events_rule.finished_backup) == 0
    error_message = "Rules call functions of their own region only: where no sources are there is none."
  }

  assert {
    condition     = oci_functions_function.function.config["SOURCE_REGION"] == "us-ashburn-1"
    error_message = "The function is told where the sources are."
  }

  assert {
    condition     = keys(oci_resource_scheduler_schedule.schedule) == ["report"]
    error_message = "It reports."
  }

  assert {
    condition     = toset(keys(oci_identity_policy.function)) == toset(["look", "tell", "call"])
    error_message = "It gets no permission to create, copy, tag or delete anything."
  }

  assert {
    condition     = alltrue([for each in oci_identity_policy.function["look"].statements : endswith(each, "where any {request.region = 'iad', request.region = 'phx'}")])
    error_message = "It may look in the source region and in its own."
  }

  assert {
    condition     = alltrue([for each in output.policy_statements : strcontains(each, "request.region = 'phx'") && !strcontains(each, "'iad'") if strcontains(each, "ONS_TOPIC") || strcontains(each, "METRIC")])
    error_message = "It tells in its own region, which is not dark."
  }

  assert {
    condition     = oci_identity_dynamic_group.function[0].name == "backup-watch-phoenix" && alltrue([for each in oci_identity_policy.function : startswith(each.name, "backup-watch-phoenix-")])
    error_message = "Its names in the tenancy do not collide with those of the first deployment."
  }

  assert {
    condition     = keys(oci_monitoring_alarm.copies) == ["breach"]
    error_message = "It misses no sweep, but an old recovery point."
  }
}

run "what_it_may_do_does_not_wait_for_the_beginning" {
  variables {
    enabled = false
  }

  assert {
    condition     = toset(keys(oci_identity_policy.function)) == toset(["look", "tell"])
    error_message = "It looks and tells when it is called by hand."
  }
}

run "it_may_prune" {
  variables {
    allow_deletion = true
    prune_cron     = "15 * * * *"
  }

  assert {
    condition     = toset(keys(oci_identity_policy.function)) == toset(["look", "tell", "call", "tag", "delete"])
    error_message = "Where it prunes it may mark and delete, and still neither create nor copy."
  }
}

run "it_may_do_all" {
  variables {
    sweep_cron = "*/30 * * * *"
  }

  assert {
    condition     = alltrue([for each in oci_identity_policy.function["source"].statements : endswith(each, "where request.region = 'iad'")])
    error_message = "Where it sweeps it may copy, out of the source region."
  }

  assert {
    condition     = alltrue([for each in oci_identity_policy.function["copy"].statements : endswith(each, "where request.region = 'iad'")])
    error_message = "Backups are read to be copied in the source region only, there too."
  }

  assert {
    condition     = length(oci_events_rule.finished_backup) == 0
    error_message = "Even then no rule is made where no sources are."
  }
}
