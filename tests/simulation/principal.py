"""The function's resource principal: its session token and key in two files, which are renewed while it runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import oci.signer
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from infra.emulator.identity import Identity, new_key, to_pem

FUNCTION_ID = "ocid1.fnfunc.oc1.iad.simulated"

_load_once = cache(oci.signer.load_private_key)


@contextmanager
def keys_are_read_once() -> Iterator[None]:
    """Reading a key takes longer than ten requests, and every container of every seed reads the same one."""
    load, oci.signer.load_private_key = oci.signer.load_private_key, _load_once
    try:
        yield
    finally:
        oci.signer.load_private_key = load


@cache
def issuer() -> RSAPrivateKey:
    """The key that session tokens are signed with, one for all seeds."""
    return new_key()


@cache
def session_key() -> RSAPrivateKey:
    """The function's key, one for all seeds; a short one, since half of a call's time goes into signing."""
    return rsa.generate_private_key(public_exponent=65537, key_size=1024)


@cache
def _session_key_pem() -> str:
    return to_pem(session_key())


class Principal:
    """The two files, and the environment that names them."""

    def __init__(self, identity: Identity, region: str, folder: Path) -> None:
        self._identity, self._region = identity, region
        self._token_file, self._key_file = folder / "rpst", folder / "private.pem"
        self._key_file.write_text(_session_key_pem())
        self.renew()

    def renew(self) -> None:
        """Put a new token in the place of the old one."""
        fresh = self._token_file.with_suffix(".fresh")
        token = self._identity.issue_token(self._region, key=session_key(), resource_id=FUNCTION_ID)
        fresh.write_text(token.key_id)
        fresh.replace(self._token_file)

    @property
    def environment(self) -> Mapping[str, str]:
        """What OCI Functions sets for a function."""
        return {
            "OCI_RESOURCE_PRINCIPAL_VERSION": "2.2",
            "OCI_RESOURCE_PRINCIPAL_RPST": str(self._token_file),
            "OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM": str(self._key_file),
            "OCI_RESOURCE_PRINCIPAL_REGION": self._region,
        }
