"""The HTTP API of an Fn server: what the `fn` command line asks for, and `POST /invoke/{fnID}`."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from infra.local.call_id import new_call_id
from infra.local.container import Answer, CallFailed, CallTimedOut, StartFailed
from infra.local.function import App, Function
from infra.local.pool import Pool

MODELLED_VERSION = "0.3.753"
"""The release of the open-source Fn server whose answers these are."""

_HOP_HEADERS = {
    *(b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization", b"proxy-connection"),
    *(b"te", b"trailer", b"transfer-encoding", b"upgrade"),
}
_REQUEST_HEADERS_OF_FN = {b"host", b"content-length", b"fn-call-id", b"fn-deadline"}
_PAGE, _LARGEST_PAGE = 30, 100


class FnApi:
    """Answers for functions that are deployed already: nothing can be created, changed or deleted here (501)."""

    def __init__(self, pools: Iterable[Pool]) -> None:
        self._pools = {pool.function.id: pool for pool in pools}
        self._functions = {pool.function.id: pool.function for pool in self._pools.values()}
        self._apps = {function.app.id: function.app for function in self._functions.values()}
        self._created_at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def routes(self) -> list[BaseRoute]:
        """The API's paths; other methods on them are refused, other paths are not found."""
        changes = ["POST", "PUT", "PATCH", "DELETE"]
        return [
            Route("/version", self._version),
            Route("/v2/apps", self._list_apps),
            Route("/v2/apps/{app_id}", self._get_app),
            Route("/v2/fns", self._list_functions),
            Route("/v2/fns/{fn_id}", self._get_function),
            Route("/v2/{changed:path}", self._refuse, methods=changes),
            Route("/v2/triggers", self._refuse),
            Route("/v2/triggers/{trigger_id}", self._refuse),
            Route("/v2/{unknown:path}", self._not_found),
            Route("/invoke/{fn_id}", self._invoke, methods=["POST"]),
        ]

    async def _version(self, _: Request) -> Response:
        return JSONResponse({"version": MODELLED_VERSION})

    async def _list_apps(self, request: Request) -> Response:
        name = request.query_params.get("name")
        found = [self._app_json(app) for app in self._apps.values() if name in (None, app.name)]
        return JSONResponse(_page(request, found))

    async def _get_app(self, request: Request) -> Response:
        app = self._apps.get(request.path_params["app_id"])
        if app is None:
            raise HTTPException(404, "App not found")
        return JSONResponse(self._app_json(app))

    async def _list_functions(self, request: Request) -> Response:
        app_id, name = request.query_params.get("app_id"), request.query_params.get("name")
        if not app_id:
            raise HTTPException(400, "Missing AppID on Fn")
        found = [fn for fn in self._functions.values() if fn.app.id == app_id and name in (None, fn.name)]
        return JSONResponse(_page(request, [self._function_json(fn, request) for fn in found]))

    async def _get_function(self, request: Request) -> Response:
        return JSONResponse(self._function_json(self._function(request), request))

    async def _refuse(self, request: Request) -> Response:
        raise HTTPException(501, f"The local Fn server does not model {request.method} {request.url.path}")

    async def _not_found(self, _: Request) -> Response:
        raise HTTPException(404)

    async def _invoke(self, request: Request) -> Response:
        function, call_id = self._function(request), new_call_id()
        dropped = _HOP_HEADERS | _REQUEST_HEADERS_OF_FN
        headers = [(name, value) for name, value in request.headers.raw if name not in dropped]
        # A real server answers 202 here. The cloud that detached the call has done so, and waits for its end.
        detached = request.headers.get("fn-invoke-type") == "detached"
        try:
            body = await request.body()
        except ClientDisconnect:
            return Response(status_code=499)  # to nobody: whoever asked is gone
        try:
            answer = await self._pools[function.id].call(call_id, headers, body, detached=detached)
        except CallTimedOut:
            return _failure(504, "Timed out", call_id)
        except CallFailed:
            return _failure(502, "error receiving function response", call_id)
        except StartFailed:
            text = "Container failed to initialize, please ensure you are using the latest fdk and check the logs"
            return _failure(502, text, call_id)
        return _passed_on(answer, call_id)

    def _function(self, request: Request) -> Function:
        function = self._functions.get(request.path_params["fn_id"])
        if function is None:
            raise HTTPException(404, "Fn not found")
        return function

    def _app_json(self, app: App) -> dict[str, Any]:
        times = {"created_at": self._created_at, "updated_at": self._created_at}
        return {"id": app.id, "name": app.name, "config": dict(app.config), **times}

    def _function_json(self, function: Function, request: Request) -> dict[str, Any]:
        """As the real server, the address to invoke is at the host that the caller used."""
        endpoint = f"{request.url.scheme}://{request.url.netloc}/invoke/{function.id}"
        return {
            "id": function.id,
            "name": function.name,
            "app_id": function.app.id,
            "image": function.image,
            "memory": function.memory,
            "timeout": function.timeout,
            "idle_timeout": function.idle_timeout,
            "config": dict(function.config),
            "annotations": {"fnproject.io/fn/invokeEndpoint": endpoint},
            "created_at": self._created_at,
            "updated_at": self._created_at,
        }


async def describe_error(request: Request, error: Exception) -> Response:
    """Every error as `{"message": …}`; meant for Starlette's `HTTPException`."""
    assert isinstance(error, HTTPException)  # noqa: S101 - the handler is registered for nothing else
    no_route = error.status_code == 404 and error.detail == "Not Found"
    message = f"Path not found: {request.url.path}" if no_route else error.detail
    return JSONResponse({"message": message}, status_code=error.status_code, headers=error.headers)


def _page(request: Request, items: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """The page of a list by name that `cursor` and `per_page` ask for.

    As on a real server a wrong `per_page` is as good as none, a wrong `cursor` is 500, and a page that is full has a
    cursor, whether anything follows or not.
    """
    per_page = request.query_params.get("per_page", "")
    try:
        size = min(int(per_page) if per_page.isdecimal() else 0, _LARGEST_PAGE) or _PAGE
        last = base64.urlsafe_b64decode(request.query_params.get("cursor", "") + "==").decode()
    except ValueError as error:
        raise HTTPException(500, "internal server error") from error
    page = sorted((item for item in items if item["name"] > last), key=lambda item: str(item["name"]))[:size]
    if len(page) < size:
        return {"items": page}
    return {"items": page, "next_cursor": base64.urlsafe_b64encode(page[-1]["name"].encode()).decode().rstrip("=")}


def _failure(status: int, message: str, call_id: str) -> Response:
    return JSONResponse({"message": message}, status_code=status, headers={"Fn-Call-Id": call_id})


def _passed_on(answer: Answer, call_id: str) -> Response:
    """What the agent of a real server makes of the FDK's answer: only a 200 keeps its body and headers."""
    match answer.status:
        case 200:
            pass
        case 502:
            return _failure(502, "function failed", call_id)
        case 504:
            return _failure(504, "Timed out", call_id)
        case _:
            return _failure(502, "invalid function response", call_id)
    response = Response(answer.body, headers={"Fn-Call-Id": call_id})
    for name, value in answer.headers:
        if name.lower() not in _HOP_HEADERS | {b"content-length"}:
            response.raw_headers.append((name.lower(), value))
    if "content-type" not in response.headers:
        is_json = answer.body.startswith(b"{")
        response.headers["content-type"] = f"{'application/json' if is_json else 'text/plain'}; charset=utf-8"
    return response
