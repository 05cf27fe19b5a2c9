"""One of Oracle's services in one region: requests, their attempts, and the log line of each."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import structlog

from handlers.cloud.clients import Clients
from handlers.cloud.errors import translate
from handlers.cloud.request import Request, Service
from handlers.cloud.retry import Retry
from handlers.core.errors import Refused

CONNECT_SECONDS = 5.0
"""Two lost packets, and the way around the world: a region that is dark is given up within seconds."""

T = TypeVar("T")
Read = Callable[[Any, Mapping[str, str]], T]

log = structlog.get_logger()


class Api:
    """Safe to share between threads."""

    def __init__(self, service: Service, region: str, clients: Clients, retry: Retry) -> None:
        self._service, self._region, self._clients, self._retry = service, region, clients, retry

    def call(self, request: Request, read: Read[T], repetition_refused: Callable[[Refused], T] | None = None) -> T:
        """What `read` makes of the answer's JSON and headers; an exception of it says that they cannot be read.

        `repetition_refused` says what comes of it when only a repetition was refused: what it repeats may have been
        carried out, its answer lost. Raises `ApiFault`, and nothing else.
        """
        attempts = 0

        def attempt(number: int, seconds: float) -> T:
            nonlocal attempts
            attempts = number
            return self._attempt(request, read, number, seconds)

        try:
            return self._retry(attempt, repeatable=request.is_repeatable)
        except Refused as refusal:
            if repetition_refused is None or attempts == 1:
                raise
            return repetition_refused(refusal)

    def _attempt(self, request: Request, read: Read[T], number: int, seconds: float) -> T:
        started = time.monotonic()
        status, code, opc_request_id = 0, None, None
        try:
            with self._clients.lend() as client:
                answer = _send(client, request, seconds)
            status, opc_request_id = answer.status, answer.headers.get("opc-request-id")
            return read(answer.data, answer.headers)
        except Exception as error:  # the SDK, requests and urllib3 raise from a dozen families, JSON from three
            fault = translate(error)
            status, code, opc_request_id = fault.status or status, fault.code, fault.opc_request_id or opc_request_id
            raise fault from error
        finally:
            log.info(
                "api.call",
                service=self._service.name,
                operation=request.operation,
                region=self._region,
                status=status,
                code=code,
                duration_ms=round((time.monotonic() - started) * 1000, 1),
                opc_request_id=opc_request_id,
                **({"attempt": number} if number > 1 else {}),
            )


def _send(client: Any, request: Request, seconds: float) -> Any:  # noqa: ANN401 - the SDK has no types
    """`seconds` bound the waiting for a connection and an answer together.

    Not the reading of an answer that comes drop by drop: each drop may take as long as the first.
    """
    connecting = min(CONNECT_SECONDS, seconds / 4)
    client.timeout = (connecting, seconds - connecting)
    return client.call_api(
        resource_path=request.path,
        method=request.method,
        path_params={"id": request.identifier} if request.identifier else None,
        query_params=dict(request.query) if request.query else None,
        header_params={"accept": "application/json", "content-type": "application/json", **request.headers},
        body=dict(request.body) if request.body is not None else None,
        response_type="object" if request.has_answer else None,
        operation_name=request.operation,
    )
