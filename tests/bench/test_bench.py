"""The benchmarks work at their smallest, and say it loudly where something is wrong; figures are nobody's to assert."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from rich.console import Console

from tests.bench import cold, imports, memory, sweep, warm
from tests.bench.__main__ import Benchmark, main
from tests.bench.measurement import Check, Line, Measurement
from tests.bench.progress import Progress
from tests.bench.setup import Setup
from tests.bench.stage import BenchmarkBroken, cloud
from tests.bench.subject import Asked, Subject, runners
from tests.bench.trees import ALL, Tree, Trees, trees

LINE = Line(("this function", "a copy"), {"ms": 123.4, "x plain": 0.612})


@pytest.fixture(scope="module")
def setup() -> Iterator[Setup]:
    with trees(None, with_byte_code_only=True) as made:
        yield Setup(made, Progress(Console(file=io.StringIO())), 1, 2, 2, [20], 0.001)


def no_trees(_: Path | None, *, with_byte_code_only: bool) -> AbstractContextManager[Trees]:
    return nullcontext(Trees(()))


def finding(*checks: Check) -> dict[str, Benchmark]:
    return {"cold": lambda _: Measurement("cold", ("subject", "call"), [LINE], checks)}


def test_cold_starts_are_measured_on_real_processes(setup: Setup) -> None:
    """Of all three, and of a payload that is rejected; nothing of the SDK is loaded for that."""
    found = cold.measure(setup)
    assert [line.labels for line in found.lines] == [
        ("bare FDK", "all", "yes", "any"),
        ("plain SDK", "all", "yes", "a copy"),
        ("this function", "all", "yes", "a copy"),
        ("this function", "all", "yes", "rejected"),
    ]
    assert all((line.figures["ms"] or 0) > 10 for line in found.lines)
    assert found.checks[-1] == Check("cold: modules of the SDK loaded for a rejected payload", 0, 0)


def test_warm_calls_are_counted_and_timed(setup: Setup) -> None:
    """The plain function makes one API call for a copy; this one looks before and tags after."""
    bare, plain, ours, own_code, with_threads = warm.measure(setup).lines
    assert (bare.figures["API calls"], plain.figures["API calls"]) == (0, 1)
    assert (ours.figures["API calls"] or 0) > 10
    assert (own_code.figures["CPU ms"] or 0) > 0
    assert (with_threads.figures["CPU ms"] or 0) > 0


def test_memory_is_that_of_the_processes(setup: Setup) -> None:
    """A bare function needs less than a plain one, and nobody's peak ever sinks."""
    bare, plain, ours = memory.measure(setup).lines
    assert 10 < (bare.figures["MB after 1 copy"] or 0) < (plain.figures["MB after 1 copy"] or 0)
    assert (ours.figures["MB after 1 copy"] or 0) <= (ours.figures["MB after 2 copies"] or 0)


def test_a_sweep_is_measured_and_makes_no_call_too_many(setup: Setup) -> None:
    """Twelve lists of one page each, and one batch of metrics."""
    first, converged = sweep.measure(setup).lines
    assert (first.labels, converged.labels) == (("the first", "20"), ("nothing left to do", "20"))
    assert (converged.figures["of lists"], converged.figures["of metrics"], converged.figures["API calls"]) == (
        12,
        1,
        13,
    )


def test_imports_become_a_table_and_a_picture(setup: Setup, tmp_path: Path) -> None:
    """The plain function knows nothing of pydantic."""
    picture = tmp_path / "cold-start.svg"
    lines = {line.labels[0]: line.figures for line in imports.measure(replace(setup, picture=picture)).lines}
    assert lines["pydantic"]["plain SDK, ms"] == 0
    assert all((lines[package]["this function, ms"] or 0) > 0 for package in ("oci", "pydantic", "our own"))
    assert "this function" in "".join(ET.parse(picture).getroot().itertext())


def test_a_subject_that_does_something_else_is_no_measurement(setup: Setup) -> None:
    """A figure would say how quickly it does nothing, or fails."""
    wanted = [(Subject.BARE, setup.trees.full), (Subject.PLAIN, setup.trees.full)]
    with cloud() as emulator, runners(emulator, wanted) as (bare, plain):
        with pytest.raises(BenchmarkBroken, match=r"a copy was asked for, but it answered \{\}"):
            replace(bare, subject=Subject.PLAIN).call()
        with pytest.raises(BenchmarkBroken, match="502 after"):
            plain.call(Asked.REJECTED)


def test_byte_code_where_none_should_be_breaks_a_benchmark(tmp_path: Path) -> None:
    """And none where it should be: a start is something else then."""
    Tree(tmp_path, ALL, has_byte_code=False).require_byte_code()
    with pytest.raises(BenchmarkBroken, match="byte code is not there"):
        Tree(tmp_path, ALL, has_byte_code=True).require_byte_code()
    (tmp_path / "func.cpython-311.pyc").touch()
    with pytest.raises(BenchmarkBroken, match="byte code is there"):
        Tree(tmp_path, ALL, has_byte_code=False).require_byte_code()


def test_what_is_over_its_budget_is_said_loudly(capsys: pytest.CaptureFixture[str]) -> None:
    """On a line of its own, and as the exit status, but in a short run, which noise may have spoilt."""
    over, within = Check("cold: a copy, x plain", 0.71, 0.7), Check("memory, x plain", 0.9, 0.9)
    assert main([], finding(within), no_trees) == 0
    assert main(["--short"], finding(over), no_trees) == 0
    assert main([], finding(within, over, Check("no number", float("nan"), 1)), no_trees) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[-3:] == [
        "within its budget: memory, x plain: 0.9, budget 0.9",
        "OVER BUDGET: cold: a copy, x plain: 0.71, budget 0.7",
        "OVER BUDGET: no number: nan, budget 1",
    ]


def test_everything_is_written_as_json(tmp_path: Path) -> None:
    """With what it was measured on."""
    file = tmp_path / "figures.json"
    assert main(["--json", str(file)], finding(Check("a copy", 1.0, 2.0)), no_trees) == 0
    written = json.loads(file.read_text())
    assert written["measurements"][0]["lines"][0]["figures"] == {"ms": 123.4, "x plain": 0.612}
    assert written["measurements"][0]["checks"] == [{"what": "a copy", "figure": 1.0, "limit": 2.0, "unit": ""}]
    assert {"cpu", "cores", "kernel", "python", "packages"} == written["machine"].keys()


def test_a_benchmark_that_breaks_ends_the_run(capsys: pytest.CaptureFixture[str]) -> None:
    """With what was wrong, and no table, also in a short run."""

    def measure(_: Setup) -> Measurement:
        raise BenchmarkBroken("it sleeps")

    assert main(["--short"], {"sweep": measure}, no_trees) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "BROKEN: sweep: it sleeps"
