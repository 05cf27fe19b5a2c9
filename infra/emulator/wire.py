"""What every emulated service says on the wire: OCI's error bodies, request ids and JSON in their own form."""

from __future__ import annotations

import json
import math
import uuid
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

LARGEST_DEPTH = 32
"""How deep JSON may nest: no details object of these services comes near it."""


class ApiError(Exception):
    """An OCI error answer: https://docs.oracle.com/iaas/Content/API/References/apierrors.htm"""

    def __init__(self, status: int, code: str, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.headers = status, code, message, headers or {}


def not_modelled(what: str) -> ApiError:
    """The refusal for everything the emulator does not model; the server logs it."""
    return ApiError(501, "NotImplemented", f"The emulator does not model {what}.")


def not_found(kind: str, identifier: str) -> ApiError:
    """OCI's one answer for what is missing and for what the caller may not see."""
    return ApiError(404, "NotAuthorizedOrNotFound", f"{kind} {identifier} not found, or not authorized.")


def request_id(request: Request) -> str:
    """`opc-request-id` of this request: the client's own with the service's part appended, as OCI does."""
    if not hasattr(request.state, "opc_request_id"):
        own = uuid.uuid4().hex.upper()
        given = request.headers.get("opc-request-id", "").split("/")[0][:32]
        request.state.opc_request_id = f"{given or own}/{own}/{uuid.uuid4().hex.upper()}"
    return str(request.state.opc_request_id)


def error_response(request: Request, error: ApiError) -> Response:
    """The JSON body `{code, message}` that every OCI service answers an error with."""
    return JSONResponse(
        {"code": error.code, "message": error.message},
        status_code=error.status,
        headers={"opc-request-id": request_id(request), **error.headers},
    )


def timestamp(moment: datetime) -> str:
    """RFC 3339 in UTC with milliseconds, as OCI writes times."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def read_json(text: str | bytes) -> Any:  # noqa: ANN401 - a JSON value
    """The JSON value that `text` holds, sure to be written again as it was read.

    Raises `ValueError` for anything else, also for what Python takes for JSON and OCI does not: other encodings than
    UTF-8, NaN, numbers beyond all bounds, lone surrogates, and what nests deeper than `LARGEST_DEPTH`.
    """
    try:
        value = json.loads(text if isinstance(text, str) else text.decode())
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    _require_writable(value, LARGEST_DEPTH)
    return value


def _require_writable(value: Any, depth: int) -> None:  # noqa: ANN401 - a JSON value
    match value:
        case str():
            value.encode()  # raises an error, which is a ValueError, for a lone surrogate
        case float() if not math.isfinite(value):
            raise ValueError("not a finite number")
        case dict() | list() if depth == 0:
            raise ValueError("nested too deeply")
        case dict() | list():
            for inner in [*value, *value.values()] if isinstance(value, dict) else value:
                _require_writable(inner, depth - 1)


async def json_object(request: Request) -> dict[str, Any]:
    """The request's body as a JSON object, else OCI's 400."""
    try:
        body = read_json(await request.body())
    except ValueError as error:
        raise ApiError(400, "CannotParseRequest", "Incorrectly formatted request. The body is not JSON.") from error
    if not isinstance(body, dict):
        raise ApiError(400, "CannotParseRequest", "Incorrectly formatted request. The body is not a JSON object.")
    return body
