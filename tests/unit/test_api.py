"""How often a request is sent, by which client, and what is said of it."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
import structlog

from handlers.cloud.backups import RegionBackups
from handlers.cloud.clients import Clients
from handlers.cloud.metrics import MonitoringMetrics
from handlers.cloud.notices import TopicNotices
from handlers.cloud.request import BLOCK_VOLUME, IDENTITY, INGESTION, NOTIFICATIONS
from handlers.cloud.retry import ATTEMPTS, Retry
from handlers.cloud.signer import ResourcePrincipalSigner
from handlers.cloud.subscriptions import TenancySubscriptions
from handlers.core.errors import ApiFault, Missing, Passing, Refused
from handlers.core.model import Backup, Kind, Lifecycle
from handlers.core.points import Point
from tests.fakes import AWAY, COMPARTMENT, HOME, FakeClock, ocid, one_after_the_other
from tests.unit.wire import BACKUP, Wire, api_over, backups_over

TROUBLE = {"code": "InternalServerError", "message": "no"}
VOLUME, VOLUME_BACKUP, TOKEN = ocid("volume"), ocid("volumebackup"), "t" * 64
ORIGINAL = Backup(Kind.VOLUME, VOLUME_BACKUP, HOME, COMPARTMENT, Lifecycle.AVAILABLE, FakeClock().now(), VOLUME)


@pytest.fixture
def over(signer: ResourcePrincipalSigner) -> Callable[..., RegionBackups]:
    """The backups of a region over a wire."""
    return lambda wire, region=HOME: backups_over(signer, wire, region=region)


# Attempts

REPEATED: list[tuple[str, Callable[[RegionBackups], object]]] = [
    ("get", lambda backups: backups.get(Kind.VOLUME, VOLUME_BACKUP)),
    ("source", lambda backups: backups.source(Kind.VOLUME, VOLUME)),
    ("list_backups", lambda backups: list(backups.list_backups(Kind.VOLUME, COMPARTMENT))),
    ("list_sources", lambda backups: backups.list_sources(Kind.VOLUME, COMPARTMENT)),
    ("create", lambda backups: backups.create(Kind.VOLUME, {"volumeId": VOLUME}, TOKEN)),
    ("copy", lambda backups: backups.copy(ORIGINAL, {"destinationRegion": AWAY}, TOKEN)),
    ("update", lambda backups: backups.update(Kind.VOLUME, VOLUME_BACKUP, {"displayName": "n"}, if_match="etag")),
    ("delete", lambda backups: backups.delete(Kind.VOLUME, VOLUME_BACKUP, "etag")),
]


def essence(request: Any) -> tuple[Any, ...]:
    """What makes a request the one it is, to the API."""
    return (
        request.method,
        request.url,
        request.body,
        *(request.headers.get(key) for key in ("opc-retry-token", "if-match")),
    )


@pytest.mark.parametrize(("name", "call"), REPEATED, ids=[each[0] for each in REPEATED])
def test_a_repetition_is_the_same_request(
    over: Callable[..., RegionBackups], name: str, call: Callable[[RegionBackups], object]
) -> None:
    """Reads, and writes with a retry token or an etag: the API can tell that they are the same."""
    wire = Wire(TROUBLE, 500)

    with pytest.raises(Passing):
        call(over(wire))

    assert len(wire.sent) == ATTEMPTS
    assert {essence(request) for request in wire.sent} == {essence(wire.sent[0])}


def test_an_update_without_an_etag_is_never_repeated(over: Callable[..., RegionBackups]) -> None:
    """It may have been carried out, and somebody else's change may have followed."""
    wire = Wire(TROUBLE, 500)

    with pytest.raises(Passing):
        over(wire).update(Kind.VOLUME, VOLUME_BACKUP, {"displayName": "n"})

    assert len(wire.sent) == 1


@pytest.mark.parametrize("status", [400, 403, 404, 405, 409, 412, 413, 422, 501])
def test_an_answer_that_stands_is_not_asked_for_again(over: Callable[..., RegionBackups], status: int) -> None:
    """Nor is what the API will never be able to do."""
    wire = Wire({"code": "Whatever", "message": "no"}, status)

    with pytest.raises(ApiFault):
        over(wire).get(Kind.VOLUME, VOLUME_BACKUP)

    assert len(wire.sent) == 1


@pytest.mark.parametrize("answer", [b"<html>A proxy's page</html>", b"[]", b"{}"])
def test_an_answer_that_cannot_be_read_is_asked_for_again(over: Callable[..., RegionBackups], answer: bytes) -> None:
    """Whatever spoke in the service's place may have gone away."""
    wire = Wire(answer)

    with pytest.raises(Passing):
        over(wire).get(Kind.VOLUME, VOLUME_BACKUP)

    assert len(wire.sent) == ATTEMPTS


def test_a_refused_signature_is_repeated_once_by_the_sdk_and_not_by_us(over: Callable[..., RegionBackups]) -> None:
    """It reads token and key again in between; where that did not help, nothing will in this call."""
    wire = Wire({"code": "NotAuthenticated", "message": "no"}, 401)

    with pytest.raises(Passing) as caught:
        over(wire).get(Kind.VOLUME, VOLUME_BACKUP)

    assert (caught.value.code, caught.value.status) == ("NotAuthenticated", 401)
    assert len(wire.sent) == 2


# Clients


class Crowd(Wire):
    """A wire on which each request waits until so many are under way."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self._barrier = Barrier(size, timeout=30)

    def send(self, request: Any, **options: Any) -> Any:
        self._barrier.wait()
        return super().send(request, **options)


class Counting:
    """Builds clients over a wire."""

    def __init__(self, wire: Wire, signer: ResourcePrincipalSigner) -> None:
        self.built, self._wire, self._signer = 0, wire, signer

    def __call__(self) -> Any:
        self.built += 1
        return self._wire.connect(BLOCK_VOLUME, HOME, self._signer)

    @property
    def backups(self) -> RegionBackups:
        return RegionBackups(HOME, Clients(self), Retry(lambda: 30.0, FakeClock().sleep, lambda: 0.5))


def test_requests_at_the_same_time_have_a_client_each(signer: ResourcePrincipalSigner) -> None:
    """A client has a request's time-out on it: no two may meet there. And each is used again afterwards."""
    counting = Counting(Crowd(4), signer)
    backups = counting.backups

    with ThreadPoolExecutor(4) as pool:
        for _ in range(2):
            under_way = [pool.submit(backups.get, Kind.VOLUME, VOLUME_BACKUP) for _ in range(4)]
            assert [each.result().id for each in under_way] == [BACKUP["id"]] * 4

    assert counting.built == 4


def test_one_request_after_the_other_needs_one_client(signer: ResourcePrincipalSigner) -> None:
    """Whatever comes of them."""
    counting = Counting(Wire(TROUBLE, 500), signer)
    backups = counting.backups

    for _ in range(2):
        with pytest.raises(Passing):
            backups.get(Kind.VOLUME, VOLUME_BACKUP)

    assert counting.built == 1


def test_a_client_that_cannot_be_built_is_a_fault_of_the_call() -> None:
    """The port raises nothing else."""

    def broken() -> Any:
        raise ValueError("secret")

    with pytest.raises(Passing) as caught:
        RegionBackups(HOME, Clients(broken), Retry(lambda: 0.5, FakeClock().sleep, lambda: 0.5)).get(Kind.VOLUME, "x")

    assert "secret" not in caught.value.message


# Logs


def test_every_call_is_logged(over: Callable[..., RegionBackups]) -> None:
    """With service, operation, region, status, duration and request id; whether it went well or not."""

    class SlowWire(Wire):
        def send(self, request: Any, **options: Any) -> Any:
            time.sleep(0.02)
            return super().send(request, **options)

    with structlog.testing.capture_logs() as lines:
        over(SlowWire()).get(Kind.VOLUME, ocid("volumebackup"))
        refusal = SlowWire({"code": "NotAuthorizedOrNotFound", "message": "no"}, 404)
        with pytest.raises(Missing):
            over(refusal, region=AWAY).update(Kind.BOOT_VOLUME, ocid("bootvolumebackup"), {})

    for line in lines:
        assert line.pop("duration_ms") >= 20
    common = {"event": "api.call", "log_level": "info", "service": "blockstorage", "opc_request_id": "request-1"}
    assert lines == [
        {**common, "operation": "GetVolumeBackup", "region": HOME, "status": 200, "code": None},
        {
            **common,
            "operation": "UpdateBootVolumeBackup",
            "region": AWAY,
            "status": 404,
            "code": "NotAuthorizedOrNotFound",
        },
    ]


def test_what_is_said_and_told_is_not_logged(signer: ResourcePrincipalSigner) -> None:
    """Each service has its name; messages, tags and points are for those whom they are meant for."""
    topic, point = (
        {"topicId": "t", "freeformTags": {"secret": "secret"}},
        Point("secret", {"secret": "secret"}, FakeClock().now(), 1.0),
    )
    refusal = Wire({"code": "InvalidParameter", "message": "no"}, 400)
    subscribed = Wire([{"regionName": HOME, "status": "READY"}])

    def notices(wire: Wire) -> TopicNotices:
        return TopicNotices(ocid("onstopic"), lambda: api_over(signer, wire, NOTIFICATIONS))

    with structlog.testing.capture_logs() as lines:
        notices(Wire(topic)).replace_tags({"secret": "secret"}, "etag-1")
        notices(Wire({"messageId": "m"}, 202)).publish("secret", "secret")
        with pytest.raises(Refused):
            notices(refusal).publish("secret", "secret")
        metrics = Wire({"failedMetricsCount": 0, "failedMetrics": []})
        MonitoringMetrics(
            lambda: api_over(signer, metrics, INGESTION), lambda: COMPARTMENT, one_after_the_other
        ).publish([point])
        TenancySubscriptions(lambda: api_over(signer, subscribed, IDENTITY), lambda: "ocid1.tenancy.oc1..a")()

    assert [(line["service"], line["operation"], line["status"]) for line in lines] == [
        ("notifications", "GetTopic", 200),
        ("notifications", "UpdateTopic", 200),
        ("notifications", "PublishMessage", 202),
        ("notifications", "PublishMessage", 400),
        ("monitoring", "PostMetricData", 200),
        ("identity", "ListRegionSubscriptions", 200),
    ]
    assert "secret" not in str(lines)


def test_every_attempt_is_logged_with_its_number(over: Callable[..., RegionBackups]) -> None:
    """From the second on; and that it was given up is not said once more."""
    with structlog.testing.capture_logs() as lines, pytest.raises(Passing):
        over(Wire(TROUBLE, 500)).get(Kind.VOLUME, VOLUME_BACKUP)

    assert {line["log_level"] for line in lines} == {"info"}
    assert [(line["event"], line["status"], line.get("attempt")) for line in lines] == [
        ("api.call", 500, None),
        *[("api.call", 500, number) for number in range(2, ATTEMPTS + 1)],
    ]


def test_an_answer_that_cannot_be_read_is_logged_as_that(over: Callable[..., RegionBackups]) -> None:
    """With the status and the request's id that it came with."""
    with structlog.testing.capture_logs() as lines, pytest.raises(Passing):
        list(over(Wire([BACKUP, {}])).list_backups(Kind.VOLUME, COMPARTMENT))

    assert (lines[0]["status"], lines[0]["code"], lines[0]["opc_request_id"]) == (200, "UnreadableAnswer", "request-1")
