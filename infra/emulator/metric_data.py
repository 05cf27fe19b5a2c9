"""The metric objects of PostMetricData, checked, as the points they hold.

https://docs.oracle.com/iaas/api/#/en/monitoring/20180401/datatypes/MetricDataDetails
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from infra.emulator.details import Field, invalid, read_details, text

OLDEST = timedelta(hours=2)
NEWEST = timedelta(minutes=10)
MOST_DIMENSIONS = 20
RESERVED_PREFIXES = ("oci_", "oracle_")
LARGEST_COUNT = 2**31 - 1
"""OCI documents no bound; its SDKs hold the number in 32 bits."""

# The reference allows capital letters too; the pattern that OCI names when it refuses a namespace does not:
# https://github.com/micronaut-projects/micronaut-oracle-cloud/pull/471
_NAMESPACE = re.compile(r"[a-z][a-z0-9_]*[a-z0-9]")
# How long names may be is not documented: as long as the alarms that look for them can say.
_LONGEST_NAME = 256
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9._$-]*")
_DIMENSION_KEY = re.compile(r"[!-~]{1,256}")
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


@dataclass(frozen=True)
class Point:
    """One value of a metric at one time, as it was posted."""

    region: str
    namespace: str
    compartment_id: str
    name: str
    dimensions: Mapping[str, str]
    timestamp: datetime
    value: float
    count: int = 1
    resource_group: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


def _is_namespace(value: str) -> bool:
    fits = len(value) <= _LONGEST_NAME and _NAMESPACE.fullmatch(value) is not None
    return fits and not value.startswith(RESERVED_PREFIXES)


def _is_name(value: str) -> bool:
    return len(value) <= _LONGEST_NAME and _NAME.fullmatch(value) is not None


def _are_dimensions(value: dict[str, Any]) -> bool:
    return 1 <= len(value) <= MOST_DIMENSIONS and all(
        _DIMENSION_KEY.fullmatch(key) and isinstance(each, str) and 1 <= len(each) <= 512 for key, each in value.items()
    )


def _are_metadata(value: dict[str, Any]) -> bool:
    return all(1 <= len(key) <= 256 and isinstance(each, str) and len(each) <= 256 for key, each in value.items())


_LETTERS = "a letter, then letters, digits, periods, underscores, hyphens and dollar signs, 256 characters at most"
_METRIC = {
    "namespace": Field(
        str,
        required=True,
        accepts=_is_namespace,
        says="of the pattern [a-z][a-z0-9_]*[a-z0-9], without the prefixes oci_ and oracle_, 256 characters at most",
    ),
    "compartmentId": text(1, 255, required=True),
    "name": Field(str, required=True, accepts=_is_name, says=_LETTERS),
    "resourceGroup": Field(str, accepts=_is_name, says=_LETTERS),
    "dimensions": Field(
        dict,
        required=True,
        accepts=_are_dimensions,
        says="1 to 20 pairs of a key of 1 to 256 printable ASCII characters and a text of 1 to 512 characters",
    ),
    "metadata": Field(dict, accepts=_are_metadata, says="pairs of keys and texts of 256 characters at most"),
    "datapoints": Field(list, required=True, accepts=bool, says="a list of at least one data point"),
}
_DATAPOINT = {
    "timestamp": Field(str, required=True),
    "value": Field(
        (int, float), required=True, accepts=lambda v: abs(v) <= sys.float_info.max, says="a number of 64 bits"
    ),
    "count": Field(int, accepts=lambda v: 0 < v <= LARGEST_COUNT, says="greater than zero"),
}


def read_metric(body: Mapping[str, Any], region: str, now: datetime) -> list[Point]:
    """The points of one metric object; raises OCI's 400 when one of them, or anything else in it, is not valid."""
    details = read_details(body, _METRIC)
    return [_read_point(point, details, region, now) for point in details["datapoints"]]


def _read_point(body: Any, metric: Mapping[str, Any], region: str, now: datetime) -> Point:  # noqa: ANN401 - JSON
    if not isinstance(body, dict):
        raise invalid("datapoints", "a list of data points")
    point = read_details(body, _DATAPOINT)
    return Point(
        region,
        metric["namespace"],
        metric["compartmentId"],
        metric["name"],
        metric["dimensions"],
        _read_timestamp(point["timestamp"], now),
        float(point["value"]),
        point.get("count", 1),
        metric.get("resourceGroup"),
        metric.get("metadata", {}),
    )


def _read_timestamp(value: str, now: datetime) -> datetime:
    try:
        moment = datetime.fromisoformat(value.upper()) if _RFC3339.fullmatch(value) else None
    except ValueError:
        moment = None
    if moment is None:
        raise invalid("timestamp", "a time in the format of RFC 3339")
    if not now - OLDEST < moment < now + NEWEST:
        raise invalid("timestamp", "less than two hours in the past and less than 10 minutes in the future")
    return moment.astimezone(UTC)
