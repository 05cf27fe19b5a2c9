"""What `python -m infra.local run` writes into a pipe: whole sentences, however narrow a terminal would be."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from infra.local.story import LONGEST, conclude

LONG_PATH = Path("/build/" + "logs-of-a-long-name-[1]/" * 5)


def test_the_introduction_is_not_broken_into_pieces(tmp_path: Path) -> None:
    """Each of its sentences is one line of the pipe, though it is longer than 80 columns."""
    command = [sys.executable, "-m", "infra.local", "run", "--plain", "--logs", str(tmp_path)]
    environment = {**os.environ, "COLUMNS": "80"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout
        lines = [process.stdout.readline() for _ in range(3)]
        process.terminate()
    assert [line.split()[0] for line in lines] == ["A", "The", "Nobody"]
    assert all(line.endswith(".\n") for line in lines)


@pytest.mark.parametrize(
    ("lacking", "first"),
    [
        ([], "Done in 12 s: the copy is AVAILABLE, and its backup says where it is."),
        (["there is no backup"] * 6, f"Not done after {LONGEST} s: {'; '.join(['there is no backup'] * 6)}."),
    ],
    ids=["done", "not done"],
)
def test_the_end_is_two_whole_lines(lacking: list[str], first: str) -> None:
    """What became of it, and where the logs are, with the path as it is."""
    console = Console(file=io.StringIO(), width=40)
    conclude(console, lacking, LONG_PATH, 12.3)
    assert isinstance(console.file, io.StringIO)
    outcome, logs = console.file.getvalue().splitlines()
    assert outcome == first
    assert str(LONG_PATH) in logs
