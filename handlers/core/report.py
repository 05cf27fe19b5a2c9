"""What came of a call: an outcome and a reason for each thing looked at, and the answer made of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from handlers.core.errors import ApiFault, Passing, Problem

MAX_RESULTS, MAX_PROBLEMS = 500, 50


class Outcome(StrEnum):
    """What became of one thing that was looked at."""

    CREATED = "created"
    COPIED = "copied"
    UPDATED = "updated"
    MARKED = "marked"
    DELETED = "deleted"
    REPORTED = "reported"
    EXPLAINED = "explained"
    PLANNED = "planned"
    EXISTS = "exists"
    IN_FLIGHT = "in_flight"
    NOT_READY = "not_ready"
    DEFERRED = "deferred"
    IGNORED = "ignored"
    EXCLUDED = "excluded"
    IS_COPY = "is_copy"
    KEPT = "kept"
    FAILED = "failed"


BY_RULE = {Outcome.EXCLUDED, Outcome.IGNORED, Outcome.IS_COPY, Outcome.KEPT}
"""What is not to be done at all: such results do not say how a call went."""


class Reason(StrEnum):
    """Why an outcome is what it is, where no code of the API or state of a backup says so."""

    ALARM_TYPE = "alarm_type"
    CHANGED = "changed"
    DEADLINE = "deadline"
    EVENT_TYPE = "event_type"
    FAULTY = "faulty"
    GRACE = "grace"
    GROUP_MEMBER = "group_member"
    HANDED_ON = "handed_on"
    HELD = "held"
    INTERNAL_ERROR = "internal_error"
    KEY_MISSING = "key_missing"
    LIMIT = "limit"
    NEWEST = "newest"
    NO_DESTINATION = "no_destination"
    NO_ROOM = "no_room"
    NO_SCHEDULE = "no_schedule"
    NOT_COPIED = "not_copied"
    NOT_OURS = "not_ours"
    POLICY = "policy"
    PREDECESSOR = "predecessor"
    PROTECTED = "protected"
    RETENTION = "retention"
    SIBLING = "sibling"
    SOURCE_GONE = "source_gone"
    TAG = "tag"
    TAG_MALFORMED = "tag_malformed"


@dataclass(frozen=True, slots=True)
class Result:
    """What one operation did for one source and, where there is one, one destination region."""

    operation: str | None
    outcome: Outcome
    reason: str | None = None
    message: str | None = None
    source_id: str | None = None
    destination_region: str | None = None
    backup_id: str | None = None
    opc_request_id: str | None = None
    may_pass: bool = False
    details: Mapping[str, Any] = field(default_factory=dict)
    """What an operation of its own has to add to the entry."""

    @property
    def fell_short(self) -> bool:
        """Whether it failed, or was left for lack of time: what waits for a place or a predecessor is in order."""
        return self.outcome is Outcome.FAILED or (self.outcome is Outcome.DEFERRED and self.reason == Reason.DEADLINE)

    def as_json(self) -> dict[str, Any]:
        """The entry of the answer's `results`."""
        entry: dict[str, Any] = {
            "operation": self.operation,
            "outcome": str(self.outcome),
            "reason": self.reason and str(self.reason),
            "sourceId": self.source_id,
            "destinationRegion": self.destination_region,
            "backupId": self.backup_id,
            "opcRequestId": self.opc_request_id,
        }
        return entry | ({"message": self.message} if self.message else {}) | dict(self.details)


def failure(operation: str, source_id: str | None, fault: ApiFault, destination_region: str | None = None) -> Result:
    """The result of an operation that the API did not carry out."""
    return Result(
        operation,
        Outcome.FAILED,
        reason=fault.code,
        message=fault.message,
        source_id=source_id,
        destination_region=destination_region,
        opc_request_id=fault.opc_request_id,
        may_pass=isinstance(fault, Passing),
    )


class Status(StrEnum):
    """How a whole call ended."""

    OK = "OK"
    PARTIAL = "PARTIAL"
    FAILED = "FAILED"
    REJECTED = "REJECTED"
    IGNORED = "IGNORED"


class Trigger(StrEnum):
    """What set a call off."""

    OPERATION = "operation"
    EVENT = "event"
    ALARM = "alarm"
    TICK = "tick"


@dataclass(frozen=True, slots=True)
class Document:
    """A page for people, which is the whole answer to the operation that asked for it."""

    media_type: str
    text: str


@dataclass(frozen=True, slots=True)
class Report:
    """The answer to one call: either results, or the problems for which it was rejected."""

    trigger: Trigger
    results: Sequence[Result] = ()
    problems: Sequence[Problem] = ()
    document: Document | None = None
    in_order: int = 0
    """How many copies were found in their place, for which there is no result: more than an answer would list."""

    @property
    def status(self) -> Status:
        """OK when nothing failed or was left for lack of time; FAILED when all that was to be done did or was."""
        if self.problems:
            return Status.REJECTED
        if self.results and not self.in_order and all(each.outcome is Outcome.IGNORED for each in self.results):
            return Status.IGNORED
        tried = {result.fell_short for result in self.results if result.outcome not in BY_RULE}
        tried |= {False} if self.in_order else set()
        if True not in tried:
            return Status.OK
        return Status.PARTIAL if False in tried else Status.FAILED

    @property
    def counts(self) -> dict[str, int]:
        """How many results had each outcome; the numbers add up to all results, also those not listed."""
        found = Counter(str(result.outcome) for result in self.results)
        found.update({str(Outcome.EXISTS): self.in_order} if self.in_order else {})
        return dict(sorted(found.items()))

    @property
    def may_pass(self) -> bool:
        """Whether nothing was done, and some of it may be another time: a redelivery can help."""
        return self.status is Status.FAILED and any(
            result.may_pass or (result.fell_short and result.outcome is Outcome.DEFERRED) for result in self.results
        )

    def as_json(self, call_id: str) -> dict[str, Any]:
        """The answer's body: at most 500 results, failures first, what is by rule last; or the first 50 problems."""
        listed = sorted(self.results, key=_importance)[:MAX_RESULTS]
        body: dict[str, Any] = {
            "status": str(self.status),
            "callId": call_id,
            "trigger": str(self.trigger),
            "counts": self.counts,
            "results": [result.as_json() for result in listed],
        }
        if not self.problems:
            return body
        errors = [{"field": each.field, "message": each.message} for each in self.problems[:MAX_PROBLEMS]]
        return body | {"errors": errors}


def _importance(result: Result) -> int:
    """What results are listed by: failed, done or to be done, waiting, in order, not to be done at all."""
    match result.outcome:
        case Outcome.FAILED:
            return 0
        case Outcome.DEFERRED | Outcome.NOT_READY:
            return 1 if result.fell_short else 3
        case Outcome.EXISTS | Outcome.IN_FLIGHT:
            return 4
        case outcome:
            return 5 if outcome in BY_RULE else 2
