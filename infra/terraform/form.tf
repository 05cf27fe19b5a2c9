# Two questions of Resource Manager's form alone: it can list subnets only when it knows where to look. Nothing reads them.

variable "network_compartment_id" {
  type        = string
  description = "Compartment whose networks the form lists. Without meaning outside of Resource Manager's form."
  default     = ""
  nullable    = false
}

variable "vcn_id" {
  type        = string
  description = "Network whose subnets the form lists. Without meaning outside of Resource Manager's form."
  default     = ""
  nullable    = false
}
