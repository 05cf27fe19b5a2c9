"""Sixty seeds: whatever went wrong, every promise is kept."""

from __future__ import annotations

import os
import subprocess
import sys
from hashlib import sha256

import pytest

from tests.simulation.__main__ import main
from tests.simulation.run import simulate

AT_ONCE, SEEDS = 5, 60


@pytest.mark.timeout(300)
@pytest.mark.parametrize("first", range(0, SEEDS, AT_ONCE))
def test_every_promise_is_kept_whatever_the_seed(first: int) -> None:
    """A seed that fails is named with all that it broke: `make simulate SEED=…` shows what happened in it."""
    broken = {
        seed: outcome.violations for seed in range(first, first + AT_ONCE) if (outcome := simulate(seed)).violations
    }
    assert broken == {}


def test_the_same_seed_is_the_same_story() -> None:
    """Line by line, also after other seeds have run in the same process."""
    first = simulate(3)
    simulate(4)
    assert simulate(3).trace == first.trace


def test_different_seeds_are_different_stories() -> None:
    """Or nothing would be drawn."""
    assert len({tuple(simulate(seed).trace) for seed in range(4)}) == 4


def test_the_same_seed_is_the_same_story_in_every_process() -> None:
    """Whatever order that process's sets are in: a seed that failed elsewhere fails here."""
    assert _digest(hash_seed="1") == _digest(hash_seed="2") == sha256("\n".join(simulate(5).trace).encode()).hexdigest()


def _digest(hash_seed: str) -> str:
    program = (
        "from hashlib import sha256; from tests.simulation.run import simulate;"
        "print(sha256('\\n'.join(simulate(5).trace).encode()).hexdigest())"
    )
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": "."}
    command = [sys.executable, "-c", program]
    return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout.strip()


def test_the_command_simulates_in_several_processes(capsys: pytest.CaptureFixture[str]) -> None:
    """Its exit status is 0 where nothing was broken, and its figures are those of all seeds."""
    assert main(["6", "--first", "10"]) == 0
    printed = capsys.readouterr().out
    assert "seeds" in printed
    assert "fault:" in printed


def test_the_command_shows_what_happened_in_a_seed(capsys: pytest.CaptureFixture[str]) -> None:
    """With the function's own log lines between those of the cloud."""
    assert main(["--seed", "3"]) == 0
    printed = capsys.readouterr().out
    assert "call 1 begins" in printed
    assert "log copy.started" in printed
    assert "seed 3: 0 violations" in printed
