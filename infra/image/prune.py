"""Puts together what the function's image holds: `python -m infra.image.prune DIR`, from the project's folder.

DIR gets `python/`, the packages of requirements.txt as far as the function imports them, and `function/`, its code;
an image has them as /python and /function. What is there already is replaced only where it is such a tree and nothing
beside. Nothing is left there, and the status is 1, where it cannot be told for each import of what is kept that it is
there or is allowed to be missing (`allowed.py`).
"""

from __future__ import annotations

import compileall
import platform
import py_compile
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from infra.image import proof
from infra.image.allowed import BY_NAME, LEFT_OUT
from infra.image.packages import Module, distributions, modules, recorded
from infra.image.reach import Allowed, reach
from infra.image.removal import remove

PACKAGES, FUNCTION = "python", "function"
SCRIPT = "fdk"
"""What the image starts with, in bin/ of the packages."""
SOURCES = ("func.py", "handlers", "LICENSE")


class CannotPrune(Exception):  # noqa: N818 - reads as what happened
    """What is wrong, a line each."""


class CannotReplace(Exception):  # noqa: N818 - reads as what happened
    """What is wrong with the folder that somebody named, and what to do, on one line."""


def install(requirements: Path, folder: Path) -> None:
    """As pip does it for an image, in wheels alone: what is built while it is installed needs a compiler, and trust."""
    pip = [sys.executable, "-m", "pip", "-qq", "--disable-pip-version-check", "install", "--root-user-action=ignore"]
    how = ["--no-compile", "--only-binary=:all:", "--target", str(folder)]
    subprocess.run([*pip, *how, "-r", str(requirements)], check=True)


def copy_function(project: Path, folder: Path) -> None:
    """The function's own code and licence."""
    folder.mkdir()
    for name in SOURCES:
        if (project / name).is_dir():
            shutil.copytree(project / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
        else:
            shutil.copy(project / name, folder / name)


def prune(tree: Path, allowed: Allowed) -> Iterator[str]:
    """Take away what the function does not import, and tell of it; raises `CannotPrune` where that cannot be told."""
    packages, function = tree / PACKAGES, modules(tree / FUNCTION)
    theirs = modules(packages)
    # Under a name that no module has: the script is called like the package that it starts.
    script = Module(f"bin/{SCRIPT}", packages / "bin" / SCRIPT)
    found = reach({**theirs, **function, script.name: script}, [script.name, *function], allowed)
    if found.problems:
        raise CannotPrune("\n".join(found.problems))
    for each in remove(packages, theirs, found.kept & theirs.keys(), {SCRIPT}):
        yield f"removed {each}"
    if failures := list(proof.failures([tree / FUNCTION, packages], found.kept - {script.name}, allowed.left_out)):
        raise CannotPrune("\n".join(failures))


def compile_all(tree: Path) -> None:
    """Byte code that is never held against its source again: layers of images do not keep the times of files.

    It names its sources as they are called in the image, and so is the same wherever it is made.
    https://docs.python.org/3/reference/import.html#cached-bytecode-invalidation
    """
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    done = compileall.compile_dir(
        tree, maxlevels=100, quiet=1, force=True, invalidation_mode=mode, stripdir=str(tree), prependdir="/"
    )
    if not done:
        raise CannotPrune("not all of it can be compiled")


def open_to_all(tree: Path) -> None:
    """An image's user is not the one who built it, and whoever checked the code out may have kept it to himself."""
    for each in tree.rglob("*"):
        each.chmod(0o755 if each.is_dir() or each.parent == tree / PACKAGES / "bin" else 0o644)


def size(folder: Path) -> str:
    """How much a folder holds."""
    sizes = [each.stat().st_size for each in folder.rglob("*") if each.is_file()]
    return f"{sum(sizes) / 1e6:,.1f} MB in {len(sizes):,} files"


def is_tree(folder: Path) -> bool:
    """Whether it holds what an earlier run has made, and not one file that somebody could miss."""
    packages, function = folder / PACKAGES, folder / FUNCTION
    if {*folder.iterdir()} != {packages, function} or packages.is_symlink() or function.is_symlink():
        return False
    known = [metadata for _, metadata in distributions(packages) if (metadata / "RECORD").is_file()]
    rows = (row for metadata in known for row in recorded(metadata))
    made = {packages / "bin" / SCRIPT, *(packages / row[0] for row in rows), function / "LICENSE"}
    there = {file for file in folder.rglob("*") if not file.is_dir() and file.suffix != ".pyc"}
    ours = {function / "func.py", *(function / "handlers").rglob("*.py")}
    return {packages / "bin" / SCRIPT, function / "func.py"} <= there <= made | ours


def make_room(name: str) -> Path:
    """The folder of this name, empty; raises `CannotReplace`, with nothing touched, where it is not ours to empty."""
    if not name.strip():
        raise CannotReplace("DIR is empty: name the folder to make, such as DIR=build/image.")
    tree = Path(name).resolve()
    try:
        if tree.exists() and not tree.is_dir():
            raise CannotReplace(f"DIR={name} is a file: name a folder.")
        if tree.exists() and any(tree.iterdir()) and not is_tree(tree):
            raise CannotReplace(f"DIR={name} holds something else: name another folder, or remove that yourself.")
        if tree.exists():
            shutil.rmtree(tree)
        tree.mkdir(parents=True)
    except OSError as error:
        raise CannotReplace(f"DIR={name} cannot be made: {error.strerror}. Name another folder.") from error
    return tree


def build(project: Path, tree: Path) -> None:
    """Fill the empty tree, and print what was removed and how large it was and is."""
    print(f"for Python {platform.python_version()}, which this runs on")
    install(project / "requirements.txt", tree / PACKAGES)
    copy_function(project, tree / FUNCTION)
    before = size(tree / PACKAGES)
    for line in prune(tree, Allowed(LEFT_OUT, BY_NAME)):
        print(line)
    sources = size(tree / PACKAGES)
    compile_all(tree)
    open_to_all(tree)
    print(f"packages, without byte code: {before}; pruned {sources}; with byte code {size(tree / PACKAGES)}")
    print(f"function: {size(tree / FUNCTION)}, with byte code")


def main(arguments: Sequence[str], fill: Callable[[Path, Path], None] = build) -> int:
    """0 when the tree is there, 1 when it is not, 2 when it was not said where to make it."""
    if len(arguments) != 1:
        print("usage: python -m infra.image.prune DIR", file=sys.stderr)
        return 2
    try:
        tree = make_room(arguments[0])
    except CannotReplace as error:
        print(error, file=sys.stderr)
        return 1
    built = False
    try:
        fill(Path.cwd(), tree)
        built = True
    except (CannotPrune, subprocess.CalledProcessError) as error:
        print(f"NOT BUILT:\n{error}", file=sys.stderr)
        return 1
    finally:
        if not built:  # also where somebody has interrupted it
            shutil.rmtree(tree)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
