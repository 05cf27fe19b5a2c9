# What other files share: names of regions, the function's configuration, and what its schedules send.

data "oci_identity_regions" "all" {}

# Only who makes dynamic groups and policies needs to know the home region, and may read the tenancy.
data "oci_identity_region_subscriptions" "tenancy" {
  count = var.create_iam ? 1 : 0

  tenancy_id = var.tenancy_ocid
}

locals {
  compartment_id = var.compartment_id != "" ? var.compartment_id : var.compartment_ocid

  subscriptions = flatten(data.oci_identity_region_subscriptions.tenancy[*].region_subscriptions)
  home_region   = coalesce(one([for each in local.subscriptions : each.region_name if each.is_home_region]), var.region)

  # Policies write regions as their keys: iad.
  region_keys = { for each in data.oci_identity_regions.all.regions : each.name => lower(each.key) }

  source_region = var.source_region != "" ? var.source_region : var.region
  is_at_source  = local.source_region == var.region

  # What the form's pickers give, and the lists beside them.
  compartment_ids     = distinct(compact(concat([var.source_compartment_id], var.compartment_ids)))
  destination_regions = distinct(compact(concat([var.destination_region], var.destination_regions)))
  kms_key_ids         = merge(var.kms_key_ids, var.destination_kms_key_id == "" ? {} : { (var.destination_region) = var.destination_kms_key_id })

  # In POLICY a list may be written as its one element, and a destination as its region alone.
  policy       = try(jsondecode(var.policy), {})
  policy_terms = concat([try(local.policy.defaults, {})], flatten([try(local.policy.rules, [])]))
  policy_destinations = [
    for each in flatten([for terms in local.policy_terms : try(terms.destinations, [])]) : {
      region    = try(tostring(each), each.region, "")
      key       = try(each.kmsKeyId, "")
      names_key = can(each.kmsKeyId)
    }
  ]

  destinations    = distinct(compact(concat(local.destination_regions, local.policy_destinations[*].region)))
  outside_regions = setsubtract(concat(local.destinations, var.allowed_regions), [local.source_region])
  regions         = concat([local.source_region], sort(local.outside_regions))
  keys            = distinct(compact(local.named_keys[*].key))
  named_keys      = concat([for region, key in local.kms_key_ids : { region = region, key = key }], local.policy_destinations)

  # One entry for each setting of the function that the operator gives. An empty one would be taken as not set anyway,
  # and the 4 KB that a configuration may have are few.
  settings = {
    SOURCE_REGION       = var.source_region
    DESTINATION_REGIONS = join(",", local.destination_regions)
    ALLOWED_REGIONS     = join(",", var.allowed_regions)
    COMPARTMENT_IDS     = join(",", local.compartment_ids)
    KMS_KEY_IDS         = length(local.kms_key_ids) == 0 ? "" : jsonencode({ for region, key in local.kms_key_ids : region => key == "" ? null : key })
    SCHEDULE            = trimspace(var.schedule)
    MAX_IN_FLIGHT       = tostring(var.max_in_flight)
    POLICY              = try(jsonencode(jsondecode(var.policy)), "")
    MAX_DELETE_PERCENT  = tostring(var.max_delete_percent)
    MAX_DELETES         = tostring(var.max_deletes)
    DELETE_GRACE        = var.delete_grace
    METRICS             = var.metrics
    FAN_OUT             = var.fan_out ? "ON" : "OFF"
    LOG_LEVEL           = var.log_level
  }
  given_settings = { for key, value in local.settings : key => value if value != "" }
  config         = merge(local.given_settings, { NOTIFICATION_TOPIC_ID = oci_ons_notification_topic.notices.id })

  # OCI Functions counts bytes, length() counts characters: base64 has four of these for three bytes. The OCID of the
  # topic is not known before it is made, and may have 255.
  config_bytes = length("NOTIFICATION_TOPIC_ID") + 255 + ceil(
    length(base64encode(join("", concat(keys(local.given_settings), values(local.given_settings))))) / 4 * 3
  )

  operations = {
    sweep  = { cron = var.sweep_cron, operation = "Sweep", purpose = "Looks for copies that are missing, and starts them." }
    create = { cron = var.create_cron, operation = "CreateDueBackups", purpose = "Makes the backups that are due." }
    prune  = { cron = var.prune_cron, operation = "PruneCopies", purpose = "Marks and deletes what no retention keeps." }
    report = { cron = var.report_cron, operation = "ReportCopies", purpose = "Reports how each source stands in each region." }
  }

  # "never" says the same as an empty text, which not every form can send. Permissions and checks go by what is planned,
  # whether or not it has begun: so it can be looked at first, and nothing but its callers is new when it does.
  planned = {
    for name, each in local.operations : name => merge(each, { body = jsonencode({ operation = each.operation }) }) if !contains(["", "never"], each.cron)
  }
  schedules = { for name, each in local.planned : name => each if var.enabled }
}
