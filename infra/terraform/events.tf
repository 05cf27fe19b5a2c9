# A finished backup calls the function, so that its copy does not wait for the next sweep.

locals {
  # Rules call functions of their own region only: in a destination region none would ever match.
  event_compartments = toset([for each in local.compartment_ids : each if local.is_at_source && var.enabled])

  finished_backups = [
    "com.oraclecloud.blockvolumes.createvolumegroupbackup.end",
    "com.oraclecloud.blockvolumes.createvolumebackup.end",
    "com.oraclecloud.blockvolumes.createbootvolumebackup.end",
  ]
}

# A rule sees its own compartment and those below it; so there is one in each compartment that is looked after, and its
# condition leaves out what is below, as a sweep does.
resource "oci_events_rule" "finished_backup" {
  for_each = local.event_compartments

  compartment_id = each.value
  display_name   = "${var.name}-finished-backup"
  description    = "Calls the function ${var.name} when a backup is finished"
  is_enabled     = true
  condition      = jsonencode({ eventType = local.finished_backups, data = { compartmentId = [each.value] } })
  freeform_tags  = var.freeform_tags

  actions {
    actions {
      action_type = "FAAS"
      function_id = oci_functions_function.function.id
      description = "Copies the backup"
      is_enabled  = true
    }
  }
}
