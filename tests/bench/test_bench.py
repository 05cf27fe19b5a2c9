"""The benchmark works at its smallest; what it measures is nobody's to assert here."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from tests.bench.__main__ import Benchmark, main
from tests.bench.measurement import Budget, Measurement
from tests.bench.progress import Progress
from tests.bench.stage import BenchmarkBroken, distant_cloud, function_in
from tests.bench.table import draw

LINE = Measurement("sweep", "converged", 100, 0.5, 0.1, {"ListVolumes": 12}, {"exists": 200}, 70.0)
BIG = replace(LINE, backups=1000, warm_seconds=0.2, peak_megabytes=77.0)


def yielding(*lines: Measurement) -> dict[str, Benchmark]:
    def measure(sizes: Sequence[int], delay: float, progress: Progress) -> Iterator[Measurement]:
        yield from lines

    return {"sweep": measure}


def test_the_sweep_is_measured_on_the_real_process(tmp_path: Path) -> None:
    """A first sweep starts copies; a converged one lists sources, and backups of each region, and hands in metrics."""
    file = tmp_path / "figures.json"
    assert main(["sweep", "--sizes", "20", "--delay", "1", "--json", str(file)]) == 0
    first, converged = json.loads(file.read_text())["measurements"]
    assert (first["case"], first["outcomes"]["copied"]) == ("first", 4)
    assert (converged["case"], converged["outcomes"]["exists"]) == ("converged", 40)
    assert sum(count for name, count in converged["calls"].items() if name.startswith("List")) == 12
    assert converged["calls"].keys() - {"PostMetricData"} == {
        f"List{kind}{what}" for kind in ("VolumeGroup", "Volume", "BootVolume") for what in ("s", "Backups")
    }
    assert all(each["warm_seconds"] > 0 and each["peak_megabytes"] > 10 for each in (first, converged))


def test_a_call_that_fails_is_no_measurement() -> None:
    """A figure of it would say how quickly the function refuses."""
    with distant_cloud(0) as emulator, function_in(emulator) as process, pytest.raises(BenchmarkBroken, match="REJECT"):
        process.invoke({"operation": "Sleep"})


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (replace(LINE, cold_seconds=31.0), "31.0 s instead of 30 s"),
        (replace(LINE, peak_megabytes=129.0), "129 MB instead of 128 MB"),
    ],
)
def test_what_is_over_its_budget_is_said_loudly(
    line: Measurement, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """On the last line, and as the exit status; the same line without a budget is only a figure."""
    assert main([], yielding(line)) == 0
    assert main([], yielding(replace(line, budget=Budget(30, 128)))) == 1
    *_, last = capsys.readouterr().out.splitlines()
    assert (last.startswith("OVER BUDGET"), says in last) == (True, True)


def test_figures_stand_beside_their_ratio_to_the_smallest_size() -> None:
    """Ten times the backups in twice the time is a fifth for each."""
    console = Console(file=io.StringIO(), record=True, width=120)
    console.print(draw([LINE, BIG]))
    line = next(line for line in console.export_text().splitlines() if "1,000" in line)
    assert " ".join(line.split()) == "converged 1,000 0.50 0.20 0.20 x 0.2 12 x 1 77 x 1.1"


def test_a_benchmark_that_breaks_ends_the_run(capsys: pytest.CaptureFixture[str]) -> None:
    """With what was wrong, and no table."""

    def measure(sizes: Sequence[int], delay: float, progress: Progress) -> Iterator[Measurement]:
        raise BenchmarkBroken("it sleeps")
        yield LINE

    assert main([], {"sweep": measure}) == 1
    assert capsys.readouterr().out.strip() == "BROKEN: sweep: it sleeps"
