"""The Python in the documents of the emulated cloud and of the Fn side, as somebody would copy it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
IMPORTS = """
import os
from datetime import timedelta
from infra.emulator.faults.fault import Cut
from infra.emulator.server import Emulator
"""


@pytest.mark.parametrize(
    ("document", "imports", "written"),
    [("infra/emulator/README.md", IMPORTS, ""), ("infra/local/README.md", "", "http://127.0.0.1:")],
)
def test_the_python_of_a_document_runs_as_it_stands(document: str, imports: str, written: str) -> None:
    """To its end, in a process of its own, and writes nothing that it does not say."""
    (block,) = re.findall(
        r"^```python\n(.*?)^```", (ROOT / document).read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )

    ran = subprocess.run([sys.executable, "-c", imports + block], cwd=ROOT, capture_output=True, text=True, check=False)

    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith(written) if written else not ran.stdout
