"""Which of the locked packages the function's image holds, told from an environment that has them all installed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from infra.image.packages import Module, distributions, modules, recorded
from infra.image.prune import FUNCTION, SCRIPT, CannotPrune, copy_function
from infra.image.reach import Allowed, reach


def held(project: Path, packages: Path, script: Path, names: Mapping[str, str], allowed: Allowed) -> set[str]:
    """Of the distributions `names`, given by how their metadata calls them, those of which the image keeps a module.

    `packages` is the folder that they are installed in, with others or without, and `script` what starts the FDK. The
    search is the one that makes the image; raises `CannotPrune` where it cannot tell.
    """
    files: dict[Path, str] = {}
    for distribution, metadata in distributions(packages):
        if name := names.get(distribution.metadata["Name"]):
            files |= {packages / row[0]: name for row in recorded(metadata)}
    theirs = {name: each for name, each in modules(packages).items() if each.file in files}
    with TemporaryDirectory() as made:
        copy_function(project, Path(made) / FUNCTION)
        function = modules(Path(made) / FUNCTION)
        start = Module(f"bin/{SCRIPT}", script)
        found = reach({**theirs, **function, start.name: start}, [start.name, *function], allowed)
    if found.problems:
        raise CannotPrune("\n".join(found.problems))
    return {files[theirs[name].file] for name in found.kept & theirs.keys()}
