# A network for the function, made only where no subnet is given: one private subnet that nothing can connect to.

locals {
  makes_network = var.subnet_id == ""
  subnet_id     = local.makes_network ? one(oci_core_subnet.function[*].id) : var.subnet_id
}

data "oci_core_services" "own_region" {
  count = local.makes_network ? 1 : 0

  filter {
    name   = "name"
    values = ["All .* Services In Oracle Services Network"]
    regex  = true
  }
}

resource "oci_core_vcn" "function" {
  count = local.makes_network ? 1 : 0

  compartment_id = local.compartment_id
  display_name   = var.name
  cidr_blocks    = [var.vcn_cidr]
  freeform_tags  = var.freeform_tags
}

# Oracle's services of this region, without a detour.
resource "oci_core_service_gateway" "own_region" {
  count = local.makes_network ? 1 : 0

  compartment_id = local.compartment_id
  vcn_id         = oci_core_vcn.function[0].id
  display_name   = "${var.name}-own-region"
  freeform_tags  = var.freeform_tags

  services {
    service_id = data.oci_core_services.own_region[0].services[0].id
  }
}

# Those of the other regions: a service gateway leads to its own region's only.
resource "oci_core_nat_gateway" "other_regions" {
  count = local.makes_network ? 1 : 0

  compartment_id = local.compartment_id
  vcn_id         = oci_core_vcn.function[0].id
  display_name   = "${var.name}-other-regions"
  freeform_tags  = var.freeform_tags
}

resource "oci_core_route_table" "function" {
  count = local.makes_network ? 1 : 0

  compartment_id = local.compartment_id
  vcn_id         = oci_core_vcn.function[0].id
  display_name   = var.name
  freeform_tags  = var.freeform_tags

  route_rules {
    description       = "Oracle's services of this region"
    destination       = data.oci_core_services.own_region[0].services[0].cidr_block
    destination_type  = "SERVICE_CIDR_BLOCK"
    network_entity_id = oci_core_service_gateway.own_region[0].id
  }

  route_rules {
    description       = "Oracle's services of other regions"
    destination       = "0.0.0.0/0"
    destination_type  = "CIDR_BLOCK"
    network_entity_id = oci_core_nat_gateway.other_regions[0].id
  }
}

resource "oci_core_security_list" "function" {
  count = local.makes_network ? 1 : 0

  compartment_id = local.compartment_id
  vcn_id         = oci_core_vcn.function[0].id
  display_name   = var.name
  freeform_tags  = var.freeform_tags

  egress_security_rules {
    description = "HTTPS, to the APIs of all regions: their addresses change, so they cannot be listed"
    destination = "0.0.0.0/0"
    protocol    = "6"

    tcp_options {
      min = 443
      max = 443
    }
  }

  # The one thing that comes in: that a packet was too big for a link on its way. Without it large requests hang.
  ingress_security_rules {
    description = "Fragmentation needed"
    source      = "0.0.0.0/0"
    protocol    = "1"

    icmp_options {
      type = 3
      code = 4
    }
  }
}

resource "oci_core_subnet" "function" {
  count = local.makes_network ? 1 : 0

  compartment_id             = local.compartment_id
  vcn_id                     = oci_core_vcn.function[0].id
  display_name               = var.name
  cidr_block                 = var.vcn_cidr
  prohibit_internet_ingress  = true
  prohibit_public_ip_on_vnic = true
  route_table_id             = oci_core_route_table.function[0].id
  security_list_ids          = [oci_core_security_list.function[0].id]
  freeform_tags              = var.freeform_tags
}
