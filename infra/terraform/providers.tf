# In Resource Manager and in Cloud Shell the provider finds its credentials by itself; elsewhere in ~/.oci/config.
provider "oci" {
  region              = var.region
  config_file_profile = var.config_file_profile
}

# Dynamic groups and policies can only be changed in the tenancy's home region, from where they hold in all regions.
provider "oci" {
  alias               = "home"
  region              = local.home_region
  config_file_profile = var.config_file_profile
}
