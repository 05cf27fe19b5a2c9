# The syntax is that of Terraform 1.5, which Resource Manager runs. The stack's own tests need 1.7 or newer.
terraform {
  required_version = ">= 1.5.0"

  required_providers {
    oci = {
      source = "oracle/oci"
      # Releases that know a function's detached calls, with their timeout and destination, and a schedule's body. There is
      # no upper bound: Oracle has configurations say >= or =, and Resource Manager keeps a stack to the release of its
      # first job until somebody asks for a newer one.
      # https://docs.oracle.com/iaas/Content/terraform/specifying-versions.htm
      version = ">= 7.21.0"
    }
  }
}
