"""The tenancy and who may act in it: compartments, principals, their tokens and API keys, and what they are denied."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from jwt.algorithms import RSAAlgorithm

from infra.emulator.ocids import new_ocid
from infra.emulator.wire import not_found

WallClock = Callable[[], datetime]
ISSUER = "authService.oracle.com"


@dataclass(frozen=True)
class Principal:
    """Who signed a request: a user with an API key, or a resource with a session token."""

    id: str
    tenancy_id: str
    compartment_id: str


@dataclass(frozen=True)
class Credential:
    """What a client needs to sign: what it names as its key (an API key's id, or a token) and the private key."""

    key_id: str
    private_key_pem: str


class AuthenticationError(Exception):
    """A key or a token that does not prove who the caller is; the text is for the diary, never for the caller."""


class Identity:
    """One tenancy with its compartments, the issuer of its tokens, and the register of its API keys.

    Tokens live in real time (`wall`), whatever the cloud's clock shows: the clients that read them do so too.
    """

    def __init__(self, wall: WallClock = lambda: datetime.now(UTC), issuer: RSAPrivateKey | None = None) -> None:
        self.skew = timedelta()
        self._wall = wall
        self.tenancy_id = new_ocid("tenancy")
        self.compartments: dict[str, str] = {self.tenancy_id: "root"}
        self.compartment_id = self.create_compartment("backups")
        self._issuer = issuer or new_key()
        self._api_keys: dict[str, tuple[Principal, RSAPublicKey]] = {}
        self._denied: set[tuple[str, str | None]] = set()
        self._token_ids: set[str] = set()
        self._expired_ids: set[str] = set()
        self._verified: dict[str, tuple[dict[str, Any], RSAPublicKey]] = {}

    def create_compartment(self, name: str) -> str:
        """Add a compartment to the tenancy and return its OCID."""
        compartment_id = new_ocid("compartment")
        self.compartments[compartment_id] = name
        return compartment_id

    def issue_api_key(self) -> Credential:
        """Create a user with an API key; its `key_id` is `tenancy/user/fingerprint`."""
        key = new_key()
        user = new_ocid("user")
        key_id = f"{self.tenancy_id}/{user}/{fingerprint(key.public_key())}"
        self._api_keys[key_id] = (Principal(user, self.tenancy_id, self.tenancy_id), key.public_key())
        return Credential(key_id, to_pem(key))

    def issue_token(
        self,
        region: str,
        lifetime: timedelta = timedelta(hours=24),
        *,
        resource_id: str | None = None,
        tenancy_id: str | None = None,
        compartment_id: str | None = None,
        issuer: RSAPrivateKey | None = None,
        key: RSAPrivateKey | None = None,
    ) -> Credential:
        """Give a resource (a function, unless told) a session token; `key_id` is the token itself, without `ST$`.

        Another tenancy or another issuer than this one's make the tokens that the services must not accept. The token
        is for a new key unless one is given.
        """
        key, now = key or new_key(), self.wall()
        resource = resource_id or new_ocid("fnfunc", region)
        tenancy = tenancy_id or self.tenancy_id
        token_id = secrets.token_hex(16)
        self._token_ids.add(token_id)
        claims = {
            "sub": resource,
            "iss": ISSUER,
            "aud": "oci",
            "ptype": "resource",
            "ttype": "res_sp",
            "res_type": "fnfunc",
            "res_id": resource,
            "res_tenant": tenancy,
            "res_compartment": compartment_id or self.compartment_id,
            "tenant": tenancy,
            "jti": token_id,
            "iat": int(now.timestamp()),
            "exp": int((now + lifetime).timestamp()),
            "jwk": _jwk(key.public_key()),
        }
        token = jwt.encode(claims, issuer or self._issuer, algorithm="RS256", headers={"kid": "asw"})
        return Credential(token, to_pem(key))

    def wall(self) -> datetime:
        """The time that signatures and tokens are held against: the real one, when it is not off by `skew`."""
        return self._wall() + self.skew

    def expire_tokens(self) -> None:
        """Let every session token issued so far be past its time."""
        self._expired_ids |= self._token_ids
        self._token_ids.clear()

    def recognise(self, key_id: str) -> tuple[Principal, RSAPublicKey]:
        """Who `key_id` names, and the key that must have signed; raises `AuthenticationError`."""
        if key_id.startswith("ST$"):
            return self._read_token(key_id.removeprefix("ST$"))
        if key_id not in self._api_keys:
            raise AuthenticationError("unknown API key")
        return self._api_keys[key_id]

    def deny(self, operation: str, principal_id: str | None = None) -> None:
        """Take the permission for an operation (`UpdateVolumeGroupBackup`) from one principal, or from all."""
        self._denied.add((operation, principal_id))

    def allow(self, operation: str, principal_id: str | None = None) -> None:
        """Undo `deny`."""
        self._denied.discard((operation, principal_id))

    def may(self, principal: Principal, operation: str, compartment_id: str) -> bool:
        """Whether `principal` may do this there; everyone of the tenancy may do everything until denied."""
        denied = {(operation, None), (operation, principal.id)} & self._denied
        return not denied and principal.tenancy_id == self.tenancy_id and compartment_id in self.compartments

    def authorize(self, principal: Principal, operation: str, compartment_id: str) -> None:
        """Answer 404, as for a compartment that does not exist, unless `principal` may do this there."""
        if not self.may(principal, operation, compartment_id):
            raise not_found("Compartment", compartment_id)

    def _read_token(self, token: str) -> tuple[Principal, RSAPublicKey]:
        if token not in self._verified:
            self._verified[token] = self._verify(token)
        claims, key = self._verified[token]
        if claims["exp"] <= self.wall().timestamp() or claims.get("jti") in self._expired_ids:
            raise AuthenticationError("the token has expired")
        return Principal(claims["sub"], claims["res_tenant"], claims["res_compartment"]), key

    def _verify(self, token: str) -> tuple[dict[str, Any], RSAPublicKey]:
        """What a token says that bears our signature: that much holds for ever."""
        needed = ["exp", "jwk", "sub", "res_tenant", "res_compartment"]
        options: Any = {"verify_exp": False, "verify_iat": False, "verify_aud": False, "require": needed}
        try:
            claims = jwt.decode(token, self._issuer.public_key(), algorithms=["RS256"], options=options)
            key = RSAAlgorithm.from_jwk(claims["jwk"])
        except (jwt.InvalidTokenError, jwt.InvalidKeyError) as error:
            raise AuthenticationError(f"unacceptable token: {error}") from error
        if not isinstance(key, RSAPublicKey):
            raise AuthenticationError("the token's key is not a public key")
        return claims, key


def new_key() -> RSAPrivateKey:
    """A key pair as OCI's own clients make it."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def to_pem(key: RSAPrivateKey) -> str:
    """The private key as unencrypted PEM text."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    ).decode()


def fingerprint(key: RSAPublicKey) -> str:
    """An API key's fingerprint: the MD5 of its DER form, byte by byte between colons."""
    der = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    digest = hashlib.md5(der, usedforsecurity=False).digest()
    return digest.hex(":")


def _jwk(key: RSAPublicKey) -> str:
    return json.dumps({**RSAAlgorithm.to_jwk(key, as_dict=True), "kid": "asw", "alg": "RS256", "use": "sig"})
