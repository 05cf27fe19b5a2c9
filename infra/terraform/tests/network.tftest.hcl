# Where the function runs.

mock_provider "oci" {
  source = "./tests/mocks"
}

mock_provider "oci" {
  alias  = "home"
  source = "./tests/mocks"
}

variables {
  tenancy_ocid        = "ocid1.tenancy.oc1..tenancy"
  region              = "us-ashburn-1"
  compartment_id      = "ocid1.compartment.oc1..functions"
  compartment_ids     = ["ocid1.compartment.oc1..production", "ocid1.compartment.oc1..finance"]
  destination_regions = ["us-phoenix-1", "eu-frankfurt-1"]
  image               = "iad.ocir.io/mynamespace/backups/cross-region-backup:1.0.0"
}

run "a_network_is_made" {
  assert {
    condition     = length(oci_core_vcn.function) == 1 && oci_core_subnet.function[0].cidr_block == "10.77.0.0/26"
    error_message = "Where no subnet is given a network is made."
  }

  assert {
    condition     = oci_core_subnet.function[0].prohibit_internet_ingress && oci_core_subnet.function[0].prohibit_public_ip_on_vnic
    error_message = "Its subnet is private."
  }

  assert {
    condition     = toset([for each in oci_core_security_list.function[0].egress_security_rules : "${each.protocol} ${each.tcp_options[0].min}-${each.tcp_options[0].max}"]) == toset(["6 443-443"])
    error_message = "HTTPS is all that goes out."
  }

  assert {
    condition     = alltrue([for each in oci_core_security_list.function[0].ingress_security_rules : each.protocol == "1" && each.icmp_options[0].type == 3 && each.icmp_options[0].code == 4])
    error_message = "Nothing can connect: all that comes in is word of packets that were too big."
  }

  assert {
    condition = { for each in oci_core_route_table.function[0].route_rules : each.destination => each.network_entity_id } == {
      "all-iad-services-in-oracle-services-network" = "ocid1.servicegateway.oc1.iad.made"
      "0.0.0.0/0"                                   = "ocid1.natgateway.oc1.iad.made"
    }
    error_message = "Oracle's services of this region are reached through a service gateway, those of others through a NAT gateway."
  }
}

run "a_subnet_is_given" {
  variables {
    subnet_id = "ocid1.subnet.oc1.iad.given"
  }

  assert {
    condition     = length(oci_core_vcn.function) + length(oci_core_subnet.function) + length(oci_core_nat_gateway.other_regions) + length(oci_core_service_gateway.own_region) + length(oci_core_route_table.function) + length(oci_core_security_list.function) == 0
    error_message = "Where a subnet is given nothing of a network is made."
  }

  assert {
    condition     = one(oci_functions_application.application.subnet_ids) == "ocid1.subnet.oc1.iad.given" && output.subnet_id == "ocid1.subnet.oc1.iad.given"
    error_message = "The function runs in the subnet that is given."
  }
}
