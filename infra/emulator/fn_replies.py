"""What OCI Functions answers where it was an Fn server's to answer.

The codes are those of https://docs.oracle.com/iaas/Content/Functions/Tasks/functionstroubleshooting_topic-Issues-invoking-functions.htm.
"""

from __future__ import annotations

from typing import Any

import httpx
from starlette.responses import Response

from infra.emulator.wire import ApiError

LARGEST_REPLY = 6 * 1024 * 1024

_NOT_PASSED_ON = {
    *("connection", "keep-alive", "transfer-encoding", "content-length", "content-encoding"),
    *("date", "server", "opc-request-id"),
}
_CODES = {
    "Container failed to initialize": "FunctionInvokeContainerInitFail",
    "invalid function response": "FunctionInvokeInvalidResponse",
}
"""By how the message of Fn's 502 begins; every other is `FunctionInvokeExecutionFailed`."""


def passed_on(reply: httpx.Response) -> Response:
    """The function's own answer, as its caller gets it; raises OCI's error where the reply is none."""
    if not reply.is_success:
        raise _failure(reply)
    if len(reply.content) > LARGEST_REPLY:
        raise _error(reply, 502, "FunctionInvokeResponseBodyTooLarge", "The answer has more than 6 MB.")
    headers = {name: value for name, value in reply.headers.items() if name not in _NOT_PASSED_ON}
    return Response(reply.content, reply.status_code, headers)


def _failure(reply: httpx.Response) -> ApiError:
    said = _message_of(reply)
    match reply.status_code:
        case 429:
            return _error(reply, 429, "TooManyRequests", said)
        case 504:
            return _error(reply, 504, "FunctionInvokeTimeout", said)
        case 502:
            codes = (code for start, code in _CODES.items() if said.startswith(start))
            return _error(reply, 502, next(codes, "FunctionInvokeExecutionFailed"), said)
        case _:
            return _error(reply, 502, "FunctionInvokeInvalidResponse", "invalid function response")


def _message_of(reply: httpx.Response) -> str:
    try:
        said: Any = reply.json()
    except ValueError:
        said = None
    return str(said["message"]) if isinstance(said, dict) and "message" in said else "function failed"


def _error(reply: httpx.Response, status: int, code: str, message: str) -> ApiError:
    call_id = reply.headers.get("fn-call-id")
    return ApiError(status, code, message, {"fn-call-id": call_id} if call_id else None)
