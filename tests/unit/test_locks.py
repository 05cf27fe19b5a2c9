"""The locks: made from their inputs, with hashes for all that is installed, and nothing that nobody asked for."""

import re
from importlib.metadata import requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from infra.supply.lock import changes
from infra.supply.locks import LOCKS, ROOT, RUNTIME, normalized, pins, title

each_lock = pytest.mark.parametrize("lock", LOCKS, ids=title)


def text_of(file: Path) -> str:
    return file.read_text(encoding="utf-8")


def lines(file: Path) -> list[str]:
    """What pip reads of it: one requirement or option a line."""
    text = re.sub(r"(^|\s)#.*", "", text_of(file), flags=re.MULTILINE).replace("\\\n", " ")
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


def applies(requirement: Requirement) -> bool:
    return requirement.marker is None or requirement.marker.evaluate({"extra": ""})


def needed(names: set[str]) -> set[str]:
    """These packages and all that they need on this platform, by their own word."""
    found: set[str] = set()
    left = set(names)
    while left:
        found.add(name := left.pop())
        asked = [Requirement(each) for each in requires(name) or []]
        left |= {normalized(each.name) for each in asked if applies(each)} - found
    return found


def test_every_requirements_file_is_one_of_the_locks() -> None:
    """Another one would be neither made again nor audited."""
    there = {
        *ROOT.glob("*.txt"),
        *(ROOT / "infra").rglob("*requirements*.txt"),
        *(ROOT / "tests").rglob("*requirements*.txt"),
    }

    assert there == set(LOCKS)


def test_the_function_asks_for_four_packages() -> None:
    """A fifth is a decision, to be made here too."""
    asked = lines(RUNTIME.with_suffix(".in"))

    assert [line.partition("==")[0] for line in asked] == ["fdk", "oci", "pydantic", "structlog"]


@each_lock
def test_a_lock_has_what_its_input_asks_for(lock: Path) -> None:
    """At that very version; what is asked for in another file is there as that file has it."""
    asked: dict[str, str] = {}
    for line in lines(lock.with_suffix(".in")):
        if line.startswith("-r "):
            asked |= pins(text_of(lock.parent / line.removeprefix("-r ")))
        else:
            assert re.fullmatch(r"[\w.-]+==[\w.]+", line), "an input names packages with their versions"
            asked |= pins(line)

    assert asked
    assert asked.items() <= pins(text_of(lock)).items(), "make lock"


@each_lock
def test_all_that_is_installed_has_a_version_and_hashes(lock: Path) -> None:
    """No address, no path, no option: pip takes nothing from such a file but releases of the index, byte for byte."""
    for line in lines(lock):
        assert re.fullmatch(r"[\w.-]+==[\w.]+( ; [^;@/]+?)?( --hash=sha256:[0-9a-f]{64})+", line), line


@each_lock
def test_a_lock_does_not_say_where_it_was_made(lock: Path) -> None:
    """No index and no folder of anybody's machine, also not in its remarks."""
    assert re.findall(r".*(?:://|\s/|~/|[A-Z]:\\).*", text_of(lock)) == []


def test_the_function_gets_only_what_its_four_packages_need() -> None:
    """The FDK needs pytest and Cython by its own word; nothing else of a developer's comes along."""
    found = [Requirement(line.partition(" --hash")[0]) for line in lines(RUNTIME)]

    assert {normalized(each.name) for each in found if applies(each)} == needed(
        set(pins(text_of(RUNTIME.with_suffix(".in"))))
    )


def test_what_is_tested_is_what_is_deployed() -> None:
    """The packages of the function are the same releases wherever they are installed."""
    deployed = pins(text_of(RUNTIME))

    for lock in LOCKS[1:3]:
        assert deployed.items() <= pins(text_of(lock)).items(), title(lock)


def test_making_the_locks_says_what_changed() -> None:
    """Package by package, in any order of the lines, and also where only hashes did."""
    before = "b==1 \\\n    --hash=sha256:1\nA_a==1 ; sys_platform == 'win32' \\\n    --hash=sha256:2\nc==3\n"

    assert list(changes(before, before)) == []
    assert list(changes(before, "b==2\nd==1\nc==3\n")) == ["- a-a 1", "  b 1 -> 2", "+ d 1"]
    assert list(changes(before, before.replace(":1", ":9"))) == ["  other hashes or remarks for the same versions"]
