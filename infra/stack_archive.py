"""The archive that Resource Manager makes a stack from: the stack's `*.tf` and its `schema.yaml`, and nothing else."""

from __future__ import annotations

import sys
from pathlib import Path
from zipfile import ZipFile, ZipInfo

STACK = Path(__file__).parent / "terraform"
EPOCH = (1980, 1, 1, 0, 0, 0)


def members(folder: Path) -> list[Path]:
    """What the archive holds, in its order. Tests, variables and state of somebody who tried the stack are left out."""
    return [*sorted(folder.glob("*.tf")), folder / "schema.yaml"]


def build(archive: Path, folder: Path = STACK) -> None:
    """Write the archive. The same files make the same bytes, whoever packs them, whenever, and with which Python."""
    archive.parent.mkdir(parents=True, exist_ok=True)
    with ZipFile(archive, "w") as packed:
        for member in members(folder):
            entry = ZipInfo(member.name, date_time=EPOCH)
            entry.create_system = 3  # Unix: else it depends on who packs
            entry.external_attr = 0o100644 << 16
            # Stored, not compressed: each release of zlib may compress to other bytes, and this is small.
            packed.writestr(entry, member.read_bytes())


if __name__ == "__main__":
    build(Path(sys.argv[1]))
    print(sys.argv[1])
