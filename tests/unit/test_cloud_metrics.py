"""What is handed in to Monitoring, and what comes of points that it does not take."""

import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from oci.monitoring import MonitoringClient, models

from handlers.cloud.metrics import MonitoringMetrics
from handlers.cloud.request import INGESTION
from handlers.cloud.retry import ATTEMPTS
from handlers.cloud.signer import ResourcePrincipalSigner
from handlers.core.errors import Passing, Refused
from handlers.core.points import Point
from handlers.core.ports import Workers
from handlers.threads import Threads
from tests.fakes import AWAY, COMPARTMENT, FAR, HOME, FakeClock, ocid, one_after_the_other
from tests.unit.wire import Answers, Wire, api_over, form, sent_by

NOW = FakeClock().now()
VOLUME = ocid("volume")
ALL_TAKEN = {"failedMetricsCount": 0, "failedMetrics": []}


def point(
    name: str = "bytes_stored", region: str = AWAY, moment: datetime = NOW, value: float = 1.0, source: str = VOLUME
) -> Point:
    return Point(name, {"source": source, "destination": region}, moment, value)


def not_taken(*messages: str) -> dict[str, object]:
    failed = [{"message": each, "metricData": {"name": "bytes_stored"}} for each in messages]
    return {"failedMetricsCount": len(failed), "failedMetrics": failed}


def publish(signer: ResourcePrincipalSigner, wire: Wire, *points: Point) -> None:
    publish_with(one_after_the_other, signer, wire, *points)


def publish_with(workers: Workers, signer: ResourcePrincipalSigner, wire: Wire, *points: Point) -> None:
    MonitoringMetrics(lambda: api_over(signer, wire, INGESTION), lambda: COMPARTMENT, workers).publish(points)


def handed_in(wire: Wire) -> list[list[dict[str, Any]]]:
    """The metric data objects of each request."""
    return [json.loads(request.body)["metricData"] for request in wire.sent]


def test_a_request_is_the_one_that_oracles_own_client_sends(signer: ResourcePrincipalSigner) -> None:
    """To the address that takes metrics in."""
    wire = Wire(ALL_TAKEN)
    publish(signer, wire, point(value=1.5))

    details = models.PostMetricDataDetails(
        metric_data=[
            models.MetricDataDetails(
                namespace="backup_copy",
                compartment_id=COMPARTMENT,
                name="bytes_stored",
                dimensions={"source": VOLUME, "destination": AWAY},
                datapoints=[models.Datapoint(timestamp="2026-11-21T02:00:00.000Z", value=1.5)],
            )
        ],
        batch_atomicity="NON_ATOMIC",
    )
    address = f"https://telemetry-ingestion.{HOME}.oraclecloud.com"
    sdk = MonitoringClient({"region": HOME}, signer=signer, service_endpoint=address)
    assert form(wire.only) == form(sent_by(sdk, lambda client: client.post_metric_data(details), ALL_TAKEN))


def test_points_of_one_stream_go_in_one_object(signer: ResourcePrincipalSigner) -> None:
    """In the order of their coming; another metric or another dimension is another stream."""
    later, wire = NOW + timedelta(seconds=90), Wire(ALL_TAKEN)
    publish(
        signer,
        wire,
        point(value=1),
        point(region=FAR, value=2),
        point(moment=later, value=3),
        point("copies_started", value=4),
        Point("bytes_stored", {"destination": AWAY, "source": VOLUME}, later, 5),
    )

    ((*found,),) = handed_in(wire)
    assert [(each["name"], each["dimensions"]["destination"]) for each in found] == [
        ("bytes_stored", AWAY),
        ("bytes_stored", FAR),
        ("copies_started", AWAY),
    ]
    assert found[0]["datapoints"] == [
        {"timestamp": "2026-11-21T02:00:00.000Z", "value": 1},
        {"timestamp": "2026-11-21T02:01:30.000Z", "value": 3},
        {"timestamp": "2026-11-21T02:01:30.000Z", "value": 5},
    ]


@pytest.mark.parametrize(("streams", "sizes"), [(0, []), (1, [1]), (50, [50]), (51, [50, 1]), (130, [50, 50, 30])])
def test_a_request_holds_fifty_streams_at_most(signer: ResourcePrincipalSigner, streams: int, sizes: list[int]) -> None:
    """However many points each has."""
    wire = Wire(ALL_TAKEN)
    points = [point(source=f"s{n}", moment=NOW + timedelta(seconds=i)) for n in range(streams) for i in range(3)]

    publish(signer, wire, *points)

    assert [len(each) for each in handed_in(wire)] == sizes
    assert all(len(stream["datapoints"]) == 3 for each in handed_in(wire) for stream in each)


def test_moments_are_told_in_utc(signer: ResourcePrincipalSigner) -> None:
    """To the millisecond."""
    wire, elsewhere = Wire(ALL_TAKEN), timezone(timedelta(hours=-5, minutes=-30))
    publish(signer, wire, point(moment=datetime(2026, 11, 20, 20, 30, 0, 123_999, elsewhere)))

    assert handed_in(wire)[0][0]["datapoints"][0]["timestamp"] == "2026-11-21T02:00:00.123Z"


def test_points_that_were_not_taken_are_a_fault_that_says_why(signer: ResourcePrincipalSigner) -> None:
    """The first reason, cut short: there may be fifty, all alike."""
    with pytest.raises(Refused) as caught:
        publish(signer, Wire(not_taken("The timestamp is too old. " + "x" * 999, "another")), point())

    fault = caught.value
    assert (fault.code, fault.status, fault.opc_request_id) == ("FailedMetrics", 200, "request-1")
    assert fault.message.startswith("2 metrics were not taken, the first: The timestamp is too old. xxx")
    assert len(fault.message) < 400
    assert "another" not in fault.message


@pytest.mark.parametrize("failed", [None, []])
def test_points_that_were_not_taken_without_a_reason_are_a_fault(
    signer: ResourcePrincipalSigner, failed: object
) -> None:
    """What counts is their number."""
    with pytest.raises(Refused, match="3 metrics were not taken"):
        publish(signer, Wire({"failedMetricsCount": 3, "failedMetrics": failed}), point())


def test_what_was_not_taken_does_not_keep_the_rest(signer: ResourcePrincipalSigner) -> None:
    """All points are handed in, and the first of the faults is told."""
    wire = Answers([(200, not_taken("the first reason")), (200, not_taken("the second")), (200, ALL_TAKEN)])

    with pytest.raises(Refused, match="the first reason"):
        publish(signer, wire, *[point(source=f"s{n}") for n in range(101)])

    assert [len(each) for each in handed_in(wire)] == [50, 50, 1]


def test_a_request_that_is_refused_is_the_last(signer: ResourcePrincipalSigner) -> None:
    """A permission that is missing is missing for the rest too."""
    wire = Wire({"code": "NotAuthorizedOrNotFound", "message": "no"}, 404)

    with pytest.raises(Refused):
        publish(signer, wire, *[point(source=f"s{n}") for n in range(101)])

    assert len(wire.sent) == 1


def test_what_there_was_no_time_for_is_a_fault(signer: ResourcePrincipalSigner) -> None:
    """Of many requests the call's time may be up in between."""
    wire = Wire(ALL_TAKEN)

    with pytest.raises(Passing, match="time was up"):
        publish_with(Threads(lambda: 0.0), signer, wire, *[point(source=f"s{n}") for n in range(101)])

    assert len(wire.sent) == 1


def test_points_are_handed_in_again_where_the_answer_is_lost(signer: ResourcePrincipalSigner) -> None:
    """A gap would be taken for silence."""
    wire = Wire({"code": "InternalServerError", "message": "no"}, 500)

    with pytest.raises(Passing):
        publish(signer, wire, point())

    assert len({request.body for request in wire.sent}) == 1
    assert len(wire.sent) == ATTEMPTS


@pytest.mark.parametrize("answer", [b"<html>A proxy's page</html>", b"", b"[]", b"{}", b"null"])
def test_an_answer_that_cannot_be_read_may_pass(signer: ResourcePrincipalSigner, answer: bytes) -> None:
    """Whatever spoke in the service's place has not taken the points."""
    with pytest.raises(Passing) as caught:
        publish(signer, Wire(answer), point())

    assert caught.value.code == "UnreadableAnswer"
