"""Every error of the SDK and of the network, as one of ours."""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from urllib3.exceptions import TimeoutError as HttpTimeout

from handlers.cloud.sdk import RequestException, ServiceError, Timeout
from handlers.core.errors import ApiFault, Missing, Outrun, Passing, Refused, TokenSpent

MAX_MESSAGE = 300
_OUTRUN = {"Conflict", "NoEtagMatch"}
_PASSING = {401, 429}
"""A session token that has run out, or a clock that is wrong, is put right without anybody changing the call."""


def translate(error: Exception) -> ApiFault:
    """The fault that `error` stands for. The message is the service's own, cut short; a network error's is ours."""
    match error:
        case ServiceError():
            return _answered(error)
        case _ if _is_timeout(error):
            return Passing("Timeout", "the service did not answer in time")
        case OSError():
            return Passing("ConnectionFailed", "the service could not be reached, or the connection broke")
        case _:
            return Passing("UnreadableAnswer", f"the service's answer could not be read ({type(error).__name__})")


def _is_timeout(error: object) -> bool:
    """The SDK wraps what requests raises, which wraps what urllib3 raised."""
    if isinstance(error, Timeout | HttpTimeout):
        return True
    return isinstance(error, RequestException) and any(_is_timeout(each) for each in error.args)


def _answered(error: ServiceError) -> ApiFault:
    """https://docs.oracle.com/iaas/Content/API/References/apierrors.htm"""
    code = error.code if isinstance(error.code, str) and error.code.isalnum() else f"Http{error.status}"
    kind: type[ApiFault] = Refused
    if error.status in _PASSING or error.status >= 500:
        kind = Passing
    elif error.status == 404:
        kind = Missing
    elif error.status == 409 and code == "InvalidatedRetryToken":
        kind = TokenSpent
    elif error.status == 412 or (error.status == 409 and code in _OUTRUN):
        kind = Outrun
    message = str(error.message or "no message")[:MAX_MESSAGE]
    wait = _retry_after(error.headers)
    return kind(code[:64], message, status=error.status, opc_request_id=error.request_id, retry_after=wait)


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """How many seconds the service asks to wait. A date counts from the service's own clock: ours may be wrong.

    https://www.rfc-editor.org/rfc/rfc9110#name-retry-after
    """
    asked = headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,6})?", asked):
        return float(asked)
    try:
        return max(0.0, (parsedate_to_datetime(asked) - parsedate_to_datetime(headers["date"])).total_seconds())
    except (KeyError, TypeError, ValueError):
        return None
