# Two topics that must never become one: the first is for people, the second is for the function. Were the function
# subscribed to its own notices, it would answer each of them with another call.

locals {
  is_called_by_alarms = var.enabled && var.schedule_with == "ALARM"
}

resource "oci_ons_notification_topic" "notices" {
  compartment_id = local.compartment_id
  name           = "${var.name}-notices"
  description    = "What people are told of copies of backups: by the function, by alarms, and by calls that failed"
  freeform_tags  = var.freeform_tags

  lifecycle {
    # The function keeps in these tags what it has told, and would tell all of it again without them.
    ignore_changes = [freeform_tags]
  }
}

resource "oci_ons_subscription" "email" {
  for_each = toset(var.notice_emails)

  compartment_id = local.compartment_id
  topic_id       = oci_ons_notification_topic.notices.id
  protocol       = "EMAIL"
  endpoint       = each.value
  freeform_tags  = var.freeform_tags
}

resource "oci_ons_notification_topic" "ticks" {
  count = local.is_called_by_alarms ? 1 : 0

  compartment_id = local.compartment_id
  name           = "${var.name}-ticks"
  description    = "Alarms that call the function, in place of a schedule"
  freeform_tags  = var.freeform_tags
}

# Whoever may publish to that topic calls the function: it is there for as long as its alarms are.
resource "oci_ons_subscription" "function" {
  count = local.is_called_by_alarms ? 1 : 0

  compartment_id = local.compartment_id
  topic_id       = oci_ons_notification_topic.ticks[0].id
  protocol       = "ORACLE_FUNCTIONS"
  endpoint       = oci_functions_function.function.id
  freeform_tags  = var.freeform_tags
}
