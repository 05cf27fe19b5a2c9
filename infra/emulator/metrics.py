"""The ingestion of OCI Monitoring: custom metrics as clients post them, kept for whoever asks in Python.

https://docs.oracle.com/iaas/api/#/en/monitoring/20180401/MetricData/PostMetricData
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from infra.emulator.clock import Clock
from infra.emulator.control_plane import answer, refuse_the_rest, region_of
from infra.emulator.details import Field, invalid, one_of, read_details
from infra.emulator.diary import Diary
from infra.emulator.identity import Identity
from infra.emulator.metric_data import Point, read_metric
from infra.emulator.wire import ApiError, json_object, not_modelled

VERSION = "20180401"
MOST_METRICS = 50
LARGEST_BODY = 1024 * 1024
"""OCI documents no bound: this much holds the largest batch that its other limits allow."""

_DETAILS = {
    "metricData": Field(
        list, required=True, accepts=lambda v: 1 <= len(v) <= MOST_METRICS, says=f"1 to {MOST_METRICS} metric objects"
    ),
    "batchAtomicity": one_of("ATOMIC", "NON_ATOMIC"),
}


class Metrics:
    """Takes custom metrics in all regions, at the ingestion endpoint alone; `points` are the last 100,000, in order."""

    def __init__(self, clock: Clock, diary: Diary, identity: Identity, regions: Sequence[str]) -> None:
        self.points: deque[Point] = deque(maxlen=100_000)
        self._clock, self._diary, self._identity, self._regions = clock, diary, identity, regions

    def routes(self) -> list[BaseRoute]:
        """The service's routes, to be mounted where the host gives `region`."""
        return [Route(f"/{VERSION}/metrics", self._post, methods=["POST"]), refuse_the_rest(VERSION)]

    async def _post(self, request: Request) -> Response:
        region = region_of(request, self._regions)
        if request.headers.get("content-encoding", "identity") != "identity":
            raise not_modelled("compressed metrics")
        if len(await request.body()) > LARGEST_BODY:
            raise ApiError(413, "RequestEntityTooLarge", f"The request is larger than {LARGEST_BODY} bytes.")
        details = read_details(await json_object(request), _DETAILS)
        points, failed = _read_all(details["metricData"], region, self._clock.now())
        for compartment_id in sorted({point.compartment_id for point in points}):
            self._identity.authorize(request.state.principal, "PostMetricData", compartment_id)
        if failed and (not points or details.get("batchAtomicity") == "ATOMIC"):
            raise ApiError(400, "InvalidParameter", failed[0]["message"])
        self._keep(points)
        return answer(request, {"failedMetricsCount": len(failed), "failedMetrics": failed})

    def _keep(self, points: Sequence[Point]) -> None:
        self.points.extend(points)
        for (region, namespace), count in Counter((point.region, point.namespace) for point in points).items():
            self._diary.note("monitoring.ingested", region=region, namespace=namespace, count=count)


def _read_all(metrics: list[Any], region: str, now: datetime) -> tuple[list[Point], list[dict[str, Any]]]:
    """The points of all valid metric objects, and a record of each object that is not."""
    points: list[Point] = []
    failed: list[dict[str, Any]] = []
    for metric in metrics:
        if not isinstance(metric, dict):
            raise invalid("metricData", "a list of metric objects")
        try:
            points += read_metric(metric, region, now)
        except ApiError as error:
            failed.append({"message": error.message, "metricData": metric})
    return points, failed
