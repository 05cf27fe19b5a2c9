"""What the function is allowed to do without: each of it is missed by a locked package, and by nothing that runs."""

import json
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from infra.image.allowed import BY_NAME, LEFT_OUT, LeftOut, is_in
from infra.image.packages import Module, distributions, modules, recorded
from infra.image.prune import SCRIPT, SOURCES
from infra.image.reach import Allowed, Reach, reach

ROOT = Path(__file__).parents[2]
INSTALLED = Path(sysconfig.get_paths()["purelib"])
# Loads the whole function, and tells which modules are there then.
PROGRAM = """
import importlib, json, pkgutil, sys
import fdk, func, handlers

for each in pkgutil.walk_packages(handlers.__path__, "handlers."):
    importlib.import_module(each.name)
json.dump(sorted(name for name, module in sys.modules.items() if getattr(module, "__file__", None)), sys.stdout)
"""


def locked() -> dict[str, Module]:
    """The modules of the packages that an image gets, as they are installed here."""
    names = set(re.findall(r"^([\w.-]+)==", (ROOT / "requirements.txt").read_text(encoding="utf-8"), re.MULTILINE))
    files: set[Path] = set()
    for distribution, metadata in distributions(INSTALLED):
        if re.sub(r"[-_.]+", "-", distribution.metadata["Name"]).lower() in names:
            files |= {INSTALLED / row[0] for row in recorded(metadata)}
    return {name: module for name, module in modules(INSTALLED).items() if module.file in files}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Reach:
    """What the function reaches of them."""
    folder = tmp_path_factory.mktemp("function")
    for name in SOURCES:
        (shutil.copytree if (ROOT / name).is_dir() else shutil.copy)(ROOT / name, folder / name)
    function = modules(folder)
    script = Module(f"bin/{SCRIPT}", Path(sysconfig.get_paths()["scripts"]) / SCRIPT)
    every = {**locked(), **function, script.name: script}
    return reach(every, [script.name, *function], Allowed(LEFT_OUT, BY_NAME))


def test_nothing_is_allowed_that_is_not_needed(found: Reach) -> None:
    """And nothing is unclear: each allowance is one that an import of today makes use of."""
    assert found.problems == []
    assert {"oci.base_client", "fdk.runner", "handlers.sweep"} <= found.kept


@pytest.fixture(scope="module")
def loaded() -> set[str]:
    """Of the locked packages, the modules that are there once the whole function is."""
    ran = subprocess.run([sys.executable, "-W", "ignore", "-c", PROGRAM], cwd=ROOT, capture_output=True, check=True)
    names = set(json.loads(ran.stdout)) & locked().keys()
    assert {"fdk", "oci", "httptools", "pydantic.main"} <= names
    return names


@pytest.mark.parametrize("allowance", LEFT_OUT, ids=str)
def test_what_is_left_out_is_not_loaded(allowance: LeftOut, loaded: set[str]) -> None:
    """Else it would be missed: what the function loads where all is there, it loads in the image too."""
    if not allowance.when:  # which does not hold where all is there
        assert not [name for name in loaded if is_in(name, allowance.imported)]


def test_the_functions_own_code_does_without_nothing() -> None:
    """Nor does the FDK, which starts it: whatever these import is there."""
    assert not [each for each in LEFT_OUT if any(is_in(each.importer, top) for top in ("func", "handlers", "fdk"))]
