"""One signer, and one client of the SDK for each region, built when first needed and kept for the container's life."""

from __future__ import annotations

import threading
from typing import Any

from oci.base_client import BaseClient
from oci.circuit_breaker import NoCircuitBreakerStrategy

from handlers.cloud.signer import ResourcePrincipalSigner


class Clients:
    """Block Volume clients by region.

    These are the SDK's base client: its signing, connections, endpoints and errors, without the 737 modules of
    `oci.core` that a function would load on each cold start to turn JSON into objects and back.
    """

    def __init__(self, signer: ResourcePrincipalSigner) -> None:
        self._signer = signer
        self._clients: dict[str, BaseClient] = {}
        self._lock = threading.Lock()

    def __call__(self, region: str) -> Any:  # noqa: ANN401 - the SDK has no types
        """The client of `region`. The region is always named: the SDK would else take it from the environment."""
        with self._lock:
            if region not in self._clients:
                self._clients[region] = self._build(region)
            return self._clients[region]

    def _build(self, region: str) -> BaseClient:
        return BaseClient(
            "blockstorage",
            {"region": region},
            self._signer,
            {},
            base_path="/20160918",
            endpoint_service_name="iaas",
            service_endpoint_template="https://iaas.{region}.{secondLevelDomain}",
            service_endpoint_template_per_realm={},
            skip_deserialization=True,
            # A breaker would answer for a region that works again; what to repeat is decided for each call.
            circuit_breaker_strategy=NoCircuitBreakerStrategy(),
        )
