"""In the place of the network: keeps what the SDK sends, and answers what it is told to."""

from __future__ import annotations

import json
from typing import Any

from oci._vendor.requests import Response
from oci._vendor.requests.adapters import BaseAdapter

from handlers.cloud.backups import RegionBackups
from handlers.cloud.clients import Clients, connect
from handlers.cloud.retry import Retry
from handlers.cloud.signer import ResourcePrincipalSigner
from tests.fakes import COMPARTMENT, HOME, FakeClock, ocid

BACKUP = {
    "id": ocid("volumebackup"),
    "compartmentId": COMPARTMENT,
    "lifecycleState": "AVAILABLE",
    "timeCreated": "2026-11-21T02:00:00.123Z",
}


class Wire(BaseAdapter):  # type: ignore[misc] # the SDK has no types
    """In the place of the network: keeps what is sent, and answers what it is told to."""

    def __init__(self, body: object = BACKUP, status: int = 200, **headers: str) -> None:
        super().__init__()
        self.sent: list[Any] = []
        self.timeouts: list[tuple[float, float]] = []
        self.answer = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.status, self.headers = status, headers

    def send(self, request: Any, **options: Any) -> Any:
        self.sent.append(request)
        self.timeouts.append(options["timeout"])
        response: Any = Response()
        response.status_code, response._content = self.status, self.answer
        response.request, response.url = request, request.url
        response.headers.update({"opc-request-id": "request-1", "etag": "etag-1"} | self.headers)
        return response

    def close(self) -> None:
        """There is nothing to close."""

    @property
    def only(self) -> Any:
        (request,) = self.sent
        return request

    def connect(self, region: str, signer: ResourcePrincipalSigner) -> Any:
        """The SDK's client of a region, with this wire in its session."""
        client = connect(region, signer)
        client.session.mount("https://", self)
        return client


def backups_over(
    signer: ResourcePrincipalSigner, wire: Wire, patience: float = 300.0, region: str = HOME
) -> RegionBackups:
    """The backups of a region over a wire, in a call that always has so many seconds; pauses take no time."""
    clients = Clients(lambda: wire.connect(region, signer))
    return RegionBackups(region, clients, Retry(lambda: patience, FakeClock().sleep, lambda: 0.5))
