"""In the place of the network: keeps what the SDK sends, and answers what it is told to."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qs, urlsplit

from oci._vendor.requests import Response
from oci._vendor.requests.adapters import BaseAdapter

from handlers.cloud.api import Api
from handlers.cloud.backups import RegionBackups
from handlers.cloud.clients import Clients, connect
from handlers.cloud.request import BLOCK_VOLUME, Service
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

    def connect(self, service: Service, region: str, signer: ResourcePrincipalSigner) -> Any:
        """The SDK's client of a service in a region, with this wire in its session."""
        client = connect(service, region, signer)
        client.session.mount("https://", self)
        return client


class Answers(Wire):
    """A wire that answers with one status and body after the other."""

    def __init__(self, answers: Iterable[tuple[int, object]]) -> None:
        super().__init__()
        self._answers = iter(answers)

    def send(self, request: Any, **options: Any) -> Any:
        self.status, body = next(self._answers)
        self.answer = b"" if body is None else json.dumps(body).encode()
        return super().send(request, **options)


def form(request: Any) -> dict[str, Any]:
    """All of a request that has to be the same; what differs from request to request only by its name."""
    address = urlsplit(request.url)
    changing = {"date", "authorization", "opc-request-id", "x-content-sha256", "content-length"}
    return {
        "method": request.method,
        "address": (address.scheme, address.netloc, address.path),
        "query": parse_qs(address.query),
        "headers": {key.lower(): "…" if key.lower() in changing else value for key, value in request.headers.items()},
        "body": json.loads(request.body) if request.body else None,
    }


def sent_by(sdk: Any, call: Callable[[Any], object], answer: object) -> Any:
    """What one of Oracle's own clients sends in a call of it."""
    wire = Wire(answer)
    sdk.base_client.session.mount("https://", wire)
    call(sdk)
    return wire.only


def api_over(signer: ResourcePrincipalSigner, wire: Wire, service: Service, region: str = HOME) -> Api:
    """A service over a wire, in a call that has time enough; pauses take none."""
    retry = Retry(lambda: 300.0, FakeClock().sleep, lambda: 0.5)
    return Api(service, region, Clients(lambda: wire.connect(service, region, signer)), retry)


def backups_over(
    signer: ResourcePrincipalSigner, wire: Wire, patience: float = 300.0, region: str = HOME
) -> RegionBackups:
    """The backups of a region over a wire, in a call that always has so many seconds; pauses take no time."""
    clients = Clients(lambda: wire.connect(BLOCK_VOLUME, region, signer))
    return RegionBackups(region, clients, Retry(lambda: patience, FakeClock().sleep, lambda: 0.5))
