"""What functions are started from: all packages of requirements.txt, or those of the image; with byte code or without.

Every tree is laid out as the image is (python/, function/), and has the other subjects beside the function's own code.
Files are hard links where that is possible: a tree takes no more space on disk, nor in the page cache, than one.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from infra.image.prune import FUNCTION, PACKAGES, SCRIPT, copy_function
from tests.bench.stage import BenchmarkBroken

PROJECT = Path(__file__).parents[2]
SUBJECTS = Path(__file__).parent / "subjects"
ALL, IMAGE = "all", "image"

_NAME = re.compile(r"^([\w.-]+)==", re.MULTILINE)
_NO_BYTE_CODE = shutil.ignore_patterns("__pycache__", "*.pyc")


@dataclass(frozen=True)
class Tree:
    """`packages` says which it has. Without byte code none is ever written there."""

    folder: Path
    packages: str
    has_byte_code: bool

    def require_byte_code(self) -> None:
        """Raise `BenchmarkBroken` where there is none though it should be, or some though it should not."""
        has_any = any(self.folder.rglob("*.pyc"))
        if has_any is not self.has_byte_code:
            raise BenchmarkBroken(f"{self.packages} packages: byte code is {'' if has_any else 'not '}there.")


@dataclass(frozen=True)
class Trees:
    """All that there are: those of the image only where it was made, those without byte code only where asked for."""

    all: tuple[Tree, ...]

    def get(self, *, has_byte_code: bool = True) -> list[Tree]:
        return [tree for tree in self.all if tree.has_byte_code is has_byte_code]

    @property
    def full(self) -> Tree:
        """All packages, with byte code: what the subjects that have no image are started from."""
        return self.get()[0]

    @property
    def deployed(self) -> Tree:
        """What this function is started from: as its image is, if that was made."""
        return self.get()[-1]


@contextmanager
def trees(image: Path | None, *, with_byte_code_only: bool) -> Iterator[Trees]:
    """The trees, for a while; `image` is what `make image-tree` made."""
    parent = PROJECT / "build"
    parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=parent, prefix="bench-") as folder:
        made = []
        for has_byte_code in (True,) if with_byte_code_only else (True, False):
            here = Path(folder) / ("with" if has_byte_code else "without")
            _link_all_packages(here / ALL / PACKAGES)
            copy_function(PROJECT, here / ALL / FUNCTION)
            made.append(Tree(here / ALL, ALL, has_byte_code))
            if image:
                ignored = None if has_byte_code else _NO_BYTE_CODE
                shutil.copytree(image, here / IMAGE, copy_function=_link, ignore=ignored)
                made.append(Tree(here / IMAGE, IMAGE, has_byte_code))
        for tree in made:
            for subject in SUBJECTS.iterdir():
                shutil.copytree(subject, tree.folder / subject.name, ignore=_NO_BYTE_CODE)
        yield Trees(tuple(made))


def _link_all_packages(folder: Path) -> None:
    """As `pip install --target` puts them there; from this environment, whose packages are those of the same lock."""
    for name in _NAME.findall((PROJECT / "requirements.txt").read_text(encoding="utf-8")):
        with suppress(PackageNotFoundError):  # it is for another system
            for file in distribution(name).files or ():
                if file.suffix != ".pyc" and ".." not in file.parts:
                    _link(str(file.locate()), str(folder / file))
                elif file.parts[-2:] == ("bin", SCRIPT):
                    _link(str(file.locate()), str(folder / "bin" / SCRIPT))


def _link(source: str, target: str) -> str:
    Path(target).parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError:  # it is on another file system
        shutil.copy2(source, target)
    return target
