# What is refused before anything is made.

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
}

run "no_tenancy" {
  command = plan

  variables {
    tenancy_ocid = "ocid1.compartment.oc1..tenancy"
  }

  expect_failures = [var.tenancy_ocid]
}

run "malformed_region" {
  command = plan

  variables {
    region = "Ashburn"
  }

  expect_failures = [var.region]
}

run "malformed_compartment_id" {
  command = plan

  variables {
    compartment_id = "production"
  }

  expect_failures = [var.compartment_id]
}

run "malformed_compartment_ocid" {
  command = plan

  variables {
    compartment_ocid = "production"
  }

  expect_failures = [var.compartment_ocid]
}

run "malformed_name" {
  command = plan

  variables {
    name = "Backups of all"
  }

  expect_failures = [var.name]
}

run "too_many_tags" {
  command = plan

  variables {
    freeform_tags = { for each in range(11) : "tag-${each}" => "value" }
  }

  expect_failures = [var.freeform_tags]
}

run "image_without_a_tag" {
  command = plan

  variables {
    image = "iad.ocir.io/mynamespace/backups"
  }

  expect_failures = [var.image]
}

run "image_of_another_registry" {
  command = plan

  variables {
    image = "docker.io/library/python:3.12"
  }

  expect_failures = [var.image]
}

run "unknown_shape" {
  command = plan

  variables {
    function_shape = "VM.Standard3"
  }

  expect_failures = [var.function_shape]
}

run "odd_memory" {
  command = plan

  variables {
    memory_in_mbs = 300
  }

  expect_failures = [var.memory_in_mbs]
}

run "timeout_too_long" {
  command = plan

  variables {
    timeout_in_seconds = 301
  }

  expect_failures = [var.timeout_in_seconds]
}

run "detached_timeout_too_long" {
  command = plan

  variables {
    detached_timeout_in_seconds = 3601
  }

  expect_failures = [var.detached_timeout_in_seconds]
}

run "odd_concurrency" {
  command = plan

  variables {
    provisioned_concurrency = 15
  }

  expect_failures = [var.provisioned_concurrency]
}

run "too_little_concurrency_for_the_memory" {
  command = plan

  variables {
    provisioned_concurrency = 10
  }

  expect_failures = [oci_functions_function.function]
}

run "malformed_subnet" {
  command = plan

  variables {
    subnet_id = "ocid1.vcn.oc1.iad.network"
  }

  expect_failures = [var.subnet_id]
}

run "network_too_small" {
  command = plan

  variables {
    vcn_cidr = "10.77.0.0/30"
  }

  expect_failures = [var.vcn_cidr]
}

run "no_network" {
  command = plan

  variables {
    vcn_cidr = "10.777.0.0/24"
  }

  expect_failures = [var.vcn_cidr]
}

run "no_compartments" {
  command = plan

  variables {
    compartment_ids = []
  }

  expect_failures = [oci_functions_function.function]
}

run "compartment_named_twice" {
  command = plan

  variables {
    compartment_ids = ["ocid1.compartment.oc1..production", "ocid1.compartment.oc1..production"]
  }

  expect_failures = [var.compartment_ids]
}

run "malformed_compartments" {
  command = plan

  variables {
    compartment_ids = ["ocid1.volume.oc1.iad.data"]
  }

  expect_failures = [var.compartment_ids]
}

run "malformed_source_region" {
  command = plan

  variables {
    source_region = "us_ashburn_1"
  }

  expect_failures = [var.source_region]
}

run "malformed_destination" {
  command = plan

  variables {
    destination_regions = ["phx"]
  }

  expect_failures = [var.destination_regions]
}

run "malformed_allowed_region" {
  command = plan

  variables {
    allowed_regions = ["us-phoenix-1 "]
  }

  expect_failures = [var.allowed_regions]
}

run "no_destination" {
  command = plan

  variables {
    destination_regions = []
  }

  expect_failures = [oci_functions_function.function]
}

run "source_is_a_destination" {
  command = plan

  variables {
    destination_regions = ["us-ashburn-1", "us-phoenix-1"]
  }

  expect_failures = [oci_functions_function.function]
}

run "source_region_is_a_destination" {
  command = plan

  variables {
    source_region = "us-phoenix-1"
  }

  expect_failures = [oci_functions_function.function]
}

run "source_is_a_destination_of_the_policy" {
  command = plan

  variables {
    policy = "{\"defaults\": {\"destinations\": [\"us-ashburn-1\"]}}"
  }

  expect_failures = [oci_functions_function.function]
}

run "policy_names_what_is_not_allowed" {
  command = plan

  variables {
    allowed_regions = ["us-phoenix-1"]
    policy          = "{\"rules\": [{\"match\": {}, \"destinations\": [{\"region\": \"eu-frankfurt-1\"}]}]}"
  }

  expect_failures = [oci_functions_function.function]
}

run "no_such_region" {
  command = plan

  variables {
    destination_regions = ["us-atlantis-1"]
    create_iam          = false
  }

  expect_failures = [oci_functions_function.function]
}

run "region_not_subscribed" {
  command = plan

  variables {
    destination_regions = ["ap-tokyo-1"]
  }

  expect_failures = [oci_functions_function.function]
}

run "key_of_no_region" {
  command = plan

  variables {
    kms_key_ids = { phoenix = "ocid1.key.oc1.phx.vault.copies" }
  }

  expect_failures = [var.kms_key_ids]
}

run "malformed_key" {
  command = plan

  variables {
    kms_key_ids = { us-phoenix-1 = "ocid1.vault.oc1.phx.vault" }
  }

  expect_failures = [var.kms_key_ids]
}

run "destination_without_a_key" {
  command = plan

  variables {
    kms_key_ids = { us-phoenix-1 = "ocid1.key.oc1.phx.vault.copies" }
  }

  expect_failures = [oci_functions_function.function]
}

run "key_of_another_region" {
  command = plan

  variables {
    kms_key_ids = { us-phoenix-1 = "ocid1.key.oc1.iad.vault.copies", eu-frankfurt-1 = "" }
  }

  expect_failures = [oci_functions_function.function]
}

run "policy_is_no_json" {
  command = plan

  variables {
    policy = "defaults: {}"
  }

  expect_failures = [var.policy]
}

run "policy_is_no_object" {
  command = plan

  variables {
    policy = "[]"
  }

  expect_failures = [var.policy]
}

run "policy_of_unknown_terms" {
  command = plan

  variables {
    policy = "{\"default\": {}}"
  }

  expect_failures = [var.policy]
}

run "schedule_is_no_json" {
  command = plan

  variables {
    schedule = "hourly"
  }

  expect_failures = [var.schedule]
}

run "schedule_without_an_operation" {
  command = plan

  variables {
    schedule = "{\"every\": \"1h\"}"
  }

  expect_failures = [var.schedule]
}

run "nothing_in_flight" {
  command = plan

  variables {
    max_in_flight = 0
  }

  expect_failures = [var.max_in_flight]
}

run "odd_metrics" {
  command = plan

  variables {
    metrics = "YES"
  }

  expect_failures = [var.metrics]
}

run "odd_log_level" {
  command = plan

  variables {
    log_level = "VERBOSE"
  }

  expect_failures = [var.log_level]
}

run "odd_scheduler" {
  command = plan

  variables {
    schedule_with = "CRON"
  }

  expect_failures = [var.schedule_with]
}

run "malformed_sweep_cron" {
  command = plan

  variables {
    sweep_cron = "every ten minutes"
  }

  expect_failures = [var.sweep_cron]
}

run "malformed_create_cron" {
  command = plan

  variables {
    create_cron = "*/15 * * *"
  }

  expect_failures = [var.create_cron]
}

run "malformed_prune_cron" {
  command = plan

  variables {
    allow_deletion = true
    prune_cron     = "0 0 * * * *"
  }

  expect_failures = [var.prune_cron]
}

run "malformed_report_cron" {
  command = plan

  variables {
    report_cron = "@daily"
  }

  expect_failures = [var.report_cron]
}

run "pruning_without_leave_to_delete" {
  command = plan

  variables {
    prune_cron = "0 * * * *"
  }

  expect_failures = [oci_functions_function.function]
}

run "alarm_cannot_keep_the_time" {
  command = plan

  variables {
    schedule_with = "ALARM"
    sweep_cron    = "0,20,45 * * * *"
  }

  expect_failures = [oci_functions_function.function]
}

run "alarms_would_cease" {
  command = plan

  variables {
    schedule_with = "ALARM"
    sweep_cron    = ""
    create_cron   = ""
  }

  expect_failures = [oci_functions_function.function]
}

run "more_than_all_deleted" {
  command = plan

  variables {
    max_delete_percent = 101
  }

  expect_failures = [var.max_delete_percent]
}

run "less_than_nothing_deleted" {
  command = plan

  variables {
    max_deletes = -1
  }

  expect_failures = [var.max_deletes]
}

run "malformed_grace" {
  command = plan

  variables {
    delete_grace = "1 day"
  }

  expect_failures = [var.delete_grace]
}

run "no_address" {
  command = plan

  variables {
    notice_emails = ["operator"]
  }

  expect_failures = [var.notice_emails]
}

run "heartbeat_too_slow" {
  command = plan

  variables {
    heartbeat_absent_for = "PT25H"
  }

  expect_failures = [var.heartbeat_absent_for]
}

run "heartbeat_too_fast" {
  command = plan

  variables {
    heartbeat_absent_for = "PT5M"
  }

  expect_failures = [var.heartbeat_absent_for]
}

run "no_place_for_the_function" {
  command = plan

  variables {
    compartment_id = ""
  }

  expect_failures = [oci_functions_function.function]
}

run "configuration_over_4_kb" {
  command = plan

  variables {
    policy = jsonencode({ rules = [for each in range(60) : { name = "rule-${each}", match = { name = "volume-of-team-${each}-*" }, every = "1d" }] })
  }

  expect_failures = [oci_functions_function.function]
}

run "malformed_picked_compartment" {
  command = plan

  variables {
    source_compartment_id = "production"
  }

  expect_failures = [var.source_compartment_id]
}

run "malformed_picked_region" {
  command = plan

  variables {
    destination_region = "phx"
  }

  expect_failures = [var.destination_region]
}

run "malformed_picked_key" {
  command = plan

  variables {
    destination_region     = "us-phoenix-1"
    destination_kms_key_id = "ocid1.vault.oc1.phx.vault"
  }

  expect_failures = [var.destination_kms_key_id]
}

run "picked_key_without_its_region" {
  command = plan

  variables {
    destination_kms_key_id = "ocid1.key.oc1.phx.vault.copies"
    destination_regions    = ["us-phoenix-1"]
  }

  expect_failures = [oci_functions_function.function]
}

run "picked_key_of_another_region" {
  command = plan

  variables {
    destination_region     = "us-phoenix-1"
    destination_regions    = []
    destination_kms_key_id = "ocid1.key.oc1.iad.vault.copies"
  }

  expect_failures = [oci_functions_function.function]
}

run "picked_key_beside_another_one" {
  command = plan

  variables {
    destination_region     = "us-phoenix-1"
    destination_regions    = []
    destination_kms_key_id = "ocid1.key.oc1.phx.vault.copies"
    kms_key_ids            = { us-phoenix-1 = "ocid1.key.oc1.phx.vault.others" }
  }

  expect_failures = [oci_functions_function.function]
}

run "picked_key_while_another_destination_has_none" {
  command = plan

  variables {
    destination_region     = "us-phoenix-1"
    destination_kms_key_id = "ocid1.key.oc1.phx.vault.copies"
  }

  expect_failures = [oci_functions_function.function]
}

run "picked_region_is_the_source" {
  command = plan

  variables {
    destination_region = "us-ashburn-1"
  }

  expect_failures = [oci_functions_function.function]
}

run "key_of_the_policy_of_another_region" {
  command = plan

  variables {
    policy      = "{\"defaults\": {\"destinations\": {\"region\": \"us-phoenix-1\", \"kmsKeyId\": \"ocid1.key.oc1.iad.vault.copies\"}}}"
    kms_key_ids = { us-phoenix-1 = "", eu-frankfurt-1 = "" }
  }

  expect_failures = [oci_functions_function.function]
}

run "malformed_network_compartment" {
  command = plan

  variables {
    network_compartment_id = "network"
  }

  expect_failures = [var.network_compartment_id]
}

run "malformed_vcn" {
  command = plan

  variables {
    vcn_id = "ocid1.subnet.oc1.iad.network"
  }

  expect_failures = [var.vcn_id]
}

run "malformed_key_compartment" {
  command = plan

  variables {
    key_compartment_id = "keys"
  }

  expect_failures = [var.key_compartment_id]
}

run "malformed_vault" {
  command = plan

  variables {
    vault_id = "ocid1.key.oc1.iad.vault.copies"
  }

  expect_failures = [var.vault_id]
}

run "odd_terms_of_the_policy" {
  command = plan

  variables {
    policy = "{\"defaults\": {\"retain\": \"30d\"}}"
  }

  expect_failures = [var.policy]
}

run "rule_without_a_match" {
  command = plan

  variables {
    policy = "{\"rules\": [{\"keep\": \"30d\"}]}"
  }

  expect_failures = [var.policy]
}

run "odd_interval_of_the_policy" {
  command = plan

  variables {
    policy = "{\"defaults\": {\"every\": \"daily\"}}"
  }

  expect_failures = [var.policy]
}

run "odd_target_of_the_policy" {
  command = plan

  variables {
    policy = "{\"rules\": [{\"match\": {}, \"target\": \"none\"}]}"
  }

  expect_failures = [var.policy]
}

run "odd_retention_of_the_policy" {
  command = plan

  variables {
    policy = "{\"defaults\": {\"keep\": \"30 days\"}}"
  }

  expect_failures = [var.policy]
}

run "odd_retention_of_a_destination" {
  command = plan

  variables {
    policy = "{\"defaults\": {\"destinations\": [{\"region\": \"us-phoenix-1\", \"keep\": \"7d 4d\"}]}}"
  }

  expect_failures = [var.policy]
}

run "odd_destination_of_the_policy" {
  command = plan

  variables {
    policy = "{\"defaults\": {\"destinations\": [\"phx\"]}}"
  }

  expect_failures = [var.policy]
}

run "schedule_of_an_operation_that_is_none" {
  command = plan

  variables {
    schedule = "{\"operation\": \"Backup\"}"
  }

  expect_failures = [var.schedule]
}

run "minute_out_of_range" {
  command = plan

  variables {
    sweep_cron = "60 * * * *"
  }

  expect_failures = [oci_functions_function.function]
}

run "hour_out_of_range" {
  command = plan

  variables {
    create_cron = "0 24 * * *"
  }

  expect_failures = [oci_functions_function.function]
}

run "month_out_of_range" {
  command = plan

  variables {
    report_cron = "0 6 1 13 *"
  }

  expect_failures = [oci_functions_function.function]
}

run "heartbeat_faster_than_the_sweeps" {
  command = plan

  variables {
    sweep_cron = "0 */6 * * *"
  }

  expect_failures = [oci_functions_function.function]
}

run "heartbeat_as_fast_as_the_sweeps" {
  command = plan

  variables {
    sweep_cron = "0 * * * *"
  }

  expect_failures = [oci_functions_function.function]
}

run "heartbeat_faster_than_a_weekend" {
  command = plan

  variables {
    sweep_cron           = "*/10 * * * 1-5"
    heartbeat_absent_for = "PT24H"
  }

  expect_failures = [oci_functions_function.function]
}

run "malformed_namespace" {
  command = plan

  variables {
    tag_namespaces = ["Operations.CostCentre"]
  }

  expect_failures = [var.tag_namespaces]
}
