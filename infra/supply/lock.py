"""Brings the locks in line with their inputs and says what changed: `python -m infra.supply.lock [options of uv]`.

What is locked stays as it is while its input allows it; `--upgrade` takes the newest releases that the inputs allow.
"""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from infra.supply.locks import LOCKS, ROOT, pins, title

# One lock for every platform and Python that the project runs on: 3.11 is the oldest.
COMPILE = (
    *(sys.executable, "-m", "uv", "pip", "compile", "--no-config", "--quiet", "--universal", "--generate-hashes"),
    *("--python-version", "3.11", "--custom-compile-command", "make lock"),
)


def changes(before: str, after: str) -> Iterator[str]:
    """What became of a lock, a line for each package; nothing when it is word for word the same."""
    old, new = pins(before), pins(after)
    for name in sorted(old.keys() | new.keys()):
        match old.get(name), new.get(name):
            case None, added:
                yield f"+ {name} {added}"
            case removed, None:
                yield f"- {name} {removed}"
            case was, now if was != now:
                yield f"  {name} {was} -> {now}"
    if old == new and before != after:
        yield "  other hashes or remarks for the same versions"


def read(lock: Path) -> str:
    """The lock as it is on disk, empty where it is yet to be made."""
    return lock.read_text(encoding="utf-8") if lock.exists() else ""


def main(options: Sequence[str]) -> int:
    """Stops at the first lock that cannot be made: those after it would be made from it."""
    for lock in LOCKS:
        before = read(lock)
        paths = (title(lock.with_suffix(".in")), "--output-file", title(lock))
        if subprocess.run([*COMPILE, *options, *paths], cwd=ROOT, check=False).returncode:
            print(f"{title(lock)}: NOT LOCKED, for the reason above", file=sys.stderr)
            return 1
        print("\n  ".join([f"{title(lock)}:", *(list(changes(before, read(lock))) or ["as it was"])]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
