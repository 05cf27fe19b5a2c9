"""The locks: all that is installed anywhere, with versions and hashes, each file made from the `.in` beside it."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]

RUNTIME = ROOT / "requirements.txt"
# In this order, since each of the first three begins with all that the one before it has.
LOCKS = (
    RUNTIME,
    ROOT / "infra" / "requirements.txt",
    ROOT / "tests" / "requirements.txt",
    ROOT / "tests" / "oci-cli-requirements.txt",
    ROOT / "infra" / "supply" / "requirements.txt",
)


def title(lock: Path) -> str:
    """How people call it: the path from the project's folder."""
    return lock.relative_to(ROOT).as_posix()


def normalized(name: str) -> str:
    """A package's name as indexes compare it: https://packaging.python.org/en/latest/specifications/name-normalization/."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(text: str) -> dict[str, str]:
    """The packages that a lock or its input names, with their versions."""
    found = re.findall(r"^([A-Za-z0-9][\w.-]*)==([^\s;]+)", text, re.MULTILINE)
    return {normalized(name): version for name, version in found}
