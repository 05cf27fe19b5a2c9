"""Request signatures, verified as OCI does: https://docs.oracle.com/iaas/Content/API/Concepts/signingrequests.htm"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from starlette.requests import Request

from infra.emulator.identity import AuthenticationError, Identity, Principal

GENERIC_HEADERS = {"(request-target)", "host"}
BODY_HEADERS = {"content-length", "content-type", "x-content-sha256"}
METHODS_WITH_BODY = {"POST", "PUT", "PATCH"}
CLOCK_SKEW_SECONDS = 300
_PARAMETER = re.compile(r'(\w+)="([^"]*)"')


async def verify(request: Request, identity: Identity) -> Principal:
    """Who signed `request`; raises `AuthenticationError` with the reason when that is not proven beyond doubt."""
    parameters = _parse(request.headers.get("authorization", ""))
    principal, key = identity.recognise(parameters["keyId"])
    signed = parameters["headers"].lower().split()
    _require_headers(request, signed)
    _require_recent(request, signed, identity.wall())
    try:
        signature = base64.b64decode(parameters["signature"], validate=True)
        key.verify(signature, _signing_string(request, signed), PKCS1v15(), hashes.SHA256())
    except (ValueError, InvalidSignature) as error:
        raise AuthenticationError("the signature does not match the request") from error
    if request.method in METHODS_WITH_BODY:
        await _require_body(request)
    return principal


def _parse(authorization: str) -> dict[str, str]:
    scheme, _, rest = authorization.partition(" ")
    parameters = dict(_PARAMETER.findall(rest))
    if scheme.lower() != "signature":
        raise AuthenticationError("no signature")
    if missing := {"keyId", "algorithm", "headers", "signature"} - parameters.keys():
        raise AuthenticationError(f"the Authorization header lacks {', '.join(sorted(missing))}")
    if parameters["algorithm"] != "rsa-sha256" or parameters.get("version", "1") != "1":
        raise AuthenticationError("unknown signature algorithm or version")
    return parameters


def _require_headers(request: Request, signed: Sequence[str]) -> None:
    required = GENERIC_HEADERS | (BODY_HEADERS if request.method in METHODS_WITH_BODY else set())
    missing = required - set(signed)
    if not {"date", "x-date"} & set(signed):
        missing.add("date")
    missing |= {name for name in signed if name != "(request-target)" and name not in request.headers}
    if missing:
        raise AuthenticationError(f"not signed or not sent: {', '.join(sorted(missing))}")


def _require_recent(request: Request, signed: Sequence[str], now: datetime) -> None:
    name = "x-date" if "x-date" in signed else "date"
    try:
        sent = parsedate_to_datetime(request.headers[name])
    except (ValueError, OverflowError) as error:
        raise AuthenticationError(f"{name} is not a date") from error
    if sent.tzinfo is None:
        sent = sent.replace(tzinfo=UTC)
    if abs((now - sent).total_seconds()) > CLOCK_SKEW_SECONDS:
        raise AuthenticationError(f"{name} is more than five minutes from now")


async def _require_body(request: Request) -> None:
    body = await request.body()
    digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
    if digest != request.headers["x-content-sha256"] or str(len(body)) != request.headers["content-length"]:
        raise AuthenticationError("the body is not the one that was signed")


def _signing_string(request: Request, signed: Sequence[str]) -> bytes:
    path = request.scope["raw_path"].decode("latin-1")
    query = request.scope["query_string"].decode("latin-1")
    target = f"{request.method.lower()} {path}{'?' + query if query else ''}"
    lines = {"(request-target)": target}
    return "\n".join(
        f"{name}: {lines.get(name) or ', '.join(request.headers.getlist(name))}" for name in signed
    ).encode("latin-1")
