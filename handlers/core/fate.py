"""What is to become of one backup or copy when what no retention keeps is deleted, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from handlers.core.errors import ApiFault
from handlers.core.model import Backup, Source
from handlers.core.report import Outcome, Result, failure


class Step(StrEnum):
    """What is to be done with a backup now."""

    MARK = "mark"
    DELETE = "delete"
    UNMARK = "unmark"


@dataclass(frozen=True, slots=True)
class Fate:
    """What is to become of one backup or copy.

    `guards` are those for the sake of which it may be deleted: while one of them is not AVAILABLE, it must not be. Nor
    when its `source` says something else than when it was listed.
    """

    backup: Backup
    outcome: Outcome
    reason: str | None = None
    message: str | None = None
    step: Step | None = None
    guards: tuple[Backup, ...] = ()
    source: Source | None = None
    fault: ApiFault | None = None

    @property
    def goes(self) -> bool:
        """Whether it is to be marked or deleted."""
        return self.step in {Step.MARK, Step.DELETE}

    def result(self, operation: str) -> Result:
        """The decision as an entry of the answer."""
        if self.fault:
            return failure(operation, self.backup.id, self.fault, self.backup.region)
        return Result(
            operation,
            self.outcome,
            reason=self.reason,
            message=self.message,
            source_id=self.backup.id,
            destination_region=self.backup.region,
            backup_id=self.backup.id,
            opc_request_id=self.backup.opc_request_id,
        )
