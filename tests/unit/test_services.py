"""The collaborators of one container: what is kept from call to call, and what is each call's own."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import jwt
import pytest

from handlers.cloud.signer import ResourcePrincipalSigner
from handlers.core.errors import Passing, Rejected
from handlers.core.model import Deadline, Kind
from handlers.core.ports import Call
from handlers.core.settings import REGION_KEY
from handlers.services import Services
from handlers.threads import Threads
from tests.fakes import AWAY, HOME, FakeClock, ocid, one_after_the_other
from tests.unit.principal import Principal, key, token
from tests.unit.wire import Wire

BACKUP_ID = ocid("volumebackup")


class Connecting:
    """Builds clients over a wire, and notes for which region and with which signer."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.built: list[tuple[str, ResourcePrincipalSigner]] = []

    def __call__(self, region: str, signer: ResourcePrincipalSigner) -> Any:
        self.built.append((region, signer))
        return self.wire.connect(region, signer)


def call_of(services: Services, lasts: float = 300.0) -> Call:
    return services.call(Deadline(services.clock.now() + timedelta(seconds=lasts)), "t")


def test_the_deadline_is_that_of_the_call_itself(principal: Principal) -> None:
    """Clients live for many calls; each call has its own time, less what it needs to answer."""
    clock, wire = FakeClock(), Wire()
    services = Services(principal.environment, clock, connect=wire.connect)
    call = call_of(services, 20)

    call.here.get(Kind.VOLUME, BACKUP_ID)
    clock.advance(timedelta(seconds=10))
    call.here.get(Kind.VOLUME, BACKUP_ID)
    clock.advance(timedelta(seconds=8))
    with pytest.raises(Passing):
        call.here.get(Kind.VOLUME, BACKUP_ID)

    assert wire.timeouts == [(1.25, 3.75), (1.25, 3.75)]


def test_what_is_left_over_of_a_call_does_not_get_the_time_of_the_next(principal: Principal) -> None:
    """A thread that hung until its call was over has nothing more to do."""
    clock, wire = FakeClock(), Wire()
    services = Services(principal.environment, clock, connect=wire.connect)
    over = call_of(services, 20)
    clock.advance(timedelta(seconds=20))
    current = call_of(services, 20)

    current.here.get(Kind.VOLUME, BACKUP_ID)
    with pytest.raises(Passing) as caught:
        over.here.get(Kind.VOLUME, BACKUP_ID)

    assert caught.value.code == "Timeout"
    assert len(wire.sent) == 1


def test_pauses_pass_on_the_clock_and_are_drawn_from_what_is_given(principal: Principal) -> None:
    """Whoever moves the clock and draws the chance sees the same thing happen again."""
    clock = FakeClock()
    begun = clock.now()
    wire = Wire({"code": "InternalServerError", "message": "no"}, 500)
    services = Services(principal.environment, clock, connect=wire.connect, draw=lambda: 0.0)

    with pytest.raises(Passing):
        call_of(services).here.get(Kind.VOLUME, BACKUP_ID)

    assert clock.now() - begun == timedelta(seconds=0.25 + 0.5 + 1)


def test_clients_are_kept_for_the_calls_to_come(principal: Principal) -> None:
    """One for each region, as long as they are not needed at the same time; and the signer is one for all regions."""
    connecting = Connecting(Wire())
    services = Services(principal.environment, FakeClock(), connect=connecting)

    for _ in range(2):
        call = call_of(services)
        for region in (HOME, AWAY, HOME):
            call.backups(region).get(Kind.VOLUME, BACKUP_ID)

    assert [region for region, _ in connecting.built] == [HOME, AWAY]
    assert connecting.built[0][1] is connecting.built[1][1]


def test_a_call_asked_twice_for_a_region_answers_with_the_same(principal: Principal) -> None:
    """And another region is another."""
    call = call_of(Services(principal.environment, FakeClock()))

    assert call.backups(HOME) is call.backups(HOME)
    assert call.backups(HOME) is call.here
    assert call.backups(HOME) is not call.backups(AWAY)


def test_threads_that_ask_at_the_same_time_share_one_signer(principal: Principal) -> None:
    """Loading a key takes a while: whoever comes meanwhile waits for it."""
    connecting, barrier = Connecting(Wire()), Barrier(8, timeout=30)
    call = call_of(Services(principal.environment, FakeClock(), connect=connecting))

    def read(number: int) -> str:
        barrier.wait()
        return call.backups(f"region-{number % 2}").get(Kind.VOLUME, BACKUP_ID).region

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(read, range(8)))

    assert found == ["region-0", "region-1"] * 4
    assert len({id(signer) for _, signer in connecting.built}) == 1


def test_a_function_without_an_identity_is_told_what_it_lacks() -> None:
    """Before anything is sent."""
    call = call_of(Services({REGION_KEY: HOME}))

    with pytest.raises(Rejected, match="OCI_RESOURCE_PRINCIPAL_RPST: is missing"):
        call.here  # noqa: B018 - asking for it is the point


def test_an_identity_that_could_not_be_loaded_is_tried_again(principal: Principal) -> None:
    """Its files may have been being renewed."""
    services = Services(principal.environment, FakeClock())
    principal.token_file.write_text("eyJ")
    with pytest.raises(Passing):
        call_of(services).here  # noqa: B018 - asking for it is the point

    principal.renew(2)

    assert call_of(services).here


def test_where_no_compartment_is_configured_it_is_the_functions_own(principal: Principal) -> None:
    """Its token names it; what is configured stands above it."""
    assert call_of(Services(principal.environment)).compartments == ("ocid1.compartment.oc1..a",)

    configured = {**principal.environment, "COMPARTMENT_IDS": "ocid1.compartment.oc1..b"}
    assert call_of(Services(configured)).compartments == ("ocid1.compartment.oc1..b",)


def test_a_token_without_a_compartment_asks_for_the_configuration(principal: Principal) -> None:
    """A sweep does not guess where to look."""
    claims = jwt.decode(token(1), options={"verify_signature": False})
    text = jwt.encode({**claims, "res_compartment": None}, key(0), algorithm="RS256")
    services = Services({**principal.environment, "OCI_RESOURCE_PRINCIPAL_RPST": text})

    with pytest.raises(Rejected, match="COMPARTMENT_IDS"):
        call_of(services).compartments  # noqa: B018 - asking for it is the point


def test_work_is_done_in_threads_unless_other_workers_are_given(principal: Principal) -> None:
    """Which is how the same handlers run one step at a time."""
    assert isinstance(call_of(Services(principal.environment)).workers, Threads)

    services = Services(principal.environment, workers=one_after_the_other)
    assert call_of(services).workers is one_after_the_other
