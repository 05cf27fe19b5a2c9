"""The promises of the emulated ingestion of metrics: which are taken, which are refused, and where they are found."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import httpx
import oci
import pytest
from oci.monitoring.models import Datapoint, MetricDataDetails, PostMetricDataDetails

from infra.emulator.faults.fault import Answer
from infra.emulator.metric_data import Point
from infra.emulator.ocids import new_ocid
from infra.emulator.wire import timestamp
from tests.emulator.tenant import ASHBURN, PHOENIX, Tenant, refusal

INVALID = (400, "InvalidParameter")
DIMENSIONS = {"sourceRegion": ASHBURN, "destinationRegion": PHOENIX}


def ingestion(region: str = ASHBURN) -> str:
    return f"https://telemetry-ingestion.{region}.oraclecloud.com"


def now(tenant: Tenant) -> datetime:
    return tenant.emulator.call(lambda cloud: cloud.clock.now())


def points(tenant: Tenant) -> list[Point]:
    """What was posted for the tenant's compartment."""
    kept = tenant.emulator.call(lambda cloud: list(cloud.metrics.points))
    return [point for point in kept if point.compartment_id == tenant.compartment_id]


def metric(tenant: Tenant, **changed: Any) -> dict[str, Any]:
    """A metric object as it stands on the wire; `None` leaves a field out."""
    made = {
        "namespace": "backup_copies",
        "compartmentId": tenant.compartment_id,
        "name": "CopiesMade",
        "dimensions": DIMENSIONS,
        "datapoints": [{"timestamp": timestamp(now(tenant)), "value": 3}],
    }
    return {name: value for name, value in {**made, **changed}.items() if value is not None}


def post(tenant: Tenant, *metrics: object, atomicity: str | None = None, region: str = ASHBURN) -> httpx.Response:
    body = {"metricData": list(metrics)} | ({"batchAtomicity": atomicity} if atomicity else {})
    request = tenant.signed("POST", f"{ingestion(region)}/20180401/metrics", json.dumps(body).encode())
    with tenant.http() as client:
        return client.send(request)


def code(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["opc-request-id"]
    return answer.status_code, answer.json()["code"]


@pytest.fixture
def denied(tenant: Tenant) -> Iterator[None]:
    tenant.emulator.call(lambda cloud: cloud.deny("PostMetricData"))
    yield
    tenant.emulator.call(lambda cloud: cloud.allow("PostMetricData"))


def test_what_the_sdk_posts_is_kept_as_it_was(tenant: Tenant) -> None:
    """Through the real client at the ingestion endpoint: every field, and an entry in the diary."""
    client = tenant.connect(oci.monitoring.MonitoringClient, PHOENIX, service_endpoint=ingestion(PHOENIX))
    moment = now(tenant).replace(microsecond=0)
    details = MetricDataDetails(
        namespace="backup_copies",
        compartment_id=tenant.compartment_id,
        name="CopiesMade",
        resource_group="nightly",
        dimensions=DIMENSIONS,
        metadata={"unit": "count"},
        datapoints=[Datapoint(timestamp=moment, value=1.5), Datapoint(timestamp=moment, value=2, count=4)],
    )
    posted = client.post_metric_data(PostMetricDataDetails(metric_data=[details])).data
    assert (posted.failed_metrics_count, posted.failed_metrics) == (0, [])
    common = (PHOENIX, "backup_copies", tenant.compartment_id, "CopiesMade", DIMENSIONS, moment)
    described = ("nightly", {"unit": "count"})
    assert points(tenant) == [Point(*common, 1.5, 1, *described), Point(*common, 2.0, 4, *described)]
    noted = tenant.happened("monitoring.ingested")[-1]
    assert (noted["region"], noted["namespace"], noted["count"]) == (PHOENIX, "backup_copies", 2)


def test_the_endpoint_of_alarms_takes_no_metrics(tenant: Tenant) -> None:
    """As at OCI it answers 404, whatever is posted: the SDK's own endpoint is the wrong one."""
    client = tenant.connect(oci.monitoring.MonitoringClient)
    details = PostMetricDataDetails(metric_data=[])
    assert refusal(lambda: client.post_metric_data(details)) == (404, "NotAuthorizedOrNotFound")


@pytest.mark.parametrize(
    "changed",
    [
        {"namespace": "x2"},
        {"namespace": "n" * 256},
        {"name": "a.b_c-d$E"},
        {"resourceGroup": "g"},
        {"dimensions": {"k!~" + "k" * 253: "ü" * 512}},
        {"dimensions": {f"k{n}": "v" for n in range(20)}},
        {"metadata": {"unit": ""}},
    ],
    ids=str,
)
def test_what_is_within_the_limits_is_taken(tenant: Tenant, changed: dict[str, Any]) -> None:
    """The longest and the oddest that the reference allows."""
    answer = post(tenant, metric(tenant, **changed))
    assert (answer.status_code, answer.json()) == (200, {"failedMetricsCount": 0, "failedMetrics": []})
    assert len(points(tenant)) == 1


@pytest.mark.parametrize(
    "changed",
    [
        {"namespace": "oci_backups"},
        {"namespace": "oracle_backups"},
        {"namespace": "backup-copies"},
        {"namespace": "Backups"},
        {"namespace": "1backups"},
        {"namespace": "n" * 257},
        {"name": "1copy"},
        {"name": "copies made"},
        {"name": ""},
        {"resourceGroup": "a b"},
        {"dimensions": {}},
        {"dimensions": {f"k{n}": "v" for n in range(21)}},
        {"dimensions": {"": "v"}},
        {"dimensions": {"k": ""}},
        {"dimensions": {"a key": "v"}},
        {"dimensions": {"schlüssel": "v"}},
        {"dimensions": {"k" * 257: "v"}},
        {"dimensions": {"k": "v" * 513}},
        {"dimensions": {"k": 1}},
        {"metadata": {"unit": "v" * 257}},
        {"datapoints": []},
        {"datapoints": [1]},
        {"colour": "red"},
    ],
    ids=lambda changed: str(changed)[:60],
)
def test_what_is_beyond_the_limits_is_refused(tenant: Tenant, changed: dict[str, Any]) -> None:
    """A batch of which nothing is valid is 400, and nothing of it is kept."""
    assert code(post(tenant, metric(tenant, **changed))) == INVALID
    assert points(tenant) == []


@pytest.mark.parametrize("missing", ["namespace", "compartmentId", "name", "dimensions", "datapoints"])
def test_a_metric_object_has_all_that_is_required(tenant: Tenant, missing: str) -> None:
    """The message names the field."""
    answer = post(tenant, metric(tenant, **{missing: None}))
    assert code(answer) == INVALID
    assert missing in answer.json()["message"]


@pytest.mark.parametrize(
    ("ahead", "status"),
    [
        (timedelta(hours=-2), 400),
        (timedelta(hours=-2, seconds=1), 200),
        (timedelta(minutes=10, seconds=-1), 200),
        (timedelta(minutes=10), 400),
    ],
    ids=str,
)
def test_a_time_must_be_near_the_clouds_own(tenant: Tenant, ahead: timedelta, status: int) -> None:
    """Less than two hours ago and less than 10 minutes ahead, by the cloud's clock."""
    tenant.pass_time(timedelta(days=3))
    moment = (now(tenant) + ahead).isoformat()
    answer = post(tenant, metric(tenant, datapoints=[{"timestamp": moment, "value": 1}]))
    assert answer.status_code == status


@pytest.mark.parametrize(
    "point",
    [
        {"value": True},
        {"value": "3"},
        {"value": None},
        {"value": 10**400},
        {"count": 0},
        {"count": 1.5},
        {"timestamp": "yesterday"},
        {"timestamp": "2026-04-01"},
        {"timestamp": "2026-04-01T25:00:00Z"},
        {"timestamp": "2026-04-01T12:00:00"},
        {"timestamp": 1_775_044_800},
        {"unit": "count"},
    ],
    ids=lambda point: str(point)[:40],
)
def test_a_point_is_a_finite_number_at_a_time(tenant: Tenant, point: dict[str, Any]) -> None:
    """Anything else makes its metric object invalid."""
    whole = {"timestamp": timestamp(now(tenant)), "value": 1, **point}
    assert code(post(tenant, metric(tenant, datapoints=[whole]))) == INVALID


def test_a_number_without_end_is_no_json(tenant: Tenant) -> None:
    """NaN and infinity are refused before anything is looked at."""
    for value in (float("nan"), float("inf")):
        answer = post(tenant, metric(tenant, datapoints=[{"timestamp": timestamp(now(tenant)), "value": value}]))
        assert code(answer) == (400, "CannotParseRequest")


def test_the_valid_part_of_a_batch_is_taken(tenant: Tenant) -> None:
    """Unless told, and with NON_ATOMIC: what is not valid is named in the answer with the reason."""
    wrong = metric(tenant, name="copies made")
    for atomicity in (None, "NON_ATOMIC"):
        answer = post(tenant, wrong, metric(tenant), atomicity=atomicity)
        assert answer.status_code == 200
        assert answer.json()["failedMetricsCount"] == 1
        (failed,) = answer.json()["failedMetrics"]
        assert failed["metricData"] == wrong
        assert failed["message"].startswith("Invalid name: must be a letter, ")
    assert [point.name for point in points(tenant)] == ["CopiesMade", "CopiesMade"]


def test_an_atomic_batch_is_taken_whole_or_not_at_all(tenant: Tenant) -> None:
    """One object that is not valid is enough."""
    assert code(post(tenant, metric(tenant), metric(tenant, name="1"), atomicity="ATOMIC")) == INVALID
    assert points(tenant) == []
    assert post(tenant, metric(tenant), metric(tenant), atomicity="ATOMIC").status_code == 200
    assert len(points(tenant)) == 2


def test_a_batch_has_bounds(tenant: Tenant) -> None:
    """At least one and at most 50 metric objects, in a body of a megabyte, and one of two atomicities."""
    assert post(tenant, *[metric(tenant)] * 50).status_code == 200
    assert code(post(tenant, *[metric(tenant)] * 51)) == INVALID
    assert code(post(tenant)) == INVALID
    assert code(post(tenant, "metric")) == INVALID
    assert code(post(tenant, metric(tenant), atomicity="PARTLY")) == INVALID
    assert code(post(tenant, metric(tenant, metadata={"x": "x" * 2**20}))) == (413, "RequestEntityTooLarge")
    assert len(points(tenant)) == 50


def test_nothing_is_kept_for_a_compartment_that_may_not_be_written_to(tenant: Tenant) -> None:
    """An unknown compartment is 404 for the whole batch."""
    foreign = metric(tenant, compartmentId=new_ocid("compartment"))
    assert code(post(tenant, metric(tenant), foreign)) == (404, "NotAuthorizedOrNotFound")
    assert points(tenant) == []


@pytest.mark.usefixtures("denied")
def test_who_may_not_post_gets_404(tenant: Tenant) -> None:
    """As a missing permission, PostMetricData, is answered everywhere."""
    assert code(post(tenant, metric(tenant))) == (404, "NotAuthorizedOrNotFound")
    assert points(tenant) == []


def test_compressed_metrics_are_not_modelled(tenant: Tenant) -> None:
    """Nor is any other operation at this endpoint."""
    request = tenant.signed("POST", f"{ingestion()}/20180401/metrics", b"{}")
    request.headers["content-encoding"] = "gzip"
    with tenant.http() as client:
        assert client.send(request).status_code == 501
        assert client.send(tenant.signed("GET", f"{ingestion()}/20180401/metrics")).status_code == 501


def test_ingestion_meets_faults_of_its_own_name(tenant: Tenant) -> None:
    """A script for PostMetricData finds it, and an answer lost after the work has left its points."""
    fault = Answer(503, "ServiceUnavailable", after_work=True)
    tenant.emulator.call(lambda cloud: cloud.faults.script(fault, operation="PostMetricData", region=ASHBURN))
    assert post(tenant, metric(tenant), region=PHOENIX).status_code == 200
    assert code(post(tenant, metric(tenant))) == (503, "ServiceUnavailable")
    assert [point.region for point in points(tenant)] == [PHOENIX, ASHBURN]
