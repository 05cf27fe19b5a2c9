"""The proof that nothing is missing: every module that was kept is imported, with nothing else on the path."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from infra.image.allowed import LeftOut
from infra.image.imports import Import
from infra.image.reach import allows

# Tells for each failure where it happened, and what was missing. What the modules themselves print goes elsewhere.
PROGRAM = """
import importlib, json, os, sys

answers, sys.stdout = sys.stdout, sys.stderr
failures = []
for module in json.load(sys.stdin):
    try:
        importlib.import_module(module)
    except Exception as error:
        where, trace = module, error.__traceback__
        while trace:
            name = trace.tb_frame.f_globals["__name__"]
            where = name if not name.startswith("importlib") and name != "__main__" else where
            trace = trace.tb_next
        missing = getattr(error, "name", None) if isinstance(error, ImportError) else None
        failures.append([module, where, missing, f"{type(error).__name__}: {error}"])
json.dump(failures, answers)
answers.flush()
os._exit(0)  # whatever threads and endings the modules have set up
"""


def failures(path: Sequence[Path], modules: Iterable[str], left_out: Sequence[LeftOut]) -> Iterator[str]:
    """The modules that cannot be imported with the folders `path` and the standard library alone, and why.

    Not those that fail for the want of something that is allowed to be missing there.
    """
    environment = {"PYTHONPATH": ":".join(map(str, path)), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-S", "-P", "-W", "ignore", "-c", PROGRAM]
    # The SDK before the function, which loads it in a way of its own: its packages would then not run as they do alone.
    names = json.dumps(sorted(modules, reverse=True))
    answer = subprocess.run(
        command, input=names, env=environment, capture_output=True, text=True, check=False, timeout=300
    )
    if answer.returncode:
        yield f"importing the modules ended with status {answer.returncode}: {answer.stderr[-1000:]}"
        return
    for module, where, missing, text in json.loads(answer.stdout):
        if not missing or not any(allows(each, Import(where, missing, 0)) for each in left_out):
            yield f"{module} cannot be imported: {text}, in {where}"
