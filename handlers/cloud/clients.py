"""The SDK's clients for one service in one region."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import Empty, LifoQueue
from typing import Any

from handlers.cloud import connections
from handlers.cloud.request import Service
from handlers.cloud.sdk import BaseClient, NoCircuitBreakerStrategy
from handlers.cloud.signer import ResourcePrincipalSigner


class Clients:
    """Lends each client to one request at a time, and builds another when all are lent. Safe to share between threads.

    The SDK keeps a request's time-out on the client, and now and then puts another session in the place of its own.
    """

    def __init__(self, build: Callable[[], Any]) -> None:
        self._build = build
        self._idle: LifoQueue[Any] = LifoQueue()

    @contextmanager
    def lend(self) -> Iterator[Any]:
        """The client that was used last, whose connection is the most likely to be open still."""
        try:
            client = self._idle.get_nowait()
        except Empty:
            client = self._build()
        try:
            yield client
        finally:
            self._idle.put(client)


def connect(service: Service, region: str, signer: ResourcePrincipalSigner) -> BaseClient:
    """A client for `service` in `region`, which is always named: the SDK would else take it from the environment.

    It is the SDK's base client: its signing, connections, endpoints and errors, without the hundreds of modules (737 of
    `oci.core` alone) that a function would load on each cold start to turn JSON into objects and back.
    """
    client = BaseClient(
        service.name,
        {"region": region},
        signer,
        {},
        base_path=service.base_path,
        service_endpoint_template=service.endpoint,
        service_endpoint_template_per_realm={},
        skip_deserialization=True,
        # A breaker would answer for a region that works again; what to repeat is decided for each call.
        circuit_breaker_strategy=NoCircuitBreakerStrategy(),
    )
    client.session.mount("https://", connections.shared())
    return client
