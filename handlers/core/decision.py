"""What a call is about, and how it stands with each backup and destination."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from handlers.core.errors import ApiFault, Refused, TokenSpent
from handlers.core.model import Backup
from handlers.core.report import Outcome, Reason, Result, failure
from handlers.core.tokens import named_copy


@dataclass(frozen=True, slots=True)
class Target:
    """The one backup that a single copy is about, with what was asked for it; no regions: those it is meant for."""

    backup: Backup
    regions: tuple[str, ...] = ()
    display_name: str | None = None
    kms_key_id: str | None = None


@dataclass(frozen=True, slots=True)
class Scope:
    """What a call is about: one target, or the backups of some compartments.

    `regions` are those that a sweep was told to copy to, `compartments` those that it was told to look at; all where
    none is named. The plan is made for all in any case: what is not in the scope takes its turn, and is left alone.
    """

    regions: tuple[str, ...] = ()
    compartments: tuple[str, ...] = ()
    target: Target | None = None
    is_part: bool = False
    """Whether other calls look after other compartments at the same time, whose copies under way are not seen."""
    thorough: bool = False
    """Whether also copies count that do not belong anywhere, and sources of which nothing is missing."""

    def has(self, backup: Backup) -> bool:
        """Whether the call is about this backup."""
        if self.target:
            return self.is_target(backup)
        return not self.compartments or backup.compartment_id in self.compartments

    def names(self, backup: Backup, region: str) -> bool:
        """Whether somebody has asked for a copy of this one backup in this region."""
        return self.target is not None and self.is_target(backup) and region in self.target.regions

    def is_target(self, backup: Backup) -> bool:
        """Whether the call is about this one backup."""
        return self.target is not None and self.target.backup.id == backup.id


@dataclass(frozen=True, slots=True)
class Decision:
    """How it stands with a backup in a destination, or with the backup itself where there is none.

    PLANNED means: to be copied now, under this key or Oracle's own. `copy` is the one that is there or under way, none
    where it has arrived: then the original names it, and there is no more to be known of it.
    `attempt` the first whose retry token may be unused: the number of copies that ended FAULTY, unless more is known.
    Once `settled`, it is known that an attempt without an answer started nothing.
    """

    original: Backup
    region: str | None
    outcome: Outcome
    reason: str | None = None
    copy: Backup | None = None
    message: str | None = None
    fault: ApiFault | None = None
    attempt: int = 0
    kms_key_id: str | None = None
    settled: bool = False

    @property
    def key(self) -> Key:
        """What tells it from the other decisions of a call."""
        return self.original.id, str(self.region)

    @property
    def may_be_under_way(self) -> bool:
        """Whether this attempt perhaps started a copy, of which nothing is known."""
        is_refused = isinstance(self.fault, Refused) and not isinstance(self.fault, TokenSpent)
        return self.copy is None and not is_refused and not self.settled

    @property
    def backup_id(self) -> str | None:
        """The copy that is there or under way."""
        if self.copy is None and self.outcome is Outcome.EXISTS:
            return named_copy(self.original.freeform_tags, str(self.region))
        return self.copy.id if self.copy else None

    def result(self, operation: str) -> Result:
        """The decision as an entry of the answer."""
        if self.fault and self.outcome is Outcome.FAILED:
            return failure(operation, self.original.id, self.fault, self.region)
        return Result(
            operation,
            self.outcome,
            reason=self.reason,
            message=self.message,
            source_id=self.original.id,
            destination_region=self.region,
            backup_id=self.backup_id,
            opc_request_id=self.copy.opc_request_id if self.copy else None,
            may_pass=self.outcome is Outcome.FAILED and self.reason is Reason.INTERNAL_ERROR,
        )


Key = tuple[str, str]
"""Of a decision for one copy: the original's id, and the region."""
Attempts = Mapping[Key, Decision]
"""What came of the copies that this call has tried so far, by original and region."""
