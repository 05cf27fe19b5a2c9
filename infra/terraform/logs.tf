# What the function logs: JSON lines, kept for as long as one looks back after an incident.

resource "oci_logging_log_group" "function" {
  compartment_id = local.compartment_id
  display_name   = var.name
  description    = "Logs of the function ${var.name}"
  freeform_tags  = var.freeform_tags
}

resource "oci_logging_log" "invoke" {
  log_group_id       = oci_logging_log_group.function.id
  display_name       = "${var.name}-invoke"
  log_type           = "SERVICE"
  is_enabled         = true
  retention_duration = 90
  freeform_tags      = var.freeform_tags

  configuration {
    compartment_id = local.compartment_id

    source {
      source_type = "OCISERVICE"
      service     = "functions"
      category    = "invoke"
      resource    = oci_functions_application.application.id
    }
  }
}
