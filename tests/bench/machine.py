"""What it was measured on."""

from __future__ import annotations

import os
import platform
import re
from importlib.metadata import version
from pathlib import Path

PACKAGES = ("oci", "fdk", "pydantic", "structlog", "cryptography")


def describe() -> dict[str, object]:
    """The machine and what of its software matters."""
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "kernel": f"{platform.system()} {platform.release()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "packages": {name: version(name) for name in PACKAGES},
    }


def in_words(machine: dict[str, object]) -> str:
    """The same in one line."""
    packages = machine["packages"]
    assert isinstance(packages, dict)
    of_ours = ", ".join(f"{name} {packages[name]}" for name in ("oci", "fdk"))
    return f"{machine['cpu']}, {machine['cores']} cores, {machine['kernel']}, {machine['python']}, {of_ours}"


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    found = re.search(r"model name\s*:\s*(.+)", info.read_text()) if info.exists() else None
    return found[1] if found else platform.processor() or platform.machine()
