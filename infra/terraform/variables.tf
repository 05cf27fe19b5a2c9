# Variables in the order in which an operator thinks: where, what to run, the network, what is copied where, when, what
# may be deleted, who is told, alarms, permissions. Those under "what is copied where" and "what may be deleted" are the
# function's own settings: the name in upper case is the configuration key, and an empty one is not handed on.

# -- where ------------------------------------------------------------------------------------------------------------

variable "tenancy_ocid" {
  type        = string
  description = "OCID of the tenancy. Resource Manager fills it in."
  nullable    = false

  validation {
    condition     = can(regex("^ocid1\\.tenancy\\.[a-z0-9.-]+\\.[A-Za-z0-9_-]+$", var.tenancy_ocid))
    error_message = "tenancy_ocid must be the OCID of a tenancy: ocid1.tenancy…"
  }
}

variable "region" {
  type        = string
  description = "Region in which the function runs, such as us-ashburn-1. Resource Manager fills it in."
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]{2,3}(-[a-z]+){1,3}-[0-9]{1,2}$", var.region))
    error_message = "region must be the identifier of a region, such as us-ashburn-1."
  }
}

variable "compartment_ocid" {
  type        = string
  description = "Compartment that holds where compartment_id is empty. Resource Manager fills in that of the stack."
  default     = ""
  nullable    = false

  validation {
    condition     = var.compartment_ocid == "" || can(regex("^ocid1\\.(compartment|tenancy)\\.[a-z0-9.-]+\\.[A-Za-z0-9_-]+$", var.compartment_ocid))
    error_message = "compartment_ocid must be the OCID of a compartment, or empty."
  }
}

variable "config_file_profile" {
  type        = string
  description = "Profile in ~/.oci/config to sign with; null in Resource Manager and Cloud Shell, and for the profile DEFAULT."
  default     = null
}

variable "compartment_id" {
  type        = string
  description = "Compartment for the function, its topics, log, alarms and schedules; empty: compartment_ocid."
  default     = ""
  nullable    = false

  validation {
    condition     = var.compartment_id == "" || can(regex("^ocid1\\.(compartment|tenancy)\\.[a-z0-9.-]+\\.[A-Za-z0-9_-]+$", var.compartment_id))
    error_message = "compartment_id must be the OCID of a compartment, or empty."
  }
}

variable "name" {
  type        = string
  description = "Name of the function, and the beginning of all other names. Dynamic group and policies are the whole tenancy's: a second deployment, such as one in a destination region, needs another name."
  default     = "cross-region-backup"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,39}$", var.name))
    error_message = "name must begin with a small letter and hold at most 40 small letters, digits and hyphens."
  }
}

variable "freeform_tags" {
  type        = map(string)
  description = "Freeform tags for everything that is made. The notices topic keeps them from its creation only: the function writes six tags of its own there, so more than four leave it less room to remember what it has told."
  default     = {}
  nullable    = false

  validation {
    condition     = length(var.freeform_tags) <= 10 && alltrue([for key, value in var.freeform_tags : length(key) >= 1 && length(key) <= 100 && length(value) <= 256])
    error_message = "freeform_tags may be ten at most, with keys of 1 to 100 and values of at most 256 characters."
  }
}

# -- what runs --------------------------------------------------------------------------------------------------------

variable "image" {
  type        = string
  description = "Image of the function, in the Container Registry of its own region: <region key>.ocir.io/<namespace>/<repository>:<tag>."
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9.-]*ocir\\.[a-z0-9.-]+/[a-z0-9]+/[a-z0-9._/-]+:[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$", var.image))
    error_message = "image must be a full path with a tag, such as iad.ocir.io/mynamespace/backups/cross-region-backup:1.0.0."
  }
}

variable "function_shape" {
  type        = string
  description = "Processors that the image is built for: GENERIC_X86, GENERIC_ARM, or GENERIC_X86_ARM for an image with both. An application keeps its shape: another one makes it anew."
  default     = "GENERIC_X86"
  nullable    = false

  validation {
    condition     = contains(["GENERIC_X86", "GENERIC_ARM", "GENERIC_X86_ARM"], var.function_shape)
    error_message = "function_shape must be GENERIC_X86, GENERIC_ARM or GENERIC_X86_ARM."
  }
}

variable "memory_in_mbs" {
  type        = number
  description = "Memory of the function in MiB. 256 is enough for 10,000 backups."
  default     = 256
  nullable    = false

  validation {
    condition     = contains([128, 256, 512, 1024, 2048, 3072], var.memory_in_mbs)
    error_message = "memory_in_mbs must be 128, 256, 512, 1024, 2048 or 3072."
  }
}

variable "timeout_in_seconds" {
  type        = number
  description = "How long a call may take that somebody waits for: an event, a message, fn invoke."
  default     = 300
  nullable    = false

  validation {
    condition     = var.timeout_in_seconds >= 30 && var.timeout_in_seconds <= 300 && floor(var.timeout_in_seconds) == var.timeout_in_seconds
    error_message = "timeout_in_seconds must be a whole number of 30 to 300."
  }
}

variable "detached_timeout_in_seconds" {
  type        = number
  description = "How long a call may take that nobody waits for: those of Resource Scheduler, and the parts of a sweep that fan_out hands on."
  default     = 3600
  nullable    = false

  validation {
    condition     = var.detached_timeout_in_seconds >= 30 && var.detached_timeout_in_seconds <= 3600 && floor(var.detached_timeout_in_seconds) == var.detached_timeout_in_seconds
    error_message = "detached_timeout_in_seconds must be a whole number of 30 to 3600."
  }
}

variable "provisioned_concurrency" {
  type        = number
  description = "Provisioned concurrency units that are kept warm, and billed, all the time; 0: none, calls start cold. Multiples of 40 with 128 MiB, of 20 with 256, of 10 with more."
  default     = 0
  nullable    = false

  validation {
    condition     = var.provisioned_concurrency >= 0 && var.provisioned_concurrency % 10 == 0
    error_message = "provisioned_concurrency must be 0, or a multiple of 10."
  }
}

# -- network ----------------------------------------------------------------------------------------------------------

variable "subnet_id" {
  type        = string
  description = "Subnet for the function, with a way to Oracle's APIs of all regions concerned: a NAT gateway, or a proxy. A service gateway alone reaches its own region only. Empty: a small network is made."
  default     = ""
  nullable    = false

  validation {
    condition     = var.subnet_id == "" || can(regex("^ocid1\\.subnet\\.[a-z0-9.-]+\\.[A-Za-z0-9_-]+$", var.subnet_id))
    error_message = "subnet_id must be the OCID of a subnet, or empty."
  }
}

variable "vcn_cidr" {
  type        = string
  description = "Addresses of the network that is made where subnet_id is empty; its one subnet has all of them."
  default     = "10.77.0.0/26"
  nullable    = false

  validation {
    condition     = can(regex("^[0-9.]+/(1[6-9]|2[0-6])$", var.vcn_cidr)) && can(cidrhost(var.vcn_cidr, 0))
    error_message = "vcn_cidr must be a block of IPv4 addresses from /16 to /26, such as 10.77.0.0/26."
  }
}

# -- what is copied where ---------------------------------------------------------------------------------------------

variable "source_compartment_id" {
  type        = string
  description = "The one compartment, or one of those, whose volumes and backups are looked after: what the form's picker gives. Those of compartment_ids come beside it."
  default     = ""
  nullable    = false

  validation {
    condition     = var.source_compartment_id == "" || can(regex("^ocid1\\.(compartment|tenancy)\\.[a-z0-9.-]+\\.[A-Za-z0-9_-]+$", var.source_compartment_id))
    error_message = "source_compartment_id must be the OCID of a compartment, or empty."
  }
}

variable "compartment_ids" {
  type        = list(string)
  description = "Compartments whose volumes and backups are looked after. The function is not told of those below them, though OCI's policies reach those as well. Either this or source_compartment_id must name one."
  default     = []
  nullable    = false

  validation {
    condition     = length(distinct(var.compartment_ids)) == length(var.compartment_ids)
    error_message = "compartment_ids must name each compartment once."
  }

  validation {
    condition     = alltrue([for each in var.compartment_ids : can(regex("^ocid1\\.(compartment|tenancy)\\.[a-z0-9.-]+\\.[A-Za-z0-9_-]+$", each))])
    error_message = "compartment_ids must be the OCIDs of compartments."
  }
}

variable "source_region" {
  type        = string
  description = "Region where the volumes are; empty: the function's own. Set it where the function is deployed in a destination region, to report there while the source region is dark. Nothing is pruned while that cannot be read."
  default     = ""
  nullable    = false

  validation {
    condition     = var.source_region == "" || can(regex("^[a-z]{2,3}(-[a-z]+){1,3}-[0-9]{1,2}$", var.source_region))
    error_message = "source_region must be the identifier of a region, such as us-ashburn-1, or empty."
  }
}

variable "destination_region" {
  type        = string
  description = "The one region, or one of those, where copies go: what the form's picker gives. Those of destination_regions come beside it."
  default     = ""
  nullable    = false

  validation {
    condition     = var.destination_region == "" || can(regex("^[a-z]{2,3}(-[a-z]+){1,3}-[0-9]{1,2}$", var.destination_region))
    error_message = "destination_region must be the identifier of a region, such as us-phoenix-1, or empty."
  }
}

variable "destination_kms_key_id" {
  type        = string
  description = "Key for the copies in destination_region, of that region: what the form's picker gives; empty: what kms_key_ids says."
  default     = ""
  nullable    = false

  validation {
    condition     = var.destination_kms_key_id == "" || can(regex("^ocid1\\.key\\.[a-z0-9-]+\\.[a-z0-9-]*\\.[A-Za-z0-9_.-]+$", var.destination_kms_key_id))
    error_message = "destination_kms_key_id must be the OCID of a key, or empty."
  }
}

variable "destination_regions" {
  type        = list(string)
  description = "Regions where copies go. Either this, destination_region or policy must name one."
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for each in var.destination_regions : can(regex("^[a-z]{2,3}(-[a-z]+){1,3}-[0-9]{1,2}$", each))])
    error_message = "destination_regions must be identifiers of regions, such as us-phoenix-1."
  }
}

variable "allowed_regions" {
  type        = list(string)
  description = "The only regions that a request or a volume's tag may name; empty: those of destination_region, destination_regions and policy. The function's permissions reach these regions too: keep a former destination here until its copies are gone."
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for each in var.allowed_regions : can(regex("^[a-z]{2,3}(-[a-z]+){1,3}-[0-9]{1,2}$", each))])
    error_message = "allowed_regions must be identifiers of regions, such as us-phoenix-1."
  }
}

variable "kms_key_ids" {
  type        = map(string)
  description = "Key for the copies in each destination: region to the OCID of a key there, empty for an Oracle-managed key. Where any is named, each destination must be."
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for region, key in var.kms_key_ids : can(regex("^[a-z]{2,3}(-[a-z]+){1,3}-[0-9]{1,2}$", region))])
    error_message = "kms_key_ids must have identifiers of regions as its names, such as us-phoenix-1."
  }

  validation {
    condition     = alltrue([for region, key in var.kms_key_ids : key == null || key == "" || can(regex("^ocid1\\.key\\.[a-z0-9-]+\\.[a-z0-9-]*\\.[A-Za-z0-9_.-]+$", key))])
    error_message = "kms_key_ids must give each region the OCID of a key, or an empty text for an Oracle-managed one."
  }
}

variable "policy" {
  type        = string
  description = "What is due, where copies go and what is kept, as the JSON object that the README describes; empty: nothing is due, everything is kept."
  default     = ""
  nullable    = false

  validation {
    condition     = trimspace(var.policy) == "" || can(keys(jsondecode(var.policy)))
    error_message = "policy must be a JSON object with defaults, rules, or both, or empty."
  }

  validation {
    condition     = length(setsubtract(try(keys(jsondecode(var.policy)), []), ["defaults", "rules"])) == 0
    error_message = "policy may hold defaults and rules, and nothing else."
  }

  validation {
    condition = alltrue(flatten([
      try(length(setsubtract(keys(try(jsondecode(var.policy).defaults, {})), ["destinations", "every", "keep", "target"])) == 0, false),
      !can(keys(jsondecode(var.policy).rules)),
      [for each in flatten([try(jsondecode(var.policy).rules, [])]) : try(length(setsubtract(keys(each), ["name", "match", "destinations", "every", "keep", "target"])) == 0 && can(keys(each.match)), false)],
    ]))
    error_message = "policy: defaults may hold destinations, every, keep and target; a rule these, a name, and the match that it needs."
  }

  validation {
    condition = alltrue([
      for each in concat([try(jsondecode(var.policy).defaults, {})], flatten([try(jsondecode(var.policy).rules, [])])) :
      (!can(each.every) || can(regex("^\\s*([Nn][Oo][Nn][Ee]|[1-9][0-9]{0,3}[hdw])\\s*$", each.every))) && (!can(each.target) || can(regex("^\\s*[1-9][0-9]{0,3}[hdw]\\s*$", each.target)))
    ])
    error_message = "policy: every and target must be a number of 1 to 9999 and h, d or w, such as 6h or 1d; every may also be none."
  }

  validation {
    condition = alltrue([
      for each in flatten([for terms in concat([try(jsondecode(var.policy).defaults, {})], flatten([try(jsondecode(var.policy).rules, [])])) : concat([terms], flatten([try(terms.destinations, [])]))]) :
      can(regex("^\\s*(all|last\\s+[1-9][0-9]{0,3}|[1-9][0-9]{0,3}[dwmy](\\s+[1-9][0-9]{0,3}[dwmy])*)\\s*$", each.keep)) && length(regexall("[dwmy]", each.keep)) == length(distinct(regexall("[dwmy]", each.keep))) if can(each.keep)
    ])
    error_message = "policy: keep must be all, last and a number, or numbers of 1 to 9999, each with another one of d, w, m and y, such as last 10, 30d or 7d 4w 12m 3y."
  }

  validation {
    condition = alltrue([
      for each in flatten([for terms in concat([try(jsondecode(var.policy).defaults, {})], flatten([try(jsondecode(var.policy).rules, [])])) : try(terms.destinations, [])]) :
      can(regex("^[a-z]{2,3}(-[a-z]+){1,3}-[0-9]{1,2}$", try(each.region, each))) && try(length(setsubtract(keys(each), ["region", "kmsKeyId", "keep"])) == 0, can(tostring(each)))
    ])
    error_message = "policy: destinations must be identifiers of regions, such as us-phoenix-1, or objects with such a region, and with kmsKeyId and keep where they are wanted."
  }
}

variable "schedule" {
  type        = string
  description = "What a call with an empty body runs: an operation, or an array of operations, as JSON; empty: a sweep."
  default     = ""
  nullable    = false

  validation {
    # An array of operations is a list already; a single one is made one.
    condition     = trimspace(var.schedule) == "" || try(length([for each in flatten([jsondecode(var.schedule)]) : each.operation]) > 0, false)
    error_message = "schedule must be a JSON object with an operation, an array of such objects, or empty."
  }

  validation {
    condition = alltrue([
      for each in flatten([try(jsondecode(var.schedule), [])]) : contains([
        "Sweep", "CreateDueBackups", "PruneCopies", "ReportCopies", "ExplainPolicy",
        "CreateVolumeGroupBackup", "CreateVolumeBackup", "CreateBootVolumeBackup",
        "CopyVolumeGroupBackup", "CreateVolumeGroupBackupCopy", "CopyVolumeBackup", "CopyBootVolumeBackup",
        "UpdateVolumeGroupBackup", "UpdateVolumeBackup", "UpdateBootVolumeBackup",
      ], try(each.operation, ""))
    ])
    error_message = "schedule must name operations that the function has, such as Sweep, CreateDueBackups or ReportCopies."
  }
}

variable "max_in_flight" {
  type        = number
  description = "How many copies may be under way at once, from the source region."
  default     = 10
  nullable    = false

  validation {
    condition     = var.max_in_flight >= 1 && var.max_in_flight <= 1000 && floor(var.max_in_flight) == var.max_in_flight
    error_message = "max_in_flight must be a whole number of 1 to 1000."
  }
}

variable "fan_out" {
  type        = bool
  description = "Whether a sweep that is too much for one call hands compartments on to further calls of the function, which it may then call itself. A single compartment is never divided."
  default     = false
  nullable    = false
}

variable "metrics" {
  type        = string
  description = "Whether metrics are published, ON or OFF. Without them there are no alarms on the heartbeat and on recovery points."
  default     = "ON"
  nullable    = false

  validation {
    condition     = contains(["ON", "OFF"], var.metrics)
    error_message = "metrics must be ON or OFF."
  }
}

variable "log_level" {
  type        = string
  description = "What is logged at least: DEBUG, INFO, WARNING, ERROR or CRITICAL."
  default     = "INFO"
  nullable    = false

  validation {
    condition     = contains(["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"], var.log_level)
    error_message = "log_level must be DEBUG, INFO, WARNING, ERROR or CRITICAL."
  }
}

# -- what runs when ---------------------------------------------------------------------------------------------------

variable "enabled" {
  type        = bool
  description = "Whether anything calls the function: schedules, or the alarms in their place, and Events. False: all is made but these, so that you can look first. A sweep then copies every backup that the policy keeps and that has no copy, also those of last year."
  default     = false
  nullable    = false
}

variable "schedule_with" {
  type        = string
  description = "What calls the function: RESOURCE_SCHEDULER, or ALARM where that service is not to be had: alarms that repeat, which keep an interval but no time of day, and begin with a first call by hand."
  default     = "RESOURCE_SCHEDULER"
  nullable    = false

  validation {
    condition     = contains(["RESOURCE_SCHEDULER", "ALARM"], var.schedule_with)
    error_message = "schedule_with must be RESOURCE_SCHEDULER or ALARM."
  }
}

variable "sweep_cron" {
  type        = string
  description = "When missing copies are looked for, as cron in UTC; never, or empty: not at all. Give never for a deployment in a destination region, whose function then gets no permission to copy."
  default     = "*/10 * * * *"
  nullable    = false

  validation {
    condition     = contains(["", "never"], var.sweep_cron) || can(regex("^[0-9*/,-]+( [0-9A-Za-z*/,-]+){4}$", var.sweep_cron))
    error_message = "sweep_cron must be a cron expression of five fields, such as */10 * * * *, or never."
  }
}

variable "create_cron" {
  type        = string
  description = "When backups that are due are made, as cron in UTC; never, or empty: not at all. It should run more often than backups are due, and makes none where neither policy nor a volume's tag says how often. Give never for a deployment in a destination region."
  default     = "*/15 * * * *"
  nullable    = false

  validation {
    condition     = contains(["", "never"], var.create_cron) || can(regex("^[0-9*/,-]+( [0-9A-Za-z*/,-]+){4}$", var.create_cron))
    error_message = "create_cron must be a cron expression of five fields, such as */15 * * * *, or never."
  }
}

variable "prune_cron" {
  type        = string
  description = "When what no retention keeps is marked and deleted, as cron in UTC; never, or empty: not at all. It needs allow_deletion."
  default     = ""
  nullable    = false

  validation {
    condition     = contains(["", "never"], var.prune_cron) || can(regex("^[0-9*/,-]+( [0-9A-Za-z*/,-]+){4}$", var.prune_cron))
    error_message = "prune_cron must be a cron expression of five fields, such as 0 * * * *, or never."
  }
}

variable "report_cron" {
  type        = string
  description = "When it is reported how every source stands, as cron in UTC; never, or empty: not at all."
  default     = "0 6 * * *"
  nullable    = false

  validation {
    condition     = contains(["", "never"], var.report_cron) || can(regex("^[0-9*/,-]+( [0-9A-Za-z*/,-]+){4}$", var.report_cron))
    error_message = "report_cron must be a cron expression of five fields, such as 0 6 * * *, or never."
  }
}

# -- what may be deleted ----------------------------------------------------------------------------------------------

variable "allow_deletion" {
  type        = bool
  description = "Whether the function may delete backups and copies. Without it no such permission is given, whatever else is set."
  default     = false
  nullable    = false
}

variable "max_delete_percent" {
  type        = number
  description = "How many of a hundred backups and copies that are its own in a region one call may delete."
  default     = 20
  nullable    = false

  validation {
    condition     = var.max_delete_percent >= 1 && var.max_delete_percent <= 100 && floor(var.max_delete_percent) == var.max_delete_percent
    error_message = "max_delete_percent must be a whole number of 1 to 100."
  }
}

variable "max_deletes" {
  type        = number
  description = "How many backups and copies one call may delete; 0: none."
  default     = 50
  nullable    = false

  validation {
    condition     = var.max_deletes >= 0 && var.max_deletes <= 10000 && floor(var.max_deletes) == var.max_deletes
    error_message = "max_deletes must be a whole number of 0 to 10000."
  }
}

variable "delete_grace" {
  type        = string
  description = "How long what is marked for deletion stays at least, such as 24h, 3d or 1w."
  default     = "24h"
  nullable    = false

  validation {
    condition     = can(regex("^[1-9][0-9]{0,3}[hdw]$", var.delete_grace))
    error_message = "delete_grace must be a number of 1 to 9999 and h, d or w, such as 24h."
  }
}

# -- who is told, and of what -----------------------------------------------------------------------------------------

variable "notice_emails" {
  type        = list(string)
  description = "E-mail addresses of people who are told what needs one of them. Each gets a message first, to confirm."
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for each in var.notice_emails : can(regex("^[^@\\s,;]+@[^@\\s,;]+\\.[^@\\s,;]+$", each))])
    error_message = "notice_emails must be e-mail addresses."
  }
}

variable "alarms" {
  type        = bool
  description = "Whether alarms are made, which tell through the same topic: failing and throttled calls, sweeps that have ceased, recovery points that are too old."
  default     = true
  nullable    = false
}

variable "heartbeat_absent_for" {
  type        = string
  description = "For how long all that is configured may not have been swept before an alarm fires: PT10M to PT60M, PT1H to PT24H, longer than the pauses between sweeps; or never, for no such alarm."
  default     = "PT1H"
  nullable    = false

  validation {
    condition     = can(regex("^(never|PT([1-5][0-9]M|60M|([1-9]|1[0-9]|2[0-4])H))$", var.heartbeat_absent_for))
    error_message = "heartbeat_absent_for must be PT10M to PT60M, PT1H to PT24H, or never."
  }
}

# -- permissions ------------------------------------------------------------------------------------------------------

variable "create_iam" {
  type        = bool
  description = "Whether the dynamic group and the policies are made, which needs an administrator of the tenancy. Without, hand the outputs dynamic_group_matching_rule and policy_statements to one."
  default     = true
  nullable    = false
}

variable "pin_destinations" {
  type        = bool
  description = "Whether copies are permitted to the destinations alone, by target.region. That Block Volume has it for copies is documented nowhere: where it has not, every copy is refused, and you set this back."
  default     = false
  nullable    = false
}

variable "tag_namespaces" {
  type        = list(string)
  description = "Namespaces whose defined tags requests may have the function write (definedTags). Without, requests that give any are refused by Oracle."
  default     = []
  nullable    = false

  validation {
    condition     = length(var.tag_namespaces) <= 50 && length(distinct(var.tag_namespaces)) == length(var.tag_namespaces) && alltrue([for each in var.tag_namespaces : can(regex("^[A-Za-z0-9_-]{1,100}$", each))])
    error_message = "tag_namespaces may name 50 namespaces, each once, by names of letters, digits, underscores and hyphens."
  }
}
