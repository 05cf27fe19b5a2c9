"""`.ci/run` and `.ci/terraform`, each in a folder of its own where everything that they start only says so."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from infra.stack_archive import STACK

ROOT = Path(__file__).parents[2]
VERSION = json.dumps({"terraform_version": "1.11.4"}, indent=2)
# What is started writes its name and arguments down, says what it was told to, and ends as it was told to.
STAND_IN = r"""#!/usr/bin/env bash
echo "$(basename "$0") $*${FUNCTION_TREE:+ FUNCTION_TREE=$FUNCTION_TREE}" >> "$DIARY"
for word in "$@"; do
  said="$SAYS/$(basename "$0").${word//\//-}"
  [ ! -f "$said" ] || cat "$said"
  [ ! -f "$said.fails" ] || exit 1
done
"""
UNREACHABLE = """
Error: Failed to query available provider packages

Could not retrieve the list of available versions for provider oracle/oci:
could not connect to registry.terraform.io
"""


class Folder:
    """A checkout with the two scripts and the stack, and nothing that would take long."""

    def __init__(self, folder: Path) -> None:
        self.checkout, self.says, self.diary = folder / "checkout", folder / "says", folder / "diary"
        shutil.copytree(ROOT / ".ci", self.checkout / ".ci")
        shutil.copytree(STACK, self.checkout / "infra" / "terraform")
        self.says.mkdir()
        self.diary.touch()
        for name in ("bin/make", "bin/terraform", "checkout/.venv/bin/python"):
            self.put(folder / name)
        self.path = f"{folder / 'bin'}:{os.environ['PATH']}"

    def put(self, file: Path) -> None:
        """A stand-in for a program."""
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(STAND_IN, encoding="utf-8")
        file.chmod(0o755)

    def tell(self, program: str, word: str, text: str = "", *, fails: bool = False) -> None:
        """What a program says, and how it ends, when it is given this word."""
        said = f"{program}.{word.replace('/', '-')}"
        (self.says / said).write_text(text, encoding="utf-8")
        if fails:
            (self.says / f"{said}.fails").touch()

    def run(self, script: str) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": self.path, "DIARY": str(self.diary), "SAYS": str(self.says), "HOME": str(self.checkout)}
        command = ["bash", str(self.checkout / ".ci" / script)]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)

    @property
    def started(self) -> list[str]:
        return self.diary.read_text(encoding="utf-8").splitlines()


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    found = Folder(tmp_path)
    found.tell("terraform", "version", VERSION)
    return found


def test_a_change_has_to_pass_everything(folder: Folder) -> None:
    """Style, types, and all tests, those of the function's process against what its image holds."""
    ran = folder.run("run")

    assert ran.returncode == 0, ran.stderr
    made = [line for line in folder.started if line.startswith("make ")]
    assert {"lint", "types", "image-tree"} < set(made[0].split())
    assert made[1] == "make --no-print-directory test FUNCTION_TREE=build/image"


@pytest.mark.parametrize("target", ["lint", "types", "image-tree", "test"])
def test_what_fails_fails_the_whole(folder: Folder, target: str) -> None:
    """And nothing more is started."""
    folder.tell("make", target, fails=True)

    assert folder.run("run").returncode != 0
    assert target in folder.started[-1].split()


def test_the_stack_is_held_to_the_providers_schema(folder: Folder) -> None:
    """Where that is kept; and what it finds fails the whole."""
    folder.put(folder.checkout.parent / "shared" / "checks" / "terraform")
    assert folder.run("run").returncode == 0
    assert "terraform infra/terraform" in folder.started

    folder.tell("terraform", "infra/terraform", fails=True)
    assert folder.run("run").returncode != 0


def test_a_schema_that_is_not_there_is_said(folder: Folder) -> None:
    """Nobody takes it for checked then."""
    ran = folder.run("run")

    assert "terraform infra/terraform" not in folder.started
    assert "NOT CHECKED against the provider's schema" in ran.stdout


def steps(folder: Folder) -> list[str]:
    """What terraform was asked for, by its first word that is no option."""
    words = [[word for word in line.split()[1:] if not word.startswith("-")] for line in folder.started]
    return [each[0] for each in words if each[0] != "version"]


def test_terraform_is_asked_for_all_that_it_can_tell(folder: Folder) -> None:
    """The format, whether it is valid, and the stack's own tests, in a copy that has all of it."""
    ran = folder.run("terraform")

    assert ran.returncode == 0, ran.stderr
    assert steps(folder) == ["fmt", "init", "validate", "test"]
    assert ran.stdout.splitlines()[-1] == "Done: terraform fmt, validate and test"
    copy = folder.checkout / "build" / "terraform"
    for pattern in ("*.tf", "tests/*.tftest.hcl", "tests/mocks/*"):
        there = {file.relative_to(STACK) for file in STACK.glob(pattern)}
        assert there
        assert {file.relative_to(copy) for file in copy.glob(pattern)} == there


@pytest.mark.parametrize("step", ["fmt", "init", "validate", "test"])
def test_what_terraform_finds_wrong_fails(folder: Folder, step: str) -> None:
    """It is passed over only for what cannot be had."""
    folder.tell("terraform", step, "Error: Unsupported argument", fails=True)

    assert folder.run("terraform").returncode != 0
    assert steps(folder)[-1] == step


def test_a_provider_out_of_reach_is_said(folder: Folder) -> None:
    """The format is looked at all the same."""
    folder.tell("terraform", "init", UNREACHABLE, fails=True)
    ran = folder.run("terraform")

    assert ran.returncode == 0
    assert steps(folder) == ["fmt", "init"]
    assert "SKIPPED terraform validate and test" in ran.stdout


def test_an_old_terraform_leaves_the_tests_out_and_says_so(folder: Folder) -> None:
    """1.5 knows no mocked providers."""
    folder.tell("terraform", "version", VERSION.replace("1.11.4", "1.5.7"))
    ran = folder.run("terraform")

    assert ran.returncode == 0
    assert steps(folder) == ["fmt", "init", "validate"]
    assert "SKIPPED terraform test" in ran.stdout
    assert not (folder.checkout / "build" / "terraform" / "tests").exists()


def test_without_terraform_nothing_of_it_is_done_and_that_is_said(folder: Folder, tmp_path: Path) -> None:
    """Whoever has none can still work on the function."""
    (tmp_path / "bin" / "terraform").unlink()
    needed = {name: shutil.which(name) for name in ("bash", "dirname", "env")}
    folder.path = str(tmp_path / "few")
    (tmp_path / "few").mkdir()
    for name, program in needed.items():
        assert program
        (tmp_path / "few" / name).symlink_to(program)
    ran = folder.run("terraform")

    assert ran.returncode == 0, ran.stderr
    assert ran.stdout == "SKIPPED terraform fmt, validate and test: terraform is not installed\n"
