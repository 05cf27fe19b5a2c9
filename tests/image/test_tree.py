"""The tree that `make image-tree` made of the real packages. `make test-image` says where it is."""

import importlib.util
import re
import sys
from importlib.metadata import Distribution, distributions
from pathlib import Path

import pytest

from infra.emulator.server import Emulator
from infra.image.packages import modules
from infra.image.prune import FUNCTION, PACKAGES, SOURCES
from tests.e2e.rehearsal import TREE, rehearse
from tests.emulator.tenant import PHOENIX, REGIONS

pytestmark = pytest.mark.skipif(TREE is None, reason="make test-image")
ROOT = Path(__file__).parents[2]
LARGEST = 60e6
UNNEEDED = {"cython", "iniconfig", "packaging", "pbr", "pip", "pluggy", "pygments", "pytest", "setuptools", "wheel"}
CODE_FLAGS = slice(4, 8)
UNCHECKED = (1).to_bytes(4, "little")


@pytest.fixture
def tree() -> Path:
    assert TREE
    return TREE


@pytest.fixture
def installed(tree: Path) -> dict[str, Distribution]:
    return {each.metadata["Name"].lower(): each for each in distributions(path=[str(tree / PACKAGES)])}


def test_the_packages_are_small(tree: Path) -> None:
    """With byte code."""
    assert sum(file.stat().st_size for file in (tree / PACKAGES).rglob("*") if file.is_file()) < LARGEST


def test_what_only_developers_need_is_not_there(tree: Path, installed: dict[str, Distribution]) -> None:
    """Whoever declares it to be needed."""
    there = {name.partition(".")[0].lower() for name in modules(tree / PACKAGES)}

    assert {"oci", "fdk"} <= there
    assert not UNNEEDED & (there | installed.keys())
    assert not [file for file in tree.rglob("*") if file.suffix in {".pyi", ".pyx", ".pth"} or file.name == "tests"]
    assert [file.name for file in (tree / PACKAGES / "bin").iterdir()] == ["fdk"]


def test_what_is_there_is_what_is_locked(installed: dict[str, Distribution]) -> None:
    """Each with its version, its licence, and files that are there."""
    locked = dict(re.findall(r"^([\w.-]+)==([^\s;]+)", (ROOT / "requirements.txt").read_text(), re.MULTILINE))
    names = {re.sub(r"[-_.]+", "-", name): each for name, each in installed.items()}

    assert len(names) > 15
    assert {name: each.version for name, each in names.items()}.items() <= locked.items()
    for name, each in names.items():
        files = each.files or []
        assert files
        assert all(Path(str(file.locate())).exists() for file in files), name
        assert any(re.search(r"licen[cs]e|copying|notice", str(file), re.IGNORECASE) for file in files), name


def test_the_function_is_there_whole(tree: Path) -> None:
    """As it is here, byte for byte, and nothing that Python or an editor left in its folder."""
    here = {ROOT / name for name in SOURCES if (ROOT / name).is_file()} | set((ROOT / "handlers").rglob("*.py"))
    there = {file for file in (tree / FUNCTION).rglob("*") if file.is_file() and file.parent.name != "__pycache__"}

    assert {file.relative_to(tree / FUNCTION) for file in there} == {file.relative_to(ROOT) for file in here}
    assert all((tree / FUNCTION / file.relative_to(ROOT)).read_bytes() == file.read_bytes() for file in here)


def test_everything_is_compiled_for_good(tree: Path) -> None:
    """For this Python; no source is looked at when it is loaded, and nothing has been compiled since."""
    sources = set(tree.rglob("*.py"))
    compiled = set(tree.rglob("*.pyc"))

    assert compiled == {Path(importlib.util.cache_from_source(str(source))) for source in sources}
    assert {file.read_bytes()[CODE_FLAGS] for file in compiled} == {UNCHECKED}
    assert f"cpython-{sys.version_info.major}{sys.version_info.minor}" in next(iter(compiled)).name


@pytest.mark.skipif(not Path("/proc").exists(), reason="this system does not tell what a process has loaded")
def test_the_function_is_started_from_it(tree: Path) -> None:
    """And has nothing of this process's own packages: machine code shows where it comes from."""
    with Emulator(REGIONS, speed=None) as cloud, rehearse(cloud, {"DESTINATION_REGIONS": PHOENIX}) as running:
        assert running.invoke({"operation": "Sweep"})["status"] == "OK"
        maps = Path(f"/proc/{running.pids[-1]}/maps").read_text()

    loaded = {line.split()[-1] for line in maps.splitlines() if line.endswith(".so")}
    assert [file for file in loaded if file.startswith(f"{tree / PACKAGES}/cryptography/")]
    assert [file for file in loaded if "site-packages" in file] == []
