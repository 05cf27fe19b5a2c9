"""What becomes of figures: ratios, budgets, tables and pictures."""

from __future__ import annotations

import io
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from rich.console import Console

from tests.bench import cold, memory, sweep
from tests.bench.import_times import by_package, package_of, read
from tests.bench.measurement import Line, Measurement, percentile, ratio
from tests.bench.picture import draw as draw_picture
from tests.bench.requests import require_exactly
from tests.bench.stage import BenchmarkBroken
from tests.bench.subject import Asked, Subject
from tests.bench.table import draw
from tests.bench.trees import ALL, Tree

LINE = Line(("this function", "a copy"), {"ms": 123.4, "x plain": 0.612})
OTHER = Line(("plain SDK", "a copy"), {"ms": 201.6, "API calls": 1, "peak MB": None})


def test_a_start_is_compared_with_those_that_have_byte_code_too() -> None:
    """Ours in 200 beside 100 and 400, and without byte code in 900 beside 200 and 1,000."""
    fast, slow = (Tree(Path(), ALL, has_byte_code=has) for has in (True, False))
    medians = {
        (Subject.BARE, fast, Asked.COPY): 0.1,
        (Subject.PLAIN, fast, Asked.COPY): 0.4,
        (Subject.OURS, fast, Asked.COPY): 0.2,
        (Subject.BARE, slow, Asked.COPY): 0.2,
        (Subject.PLAIN, slow, Asked.COPY): 1.0,
        (Subject.OURS, slow, Asked.COPY): 0.9,
        (Subject.OURS, slow, Asked.REJECTED): 1.0,
    }
    own = {start: seconds - (0.1 if start[0] is Subject.OURS else 0.0) for start, seconds in medians.items()}
    lines = list(cold.compare(medians, own))
    assert [line.figures["x plain"] for line in lines] == [0.25, 1.0, 0.5, 0.2, 1.0, 0.9, 1.0]
    assert lines[2].figures["of it, x plain"] == pytest.approx(0.25)
    assert [check.is_met for check in cold.check(lines)] == [True, False, False]
    assert [check.figure for check in cold.check(lines)] == [0.5, 0.9, 5.0]


def test_memory_is_compared_with_the_plain_functions() -> None:
    """After one copy 60 of 80 is within the budget, after many 84 of 80 is not."""
    first: memory.Peaks = {Subject.BARE: 20.0, Subject.PLAIN: 80.0, Subject.OURS: 60.0}
    checks = list(memory.check(list(memory.compare(first, {**first, Subject.OURS: 84.0}, 1000))))
    assert [(check.figure, check.is_met) for check in checks] == [(0.75, True), (1.05, False)]
    unknown: memory.Peaks = dict.fromkeys(Subject)
    assert not list(memory.check(list(memory.compare(unknown, unknown, 1000))))


@pytest.mark.parametrize(("backups", "peak", "is_met"), [("10,000", 111, False), ("100,000", 111, True)])
def test_a_larger_sweep_may_take_more_memory(backups: str, peak: float, *, is_met: bool) -> None:
    """Up to what the function has; and the first call is measured too."""
    line = Line((sweep.CONVERGED, backups), {"cold s": 301.0, "warm s": 10.0, "peak MB": peak})
    seconds, memory_of_it = sweep.check([line])
    assert (seconds.figure, seconds.is_met, memory_of_it.is_met) == (301.0, False, is_met)


def test_a_call_too_many_or_too_few_breaks_a_benchmark() -> None:
    """It says of which operation."""
    require_exactly({"ListVolumes": 2}, {"ListVolumes": 2, "PostMetricData": 0})
    with pytest.raises(BenchmarkBroken, match="'GetVolume': '1 instead of 0', 'ListVolumes': '1 instead of 2'"):
        require_exactly({"ListVolumes": 1, "GetVolume": 1}, {"ListVolumes": 2})


def test_ratios_and_percentiles() -> None:
    """What was not measured has no ratio; of a hundred figures the 99th is exceeded by one."""
    assert (ratio(1.0, 4.0), ratio(None, 4.0), ratio(1.0, None)) == (0.25, None, None)
    assert [percentile(range(1, 101), each) for each in (50, 99, 100)] == [50, 99, 100]
    assert percentile([3.0], 99) == 3.0


def test_modules_count_to_their_packages() -> None:
    """What the SDK has vendored counts to whose it is."""
    times = read(["import time:      2000 |      9000 |   oci._vendor.requests.models", "import time: a line", "{}"])
    assert by_package(times)["requests, urllib3"] == 2.0
    modules = ("oci.auth", "handlers.core.model", "email.parser", "six", "fdk")
    assert [package_of(module) for module in modules] == ["oci", "our own", "standard library", "others", "fdk"]


def test_bars_are_as_long_as_their_figures() -> None:
    """The longest stands on top, what is nobody's is left out, and a name is text, whatever is in it."""
    times = {Subject.PLAIN: {"a": 10.0, "<b>": 40.0, "c": 0.0}, Subject.OURS: {"a": 20.0, "<b>": 0.0, "c": 0.0}}
    root = ET.fromstring(draw_picture(times))
    widths = [float(each.attrib["width"]) for each in root.iter("{http://www.w3.org/2000/svg}rect")][2:]
    assert widths == [pytest.approx(widths[0] * part, abs=0.1) for part in (1, 0.25, 0.5)]


def test_a_table_can_be_pasted_into_markdown() -> None:
    """A figure that a line has not is left out, and one that the system does not tell is said to be unknown."""
    console = Console(file=io.StringIO(), record=True, width=120)
    console.print(draw(Measurement("cold", ("subject", "call"), [LINE, OTHER])))
    head, _, *rows = [" ".join(line.split()) for line in console.export_text().splitlines() if line.strip()]
    assert head == "| subject | call | ms | x plain | API calls | peak MB |"
    assert rows == ["| this function | a copy | 123 | 0.612 | | |", "| plain SDK | a copy | 202 | | 1 | ? |"]
