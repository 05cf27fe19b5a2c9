"""A tree as an image has it, of a few made-up packages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from infra.image.packages import modules
from infra.image.prune import prune
from infra.image.reach import Allowed, Reach, reach

SCRIPT = "import sys\nfrom fdk.start import main\nsys.exit(main())\n"


@dataclass
class Tree:
    """`function/` and `python/` in a folder; there is an FDK that imports nothing."""

    folder: Path

    def __post_init__(self) -> None:
        self.install("fdk", {"bin/fdk": SCRIPT, "fdk/__init__.py": "", "fdk/start.py": "def main(): ..."})
        self.function("")

    @property
    def packages(self) -> Path:
        return self.folder / "python"

    def function(self, source: str) -> None:
        write(self.folder / "function" / "func.py", source)

    def install(self, name: str, files: Mapping[str, str]) -> None:
        """A distribution of these files, with a licence."""
        metadata = f"{name}-1.0.dist-info"
        own = {"METADATA": f"Metadata-Version: 2.4\nName: {name}\nVersion: 1.0\n", "licenses/LICENSE": "As you like."}
        files = {**files, **{f"{metadata}/{path}": text for path, text in own.items()}}
        for path, text in files.items():
            write(self.packages / path, text)
        record = f"{metadata}/RECORD"
        write(self.packages / record, "".join(f"{path},,\n" for path in (*files, record)))

    def reach(self, allowed: Allowed | None = None) -> Reach:
        found = {**modules(self.packages), **modules(self.folder / "function")}
        return reach(found, ["func"], allowed or Allowed())

    def prune(self, allowed: Allowed | None = None) -> list[str]:
        return list(prune(self.folder, allowed or Allowed()))

    def files(self) -> set[str]:
        """All that is there of packages, but for their metadata and the FDK."""
        found = (each.relative_to(self.packages) for each in self.packages.rglob("*") if each.is_file())
        return {str(each) for each in found if not each.parts[0].endswith(".dist-info") and "fdk" not in each.parts}


def write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def package(name: str, **sources: str) -> dict[str, str]:
    """The files of a package: its modules by their names, `__init__` among them or empty."""
    return {f"{name}/{module}.py": source for module, source in {"__init__": "", **sources}.items()}


def without_roots(kept: Iterable[str]) -> set[str]:
    return set(kept) - {"func", "fdk", "fdk.start"}
