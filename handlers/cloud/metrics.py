"""Custom metrics, handed in to OCI Monitoring.

https://docs.oracle.com/iaas/api/#/en/monitoring/20180401/MetricData/PostMetricData
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from handlers.cloud.request import Request
from handlers.core.errors import Passing, Refused
from handlers.core.points import NAMESPACE, Point

if TYPE_CHECKING:
    from handlers.cloud.api import Api
    from handlers.core.ports import Workers

MOST_STREAMS = 50
"""What a request may hold: a stream is a metric with its dimensions."""
MAX_REASON = 300


class MonitoringMetrics:
    """The port `Metrics`. `api` is asked for once there is something to say."""

    def __init__(self, api: Callable[[], Api], compartment_id: Callable[[], str], workers: Workers) -> None:
        self._api, self._compartment_id, self._workers = api, compartment_id, workers

    def publish(self, points: Sequence[Point]) -> None:
        """What is wrong with some points does not keep the others: the fault is raised when all were handed in.

        Nothing more is handed in where the first request is refused as a whole: the others would be too.
        """
        batches = list(_batches(points))
        first = [self._post(each) for each in batches[:1]]
        for taken in [*first, *self._workers(self._post, batches[1:])]:
            if isinstance(taken, Refused):
                raise taken
            if taken is None:
                raise Passing("Timeout", "the call's time was up before all points were handed in")

    def _post(self, streams: Sequence[Sequence[Point]]) -> Refused | Literal[True]:
        """Sent again where the answer is lost: a gap would be taken for silence.

        What Monitoring makes of a point that it gets twice is not documented: at worst sums count it twice.
        """
        compartment_id = self._compartment_id()
        data = [_metric_data(stream, compartment_id) for stream in streams]
        body = {"metricData": data, "batchAtomicity": "NON_ATOMIC"}
        request = Request("PostMetricData", "POST", "/metrics", body=body, is_harmless_twice=True)
        return self._api().call(request, _failure) or True


def _batches(points: Sequence[Point]) -> Iterator[list[list[Point]]]:
    found: dict[tuple[str, frozenset[tuple[str, str]]], list[Point]] = defaultdict(list)
    for point in points:
        found[point.name, frozenset(point.dimensions.items())].append(point)
    streams = list(found.values())
    for start in range(0, len(streams), MOST_STREAMS):
        yield streams[start : start + MOST_STREAMS]


def _metric_data(stream: Sequence[Point], compartment_id: str) -> dict[str, Any]:
    return {
        "namespace": NAMESPACE,
        "compartmentId": compartment_id,
        "name": stream[0].name,
        "dimensions": dict(stream[0].dimensions),
        "datapoints": [{"timestamp": _timestamp(point.moment), "value": point.value} for point in stream],
    }


def _timestamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _failure(answer: Any, headers: Mapping[str, str]) -> Refused | None:  # noqa: ANN401 - JSON
    """The first of the reasons why points were not taken, if any were not."""
    count = answer["failedMetricsCount"]
    if not count:
        return None
    reason = next((str(each["message"]) for each in answer.get("failedMetrics") or ()), "no message")
    message = f"{count} metrics were not taken, the first: {reason[:MAX_REASON]}"
    return Refused("FailedMetrics", message, status=200, opc_request_id=headers.get("opc-request-id"))
