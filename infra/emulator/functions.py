"""OCI Functions: the functions that the cloud was told of, and how clients invoke them.

https://docs.oracle.com/iaas/Content/Functions/Tasks/functionsinvokingfunctions.htm: a detached call is answered
with 202 "as soon as processing begins", may take `detachedModeTimeoutInSeconds` (5 to 3600, else as long as any other),
and what became of it goes to a destination where the function has one. That page knows of no second attempt. A body has
6 MB at most, detached or not. Not documented: the answer to a dry run, and to a call at another function's endpoint;
the header `fn-call-id`, which Fn's own server sends; and which headers reach the function.
"""

from __future__ import annotations

import base64
import hashlib
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import httpx
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from infra.emulator.clock import Clock
from infra.emulator.control_plane import answer, refuse_the_rest, region_of
from infra.emulator.delivery import Delivery, Message, Redelivery
from infra.emulator.details import invalid
from infra.emulator.diary import Diary
from infra.emulator.fn_replies import passed_on
from infra.emulator.identity import Identity
from infra.emulator.ocids import parse_ocid
from infra.emulator.wire import ApiError, not_found, not_modelled, request_id, timestamp

VERSIONS = ("20181201", "20260325")
"""The one that Oracle's pages call, and that of its SDKs since 2026; they differ in nothing that is shown here."""
LARGEST_BODY = 6 * 1024 * 1024
LONGEST_DETACHED_CALL = 3600.0
"""Real seconds; what the function itself may take is for whoever runs it to see to."""

_ONCE = Redelivery(())
_SHOWN = {"displayName", "applicationId", "memoryInMBs", "timeoutInSeconds", "detachedModeTimeoutInSeconds"}


@dataclass(frozen=True)
class Invocation:
    """A call that a client asked for, `sync` or `detached`, and that was accepted, whatever became of it."""

    region: str
    function_id: str
    invoke_type: str
    body: bytes
    principal_id: str
    time: datetime
    opc_request_id: str


class Functions:
    """GetFunction and InvokeFunction of all regions, for the functions that `delivery` can reach, all of them ACTIVE.

    A detached call is made once, in the background, as a message of source `functions`: `delivery.settle` waits for it,
    and the diary says how it ended. `invoked` are the last 10,000 of both types, in order.
    """

    def __init__(
        self, clock: Clock, diary: Diary, identity: Identity, delivery: Delivery, regions: Sequence[str]
    ) -> None:
        self.invoked: deque[Invocation] = deque(maxlen=10_000)
        self._clock, self._diary, self._identity, self._delivery = clock, diary, identity, delivery
        self._regions = tuple(regions)
        self._fields: dict[str, dict[str, object]] = {}
        self._began = clock.now()

    def register(self, function_id: str, invoke_url: str, **fields: object) -> None:
        """Let there be a function, reached at this address; GetFunction shows `fields` (`timeoutInSeconds`) of it."""
        if unknown := fields.keys() - _SHOWN:
            raise ValueError(f"A function is not shown with {', '.join(sorted(unknown))} here.")
        self._delivery.functions[function_id] = invoke_url
        self._fields[function_id] = fields

    def routes(self) -> list[BaseRoute]:
        """The routes of management, to be mounted where the host gives `region`."""
        own = [Route(f"/{version}/functions/{{id}}", self._get, methods=["GET"]) for version in VERSIONS]
        return [*own, *map(refuse_the_rest, VERSIONS)]

    def invoke_routes(self) -> list[BaseRoute]:
        """The routes of invoke endpoints, to be mounted where the host gives `endpoint` and `region`."""
        path = "functions/{id}/actions/invoke"
        own = [Route(f"/{version}/{path}", self._invoke, methods=["POST"]) for version in VERSIONS]
        return [*own, *map(refuse_the_rest, VERSIONS)]

    async def _get(self, request: Request) -> Response:
        region, function_id = self._find(request, "GetFunction")
        created = timestamp(self._began)
        shown = {
            "id": function_id,
            "lifecycleState": "ACTIVE",
            "compartmentId": self._identity.compartment_id,
            "invokeEndpoint": f"https://{_endpoint(function_id)}.{region}.functions.oci.oraclecloud.com",
            "freeformTags": {},
            "definedTags": {},
            "timeCreated": created,
            "timeUpdated": created,
            **self._fields.get(function_id, {}),
        }
        return answer(request, shown, etag=hashlib.sha256(repr(shown).encode()).hexdigest())

    async def _invoke(self, request: Request) -> Response:
        region, function_id = self._find(request, "InvokeFunction")
        if request.path_params["endpoint"] != _endpoint(function_id):
            raise not_found("Function", function_id)
        if _choice(request, "is-dry-run", ("false", "true", "False", "True"), "false") in {"true", "True"}:
            raise not_modelled("dry runs")
        invoke_type = _choice(request, "fn-invoke-type", ("detached", "sync"), "sync")
        _choice(request, "fn-intent", ("cloudevent", "httprequest"), "httprequest")
        body = await request.body()
        if len(body) > LARGEST_BODY:
            raise ApiError(413, "FunctionInvokeRequestContentTooLarge", "The request has more than 6 MB.")
        caller, now, this = request.state.principal.id, self._clock.now(), request_id(request)
        self.invoked.append(Invocation(region, function_id, invoke_type, body, caller, now, this))
        self._diary.note(
            "functions.invoked", function=function_id, invoke_type=invoke_type, principal=caller, opc_request_id=this
        )
        message = _message(request, body)
        if invoke_type == "sync":
            return await self._wait_for(function_id, message)
        self._delivery.invoke(function_id, message)
        return answer(request, None, 202)

    def _find(self, request: Request, operation: str) -> tuple[str, str]:
        """The region that was called, and the id of the function of it that the path names; else OCI's 404."""
        region, function_id = region_of(request, self._regions), str(request.path_params["id"])
        ocid = parse_ocid(function_id)
        is_here = function_id in self._delivery.functions and ocid is not None and ocid.is_in(region)
        if not is_here or not self._identity.may(request.state.principal, operation, self._identity.compartment_id):
            raise not_found("Function", function_id)
        return region, function_id

    async def _wait_for(self, function_id: str, message: Message) -> Response:
        try:
            reply = await self._delivery.call(function_id, message)
        except (TimeoutError, httpx.TimeoutException) as error:
            raise ApiError(504, "FunctionInvokeTimeout", "Timed out") from error
        except httpx.DecodingError as error:
            raise ApiError(502, "FunctionInvokeInvalidResponse", "invalid function response") from error
        except httpx.TransportError as error:
            raise ApiError(503, "FunctionInvokeServiceUnavailable", "The function cannot be reached.") from error
        return passed_on(reply)


def _endpoint(function_id: str) -> str:
    """The first label of a function's invoke endpoint: like OCI's, it says nothing, and it never changes."""
    return base64.b32encode(hashlib.sha256(function_id.encode()).digest()).decode()[:11].lower()


def _choice(request: Request, header: str, values: Sequence[str], default: str) -> str:
    value = request.headers.get(header, default)
    if value not in values:
        raise invalid(header, f"one of {', '.join(values)}")
    return value


def _message(request: Request, body: bytes) -> Message:
    passed = {name: request.headers[name] for name in ("fn-intent", "fn-invoke-type") if name in request.headers}
    this = request_id(request)
    return Message(
        payload=body,
        content_type=request.headers.get("content-type", "application/octet-stream"),
        source="functions",
        redelivery=_ONCE,
        headers={**passed, "opc-request-id": this},
        facts={"opc_request_id": this},
        longest_call=LONGEST_DETACHED_CALL if passed.get("fn-invoke-type") == "detached" else None,
    )
