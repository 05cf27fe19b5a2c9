# What the function may do, and who may call it. Permissions are named one by one: a verb such as "manage" would hold
# more than is needed today, and whatever Oracle adds to it tomorrow. They are those of Oracle's policy references:
# https://docs.oracle.com/iaas/Content/Identity/Reference/corepolicyreference.htm and its neighbours.

locals {
  # Of a deployment in another region than its sources' the same is asked only if its schedules are to do the same: one
  # that reports gets no permission to create and to copy.
  starts_copies = local.is_at_source || anytrue([for each in ["sweep", "create"] : contains(keys(local.planned), each)])
  writes_tags   = local.starts_copies || var.allow_deletion

  to_look = [
    "VOLUME_INSPECT",              # ListVolumes, GetVolume, ListBootVolumes, GetBootVolume, and each look at a backup
    "VOLUME_GROUP_INSPECT",        # ListVolumeGroups, GetVolumeGroup
    "VOLUME_BACKUP_INSPECT",       # ListVolumeBackups, GetVolumeBackup
    "BOOT_VOLUME_BACKUP_INSPECT",  # ListBootVolumeBackups, GetBootVolumeBackup
    "VOLUME_GROUP_BACKUP_INSPECT", # ListVolumeGroupBackups, GetVolumeGroupBackup
  ]

  to_back_up = [
    "VOLUME_WRITE", # CreateVolumeBackup, CreateBootVolumeBackup, CreateVolumeGroupBackup: of the volume
  ]

  to_copy = [
    "VOLUME_BACKUP_READ",      # CopyVolumeBackup, CopyVolumeGroupBackup
    "VOLUME_BACKUP_COPY",      # CopyVolumeBackup, CopyVolumeGroupBackup
    "BOOT_VOLUME_BACKUP_READ", # CopyBootVolumeBackup, CopyVolumeGroupBackup
    "BOOT_VOLUME_BACKUP_COPY", # CopyBootVolumeBackup, CopyVolumeGroupBackup
  ]

  to_create = [
    "VOLUME_BACKUP_CREATE",       # CreateVolumeBackup, CopyVolumeBackup, and as a member of a group's backup
    "BOOT_VOLUME_BACKUP_CREATE",  # CreateBootVolumeBackup, CopyBootVolumeBackup, and as a member of a group's backup
    "VOLUME_GROUP_BACKUP_CREATE", # CreateVolumeGroupBackup, CopyVolumeGroupBackup
  ]

  to_tag = [
    "VOLUME_BACKUP_UPDATE",       # UpdateVolumeBackup
    "BOOT_VOLUME_BACKUP_UPDATE",  # UpdateBootVolumeBackup
    "VOLUME_GROUP_BACKUP_UPDATE", # UpdateVolumeGroupBackup
  ]

  to_use_namespaces = [
    "TAG_NAMESPACE_USE", # Create…Backup, Update…Backup with definedTags
  ]

  to_delete = [
    "VOLUME_BACKUP_DELETE",       # DeleteVolumeBackup, and as a member of a group's backup
    "BOOT_VOLUME_BACKUP_DELETE",  # DeleteBootVolumeBackup, and as a member of a group's backup
    "VOLUME_GROUP_BACKUP_DELETE", # DeleteVolumeGroupBackup
  ]

  to_measure = [
    "METRIC_WRITE", # PostMetricData
  ]

  to_notify = [
    "ONS_TOPIC_READ",    # GetTopic: its tags say what people have been told
    "ONS_TOPIC_PUBLISH", # PublishMessage: the function, and OCI Functions in its name when a detached call failed
    "ONS_TOPIC_UPDATE",  # UpdateTopic: the tags
  ]

  to_see_regions = [
    "TENANCY_INSPECT", # ListRegionSubscriptions, which only the tenancy as a whole can answer
  ]

  to_name_keys = [
    "KEY_ASSOCIATE", # Copy…Backup with kmsKeyId
  ]

  to_encrypt = [
    "KEY_READ",    # Block Volume: the key that a copy names
    "KEY_ENCRYPT", # Block Volume: the copy's own key, made under it
    "KEY_DECRYPT", # Block Volume: the copy's own key, when the copy is restored
  ]

  to_call = [
    "FN_INVOCATION", # InvokeFunction
  ]

  to_find_the_function = [
    "FN_FUNCTION_READ", # GetFunction: where it is to be called
  ]

  to_call_itself = [
    "FN_INVOCATION", # InvokeFunction: with FAN_OUT, for a part of a sweep
  ]

  to_find_itself = [
    "FN_FUNCTION_READ", # GetFunction: with FAN_OUT, where it is to be called
  ]
}

locals {
  source_key         = lookup(local.region_keys, local.source_region, local.source_region)
  own_key            = lookup(local.region_keys, var.region, var.region)
  in_source_region   = "request.region = '${local.source_key}'"
  in_own_region      = "request.region = '${local.own_key}'"
  in_regions         = "any {${join(", ", [for each in local.regions : "request.region = '${lookup(local.region_keys, each, each)}'"])}}"
  pinned_regions     = "any {${join(", ", [for each in sort(local.outside_regions) : "target.region = '${lookup(local.region_keys, each, each)}'"])}}"
  where_function_is  = startswith(local.compartment_id, "ocid1.tenancy.") ? "tenancy" : "compartment id ${local.compartment_id}"
  where_sources_are  = [for each in local.compartment_ids : startswith(each, "ocid1.tenancy.") ? "tenancy" : "compartment id ${each}"]
  allow_function     = "Allow dynamic-group ${var.name} to"
  allow_block_volume = "Allow service blockstorage to"

  # A policy for each purpose, so that one can be taken away by itself. None has more than the 50 statements that it may
  # have: one for each compartment or key, of which a configuration of 4 KB has no room for as many.
  policies = {
    look = {
      wanted      = true
      description = "Lets ${var.name} look at volumes and backups"
      statements  = [for where in local.where_sources_are : "${local.allow_function} {${join(", ", local.to_look)}} in ${where} where ${local.in_regions}"]
    }
    source = {
      wanted      = local.starts_copies
      description = "Lets ${var.name} back volumes up in the source region"
      statements  = [for where in local.where_sources_are : "${local.allow_function} {${join(", ", local.to_back_up)}} in ${where} where ${local.in_source_region}"]
    }
    copy = {
      # Which of Oracle's calls have a target.region is documented of none of Block Volume's; of one that has none it is
      # never true. So it is not asked for unless somebody wants to find out.
      wanted      = local.starts_copies
      description = "Lets ${var.name} copy backups out of the source region"
      statements  = [for where in local.where_sources_are : "${local.allow_function} {${join(", ", local.to_copy)}} in ${where} where ${var.pin_destinations ? "all {${local.in_source_region}, ${local.pinned_regions}}" : local.in_source_region}"]
    }
    create = {
      # Which region Oracle takes for a copy's creation, the one asked or the one it goes to, is not documented: either
      # is allowed. By itself it makes nothing: a backup needs a source, and those are read in the source region only.
      wanted      = local.starts_copies
      description = "Lets ${var.name} make backups, and copies in other regions"
      statements  = [for where in local.where_sources_are : "${local.allow_function} {${join(", ", local.to_create)}} in ${where} where ${local.in_regions}"]
    }
    tag = {
      wanted      = local.writes_tags
      description = "Lets ${var.name} write on backups and copies which is whose"
      statements  = [for where in local.where_sources_are : "${local.allow_function} {${join(", ", local.to_tag)}} in ${where} where ${local.in_regions}"]
    }
    namespaces = {
      # A namespace may be kept in any compartment; its name is what limits these, and no two have the same.
      wanted      = local.writes_tags && length(var.tag_namespaces) > 0
      description = "Lets ${var.name} write the defined tags that a request gives"
      statements  = [for each in var.tag_namespaces : "${local.allow_function} {${join(", ", local.to_use_namespaces)}} in tenancy where target.tag-namespace.name = '${each}'"]
    }
    delete = {
      wanted      = var.allow_deletion
      description = "Lets ${var.name} delete backups and copies that no retention keeps"
      statements  = [for where in local.where_sources_are : "${local.allow_function} {${join(", ", local.to_delete)}} in ${where} where ${local.in_regions}"]
    }
    keys = {
      # An OCID does not tell the key's compartment, which may be any; the key itself is what limits these.
      wanted      = local.starts_copies && length(local.keys) > 0
      description = "Lets ${var.name} name the keys of copies"
      statements  = [for key in local.keys : "${local.allow_function} {${join(", ", local.to_name_keys)}} in tenancy where target.key.id = '${key}'"]
    }
    encrypt = {
      wanted      = local.starts_copies && length(local.keys) > 0
      description = "Lets Block Volume use the keys of the copies that ${var.name} makes"
      statements  = [for key in local.keys : "${local.allow_block_volume} {${join(", ", local.to_encrypt)}} in tenancy where target.key.id = '${key}'"]
    }
    tell = {
      # Notifications knows no condition on a topic: the compartment is as narrow as it gets.
      wanted      = true
      description = "Lets ${var.name} publish metrics and messages, and see which regions there are"
      statements = concat(
        var.metrics == "ON" ? ["${local.allow_function} {${join(", ", local.to_measure)}} in ${local.where_function_is} where all {target.metrics.namespace = 'backup_copy', ${local.in_own_region}}"] : [],
        ["${local.allow_function} {${join(", ", local.to_notify)}} in ${local.where_function_is} where ${local.in_own_region}"],
        ["${local.allow_function} {${join(", ", local.to_see_regions)}} in tenancy"],
      )
    }
    divide = {
      # Oracle shows target.function.id for calls alone; that GetFunction has it too is not documented, and where it has
      # not, a condition on it is never true.
      wanted      = var.fan_out
      description = "Lets ${var.name} call itself for parts of a sweep"
      statements = [
        "${local.allow_function} {${join(", ", local.to_call_itself)}} in ${local.where_function_is} where all {target.function.id = '${oci_functions_function.function.id}', ${local.in_own_region}}",
        "${local.allow_function} {${join(", ", local.to_find_itself)}} in ${local.where_function_is} where ${local.in_own_region}",
      ]
    }
    call = {
      # A schedule is a principal of its own, which no group can hold before it is made: hence "any-user", and its OCID.
      # To find the function target.function.id is not asked for, as above: on a request that has none it is never true,
      # and then no schedule would call.
      wanted      = var.schedule_with == "RESOURCE_SCHEDULER" && length(local.schedules) > 0
      description = "Lets the schedules of ${var.name} call it"
      statements = flatten([for each in values(oci_resource_scheduler_schedule.schedule) : [
        "Allow any-user to {${join(", ", local.to_call)}} in ${local.where_function_is} where all {request.principal.type = 'resourceschedule', request.principal.id = '${each.id}', target.function.id = '${oci_functions_function.function.id}'}",
        "Allow any-user to {${join(", ", local.to_find_the_function)}} in ${local.where_function_is} where all {request.principal.type = 'resourceschedule', request.principal.id = '${each.id}'}",
      ]])
    }
  }
  wanted_policies = { for purpose, each in local.policies : purpose => each if each.wanted }

  matching_rule     = "ALL {resource.type = 'fnfunc', resource.id = '${oci_functions_function.function.id}'}"
  policy_statements = flatten([for each in values(local.wanted_policies) : each.statements])
}

resource "oci_identity_dynamic_group" "function" {
  provider = oci.home
  count    = var.create_iam ? 1 : 0

  compartment_id = var.tenancy_ocid
  name           = var.name
  description    = "The function ${var.name}, and nothing else"
  matching_rule  = local.matching_rule
  freeform_tags  = var.freeform_tags
}

# All of them are kept in the root compartment, from where they can speak of any other.
resource "oci_identity_policy" "function" {
  provider = oci.home
  for_each = var.create_iam ? local.wanted_policies : {}

  compartment_id = var.tenancy_ocid
  name           = "${var.name}-${each.key}"
  description    = each.value.description
  statements     = each.value.statements
  freeform_tags  = var.freeform_tags

  # A policy that names a group which is not there yet is refused.
  depends_on = [oci_identity_dynamic_group.function]
}
