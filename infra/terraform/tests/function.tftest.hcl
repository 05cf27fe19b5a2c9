# The function, and what is handed on to it.

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

run "defaults" {
  assert {
    condition = oci_functions_function.function.config == tomap({
      DESTINATION_REGIONS   = "us-phoenix-1,eu-frankfurt-1"
      COMPARTMENT_IDS       = "ocid1.compartment.oc1..production,ocid1.compartment.oc1..finance"
      MAX_IN_FLIGHT         = "10"
      MAX_DELETE_PERCENT    = "20"
      MAX_DELETES           = "50"
      DELETE_GRACE          = "24h"
      METRICS               = "ON"
      FAN_OUT               = "OFF"
      LOG_LEVEL             = "INFO"
      NOTIFICATION_TOPIC_ID = "ocid1.onstopic.oc1.iad.topic"
    })
    error_message = "The configuration holds what is given, and leaves out what is empty."
  }

  assert {
    condition     = one(oci_functions_function.function.failure_destination).kind == "NOTIFICATION" && one(oci_functions_function.function.failure_destination).topic_id == oci_ons_notification_topic.notices.id
    error_message = "Of a detached call that fails people are told."
  }

  assert {
    condition     = oci_functions_function.function.image == var.image && oci_functions_application.application.shape == "GENERIC_X86"
    error_message = "The function runs the image that is given, on processors that it is built for."
  }

  assert {
    condition     = oci_functions_function.function.timeout_in_seconds == 300 && oci_functions_function.function.detached_mode_timeout_in_seconds == 3600
    error_message = "A call that nobody waits for may take longer than one that somebody does."
  }

  assert {
    condition     = length(oci_functions_function.function.provisioned_concurrency_config) == 0
    error_message = "Nothing is kept warm, and billed, unless it is asked for."
  }

  assert {
    condition     = one(oci_functions_application.application.subnet_ids) == "ocid1.subnet.oc1.iad.made"
    error_message = "The function runs in the subnet that was made for it."
  }
}

run "every_setting" {
  variables {
    source_region           = "us-ashburn-1"
    allowed_regions         = ["us-phoenix-1", "eu-frankfurt-1"]
    kms_key_ids             = { us-phoenix-1 = "ocid1.key.oc1.phx.vault.copies", eu-frankfurt-1 = "" }
    schedule                = "[{\"operation\": \"Sweep\"}, {\"operation\": \"CreateDueBackups\"}]"
    policy                  = "{\n  \"defaults\": {\"every\": \"1d\", \"keep\": \"30d\"}\n}\n"
    max_in_flight           = 5
    max_delete_percent      = 25
    max_deletes             = 0
    delete_grace            = "3d"
    metrics                 = "OFF"
    fan_out                 = true
    log_level               = "DEBUG"
    provisioned_concurrency = 20
  }

  assert {
    condition = toset(keys(oci_functions_function.function.config)) == toset([
      "SOURCE_REGION", "DESTINATION_REGIONS", "ALLOWED_REGIONS", "COMPARTMENT_IDS", "KMS_KEY_IDS", "SCHEDULE", "MAX_IN_FLIGHT",
      "POLICY", "MAX_DELETE_PERCENT", "MAX_DELETES", "DELETE_GRACE", "NOTIFICATION_TOPIC_ID", "METRICS", "FAN_OUT", "LOG_LEVEL",
    ])
    error_message = "Every key of the configuration is one of the function's settings, and each of these can be given."
  }

  assert {
    condition     = jsondecode(oci_functions_function.function.config["KMS_KEY_IDS"]) == { us-phoenix-1 = "ocid1.key.oc1.phx.vault.copies", eu-frankfurt-1 = null }
    error_message = "An empty key is an Oracle-managed one on purpose, which the function reads as null."
  }

  assert {
    condition     = oci_functions_function.function.config["POLICY"] == "{\"defaults\":{\"every\":\"1d\",\"keep\":\"30d\"}}"
    error_message = "The policy is handed on without spaces, which count against 4 KB."
  }

  assert {
    condition     = oci_functions_function.function.config["FAN_OUT"] == "ON"
    error_message = "A switch is handed on as the function reads it."
  }

  assert {
    condition     = oci_functions_function.function.config["MAX_DELETES"] == "0"
    error_message = "A nought is given, not empty."
  }

  assert {
    condition     = one(oci_functions_function.function.provisioned_concurrency_config).count == 20 && one(oci_functions_function.function.provisioned_concurrency_config).strategy == "CONSTANT"
    error_message = "As many units are kept warm as are asked for."
  }
}

run "the_compartment_of_the_stack_is_the_default" {
  variables {
    compartment_id   = ""
    compartment_ocid = "ocid1.compartment.oc1..stack"
  }

  assert {
    condition     = oci_functions_application.application.compartment_id == "ocid1.compartment.oc1..stack"
    error_message = "Without compartment_id everything goes to the compartment of the stack."
  }
}

run "what_is_called_by_people_names_the_function" {
  assert {
    condition     = strcontains(output.report_command, "--function-id ocid1.fnfunc.oc1.iad.function") && strcontains(output.first_call_command, "--function-id ocid1.fnfunc.oc1.iad.function")
    error_message = "The commands in the outputs can be run as they are."
  }

  assert {
    condition     = [for each in jsondecode(regex("--body '(.*?)'", output.first_call_command)[0]) : each.operation if each.dryRun] == ["CreateDueBackups", "Sweep"]
    error_message = "The first call that the outputs propose changes nothing: it says which backups would be made, and which be copied."
  }

  assert {
    condition     = alltrue([for each in [output.report_command, output.first_call_command] : tonumber(regex("--read-timeout ([0-9]+)", each)[0]) > oci_functions_function.function.timeout_in_seconds])
    error_message = "The command line waits for longer than a call may take."
  }

  assert {
    condition     = strcontains(output.log_command, "search \\\"${oci_functions_application.application.compartment_id}/${oci_logging_log_group.function.id}/${oci_logging_log.invoke.id}\\\"")
    error_message = "The command for the log looks into the function's log."
  }
}

run "what_pickers_give_comes_beside_the_lists" {
  variables {
    source_compartment_id  = "ocid1.compartment.oc1..picked"
    destination_region     = "uk-london-1"
    destination_kms_key_id = "ocid1.key.oc1.lhr.vault.picked"
    kms_key_ids            = { us-phoenix-1 = "ocid1.key.oc1.phx.vault.copies", eu-frankfurt-1 = "" }
    function_shape         = "GENERIC_ARM"
    enabled                = true
  }

  assert {
    condition     = oci_functions_function.function.config["COMPARTMENT_IDS"] == "ocid1.compartment.oc1..picked,ocid1.compartment.oc1..production,ocid1.compartment.oc1..finance"
    error_message = "The compartment that is picked is looked after like the others."
  }

  assert {
    condition     = oci_functions_function.function.config["DESTINATION_REGIONS"] == "uk-london-1,us-phoenix-1,eu-frankfurt-1"
    error_message = "The region that is picked is a destination like the others."
  }

  assert {
    condition     = jsondecode(oci_functions_function.function.config["KMS_KEY_IDS"]) == { us-phoenix-1 = "ocid1.key.oc1.phx.vault.copies", eu-frankfurt-1 = null, uk-london-1 = "ocid1.key.oc1.lhr.vault.picked" }
    error_message = "The key that is picked is that of the region that is picked."
  }

  assert {
    condition     = length(oci_events_rule.finished_backup) == 3 && length(oci_identity_policy.function["look"].statements) == 3 && length(oci_identity_policy.function["keys"].statements) == 2
    error_message = "What is picked has its rule, its permissions, and its key."
  }

  assert {
    condition     = oci_functions_application.application.shape == "GENERIC_ARM"
    error_message = "The application has the processors that are asked for."
  }
}

run "what_pickers_give_is_enough" {
  variables {
    source_compartment_id = "ocid1.compartment.oc1..picked"
    compartment_ids       = []
    destination_region    = "us-phoenix-1"
    destination_regions   = []
  }

  assert {
    condition     = oci_functions_function.function.config["COMPARTMENT_IDS"] == "ocid1.compartment.oc1..picked" && oci_functions_function.function.config["DESTINATION_REGIONS"] == "us-phoenix-1"
    error_message = "Neither list is needed."
  }

  assert {
    condition     = !contains(keys(oci_functions_function.function.config), "KMS_KEY_IDS")
    error_message = "Without a key none is named."
  }
}
