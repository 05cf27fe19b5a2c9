# What the function may do, who may call it, and what nobody is allowed.

mock_provider "oci" {
  source = "./tests/mocks"
}

# IAM can only be changed in the home region: what is made through this provider can be told by its OCID.
mock_provider "oci" {
  alias  = "home"
  source = "./tests/mocks"

  mock_resource "oci_identity_dynamic_group" {
    defaults = { id = "ocid1.dynamicgroup.oc1..home" }
  }

  mock_resource "oci_identity_policy" {
    defaults = { id = "ocid1.policy.oc1..home" }
  }
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

run "least_privilege" {
  assert {
    condition     = local.home_region == "uk-london-1"
    error_message = "The home region is the one that the tenancy's subscriptions call so, wherever the function runs."
  }

  assert {
    condition     = oci_identity_dynamic_group.function[0].id == "ocid1.dynamicgroup.oc1..home"
    error_message = "The dynamic group is made in the home region."
  }

  assert {
    condition     = alltrue([for each in oci_identity_policy.function : each.id == "ocid1.policy.oc1..home"])
    error_message = "Policies are made in the home region."
  }

  assert {
    condition     = oci_identity_dynamic_group.function[0].compartment_id == "ocid1.tenancy.oc1..tenancy" && alltrue([for each in oci_identity_policy.function : each.compartment_id == "ocid1.tenancy.oc1..tenancy"])
    error_message = "Both are kept in the root compartment, from where policies can speak of any other."
  }

  assert {
    condition     = oci_identity_dynamic_group.function[0].matching_rule == "ALL {resource.type = 'fnfunc', resource.id = 'ocid1.fnfunc.oc1.iad.function'}"
    error_message = "The dynamic group holds this function and nothing else."
  }

  assert {
    condition = alltrue([
      for each in output.policy_statements :
      can(regex("^Allow (dynamic-group cross-region-backup|service blockstorage|any-user) to \\{[A-Z_]+(, [A-Z_]+)*\\} in ", each))
    ])
    error_message = "Each statement names its permissions one by one: no manage, use, read or inspect, no resource-type, no all-resources."
  }

  assert {
    condition = sort(distinct(flatten([for each in output.policy_statements : regexall("[A-Z]{2,}(?:_[A-Z]+)+", each)]))) == sort([
      "VOLUME_INSPECT", "VOLUME_GROUP_INSPECT",
      "VOLUME_BACKUP_INSPECT", "BOOT_VOLUME_BACKUP_INSPECT", "VOLUME_GROUP_BACKUP_INSPECT",
      "VOLUME_WRITE", "VOLUME_BACKUP_READ", "VOLUME_BACKUP_COPY", "BOOT_VOLUME_BACKUP_READ", "BOOT_VOLUME_BACKUP_COPY",
      "VOLUME_BACKUP_CREATE", "BOOT_VOLUME_BACKUP_CREATE", "VOLUME_GROUP_BACKUP_CREATE",
      "VOLUME_BACKUP_UPDATE", "BOOT_VOLUME_BACKUP_UPDATE", "VOLUME_GROUP_BACKUP_UPDATE",
      "METRIC_WRITE", "ONS_TOPIC_READ", "ONS_TOPIC_PUBLISH", "ONS_TOPIC_UPDATE", "TENANCY_INSPECT",
      "FN_INVOCATION", "FN_FUNCTION_READ",
    ])
    error_message = "By default these permissions are given, and no others: none to delete, none for keys, none to call itself."
  }

  assert {
    condition     = [for each in output.policy_statements : each if strcontains(each, " in tenancy")] == ["Allow dynamic-group cross-region-backup to {TENANCY_INSPECT} in tenancy"]
    error_message = "Only which regions there are is asked of the tenancy as a whole."
  }

  assert {
    condition = alltrue([
      for each in output.policy_statements :
      can(regex(" in compartment id ocid1\\.compartment\\.oc1\\.\\.(production|finance) where ", each)) if strcontains(each, "VOLUME")
    ])
    error_message = "Volumes and backups are reached in the compartments that are looked after only."
  }

  assert {
    condition = alltrue([
      for each in output.policy_statements :
      endswith(each, "where request.region = 'iad'") if strcontains(each, "VOLUME_BACKUP_COPY") || strcontains(each, "VOLUME_WRITE")
    ])
    error_message = "Volumes are backed up, and backups read to be copied, in the source region only."
  }

  assert {
    condition = alltrue([
      for each in output.policy_statements :
      endswith(each, "where any {request.region = 'iad', request.region = 'fra', request.region = 'phx'}") if strcontains(each, "VOLUME") && !strcontains(each, "VOLUME_BACKUP_COPY") && !strcontains(each, "VOLUME_WRITE")
    ])
    error_message = "All else is done to backups in the source region and in the destinations, and nowhere else."
  }

  assert {
    condition     = alltrue([for each in output.policy_statements : strcontains(each, "target.metrics.namespace = 'backup_copy'") if strcontains(each, "METRIC_WRITE")])
    error_message = "Metrics are published in the function's own namespace only."
  }

  assert {
    condition = alltrue([
      for each in output.policy_statements :
      strcontains(each, " in compartment id ocid1.compartment.oc1..functions where ") && strcontains(each, "request.region = 'iad'") if strcontains(each, "ONS_TOPIC") || strcontains(each, "METRIC")
    ])
    error_message = "Messages and metrics go to the function's own compartment and region only."
  }

  assert {
    condition = alltrue([
      for each in output.policy_statements :
      strcontains(each, "request.principal.type = 'resourceschedule', request.principal.id = 'ocid1.resourceschedule.") if strcontains(each, "any-user")
    ])
    error_message = "Who may call the function are schedules, and of these the stack's own."
  }

  assert {
    condition     = alltrue([for each in output.policy_statements : strcontains(each, "target.function.id = 'ocid1.fnfunc.oc1.iad.function'") if strcontains(each, "FN_INVOCATION")])
    error_message = "Schedules may call this function and no other."
  }

  assert {
    condition     = length(flatten([for each in oci_identity_policy.function : each.statements])) == length(output.policy_statements)
    error_message = "The output tells of all statements that are made."
  }

  assert {
    condition     = alltrue([for each in oci_identity_policy.function : length(each.statements) > 0 && length(each.statements) <= 50])
    error_message = "No policy is empty, or has more than the 50 statements that it may have."
  }
}

run "deletion_is_a_policy_of_its_own" {
  variables {
    allow_deletion = true
  }

  assert {
    condition = oci_identity_policy.function["delete"].statements == tolist([
      for each in ["production", "finance"] :
      "Allow dynamic-group cross-region-backup to {VOLUME_BACKUP_DELETE, BOOT_VOLUME_BACKUP_DELETE, VOLUME_GROUP_BACKUP_DELETE} in compartment id ocid1.compartment.oc1..${each} where any {request.region = 'iad', request.region = 'fra', request.region = 'phx'}"
    ])
    error_message = "With allow_deletion backups may be deleted: not volumes, and only where the function has business."
  }

  assert {
    condition     = !anytrue(flatten([for purpose, each in oci_identity_policy.function : [for statement in each.statements : strcontains(statement, "DELETE")] if purpose != "delete"]))
    error_message = "Taking the policy for deletion away takes away every permission to delete."
  }
}

run "it_may_call_itself_only_to_divide_a_sweep" {
  variables {
    fan_out = true
    enabled = false
  }

  assert {
    condition = oci_identity_policy.function["divide"].statements == tolist([
      "Allow dynamic-group cross-region-backup to {FN_INVOCATION} in compartment id ocid1.compartment.oc1..functions where all {target.function.id = 'ocid1.fnfunc.oc1.iad.function', request.region = 'iad'}",
      "Allow dynamic-group cross-region-backup to {FN_FUNCTION_READ} in compartment id ocid1.compartment.oc1..functions where request.region = 'iad'",
    ])
    error_message = "With fan_out the function may call itself, no other, and see where it is to be called."
  }

  assert {
    condition     = !anytrue(flatten([for purpose, each in oci_identity_policy.function : [for statement in each.statements : strcontains(statement, "FN_")] if purpose != "divide"]))
    error_message = "Taking that policy away takes it away."
  }
}

run "keys_are_named_one_by_one" {
  variables {
    kms_key_ids = {
      us-phoenix-1   = "ocid1.key.oc1.phx.vault.copies"
      eu-frankfurt-1 = ""
    }
    policy = "{\"rules\": [{\"name\": \"gold\", \"match\": {}, \"destinations\": {\"region\": \"eu-frankfurt-1\", \"kmsKeyId\": \"ocid1.key.oc1.eu-frankfurt-1.vault.gold\"}}]}"
  }

  assert {
    condition = toset(concat(oci_identity_policy.function["keys"].statements, oci_identity_policy.function["encrypt"].statements)) == toset(flatten([
      for key in ["ocid1.key.oc1.phx.vault.copies", "ocid1.key.oc1.eu-frankfurt-1.vault.gold"] : [
        "Allow dynamic-group cross-region-backup to {KEY_ASSOCIATE} in tenancy where target.key.id = '${key}'",
        "Allow service blockstorage to {KEY_READ, KEY_ENCRYPT, KEY_DECRYPT} in tenancy where target.key.id = '${key}'",
      ]
    ]))
    error_message = "Each key that kms_key_ids or policy names, and no other, may be named by the function and used by Block Volume."
  }
}

run "an_administrator_may_do_it_instead" {
  variables {
    create_iam = false
  }

  assert {
    condition     = length(oci_identity_dynamic_group.function) == 0 && length(oci_identity_policy.function) == 0
    error_message = "With create_iam = false nothing of IAM is made."
  }

  assert {
    condition     = length(data.oci_identity_region_subscriptions.tenancy) == 0
    error_message = "With create_iam = false nothing of the tenancy is read."
  }

  assert {
    condition     = local.home_region == "us-ashburn-1"
    error_message = "Even a provider that makes nothing must have a region: the function's own."
  }

  assert {
    condition     = length(output.policy_statements) > 0 && output.dynamic_group_matching_rule != ""
    error_message = "What an administrator has to set up is told all the same."
  }
}

run "regions_of_tags_and_policy_are_reached" {
  variables {
    destination_regions = []
    allowed_regions     = ["us-phoenix-1", "eu-frankfurt-1"]
    policy              = "{\"defaults\": {\"destinations\": \"us-phoenix-1\"}}"
  }

  assert {
    condition     = alltrue([for each in oci_identity_policy.function["look"].statements : endswith(each, "where any {request.region = 'iad', request.region = 'fra', request.region = 'phx'}")])
    error_message = "Permissions reach the regions that policy and allowed_regions name."
  }
}

run "the_root_compartment_is_the_tenancy" {
  variables {
    compartment_ids = ["ocid1.tenancy.oc1..tenancy"]
  }

  assert {
    condition     = alltrue([for each in oci_identity_policy.function["look"].statements : strcontains(each, " in tenancy where ")])
    error_message = "A policy calls the root compartment the tenancy."
  }
}

run "no_metrics_no_permission_for_them" {
  variables {
    metrics = "OFF"
  }

  assert {
    condition     = !anytrue([for each in output.policy_statements : strcontains(each, "METRIC")])
    error_message = "A function that publishes no metrics gets no permission to."
  }
}

run "copies_may_be_pinned_to_their_destinations" {
  variables {
    pin_destinations = true
  }

  assert {
    condition = oci_identity_policy.function["copy"].statements == tolist([
      for each in ["production", "finance"] :
      "Allow dynamic-group cross-region-backup to {VOLUME_BACKUP_READ, VOLUME_BACKUP_COPY, BOOT_VOLUME_BACKUP_READ, BOOT_VOLUME_BACKUP_COPY} in compartment id ocid1.compartment.oc1..${each} where all {request.region = 'iad', any {target.region = 'fra', target.region = 'phx'}}"
    ])
    error_message = "With pin_destinations copies may go to the destinations, and nowhere else."
  }

  assert {
    condition     = !anytrue(flatten([for purpose, each in oci_identity_policy.function : [for statement in each.statements : strcontains(statement, "target.region")] if purpose != "copy"]))
    error_message = "Of calls that have no target.region none is asked for."
  }
}

run "defined_tags_by_their_namespaces" {
  variables {
    tag_namespaces = ["Operations", "cost-centre"]
  }

  assert {
    condition     = oci_identity_policy.function["namespaces"].statements == tolist([for each in var.tag_namespaces : "Allow dynamic-group cross-region-backup to {TAG_NAMESPACE_USE} in tenancy where target.tag-namespace.name = '${each}'"])
    error_message = "Each namespace that is named, and no other, may be used."
  }
}
