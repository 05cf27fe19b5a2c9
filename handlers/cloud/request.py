"""What is asked of Oracle's services, and where they are. It does without the SDK, which only the asking needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Service:
    """One of Oracle's services: its name in logs, and where it is found in each region."""

    name: str
    endpoint: str
    base_path: str


BLOCK_VOLUME = Service("blockstorage", "https://iaas.{region}.{secondLevelDomain}", "/20160918")
IDENTITY = Service("identity", "https://identity.{region}.oci.{secondLevelDomain}", "/20160918")
INGESTION = Service("monitoring", "https://telemetry-ingestion.{region}.{secondLevelDomain}", "/20180401")
"""Of all that Monitoring does, what takes metrics in has an endpoint of its own."""
FUNCTIONS = Service("functions", "https://functions.{region}.oci.{secondLevelDomain}", "/20181201")
NOTIFICATIONS = Service("notifications", "https://notification.{region}.{secondLevelDomain}", "/20181201")


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of the API. `identifier` stands in the path for `{id}`.

    `is_harmless_twice` says that nobody minds it being carried out again, though the API cannot tell.
    """

    operation: str
    method: str
    path: str
    identifier: str | None = None
    query: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    is_harmless_twice: bool = False
    has_answer: bool = True
    """Whether the answer has a body."""

    @property
    def is_repeatable(self) -> bool:
        """Whether twice is the same as once: a read, or a write that the API can tell from its own repetition."""
        is_known_again = bool({"opc-retry-token", "if-match"} & self.headers.keys())
        return self.method == "GET" or is_known_again or self.is_harmless_twice
