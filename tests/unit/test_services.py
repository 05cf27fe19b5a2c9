"""The collaborators of one container: what is kept from call to call, and what is each call's own."""

import contextlib
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from threading import Barrier
from typing import Any

import jwt
import pytest

from handlers.cloud.request import BLOCK_VOLUME, IDENTITY, INGESTION, NOTIFICATIONS, Service
from handlers.cloud.signer import ResourcePrincipalSigner
from handlers.core.errors import ApiFault, Passing, Refused, Rejected
from handlers.core.model import Deadline, Kind
from handlers.core.points import Point
from handlers.core.ports import Call
from handlers.core.settings import REGION_KEY
from handlers.services import Services
from handlers.threads import Threads
from tests.fakes import AWAY, FAR, HOME, FakeClock, ocid, one_after_the_other
from tests.unit.principal import Principal, key, token
from tests.unit.wire import BACKUP, Answers, Wire

BACKUP_ID = ocid("volumebackup")


class Connecting:
    """Builds clients over a wire, and notes for which service and region, and with which signer."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.built: list[tuple[Service, str, ResourcePrincipalSigner]] = []

    def __call__(self, service: Service, region: str, signer: ResourcePrincipalSigner) -> Any:
        self.built.append((service, region, signer))
        return self.wire.connect(service, region, signer)


def call_of(services: Services, lasts: float = 300.0) -> Call:
    return services.call(Deadline(services.clock.now() + timedelta(seconds=lasts)), "t")


def without(principal: Principal, claim: str) -> dict[str, str]:
    """The environment of a function whose token does not say this of it."""
    claims = jwt.decode(token(1), options={"verify_signature": False})
    text = jwt.encode({**claims, claim: None}, key(0), algorithm="RS256")
    return {**principal.environment, "OCI_RESOURCE_PRINCIPAL_RPST": text}


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

    assert [(service, region) for service, region, _ in connecting.built] == [
        (BLOCK_VOLUME, HOME),
        (BLOCK_VOLUME, AWAY),
    ]
    assert connecting.built[0][2] is connecting.built[1][2]


TOPIC_AWAY = ocid("onstopic", AWAY)


def ask_everything(call: Call) -> None:
    """One request to each service, whatever comes of it."""
    point = Point("bytes_stored", {"source": "s", "destination": AWAY}, call.clock.now(), 1.0)
    assert call.notices
    asked: list[Callable[[], object]] = [
        lambda: call.here.get(Kind.VOLUME, BACKUP_ID),
        lambda: call.metrics.publish([point]),
        call.notices.tags,
        call.subscriptions,
    ]
    for ask in asked:
        with contextlib.suppress(ApiFault):
            ask()


def test_each_service_is_asked_where_it_is(principal: Principal) -> None:
    """Backups where the sources are, the topic where it is, all else where the function is; each by a client kept."""
    connecting = Connecting(Wire())
    environment = {**principal.environment, "SOURCE_REGION": FAR, "NOTIFICATION_TOPIC_ID": TOPIC_AWAY}
    services = Services(environment, FakeClock(), connect=connecting)

    for _ in range(2):
        ask_everything(call_of(services))

    assert [(service, region) for service, region, _ in connecting.built] == [
        (BLOCK_VOLUME, FAR),
        (INGESTION, HOME),
        (NOTIFICATIONS, AWAY),
        (IDENTITY, HOME),
    ]
    assert len({id(signer) for *_, signer in connecting.built}) == 1


def test_a_topic_whose_region_cannot_be_told_is_asked_for_at_home(principal: Principal) -> None:
    """OCIDs do not have to name their region in a way that is known here."""
    connecting = Connecting(Wire({"freeformTags": {}}))
    environment = {**principal.environment, "NOTIFICATION_TOPIC_ID": "ocid1.onstopic.oc1.xyz.a"}
    call = call_of(Services(environment, FakeClock(), connect=connecting))

    assert call.notices
    assert call.notices.tags().etag == "etag-1"
    assert [(service, region) for service, region, _ in connecting.built] == [(NOTIFICATIONS, HOME)]


def test_nobody_is_told_where_no_topic_is_configured(principal: Principal) -> None:
    """That is not for each handler to find out."""
    assert call_of(Services(principal.environment)).notices is None


def test_the_functions_own_token_says_where_its_metrics_and_its_tenancy_are(principal: Principal) -> None:
    """Whatever compartments are looked at."""
    wire = Wire({"failedMetricsCount": 0})
    environment = {**principal.environment, "COMPARTMENT_IDS": "ocid1.compartment.oc1..b"}
    call = call_of(Services(environment, FakeClock(), connect=wire.connect))

    call.metrics.publish([Point("bytes_stored", {"source": "s", "destination": AWAY}, call.clock.now(), 1.0)])
    with contextlib.suppress(ApiFault):
        call.subscriptions()

    assert json.loads(wire.sent[0].body)["metricData"][0]["compartmentId"] == "ocid1.compartment.oc1..a"
    assert wire.sent[1].path_url == "/20160918/tenancies/ocid1.tenancy.oc1..a/regionSubscriptions"


@pytest.mark.parametrize("claim", ["res_compartment", "res_tenant"])
def test_what_the_token_does_not_say_is_a_fault_of_its_service_alone(principal: Principal, claim: str) -> None:
    """Backups are looked for nonetheless."""
    wire = Wire({"failedMetricsCount": 0})
    call = call_of(Services(without(principal, claim), FakeClock(), connect=wire.connect))
    point = Point("bytes_stored", {"source": "s", "destination": AWAY}, call.clock.now(), 1.0)
    ask = call.subscriptions if claim == "res_tenant" else partial(call.metrics.publish, [point])

    with pytest.raises(Refused) as caught:
        ask()

    assert caught.value.code == "TokenIncomplete"
    assert wire.sent == []
    wire.answer = json.dumps(BACKUP).encode()
    assert call.here.get(Kind.VOLUME, BACKUP_ID)


def test_metrics_notices_and_subscriptions_have_the_time_of_their_call(principal: Principal) -> None:
    """And no more."""
    clock, wire = FakeClock(), Wire()
    environment = {**principal.environment, "NOTIFICATION_TOPIC_ID": TOPIC_AWAY}
    call = call_of(Services(environment, clock, connect=wire.connect), 20)
    clock.advance(timedelta(seconds=18))

    ask_everything(call)

    assert wire.sent == []


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
    assert len({id(signer) for *_, signer in connecting.built}) == 1


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
    services = Services(without(principal, "res_compartment"))

    with pytest.raises(Rejected, match="COMPARTMENT_IDS"):
        call_of(services).compartments  # noqa: B018 - asking for it is the point


def test_work_is_done_in_threads_unless_other_workers_are_given(principal: Principal) -> None:
    """Which is how the same handlers run one step at a time."""
    assert isinstance(call_of(Services(principal.environment)).workers, Threads)

    services = Services(principal.environment, workers=one_after_the_other)
    assert call_of(services).workers is one_after_the_other


def test_a_function_calls_itself_where_it_is_told_to(principal: Principal) -> None:
    """As the function that Fn says it is, at the address that Oracle has for it, in the region it runs in."""
    function_id = ocid("fnfunc")
    found = {"invokeEndpoint": "https://abc.us-ashburn-1.functions.oci.oraclecloud.com"}
    wire = Answers([(200, found), (202, None)])
    connecting = Connecting(wire)
    environment = {**principal.environment, "FAN_OUT": "on", "FN_FN_ID": function_id, "FN_MEMORY": "512"}
    call = call_of(Services(environment, FakeClock(), connect=connecting))

    assert call.itself is not None
    call.itself.invoke({"operation": "Sweep"})

    asked, invoked = wire.sent
    assert (asked.method, asked.url.rpartition("/20181201/")[2]) == ("GET", f"functions/{function_id}")
    assert invoked.url.endswith(f"/20181201/functions/{function_id}/actions/invoke")
    assert (invoked.headers["fn-invoke-type"], json.loads(invoked.body)) == ("detached", {"operation": "Sweep"})
    assert [(service.name, region) for service, region, _ in connecting.built] == [("functions", HOME)] * 2
    assert connecting.built[1][0].endpoint == "https://abc.us-ashburn-1.functions.oci.oraclecloud.com"
    assert call.memory_mb == 512


@pytest.mark.parametrize("endpoint", ["http://plain.example", None, 7])
def test_a_call_of_itself_is_only_sent_where_it_is_safe(principal: Principal, endpoint: object) -> None:
    """It is signed in the function's name."""
    wire = Wire({"invokeEndpoint": endpoint})
    environment = {**principal.environment, "FAN_OUT": "ON", "FN_FN_ID": ocid("fnfunc")}
    call = call_of(Services(environment, FakeClock(), connect=wire.connect))

    assert call.itself is not None
    with pytest.raises(Passing, match="could not be read"):
        call.itself.invoke({})

    assert {request.method for request in wire.sent} == {"GET"}


@pytest.mark.parametrize("environment", [{"FN_FN_ID": "x"}, {"FAN_OUT": "OFF", "FN_FN_ID": "x"}, {"FAN_OUT": "ON"}])
def test_a_function_does_not_call_itself_otherwise(principal: Principal, environment: dict[str, str]) -> None:
    """Unless it is switched on, and it is known what to call."""
    call = call_of(Services({**principal.environment, **environment, "FN_MEMORY": "much"}, FakeClock()))

    assert (call.itself, call.memory_mb) == (None, 256)


def test_a_part_of_a_call_that_ends_sooner_is_bounded_by_that(principal: Principal) -> None:
    """Its threads and its requests, too: what comes after it has the time that was kept, and the call's own ports."""
    clock, wire = FakeClock(), Wire()
    call = call_of(Services(principal.environment, clock, connect=wire.connect), 30)
    working = call.sooner(timedelta(seconds=20))

    working.here.get(Kind.VOLUME, BACKUP_ID)
    call.here.get(Kind.VOLUME, BACKUP_ID)

    assert [round(sum(each), 1) for each in wire.timeouts] == [5.0, 7.0]
    assert (working.time_left, call.time_left) == (timedelta(seconds=8), timedelta(seconds=28))
    clock.advance(timedelta(seconds=9))
    assert working.workers(len, ["a"]) == [None]
    assert call.workers(len, ["a"]) == [1]
