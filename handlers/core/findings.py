"""What came of one operation, also for those who are told of it beside the answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from handlers.core.recovery_point import Recovery
from handlers.core.report import Document, Outcome, Result


@dataclass(frozen=True, slots=True)
class Findings:
    """The results; where an operation looked at copies as a whole also how these stand, and what was deleted where."""

    results: Sequence[Result]
    recoveries: Sequence[Recovery] = ()
    deletions: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """By source and region."""
    is_of_all: bool = False
    """Whether everything was looked at that is configured: what is not found then is not so any more."""
    is_part: bool = False
    """Whether a part of what is configured was looked at, in the place of all: it is measured like all."""
    in_order: int = 0
    """How many copies were found in their place beyond those of which there are results."""
    document: Document | None = None

    @property
    def hides_nothing(self) -> bool:
        """Whether what failed before, and does not any more, is over: nothing kept it from being tried again."""
        return self.is_of_all and not any(
            each.fell_short and (each.may_pass or each.outcome is Outcome.DEFERRED) for each in self.results
        )
