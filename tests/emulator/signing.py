"""A request signed by hand, so that each part of the signature can be got wrong on purpose."""

from __future__ import annotations

import base64
import functools
import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from urllib.parse import urlsplit

import httpx
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

GENERIC = ("date", "(request-target)", "host")
BODY = ("content-length", "content-type", "x-content-sha256")


@functools.cache
def _key(pem: str) -> RSAPrivateKey:
    key = load_pem_private_key(pem.encode(), None)
    assert isinstance(key, RSAPrivateKey)
    return key


def signed(
    method: str,
    url: str,
    key_id: str,
    private_key_pem: str,
    *,
    body: bytes | None = None,
    date: datetime | None = None,
    sign: Sequence[str] | None = None,
    extra: Mapping[str, str] | None = None,
) -> httpx.Request:
    """A request as OCI wants it, with `extra` headers; `sign` names others to be signed than the required ones."""
    parts = urlsplit(url)
    headers = {"date": format_datetime(date or datetime.now(UTC), usegmt=True), "host": parts.netloc, **(extra or {})}
    if body is not None:
        digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
        headers |= {
            "content-length": str(len(body)),
            "content-type": "application/json",
            "x-content-sha256": digest,
        }
    names = sign or (GENERIC if body is None else GENERIC + BODY)
    target = f"{method.lower()} {parts.path}{'?' + parts.query if parts.query else ''}"
    text = "\n".join(f"{name}: {target if name == '(request-target)' else headers[name]}" for name in names)
    signature = base64.b64encode(_key(private_key_pem).sign(text.encode(), PKCS1v15(), hashes.SHA256())).decode()
    authorization = (
        f'Signature version="1",keyId="{key_id}",algorithm="rsa-sha256",'
        f'headers="{" ".join(names)}",signature="{signature}"'
    )
    return httpx.Request(method, url, headers={**headers, "authorization": authorization}, content=body)
