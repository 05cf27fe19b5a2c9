# Questions of Resource Manager's form alone: it can list subnets and keys only when it knows where to look. Nothing reads them.

variable "network_compartment_id" {
  type        = string
  description = "Compartment whose networks the form lists. Without meaning outside of Resource Manager's form."
  default     = ""
  nullable    = false

  validation {
    condition     = var.network_compartment_id == "" || can(regex("^ocid1\\.(compartment|tenancy)\\.[a-z0-9.-]+\\.[A-Za-z0-9_-]+$", var.network_compartment_id))
    error_message = "network_compartment_id must be the OCID of a compartment, or empty."
  }
}

variable "vcn_id" {
  type        = string
  description = "Network whose subnets the form lists. Without meaning outside of Resource Manager's form."
  default     = ""
  nullable    = false

  validation {
    condition     = var.vcn_id == "" || can(regex("^ocid1\\.vcn\\.[a-z0-9.-]+\\.[A-Za-z0-9_-]+$", var.vcn_id))
    error_message = "vcn_id must be the OCID of a network, or empty."
  }
}

variable "key_compartment_id" {
  type        = string
  description = "Compartment whose vaults and keys the form lists. Without meaning outside of Resource Manager's form."
  default     = ""
  nullable    = false

  validation {
    condition     = var.key_compartment_id == "" || can(regex("^ocid1\\.(compartment|tenancy)\\.[a-z0-9.-]+\\.[A-Za-z0-9_-]+$", var.key_compartment_id))
    error_message = "key_compartment_id must be the OCID of a compartment, or empty."
  }
}

variable "vault_id" {
  type        = string
  description = "Vault whose keys the form lists. Without meaning outside of Resource Manager's form."
  default     = ""
  nullable    = false

  validation {
    condition     = var.vault_id == "" || can(regex("^ocid1\\.vault\\.[a-z0-9.-]+\\.[A-Za-z0-9_-]+$", var.vault_id))
    error_message = "vault_id must be the OCID of a vault, or empty."
  }
}
