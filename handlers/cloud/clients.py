"""The SDK's client for one region."""

from __future__ import annotations

from oci.base_client import BaseClient
from oci.circuit_breaker import NoCircuitBreakerStrategy

from handlers.cloud.signer import ResourcePrincipalSigner


def connect(region: str, signer: ResourcePrincipalSigner) -> BaseClient:
    """A Block Volume client for `region`, which is always named: the SDK would else take it from the environment.

    It is the SDK's base client: its signing, connections, endpoints and errors, without the 737 modules of `oci.core`
    that a function would load on each cold start to turn JSON into objects and back.
    """
    return BaseClient(
        "blockstorage",
        {"region": region},
        signer,
        {},
        base_path="/20160918",
        endpoint_service_name="iaas",
        service_endpoint_template="https://iaas.{region}.{secondLevelDomain}",
        service_endpoint_template_per_realm={},
        skip_deserialization=True,
        # A breaker would answer for a region that works again; what to repeat is decided for each call.
        circuit_breaker_strategy=NoCircuitBreakerStrategy(),
    )
