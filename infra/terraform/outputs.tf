# What an operator needs next.

locals {
  # The command line waits for a minute, the function may take five.
  invoke = "oci fn function invoke --region ${var.region} --function-id ${oci_functions_function.function.id} --read-timeout 320"
}

output "function_id" {
  description = "OCID of the function."
  value       = oci_functions_function.function.id
}

output "application_id" {
  description = "OCID of its application."
  value       = oci_functions_application.application.id
}

output "invoke_endpoint" {
  description = "Where the function is called."
  value       = oci_functions_function.function.invoke_endpoint
}

output "notices_topic_id" {
  description = "OCID of the topic that people are told through. Whatever subscribes to it is told as well; the function must not."
  value       = oci_ons_notification_topic.notices.id
}

output "log_group_id" {
  description = "OCID of the log group with the function's log."
  value       = oci_logging_log_group.function.id
}

output "log_command" {
  description = "For Cloud Shell: how the calls of the last hour ended, from the function's log."
  value       = "oci logging-search search-logs --region ${var.region} --time-start \"$(date -u -d '1 hour ago' +%Y-%m-%dT%H:%M:%SZ)\" --time-end \"$(date -u +%Y-%m-%dT%H:%M:%SZ)\" --search-query \"search \\\"${local.compartment_id}/${oci_logging_log_group.function.id}/${oci_logging_log.invoke.id}\\\" | where logContent = '*invocation.*' | sort by datetime desc\""
}

output "subnet_id" {
  description = "OCID of the subnet that the function runs in."
  value       = local.subnet_id
}

output "configuration" {
  description = "The function's configuration, as it was handed on."
  value       = local.config
}

output "schedules" {
  description = "What calls the function, when, and with what; none before enabled is true."
  value       = { for name, each in local.schedules : name => { cron = each.cron, body = each.body } }
}

output "report_command" {
  description = "For Cloud Shell: how each source stands, as a page."
  value       = "${local.invoke} --body '{\"operation\": \"ReportCopies\", \"format\": \"html\"}' --file report.html"
}

output "first_call_command" {
  description = "For Cloud Shell: which backups would be made and copied, without doing it. Where alarms call the function, they begin once it was called by hand."
  value       = "${local.invoke} --body '[{\"operation\": \"CreateDueBackups\", \"dryRun\": true}, {\"operation\": \"Sweep\", \"dryRun\": true}]' --file -"
}

output "dynamic_group_name" {
  description = "Name of the dynamic group that the statements speak of."
  value       = var.name
}

output "dynamic_group_matching_rule" {
  description = "What makes the function a member of it, and nothing else."
  value       = local.matching_rule
}

output "policy_statements" {
  description = "What the function may do, and who may call it; for an administrator to read, or to set up where create_iam is false."
  value       = local.policy_statements
}
