"""The function's identity: which pair of token and key a request is signed with, and what happens without one."""

import base64
import re
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from oci._vendor.requests import Request

from handlers.cloud.signer import ResourcePrincipalSigner, resource_principal
from handlers.core.errors import Passing, Rejected
from tests.unit.principal import Principal, key, pem, replace, token

URL = "https://iaas.us-ashburn-1.oraclecloud.com/20160918/volumeBackups"


def sign(signer: ResourcePrincipalSigner, method: str = "GET") -> dict[str, str]:
    """The parts of the Authorization header of a request that is signed now, and what it signs as `signed`."""
    body = '{"displayName": "x"}' if method != "GET" else None
    request: Any = signer(Request(method, URL, data=body).prepare())
    header = request.headers["authorization"]
    parts = dict(re.findall(r'(\w+)="([^"]*)"', header))
    values = {"(request-target)": f"{method.lower()} {request.path_url}", "host": "iaas.us-ashburn-1.oraclecloud.com"}
    lines = [f"{name}: {values.get(name) or request.headers[name]}" for name in parts["headers"].split()]
    return {**parts, "signed": "\n".join(lines)}


def signed_with(signer: ResourcePrincipalSigner) -> int:
    """The number of the pair: the token says which key it vouches for, and that key has signed."""
    parts = sign(signer)
    session_token = parts["keyId"].removeprefix("ST$")
    claims = jwt.decode(session_token, options={"verify_signature": False})
    number = int(claims["sub"].rpartition("n")[2])
    signature = base64.b64decode(parts["signature"])
    key(number).public_key().verify(signature, parts["signed"].encode(), padding.PKCS1v15(), hashes.SHA256())
    return number


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("GET", "date (request-target) host"),
        ("POST", "date (request-target) host content-length content-type x-content-sha256"),
        ("PUT", "date (request-target) host content-length content-type x-content-sha256"),
    ],
)
def test_a_request_is_signed_as_oracle_asks(principal: Principal, method: str, headers: str) -> None:
    """With the session token as the key's id, over these headers."""
    parts = sign(resource_principal(principal.environment), method)

    assert parts["keyId"] == f"ST${token(1)}"
    assert parts["algorithm"] == "rsa-sha256"
    assert parts["headers"] == headers


def test_the_first_request_after_a_renewal_is_signed_with_the_new_pair(principal: Principal) -> None:
    """No request is refused first, as it would have to be for the SDK to look at the files again."""
    signer = resource_principal(principal.environment)
    assert signed_with(signer) == 1

    principal.renew(2)
    assert signed_with(signer) == 2

    principal.renew(3)
    assert signed_with(signer) == 3


@pytest.mark.parametrize("part", ["token_file", "key_file"])
@pytest.mark.parametrize("torn", ["", "eyJhbGciOi", "-----BEGIN PRIVATE KEY-----\nMIIE"])
def test_a_half_written_file_leaves_the_old_pair_in_use(principal: Principal, part: str, torn: str) -> None:
    """And once it is whole, the new pair is taken."""
    signer = resource_principal(principal.environment)
    replace(getattr(principal, part), torn)

    assert signed_with(signer) == 1

    principal.renew(2)
    assert signed_with(signer) == 2


@pytest.mark.parametrize("part", ["token_file", "key_file"])
def test_a_file_that_is_away_leaves_the_old_pair_in_use(principal: Principal, part: str) -> None:
    """Whoever renews it may remove it first."""
    signer = resource_principal(principal.environment)
    getattr(principal, part).unlink()

    assert signed_with(signer) == 1


@pytest.mark.parametrize(("part", "text"), [("token_file", token(2)), ("key_file", pem(2))], ids=["token", "key"])
def test_a_half_renewed_pair_is_not_signed_with(principal: Principal, part: str, text: str) -> None:
    """The two files cannot change at the same moment, and a token with another's key is worth nothing."""
    signer = resource_principal(principal.environment)
    replace(getattr(principal, part), text)

    assert signed_with(signer) == 1

    principal.renew(2)
    assert signed_with(signer) == 2


def test_token_and_key_may_be_given_as_text(principal: Principal) -> None:
    """Instead of as files; they are not renewed then."""
    texts = {"OCI_RESOURCE_PRINCIPAL_RPST": token(2), "OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM": pem(2)}

    assert signed_with(resource_principal({**principal.environment, **texts})) == 2


def test_a_key_may_be_encrypted(principal: Principal) -> None:
    """The passphrase stands beside it."""
    texts = {
        "OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM": pem(1, "open sesame"),
        "OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM_PASSPHRASE": "open sesame",
    }

    assert signed_with(resource_principal({**principal.environment, **texts})) == 1


@pytest.mark.parametrize("missing", ["RPST", "PRIVATE_PEM", "REGION", "VERSION"])
def test_a_missing_variable_is_named(principal: Principal, missing: str) -> None:
    """Whoever runs this outside of OCI Functions learns what it lacks."""
    name = f"OCI_RESOURCE_PRINCIPAL_{missing}"
    environment = {key: value for key, value in principal.environment.items() if key != name}

    with pytest.raises(Rejected) as caught:
        resource_principal(environment)

    assert [problem.field for problem in caught.value.problems] == [name]


def test_all_missing_variables_are_named_at_once() -> None:
    """An environment without an identity lacks all of them."""
    with pytest.raises(Rejected) as caught:
        resource_principal({})

    assert len(caught.value.problems) == 4


def test_another_version_is_refused(principal: Principal) -> None:
    """Only the one that OCI Functions provides is understood."""
    with pytest.raises(Rejected, match=r"OCI_RESOURCE_PRINCIPAL_VERSION: must be 2\.2"):
        resource_principal({**principal.environment, "OCI_RESOURCE_PRINCIPAL_VERSION": "1.1"})


@pytest.mark.parametrize("secret", ["not-a-token-but-a-secret", "eyJhbGciOi.secret.secret"])
@pytest.mark.parametrize("name", ["OCI_RESOURCE_PRINCIPAL_RPST", "OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM"])
def test_a_pair_that_cannot_be_loaded_is_refused_without_being_shown(
    principal: Principal, name: str, secret: str
) -> None:
    """Neither in the message nor in what caused it."""
    with pytest.raises(Rejected) as caught:
        resource_principal({**principal.environment, name: secret})

    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    assert "OCI_RESOURCE_PRINCIPAL_RPST" in caught.value.problems[0].field


@pytest.mark.parametrize("text", ["", "eyJhbGciOi"])
@pytest.mark.parametrize("part", ["token_file", "key_file"])
def test_files_that_are_just_being_renewed_may_pass(principal: Principal, part: str, text: str) -> None:
    """A container that starts at that moment asks for redelivery: the next call finds them whole."""
    replace(getattr(principal, part), text)

    with pytest.raises(Passing) as caught:
        resource_principal(principal.environment)

    assert caught.value.code == "CredentialsUnreadable"
    assert "eyJ" not in str(caught.value)


def test_a_signer_does_not_show_its_token(principal: Principal) -> None:
    """However it ends up in a log."""
    signer = resource_principal(principal.environment)

    assert token(1) not in repr(signer) + str(signer)
