"""Which regions the tenancy is subscribed to: as Oracle's own client would ask, and only those that are ready."""

import pytest
from oci.identity import IdentityClient
from oci.retry import NoneRetryStrategy

from handlers.cloud.request import IDENTITY
from handlers.cloud.signer import ResourcePrincipalSigner
from handlers.cloud.subscriptions import TenancySubscriptions
from handlers.core.errors import Passing
from tests.fakes import AWAY, FAR, HOME
from tests.unit.wire import Wire, api_over, form, sent_by

TENANCY = "ocid1.tenancy.oc1..a"
SUBSCRIBED = [
    {"regionKey": "IAD", "regionName": HOME, "status": "READY", "isHomeRegion": True},
    {"regionKey": "PHX", "regionName": AWAY, "status": "READY", "isHomeRegion": False},
]


def ask(signer: ResourcePrincipalSigner, wire: Wire) -> frozenset[str]:
    return TenancySubscriptions(lambda: api_over(signer, wire, IDENTITY), lambda: TENANCY)()


def test_asking_is_the_same_as_with_oracles_own_client(signer: ResourcePrincipalSigner) -> None:
    """For the function's own tenancy."""
    wire = Wire(SUBSCRIBED)

    assert ask(signer, wire) == {HOME, AWAY}
    sdk = IdentityClient({"region": HOME}, signer=signer, retry_strategy=NoneRetryStrategy())
    assert form(wire.only) == form(sent_by(sdk, lambda client: client.list_region_subscriptions(TENANCY), SUBSCRIBED))


@pytest.mark.parametrize("status", ["IN_PROGRESS", "SOMETHING_NEW"])
def test_a_region_that_is_not_ready_is_not_among_them(signer: ResourcePrincipalSigner, status: str) -> None:
    """It takes minutes until a tenancy can use a region that it has subscribed to."""
    assert ask(signer, Wire([*SUBSCRIBED, {"regionName": FAR, "status": status}])) == {HOME, AWAY}


@pytest.mark.parametrize("answer", [b"<html>A proxy's page</html>", b"", b"null", b"{}", b"[{}]", b'["us-ashburn-1"]'])
def test_an_answer_that_cannot_be_read_may_pass(signer: ResourcePrincipalSigner, answer: bytes) -> None:
    """Nobody is told that a region is missing for that."""
    with pytest.raises(Passing) as caught:
        ask(signer, Wire(answer))

    assert caught.value.code == "UnreadableAnswer"
