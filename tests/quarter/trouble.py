"""What goes wrong with single calls of the API: now and then by chance, or for days."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any

from handlers.core.errors import ApiFault, Passing
from tests.fakes import refused

READS = {"list_backups", "list_sources", "source", "get"}


@dataclass(frozen=True)
class Outage:
    """Something that does not work for a while. A region that is dark does not answer to any `methods`."""

    what: str
    begin: datetime
    end: datetime
    region: str | None = None
    methods: frozenset[str] = frozenset()
    is_silent: bool = False
    may_pass: bool = False
    """Whether the answers are not those of a missing permission, but of a service that has lost its way."""

    def hits(self, now: datetime, region: str, method: str, arguments: Mapping[str, Any]) -> bool:
        if not self.begin <= now < self.end:
            return False
        if self.is_silent:
            aims_at = arguments.get("body", {}).get("destinationRegion") if method == "copy" else None
            return self.region in {region, aims_at} and "." not in method
        return method in self.methods and self.region in {region, None}

    def fault(self) -> ApiFault:
        if self.may_pass:
            return Passing("InternalServerError", "try again", status=500)
        return Passing("ConnectionFailed", "no answer") if self.is_silent else refused()


@dataclass
class Trouble:
    """Whatever is raised in place of an answer. `seen` is what went wrong in the call of the function that runs now."""

    random: Random
    rate: float = 0.0
    rate_of_telling: float = 0.0
    outages: list[Outage] = field(default_factory=list)
    seen: set[tuple[str, str]] = field(default_factory=set)
    count: int = 0

    def before(self, now: datetime, region: str, method: str, arguments: Mapping[str, Any]) -> None:
        """Raise what goes wrong before anything is done."""
        for outage in self.outages:
            if outage.hits(now, region, method, arguments):
                self._raise(region, method, outage.fault())
        self._by_chance(region, method)

    def after(self, region: str, method: str) -> None:
        """Raise what goes wrong when all is done: only the answer is lost."""
        self._by_chance(region, method)

    def end(self, now: datetime) -> None:
        """Nothing goes wrong any more."""
        self.rate = self.rate_of_telling = 0.0
        self.outages = [each for each in self.outages if each.end < now]

    def has_hidden(self, region: str) -> bool:
        """Whether this call could not read all of a region."""
        return any(where == region and method in READS for where, method in self.seen)

    def has_hit(self, service: str) -> bool:
        """Whether this call met trouble with `notices` or `metrics`."""
        return any(method.startswith(service) for _, method in self.seen)

    def _by_chance(self, region: str, method: str) -> None:
        rate = self.rate_of_telling if "." in method else self.rate
        if rate and self.random.random() < rate:
            code = self.random.choice(("InternalServerError", "Timeout", "TooManyRequests", "ServiceUnavailable"))
            status = {"TooManyRequests": 429, "Timeout": 0}.get(code, 500)
            self._raise(region, method, Passing(code, "try again", status=status))

    def _raise(self, region: str, method: str, fault: ApiFault) -> None:
        self.seen.add((region, method))
        self.count += 1
        raise fault
