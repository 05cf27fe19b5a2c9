"""A function that does as it is told, and the two clients of the SDK by which functions are invoked."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
from oci.functions import FunctionsInvokeClient, FunctionsManagementClient

from infra.emulator.functions import Invocation
from infra.emulator.ocids import new_ocid
from tests.emulator.tenant import ASHBURN, Tenant

NOWHERE = "http://127.0.0.1:1/invoke"


@dataclass
class Told:
    """A function that answers what it is told (status, headers, body), else 200 and a greeting."""

    id: str = field(default_factory=lambda: new_ocid("fnfunc", ASHBURN))
    answers: list[tuple[int, dict[str, str], bytes]] = field(default_factory=list)
    calls: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    may_answer: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def listening(self) -> Iterator[str]:
        told = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                told.calls.append(({name.lower(): value for name, value in self.headers.items()}, body))
                told.may_answer.wait(10)
                status, headers, body = told.answers.pop(0) if told.answers else (200, {}, b"hello")
                self.send_response(status)
                for name, value in {**headers, "content-length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the library's
                pass

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            thread = threading.Thread(target=server.serve_forever, args=(0.01,))
            thread.start()
            try:
                yield f"http://127.0.0.1:{server.server_port}/invoke"
            finally:
                server.shutdown()
                thread.join()


def get(tenant: Tenant, function_id: str, region: str = ASHBURN) -> Any:
    return tenant.connect(FunctionsManagementClient, region).get_function(function_id)


def endpoint(tenant: Tenant, function_id: str) -> str:
    return str(get(tenant, function_id).data.invoke_endpoint)


def invoke(tenant: Tenant, function_id: str, body: bytes = b"{}", **options: Any) -> Any:
    """What the SDK's two clients make of it, one after the other as Oracle's examples have it."""
    client = tenant.connect(FunctionsInvokeClient, service_endpoint=endpoint(tenant, function_id))
    return client.invoke_function(function_id, invoke_function_body=body, **options)


def detach(tenant: Tenant, function_id: str, body: bytes = b"{}", **options: Any) -> Any:
    return invoke(tenant, function_id, body, fn_invoke_type="detached", **options)


def invoked(tenant: Tenant, function_id: str) -> list[Invocation]:
    return tenant.emulator.call(
        lambda cloud: [each for each in cloud.functions.invoked if each.function_id == function_id]
    )


def post(tenant: Tenant, url: str, body: bytes = b"{}", **headers: str) -> httpx.Response:
    """A request with headers that the SDK would not send."""
    request = tenant.signed("POST", url, body)
    request.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
    with tenant.http() as client:
        return client.send(request)


def outcomes(tenant: Tenant, function_id: str) -> list[str]:
    """How detached calls of a function ended, as the diary has it."""
    entries = tenant.emulator.call(lambda cloud: list(cloud.diary.entries))
    ends = {"functions.delivered", "functions.failed", "functions.dropped"}
    return [each["kind"] for each in entries if each["kind"] in ends and each["function"] == function_id]
