"""Every error of Oracle's API, of its SDK and of the network, as one of ours."""

import socket
from typing import Any

import pytest
import urllib3
from oci._vendor.requests import exceptions as requests_errors
from oci._vendor.requests.structures import CaseInsensitiveDict
from oci.exceptions import ConnectTimeout, InvalidPrivateKey, RequestException, ServiceError, TransientServiceError

from handlers.cloud.errors import translate
from handlers.core.errors import ApiFault, Missing, Outrun, Passing, Refused, TokenSpent

# https://docs.oracle.com/iaas/Content/API/References/apierrors.htm
DOCUMENTED: list[tuple[int, str, type[ApiFault]]] = [
    (400, "CannotParseRequest", Refused),
    (400, "InvalidParameter", Refused),
    (400, "LimitExceeded", Refused),
    (400, "MissingParameter", Refused),
    (400, "QuotaExceeded", Refused),
    (400, "RelatedResourceNotAuthorizedOrNotFound", Refused),
    (401, "NotAuthenticated", Passing),
    (402, "SignUpRequired", Refused),
    (403, "NotAllowed", Refused),
    (403, "NotAuthorized", Refused),
    (404, "NotAuthorizedOrNotFound", Missing),
    (404, "NotFound", Missing),
    (405, "MethodNotAllowed", Refused),
    (409, "Conflict", Outrun),
    (409, "IncorrectState", Refused),
    (409, "InvalidatedRetryToken", TokenSpent),
    (409, "NotAuthorizedOrResourceAlreadyExists", Refused),
    (412, "NoEtagMatch", Outrun),
    (413, "RequestEntityTooLarge", Refused),
    (422, "UnprocessableEntity", Refused),
    (429, "TooManyRequests", Passing),
    (431, "RequestHeaderFieldsTooLarge", Refused),
    (500, "InternalServerError", Passing),
    (501, "MethodNotImplemented", Passing),
    (502, "BadGateway", Passing),
    (503, "ServiceUnavailable", Passing),
    (504, "GatewayTimeout", Passing),
]


def answered(status: int, code: Any = "InternalServerError", message: Any = "what the service says") -> ServiceError:
    return ServiceError(status, code, {"opc-request-id": "request-1"}, message)


@pytest.mark.parametrize(("status", "code", "expected"), DOCUMENTED, ids=[f"{s}-{c}" for s, c, _ in DOCUMENTED])
def test_every_documented_error_is_one_of_ours(status: int, code: str, expected: type[ApiFault]) -> None:
    """With the API's own code, message, status and request id."""
    fault = translate(answered(status, code))

    assert type(fault) is expected
    assert (fault.code, fault.status) == (code, status)
    assert (fault.message, fault.opc_request_id) == ("what the service says", "request-1")


def test_a_code_is_the_apis_own_only_where_it_is_one() -> None:
    """A proxy's page has none, and whatever stands in its place is not repeated."""
    for code in (None, "", "<html>", "a b", 7, "x\ny"):
        assert translate(answered(502, code)).code == "Http502"


def test_what_a_service_says_is_cut_short() -> None:
    """A message is for people."""
    assert len(translate(answered(500, message="m" * 10_000)).message) <= 300
    assert len(translate(answered(500, "C" * 10_000)).code) <= 64


@pytest.mark.parametrize("message", [None, "", {"a": 1}])
def test_a_service_may_say_nothing_sensible(message: Any) -> None:
    """There is a text all the same."""
    assert translate(answered(500, message=message)).message


def test_the_sdks_own_kinds_of_answer_are_answers() -> None:
    """It knows one more class of them."""
    fault = translate(TransientServiceError(503, "ServiceUnavailable", {}, "m"))

    assert (type(fault), fault.code) == (Passing, "ServiceUnavailable")
    assert fault.opc_request_id is None


TIMED_OUT = urllib3.exceptions.ReadTimeoutError(None, "/secret", "secret")  # type: ignore[arg-type] # no pool is needed to be told of it

NETWORK = [
    (requests_errors.ConnectTimeout("secret"), "Timeout"),
    (requests_errors.ReadTimeout("secret"), "Timeout"),
    (ConnectTimeout(requests_errors.ConnectTimeout("secret")), "Timeout"),
    (RequestException(requests_errors.ReadTimeout("secret")), "Timeout"),
    (requests_errors.ConnectionError(TIMED_OUT), "Timeout"),
    (RequestException(requests_errors.ConnectionError(TIMED_OUT)), "Timeout"),
    (TIMED_OUT, "Timeout"),
    (requests_errors.ConnectionError("secret"), "ConnectionFailed"),
    (requests_errors.SSLError("secret"), "ConnectionFailed"),
    (requests_errors.ProxyError("secret"), "ConnectionFailed"),
    (requests_errors.ChunkedEncodingError("secret"), "ConnectionFailed"),
    (RequestException(requests_errors.ConnectionError("secret")), "ConnectionFailed"),
    (ConnectionResetError("secret"), "ConnectionFailed"),
    (socket.gaierror(-2, "secret"), "ConnectionFailed"),
    (urllib3.exceptions.ProtocolError("secret"), "UnreadableAnswer"),
    (ValueError("secret"), "UnreadableAnswer"),
    (KeyError("secret"), "UnreadableAnswer"),
    (InvalidPrivateKey("secret"), "UnreadableAnswer"),
]


@pytest.mark.parametrize(
    ("error", "code"), NETWORK, ids=lambda each: each if isinstance(each, str) else repr(each)[:48]
)
def test_whatever_the_network_does_may_pass(error: Exception, code: str) -> None:
    """There was no answer, or none to be read; the error's own text, which may quote anything, is not repeated."""
    fault = translate(error)

    assert type(fault) is Passing
    assert (fault.code, fault.status, fault.opc_request_id) == (code, 0, None)
    assert "secret" not in fault.message


# When to come again


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [
        ("0", 0.0),
        ("7", 7.0),
        (" 120 ", 120.0),
        ("0.25", 0.25),
        ("Sat, 21 Nov 2026 02:00:30 GMT", 30.0),
        ("Sat, 21 Nov 2026 01:00:00 GMT", 0.0),
        ("", None),
        ("-5", None),
        ("soon", None),
        ("nan", None),
        ("1e9", None),
        ("9" * 400, None),
        ("٣", None),
        ("Sat, 21 Nov 2026 02:00:30", None),
        ("Sat, 99 Nov 2026 02:00:30 GMT", None),
    ],
)
def test_a_service_may_say_when_to_come_again(asked: str, seconds: float | None) -> None:
    """In seconds, or as a date, which counts from the service's own clock; what cannot be read says nothing."""
    headers = {"retry-after": asked, "date": "Sat, 21 Nov 2026 02:00:00 GMT"}

    fault = translate(ServiceError(429, "TooManyRequests", CaseInsensitiveDict(headers), "slow down"))

    assert fault.retry_after == seconds


@pytest.mark.parametrize("headers", [{}, {"retry-after": "Sat, 21 Nov 2026 02:00:30 GMT"}], ids=["absent", "no date"])
def test_a_service_may_not_say_when_to_come_again(headers: dict[str, str]) -> None:
    """Or not in a way that tells how long that is."""
    assert translate(ServiceError(503, "ServiceUnavailable", headers, "m")).retry_after is None
