"""A resource principal as OCI Functions provides it: a session token and its private key, in two files."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from jwt.algorithms import RSAAlgorithm

from tests.fakes import HOME

FOR_EVER = 4102444800


@cache
def key(number: int) -> RSAPrivateKey:
    """One of a few keys: making one takes a while."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem(number: int, passphrase: str = "") -> str:
    """The private key as text."""
    encryption = (
        serialization.BestAvailableEncryption(passphrase.encode()) if passphrase else serialization.NoEncryption()
    )
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return key(number).private_bytes(encoding, form, encryption).decode()


def token(number: int) -> str:
    """A session token that vouches for the key of the same number."""
    claims = {
        "sub": f"ocid1.fnfunc.oc1.iad.n{number}",
        "res_tenant": "ocid1.tenancy.oc1..a",
        "res_compartment": "ocid1.compartment.oc1..a",
        "exp": FOR_EVER,
        "jwk": json.dumps(RSAAlgorithm.to_jwk(key(number).public_key(), as_dict=True)),
    }
    return jwt.encode(claims, key(0), algorithm="RS256")


class Principal:
    """The two files, and the environment that names them."""

    def __init__(self, folder: Path) -> None:
        self.token_file, self.key_file = folder / "rpst", folder / "private.pem"
        self.renew(1)

    def renew(self, number: int) -> None:
        """Put another pair into the files."""
        replace(self.key_file, pem(number))
        replace(self.token_file, token(number))

    @property
    def environment(self) -> dict[str, str]:
        return {
            "OCI_RESOURCE_PRINCIPAL_VERSION": "2.2",
            "OCI_RESOURCE_PRINCIPAL_RPST": str(self.token_file),
            "OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM": str(self.key_file),
            "OCI_RESOURCE_PRINCIPAL_REGION": HOME,
        }


def replace(file: Path, text: str) -> None:
    """Put a new file in the place of an old one."""
    fresh = file.with_suffix(".fresh")
    fresh.write_text(text)
    fresh.replace(file)
