"""What `python -m infra.local run` writes into a pipe: whole sentences, however narrow a terminal would be."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from infra.local.ending import conclude

LONG_PATH = Path("/build/" + "logs-of-a-long-name-[1]/" * 5)


def test_the_introduction_is_not_broken_into_pieces(tmp_path: Path) -> None:
    """Each of its sentences is one line of the pipe, though it is longer than 80 columns."""
    command = [sys.executable, "-m", "infra.local", "run", "--plain", "--logs", str(tmp_path)]
    environment = {**os.environ, "COLUMNS": "80"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout
        lines = [process.stdout.readline() for _ in range(3)]
        process.terminate()
    assert [line.split()[0] for line in lines] == ["30", "The", "Only"]
    assert all(line.endswith(".\n") for line in lines)


@pytest.mark.parametrize(
    ("lacking", "first", "files"),
    [
        (
            [],
            "Done in 12 s: every backup has exactly one good copy wherever it should, and its tags name them.",
            ["report.html", "report.md", "function.log"],
        ),
        (["there is no backup"] * 6, f"Not done after 12 s: {'; '.join(['there is no backup'] * 6)}.", [""]),
        (["one [thing]"] * 12, f"Not done after 12 s: {'; '.join(['one [thing]'] * 10)}. And 2 more.", [""]),
    ],
    ids=["done", "not done", "far from it"],
)
def test_the_end_is_whole_lines(lacking: list[str], first: str, files: list[str]) -> None:
    """What became of it, and where the report and the logs are, with each path as it is."""
    console = Console(file=io.StringIO(), width=40)
    conclude(console, lacking, LONG_PATH, 12.3)
    assert isinstance(console.file, io.StringIO)
    outcome, *more = console.file.getvalue().splitlines()
    assert outcome == first
    assert len(more) == len(files)
    assert all(str(LONG_PATH / file) in line for file, line in zip(files, more, strict=True))
