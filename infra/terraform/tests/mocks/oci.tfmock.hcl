# What the stack reads of a tenancy, and OCIDs that tests can tell apart. The tenancy's home region is neither the
# function's nor a destination.

mock_data "oci_identity_regions" {
  defaults = {
    regions = [
      { name = "us-ashburn-1", key = "IAD" },
      { name = "us-phoenix-1", key = "PHX" },
      { name = "eu-frankfurt-1", key = "FRA" },
      { name = "uk-london-1", key = "LHR" },
      { name = "ap-tokyo-1", key = "NRT" },
    ]
  }
}

mock_data "oci_identity_region_subscriptions" {
  defaults = {
    region_subscriptions = [
      { region_name = "us-ashburn-1", region_key = "IAD", is_home_region = false, state = "READY" },
      { region_name = "us-phoenix-1", region_key = "PHX", is_home_region = false, state = "READY" },
      { region_name = "eu-frankfurt-1", region_key = "FRA", is_home_region = false, state = "READY" },
      { region_name = "uk-london-1", region_key = "LHR", is_home_region = true, state = "READY" },
    ]
  }
}

mock_data "oci_core_services" {
  defaults = {
    services = [
      {
        id          = "ocid1.service.oc1.iad.all"
        name        = "All IAD Services In Oracle Services Network"
        cidr_block  = "all-iad-services-in-oracle-services-network"
        description = "All IAD Services In Oracle Services Network"
      },
    ]
  }
}

mock_resource "oci_functions_application" {
  defaults = { id = "ocid1.fnapp.oc1.iad.application" }
}

mock_resource "oci_functions_function" {
  defaults = {
    id              = "ocid1.fnfunc.oc1.iad.function"
    invoke_endpoint = "https://function.us-ashburn-1.functions.oci.oraclecloud.com"
  }
}

mock_resource "oci_core_subnet" {
  defaults = { id = "ocid1.subnet.oc1.iad.made" }
}

mock_resource "oci_core_service_gateway" {
  defaults = { id = "ocid1.servicegateway.oc1.iad.made" }
}

mock_resource "oci_core_nat_gateway" {
  defaults = { id = "ocid1.natgateway.oc1.iad.made" }
}

# Both topics would have this one: tests that must tell them apart override them.
mock_resource "oci_ons_notification_topic" {
  defaults = { id = "ocid1.onstopic.oc1.iad.topic" }
}

mock_resource "oci_resource_scheduler_schedule" {
  defaults = { id = "ocid1.resourceschedule.oc1.iad.schedule" }
}
