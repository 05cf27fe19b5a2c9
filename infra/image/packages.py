"""Python packages in a folder: their modules, and the distributions that brought them."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.machinery import EXTENSION_SUFFIXES
from importlib.metadata import Distribution, PathDistribution
from pathlib import Path

SOURCE = ".py"


@dataclass(frozen=True)
class Module:
    """A module and its file; `is_extension` where that is machine code."""

    name: str
    file: Path

    @property
    def is_extension(self) -> bool:
        return self.file.name.endswith(tuple(EXTENSION_SUFFIXES))

    @property
    def is_package(self) -> bool:
        return self.file.name == f"__init__{SOURCE}"


def modules(folder: Path) -> dict[str, Module]:
    """All modules that can be imported with `folder` on the path, by their names."""
    found = (_module(folder, file) for file in sorted(folder.rglob("*")))
    return {module.name: module for module in found if module}


def _module(folder: Path, file: Path) -> Module | None:
    suffix = next((each for each in (SOURCE, *EXTENSION_SUFFIXES) if file.name.endswith(each)), None)
    if suffix is None:
        return None
    parts = [*file.relative_to(folder).parent.parts, file.name.removesuffix(suffix)]
    if parts[-1] == "__init__":
        parts.pop()
    is_name = parts and all(part.isidentifier() for part in parts)
    return Module(".".join(parts), file) if is_name else None


def distributions(folder: Path) -> Iterator[tuple[PathDistribution, Path]]:
    """Each distribution in the folder, with the folder of its own metadata."""
    for metadata in sorted(folder.glob("*.dist-info")):
        yield PathDistribution(metadata), metadata


def label(distribution: Distribution) -> str:
    """Its name and version, as people write them."""
    return f"{distribution.metadata['Name']} {distribution.version}"


def recorded(metadata: Path) -> list[list[str]]:
    """The rows of a distribution's RECORD, whose first cell is a file's path.

    https://packaging.python.org/en/latest/specifications/recording-installed-packages/#the-record-file
    """
    with (metadata / "RECORD").open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def rewrite(metadata: Path, rows: list[list[str]]) -> None:
    """Put these rows into the place of a RECORD's."""
    with (metadata / "RECORD").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)
