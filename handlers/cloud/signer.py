"""The function's own identity: a signer for the resource principal (version 2.2) that OCI Functions provides."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jwt
import structlog
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from jwt.algorithms import RSAAlgorithm

from handlers.cloud.sdk import (
    EphemeralResourcePrincipalSigner,
    FileBasedSessionKeySupplier,
    load_private_key_from_file,
)
from handlers.core.errors import Passing, Problem, Rejected

log = structlog.get_logger()

VERSION, TOKEN, KEY, PASSPHRASE, REGION = (
    f"OCI_RESOURCE_PRINCIPAL_{name}" for name in ("VERSION", "RPST", "PRIVATE_PEM", "PRIVATE_PEM_PASSPHRASE", "REGION")
)


class KeyFile(FileBasedSessionKeySupplier):  # type: ignore[misc] # the SDK has no types
    """The session key, from a file, as the SDK reads it, but taken for what it says that it is.

    To prove that its numbers are prime takes a good part of each cold start. The platform has made them; a key that is
    no key signs nothing that Oracle accepts.
    """

    def refresh(self) -> None:
        """Read the file again."""
        try:
            secret = Path(self.private_key_file).read_bytes().strip()
            passphrase = Path(self.passphrase_file).read_bytes() if self.passphrase_file else None
            self.private_key = load_pem_private_key(secret, passphrase, unsafe_skip_rsa_key_validation=True)
        except (TypeError, ValueError, UnsupportedAlgorithm):
            super().refresh()  # which says what is wrong, or knows a way
        self.public_key = self.private_key.public_key()


class ResourcePrincipalSigner(EphemeralResourcePrincipalSigner):  # type: ignore[misc] # the SDK has no types
    """Signs with the SDK. Where token and key are files, the first request after a renewal is signed with the new ones.

    The SDK alone reads the files again only once Oracle has answered 401. Safe to share between threads.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        given = [environment.get(name) for name in (TOKEN, KEY, PASSPHRASE)]
        self._lock = threading.RLock()
        self._files = [Path(value) for value in given if value and Path(value).is_absolute()]
        self._seen = self._fingerprints()
        super().__init__(
            session_token=given[0], private_key=given[1], private_key_passphrase=given[2], region=environment[REGION]
        )

    def __call__(self, request: Any, enforce_content_headers: bool = True) -> Any:  # noqa: ANN401, FBT001, FBT002 - the SDK's own signature
        with self._lock:
            found = self._fingerprints()
            if found != self._seen:
                self._reload(found)
            return super().__call__(request, enforce_content_headers)

    def _construct_session_key_supplier(self, private_key: str, private_key_passphrase: str | None = None) -> Any:  # noqa: ANN401 - the SDK's own signature
        if Path(private_key).is_absolute():
            return KeyFile(private_key, private_key_passphrase)
        return super()._construct_session_key_supplier(private_key, private_key_passphrase)

    def refresh_security_token(self) -> Any:  # noqa: ANN401 - the SDK's own signature
        """What the SDK calls after a 401: read the files again."""
        with self._lock:
            return super().refresh_security_token()

    def _reload(self, found: list[tuple[int, int] | None]) -> None:
        """Until both files are whole and belong together the old pair signs on, and each request tries again."""
        try:
            if not self._files_are_a_pair():
                return
            self.refresh_security_token()
        except Exception as error:  # noqa: BLE001 - a torn file raises whatever its parser does
            log.warning("credentials.unreadable", exception=type(error).__name__)
            return
        self._seen = found

    def _files_are_a_pair(self) -> bool:
        """Two files cannot be renewed at one moment: a token names the public key that it goes with."""
        token = jwt.decode(self._get_resource_principal_session_token(), options={"verify_signature": False})
        if "jwk" not in token or not isinstance(self.session_key_supplier, FileBasedSessionKeySupplier):
            return True
        key = load_private_key_from_file(self.session_key_supplier.private_key_file)
        named = RSAAlgorithm.from_jwk(token["jwk"])
        return isinstance(named, RSAPublicKey) and named.public_numbers() == key.public_key().public_numbers()

    def _fingerprints(self) -> list[tuple[int, int] | None]:
        return [_fingerprint(file) for file in self._files]


def _fingerprint(file: Path) -> tuple[int, int] | None:
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_ino


def resource_principal(environment: Mapping[str, str]) -> ResourcePrincipalSigner:
    """The signer for the `OCI_RESOURCE_PRINCIPAL_*` in `environment`.

    Raises `Rejected`, naming them, where they are missing or wrong, and `Passing` where their files cannot be read yet.
    """
    problems = [Problem(name, "is missing") for name in (TOKEN, KEY, REGION) if not environment.get(name)]
    if environment.get(VERSION) != "2.2":
        problems.append(Problem(VERSION, "must be 2.2: run this as an OCI function, with a dynamic group and policy"))
    if problems:
        raise Rejected(*problems)
    try:
        return ResourcePrincipalSigner(environment)
    except Exception as error:
        if Path(environment[TOKEN]).is_absolute() and Path(environment[KEY]).is_absolute():
            # They may be being renewed at this moment.
            raise Passing("CredentialsUnreadable", f"the files of {TOKEN} and {KEY} cannot be read") from error
        problem = Problem(f"{TOKEN}, {KEY}", f"cannot be loaded ({type(error).__name__}): renew the pair")
        raise Rejected(problem) from None
