"""Only a request that is signed as OCI demands, by a key that OCI would believe, is let in."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import httpx
import pytest
from oci.auth.signers import EphemeralResourcePrincipalSigner

from infra.emulator.identity import Credential, Identity, new_key, to_pem
from infra.emulator.server import Emulator
from tests.emulator.signing import BODY, GENERIC, signed
from tests.emulator.tenant import ASHBURN, PHOENIX, Tenant, Untyped, refusal

URL = f"https://iaas.{ASHBURN}.oraclecloud.com/20160918/volumes"
Issue = Callable[..., Credential]
Send = Callable[[httpx.Request], httpx.Response]


@pytest.fixture
def send(tenant: Tenant) -> Iterator[Send]:
    with tenant.http() as client:
        yield client.send


@pytest.fixture
def issue(emulator: Emulator) -> Issue:
    def issue(*arguments: Untyped, **details: Untyped) -> Credential:
        return emulator.call(lambda cloud: cloud.identity.issue_token(ASHBURN, *arguments, **details))

    return issue


@pytest.fixture(scope="module")
def token(emulator: Emulator) -> Credential:
    """One for all who need no special one: each has a new key."""
    return emulator.call(lambda cloud: cloud.identity.issue_token(ASHBURN))


def volume(tenant: Tenant) -> bytes:
    details = {"compartmentId": tenant.compartment_id, "availabilityDomain": "Emul:US-ASHBURN-1-AD-1"}
    return json.dumps(details).encode()


def listing(tenant: Tenant) -> str:
    return f"{URL}?compartmentId={tenant.compartment_id}&limit=5"


def is_refused(answer: httpx.Response) -> bool:
    return answer.status_code == 401 and answer.json() == {
        "code": "NotAuthenticated",
        "message": "The required information to complete authentication was not provided or was incorrect.",
    }


def test_a_resource_principal_is_let_in(tenant: Tenant, send: Send, issue: Issue) -> None:
    """A token of the tenancy's issuer and a signature by the token's key are enough, for reading and for writing."""
    token = issue()
    assert send(signed("GET", listing(tenant), f"ST${token.key_id}", token.private_key_pem)).status_code == 200
    post = signed("POST", URL, f"ST${token.key_id}", token.private_key_pem, body=volume(tenant))
    assert send(post).status_code == 200


def test_the_sdks_own_signer_is_let_in_and_renews_itself(tenant: Tenant) -> None:
    """A 401 to an expired token makes the SDK read the files again, and it goes on with the new token."""
    first = tenant.emulator.resource_principal(ASHBURN, timedelta(seconds=-1))
    signer = EphemeralResourcePrincipalSigner(
        session_token=first["OCI_RESOURCE_PRINCIPAL_RPST"],
        private_key=first["OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM"],
        region=ASHBURN,
    )
    old = Path(first["OCI_RESOURCE_PRINCIPAL_RPST"]).read_text()
    client = tenant.block_volume(PHOENIX, signer)
    assert refusal(lambda: client.list_volumes(compartment_id=tenant.compartment_id)) == (401, "NotAuthenticated")
    tenant.emulator.resource_principal(ASHBURN)
    assert client.list_volumes(compartment_id=tenant.compartment_id).data == []
    assert old != signer.security_token.security_token
    assert signer.tenancy_id == tenant.emulator.tenancy_id
    assert signer.compartment_id == tenant.emulator.compartment_id


def test_an_unsigned_request_is_refused(tenant: Tenant, send: Send) -> None:
    """Without an Authorization header, or with another scheme, nobody is known."""
    assert is_refused(send(httpx.Request("GET", listing(tenant))))
    assert is_refused(send(httpx.Request("GET", listing(tenant), headers={"authorization": "Bearer x"})))


def test_a_tampered_body_is_refused(tenant: Tenant, send: Send, issue: Issue) -> None:
    """The body must be the one whose hash was signed."""
    token, body = issue(), volume(tenant)
    request = signed("POST", URL, f"ST${token.key_id}", token.private_key_pem, body=body)
    other = body.replace(b"AD-1", b"AD-2")
    assert is_refused(send(httpx.Request("POST", URL, headers=request.headers, content=other)))


def test_a_tampered_address_is_refused(tenant: Tenant, send: Send, issue: Issue) -> None:
    """The query and the path belong to what was signed."""
    token = issue()
    request = signed("GET", listing(tenant), f"ST${token.key_id}", token.private_key_pem)
    assert is_refused(send(httpx.Request("GET", listing(tenant) + "0", headers=request.headers)))


def test_a_tampered_body_of_an_update_is_refused(tenant: Tenant, send: Send, token: Credential) -> None:
    """What is true of a create's body is true of an update's."""
    url, body = f"{URL}/{tenant.volume().id}", b'{"displayName": "mine"}'
    request = signed("PUT", url, f"ST${token.key_id}", token.private_key_pem, body=body)
    assert is_refused(send(httpx.Request("PUT", url, headers=request.headers, content=body.replace(b"mine", b"ours"))))
    assert send(request).status_code == 200


@pytest.mark.parametrize(
    ("method", "left_out"),
    [
        *((method, name) for method in ("GET", "DELETE") for name in GENERIC),
        *((method, name) for method in ("POST", "PUT") for name in GENERIC + BODY),
    ],
)
def test_every_required_header_must_be_signed(send: Send, token: Credential, method: str, left_out: str) -> None:
    """A signature over less than OCI demands for the method is worth nothing; over all of it, the volume is missing."""
    url, key_id = f"{URL}/ocid1.volume.oc1.iad.missing", f"ST${token.key_id}"
    body = b"{}" if method in {"POST", "PUT"} else None
    names = [name for name in (GENERIC if body is None else GENERIC + BODY) if name != left_out]
    assert is_refused(send(signed(method, url, key_id, token.private_key_pem, body=body, sign=names)))
    assert not is_refused(send(signed(method, url, key_id, token.private_key_pem, body=body)))


@pytest.mark.parametrize("sent", [True, False])
def test_what_is_signed_must_be_sent(tenant: Tenant, send: Send, token: Credential, sent: bool) -> None:  # noqa: FBT001
    """A header that was signed empty is not the same as none."""
    names, extra = [*GENERIC, "x-extra"], {"x-extra": ""}
    url, key_id = listing(tenant), f"ST${token.key_id}"
    request = signed("GET", url, key_id, token.private_key_pem, sign=names, extra=extra)
    if not sent:
        del request.headers["x-extra"]
    assert is_refused(send(request)) is not sent


@pytest.mark.parametrize(
    ("known", "other"), [('algorithm="rsa-sha256"', 'algorithm="rsa-sha512"'), ('version="1"', 'version="2"')]
)
def test_another_algorithm_or_version_is_refused(
    tenant: Tenant, send: Send, token: Credential, known: str, other: str
) -> None:
    """However good the signature is for the one algorithm and version that OCI has."""
    request = signed("GET", listing(tenant), f"ST${token.key_id}", token.private_key_pem)
    request.headers["authorization"] = request.headers["authorization"].replace(known, other)
    assert other in request.headers["authorization"]
    assert is_refused(send(request))


@pytest.mark.parametrize(("minutes", "let_in"), [(0, True), (-6, False)])
def test_x_date_takes_the_place_of_date(
    tenant: Tenant,
    send: Send,
    token: Credential,
    minutes: int,
    let_in: bool,  # noqa: FBT001
) -> None:
    """As for browsers, which cannot set `date`; a date beside it does not make an old `x-date` good."""
    stamp = format_datetime(datetime.now(UTC) + timedelta(minutes=minutes), usegmt=True)
    names, extra = ["x-date", "(request-target)", "host"], {"x-date": stamp}
    key_id = f"ST${token.key_id}"
    request = signed("GET", listing(tenant), key_id, token.private_key_pem, sign=names, extra=extra)
    if let_in:
        del request.headers["date"]
    assert send(request).status_code == (200 if let_in else 401)


@pytest.mark.parametrize(("minutes", "status"), [(-6, 401), (-4, 200), (4, 200), (6, 401)])
def test_the_date_must_be_within_five_minutes(
    tenant: Tenant, send: Send, issue: Issue, minutes: int, status: int
) -> None:
    """A request from long ago, or from the future, is refused whatever the cloud's own clock shows."""
    token, date = issue(), datetime.now(UTC) + timedelta(minutes=minutes)
    request = signed("GET", listing(tenant), f"ST${token.key_id}", token.private_key_pem, date=date)
    assert send(request).status_code == status


def test_an_expired_token_is_refused(tenant: Tenant, send: Send, issue: Issue) -> None:
    """The end of a token is the end of what it opens."""
    token = issue(timedelta(seconds=-1))
    assert is_refused(send(signed("GET", listing(tenant), f"ST${token.key_id}", token.private_key_pem)))


def test_a_forged_token_is_refused(tenant: Tenant, send: Send, issue: Issue) -> None:
    """A token that somebody else signed proves nothing, however well the request is signed."""
    token = issue(issuer=new_key())
    assert is_refused(send(signed("GET", listing(tenant), f"ST${token.key_id}", token.private_key_pem)))


def test_another_key_than_the_tokens_is_refused(tenant: Tenant, send: Send, issue: Issue) -> None:
    """A stolen token without its private key opens nothing."""
    assert is_refused(send(signed("GET", listing(tenant), f"ST${issue().key_id}", to_pem(new_key()))))


def test_an_unknown_api_key_is_refused(tenant: Tenant, send: Send) -> None:
    """A key that was never registered names nobody."""
    key_id = f"{tenant.emulator.tenancy_id}/ocid1.user.oc1..nobody/00:11"
    assert is_refused(send(signed("GET", listing(tenant), key_id, to_pem(new_key()))))


def test_a_token_of_another_tenancy_sees_nothing(tenant: Tenant, send: Send, issue: Issue) -> None:
    """What belongs to one tenancy does not exist for another."""
    token = issue(tenancy_id="ocid1.tenancy.oc1..other")
    answer = send(signed("GET", listing(tenant), f"ST${token.key_id}", token.private_key_pem))
    assert (answer.status_code, answer.json()["code"]) == (404, "NotAuthorizedOrNotFound")


def test_an_unknown_compartment_is_not_found(tenant: Tenant) -> None:
    """A compartment that is not the tenancy's answers like one that may not be seen."""
    unknown = "ocid1.compartment.oc1..unknown"
    answer = refusal(lambda: tenant.block_volume().list_volume_backups(unknown))
    assert answer == (404, "NotAuthorizedOrNotFound")


def test_a_refusal_says_why_in_the_diary_only(tenant: Tenant, send: Send, issue: Issue) -> None:
    """Who rehearses finds the reason; who attacks does not."""
    token = issue(timedelta(seconds=-1))
    request = signed("GET", listing(tenant), f"ST${token.key_id}", token.private_key_pem)
    (noted,) = tenant.noted("refused", lambda: send(request))
    assert (noted["reason"], noted["path"]) == ("the token has expired", "/20160918/volumes")


def test_tokens_live_in_the_time_that_the_identity_is_given() -> None:
    """A test moves the end of a token by moving the wall clock."""
    now = [datetime(2026, 1, 1, tzinfo=UTC)]
    identity = Identity(wall=lambda: now[0])
    token = identity.issue_token(ASHBURN, timedelta(hours=1))
    principal, _ = identity.recognise(f"ST${token.key_id}")
    assert principal.compartment_id == identity.compartment_id
    now[0] += timedelta(hours=1)
    with pytest.raises(Exception, match="the token has expired"):
        identity.recognise(f"ST${token.key_id}")
