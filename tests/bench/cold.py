"""Cold start: from a call that finds no process to its answer, as the caller sees it.

That is the start of the process and of the FDK, what the function imports, and the call itself with its requests to the
emulated cloud, which answers at once. Beside it stands the time without the CPU of the cloud's own thread, which has
thirteen requests and nine handshakes to answer for this function's copy, and one of each for the plain one's. Sources
and byte code are in the page cache. "Without byte code" none is there for packages and functions, and none is written;
the standard library has its own in any case.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Mapping, Sequence

from infra.emulator.server import Emulator
from tests.bench.budgets import (
    COLD_COPY_TO_PLAIN,
    COLD_COPY_TO_PLAIN_SO_FAR,
    COLD_REJECTED_TO_BARE,
    COLD_REJECTED_TO_BARE_SO_FAR,
    MARGIN,
    SDK_MODULES_FOR_REJECTED,
)
from tests.bench.import_times import ENVIRONMENT, import_times
from tests.bench.measurement import Check, Line, Measurement, ratio
from tests.bench.setup import Setup
from tests.bench.stage import Answer, cloud
from tests.bench.subject import Asked, Subject, runners
from tests.bench.trees import Tree, Trees

HEADINGS = ("cold", "packages", "byte code", "call")

Start = tuple[Subject, Tree, Asked]
"""One way to start one subject."""


def measure(setup: Setup) -> Measurement:
    """The median of each start, all of them in turn."""
    starts = [start for has in (True, False) for start in _starts(setup.trees.get(has_byte_code=has))]
    with cloud() as emulator:
        answers = _time(emulator, starts, setup)
        modules = _sdk_modules_for_rejected(emulator, setup.trees)
    for _, tree, _ in starts:
        tree.require_byte_code()
    medians = {start: statistics.median(each.seconds for each in found) for start, found in answers.items()}
    own = {
        start: statistics.median(each.seconds - each.cloud_seconds for each in found)
        for start, found in answers.items()
    }
    lines = list(compare(medians, own))
    return Measurement("cold", HEADINGS, lines, [*check(lines), modules])


def _starts(trees: Sequence[Tree]) -> Iterator[Start]:
    """Only this function has an image."""
    for tree in trees:
        if tree is trees[0]:
            yield Subject.BARE, tree, Asked.COPY
            yield Subject.PLAIN, tree, Asked.COPY
        yield Subject.OURS, tree, Asked.COPY
        yield Subject.OURS, tree, Asked.REJECTED


def _time(emulator: Emulator, starts: list[Start], setup: Setup) -> Mapping[Start, list[Answer]]:
    answers = dict[Start, list[Answer]]((start, []) for start in starts)
    wanted = [(subject, tree) for subject, tree, _ in starts]
    rounds = 1 + setup.runs
    with (
        runners(emulator, wanted, idle_timeout=0) as found,
        setup.progress.step("cold: starts", rounds * len(starts)) as advance,
    ):
        for number in range(rounds):
            for start, runner in zip(starts, found, strict=True):
                answer = runner.call(start[2])
                runner.process.wait_for_end()
                if number:  # the first one writes the byte code
                    answers[start].append(answer)
                advance(1)
    return answers


def _sdk_modules_for_rejected(emulator: Emulator, trees: Trees) -> Check:
    """From what the process itself says that it loads."""
    wanted = [(Subject.OURS, tree) for tree in trees.get()]
    with runners(emulator, wanted, idle_timeout=0, environment=ENVIRONMENT) as found:
        loaded = [module for runner in found for module in import_times(runner, Asked.REJECTED)]
    count = sum(module.partition(".")[0] == "oci" for module in loaded)
    return Check("cold: modules of the SDK loaded for a rejected payload", count, SDK_MODULES_FOR_REJECTED)


def compare(medians: Mapping[Start, float], own: Mapping[Start, float]) -> Iterator[Line]:
    """Beside the bare and the plain function that have byte code too, or none either. `own` is less the cloud's."""
    for start, seconds in medians.items():
        subject, tree, asked = start
        alike = {each[0]: each for each in medians if each[1].has_byte_code is tree.has_byte_code}
        bare, plain = alike[Subject.BARE], alike[Subject.PLAIN]
        call = "any" if subject is Subject.BARE else str(asked)
        yield Line(
            (str(subject), tree.packages, "yes" if tree.has_byte_code else "no", call),
            {
                "ms": seconds * 1000,
                "x bare": ratio(seconds, medians[bare]),
                "x plain": ratio(seconds, medians[plain]),
                "ms, less the cloud's": own[start] * 1000,
                "of it, x plain": ratio(own[start], own[plain]),
            },
        )


def check(lines: Sequence[Line]) -> Iterator[Check]:
    """This function's starts, each against its target, or what was reached of it; both with the margin."""
    for line in lines:
        subject, packages, byte_code, call = line.labels
        if subject != Subject.OURS:
            continue
        figure, target, limit = {
            (Asked.COPY, "yes"): ("x plain", COLD_COPY_TO_PLAIN, COLD_COPY_TO_PLAIN_SO_FAR),
            (Asked.COPY, "no"): ("x plain", COLD_COPY_TO_PLAIN, COLD_COPY_TO_PLAIN),
            (Asked.REJECTED, "yes"): ("x bare", COLD_REJECTED_TO_BARE, COLD_REJECTED_TO_BARE),
            (Asked.REJECTED, "no"): ("x bare", COLD_REJECTED_TO_BARE, COLD_REJECTED_TO_BARE_SO_FAR),
        }[Asked(call), byte_code]
        how = f"cold: {call}, {packages} packages, {'with' if byte_code == 'yes' else 'without'} byte code"
        yield Check(f"{how}, {figure} (target {target:g})", line.figures[figure] or math.nan, limit * MARGIN)
