"""`Dockerfile` and `.dockerignore`, as far as they can be held to anything without a container engine."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

from infra.image import prune

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "Dockerfile").read_text(encoding="utf-8")
# No instruction is longer than a line.
LINES = [line.split(maxsplit=1) for line in TEXT.splitlines() if line and not line.startswith("#")]
STARTS = [number for number, (instruction, _) in enumerate(LINES) if instruction == "FROM"]
FIRST, SECOND = LINES[: STARTS[1]], LINES[STARTS[1] :]


def of(stage: list[list[str]], instruction: str) -> list[str]:
    return [rest for name, rest in stage if name == instruction]


def let_in() -> set[str]:
    """What reaches the engine."""
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    patterns = [line for line in lines if line and not line.startswith("#")]
    allowed = {pattern[1:] for pattern in patterns if pattern.startswith("!")}
    # Everything is left out, then something let in, then of that what Python leaves there is left out: the last wins.
    assert patterns == ["*", *patterns[1 : 1 + len(allowed)], "**/__pycache__", "**/*.pyc"]
    return allowed


def test_there_are_two_stages_on_the_images_of_fn() -> None:
    """Both of the same Python: machine code of one is none of another."""
    assert len(STARTS) == 2
    assert (of(FIRST, "FROM"), of(SECOND, "FROM")) == (
        ["fnproject/python:3.12-dev AS build-stage"],
        ["fnproject/python:3.12"],
    )
    assert of(FIRST, "RUN") == ["python3.12 -m infra.image.prune /image"]


def test_the_image_gets_the_tree_and_nothing_else() -> None:
    """Both halves of what the first stage made, each to its place; nothing is run that could add to it."""
    copies = [f"--from=build-stage /image/{name} /{name}" for name in (prune.PACKAGES, prune.FUNCTION)]

    assert of(SECOND, "COPY") == copies
    assert {name for name, _ in SECOND} == {"FROM", "WORKDIR", "COPY", "ENV", "USER", "ENTRYPOINT"}


def test_what_is_copied_is_what_reaches_the_engine() -> None:
    """Tests, stacks, keys that lie about and whatever else is in the folder stay there."""
    copied = {name for copy in of(FIRST, "COPY") for name in copy.split()[:-1]}

    assert copied == let_in() == {*prune.SOURCES, "requirements.txt", "infra/image"}
    assert all((ROOT / name).exists() for name in copied)
    assert {name for name, _ in FIRST} == {"FROM", "WORKDIR", "COPY", "RUN"}


def test_pruning_runs_in_the_first_stage(tmp_path: Path) -> None:
    """With what is copied there and the standard library, and nothing else of this project."""
    shutil.copytree(ROOT / "infra" / "image", tmp_path / "infra" / "image")
    command = [sys.executable, "-S", "-m", "infra.image.prune"]

    ran = subprocess.run(command, cwd=tmp_path, env={}, capture_output=True, text=True, check=False)

    assert (ran.returncode, ran.stderr) == (2, "usage: python -m infra.image.prune DIR\n")


def test_the_image_starts_as_the_function_is_described() -> None:
    """As `func.yaml` has it, which is what runs here without an image."""
    described = yaml.safe_load((ROOT / "func.yaml").read_text(encoding="utf-8"))

    (entrypoint,) = of(SECOND, "ENTRYPOINT")
    assert json.loads(entrypoint) == described["entrypoint"].split()
    assert described["runtime"] == "docker"


def test_the_image_runs_as_nobody_in_particular_and_writes_nothing() -> None:
    """OCI Functions uses this user whatever the image says, and a file system that can only be read."""
    assert of(SECOND, "USER") == ["1000:1000"]
    environment = dict(each.split("=") for each in of(SECOND, "ENV")[0].split())
    assert environment == {"PYTHONPATH": "/function:/python", "PYTHONDONTWRITEBYTECODE": "1"}
