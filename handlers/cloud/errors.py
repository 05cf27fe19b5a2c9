"""Every error of the SDK and of the network, as one of ours."""

from __future__ import annotations

from oci._vendor.requests.exceptions import RequestException, Timeout
from oci.exceptions import ServiceError
from urllib3.exceptions import TimeoutError as HttpTimeout

from handlers.core.errors import ApiFault, Missing, Outrun, Passing, Refused, TokenSpent

MAX_MESSAGE = 300
_OUTRUN = {"Conflict", "NoEtagMatch"}


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
    if error.status == 429 or error.status >= 500:
        kind = Passing
    elif error.status == 404:
        kind = Missing
    elif error.status == 409 and code == "InvalidatedRetryToken":
        kind = TokenSpent
    elif error.status == 412 or (error.status == 409 and code in _OUTRUN):
        kind = Outrun
    message = str(error.message or "no message")[:MAX_MESSAGE]
    return kind(code[:64], message, status=error.status, opc_request_id=error.request_id)
