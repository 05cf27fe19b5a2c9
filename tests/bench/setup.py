"""How much is measured, and of what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench.progress import Progress
from tests.bench.subject import Subject
from tests.bench.trees import Tree, Trees


@dataclass(frozen=True)
class Setup:
    """What every benchmark is given."""

    trees: Trees
    progress: Progress
    runs: int = 10
    """Of how many a figure is the median."""
    calls: int = 200
    """How many warm calls each subject takes: of fewer, the slowest in a hundred says nothing."""
    copies: int = 1000
    """How many one process makes, where memory is measured."""
    sizes: Sequence[int] = (100, 1_000, 10_000, 100_000)
    """Of tenancies that are swept, in backups."""
    delay: float = 0.02
    """How many seconds late each API call of a sweep is answered."""
    picture: Path | None = None
    """Where the picture of a cold start goes."""

    def tree_of(self, subject: Subject) -> Tree:
        """What it is started from, where that does not differ: this function as it is deployed, the others as usual."""
        return self.trees.deployed if subject is Subject.OURS else self.trees.full
