"""What goes of a folder of packages once it is known which modules stay."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path

from infra.image.packages import Module, distributions, label, recorded, rewrite

# What compilers and type checkers read. Everything else beside a module may be read when it runs.
NOT_AT_RUN_TIME = frozenset({".c", ".h", ".pxd", ".pxi", ".pyi", ".pyx"})
MARKER = "py.typed"


@dataclass(frozen=True)
class Removed:
    """What went of one distribution: `modules` of `of`, or all of it."""

    label: str
    modules: int
    of: int

    def __str__(self) -> str:
        if self.modules == self.of:
            return f"{self.label}: all of it"
        return f"{self.label}: {self.modules:,} of {self.of:,} modules"


def remove(
    folder: Path, modules: Mapping[str, Module], kept: AbstractSet[str], scripts: AbstractSet[str]
) -> list[Removed]:
    """Leave in `folder` the modules `kept` with their data, the metadata of what they came with, and `scripts` of bin/.

    The metadata has the licences. Its list of files, RECORD, names afterwards those that are left.
    """
    stay = {modules[name].file for name in kept} | set(_data(folder, modules, kept))
    stay |= {folder / "bin" / script for script in scripts}
    removed = []
    rows = {}
    for distribution, metadata in distributions(folder):
        rows[metadata] = recorded(metadata)
        of = {folder / row[0] for row in rows[metadata]} & {module.file for module in modules.values()}
        if of & stay:
            stay |= {file for file in metadata.rglob("*") if file.is_file()}
        if gone := of - stay:
            removed.append(Removed(label(distribution), len(gone), len(of)))
    for file in [each for each in folder.rglob("*") if not each.is_dir() and each not in stay]:
        file.unlink()
    for metadata in [each for each in rows if (each / "RECORD").exists()]:
        rewrite(metadata, [row for row in rows[metadata] if (folder / row[0]).exists()])
    _remove_empty(folder)
    return removed


def _data(folder: Path, modules: Mapping[str, Module], kept: AbstractSet[str]) -> Iterator[Path]:
    """What stands beside the modules that stay, or below them in folders without modules."""
    homes = {module.file.parent for module in modules.values()}
    of_kept = {modules[name].file.parent for name in kept} - {folder}
    sources = {module.file for module in modules.values()}
    for file in folder.rglob("*"):
        if file.is_dir() or file in sources or file.suffix in NOT_AT_RUN_TIME or file.name == MARKER:
            continue
        home = next((parent for parent in file.parents if parent in homes), None)
        if home in of_kept and "__pycache__" not in file.parts:
            yield file


def _remove_empty(folder: Path) -> None:
    """Deepest first, since a folder may hold nothing but empty ones."""
    for inner in sorted((each for each in folder.rglob("*") if each.is_dir()), reverse=True):
        if not any(inner.iterdir()):
            inner.rmdir()
