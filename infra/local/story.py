"""`run`: one scheduled backup and its copy, from the alarm to the tag, with nothing called by hand."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from infra.local.operator import Backup, Operator
from infra.local.screen import Screen
from infra.local.stage import DESTINATION, HOME, raise_stage

LONGEST = 60
"""Real seconds after which the story is given up."""

INTRODUCTION = f"""\
[bold]A volume group in {HOME} is to be backed up nightly, and copied to {DESTINATION}.[/]
The function runs as on Fn and calls OCI's own host names with OCI's SDK; the cloud that answers is emulated.
Nobody invokes it: an alarm and events do.
"""


class OutOfTime(Exception):  # noqa: N818 - reads as what happened
    """The story has taken longer than LONGEST, whatever it was doing."""


def run(console: Console, logs: Path, *, speed: float, plain: bool) -> int:
    """Play the story; 0 only when the copy is AVAILABLE and the backup carries its tag, as the API shows them."""
    _say(console, INTRODUCTION)
    started = time.monotonic()
    lacking: list[str] = []
    backups: list[Backup] = []
    try:
        with (
            _limited_to(LONGEST),
            Screen(console, HOME, DESTINATION, speed=speed, plain=plain) as screen,
            raise_stage(screen.show, logs, speed=speed) as stage,
        ):
            stage.set_triggers()
            while lacking := find_lacking(backups := _look(stage.operator)):
                time.sleep(0.5)
    except OutOfTime:
        lacking = lacking or ["the cloud and the function did not come up"]
    if backups:
        console.print("\n[bold]What the API of each region shows now[/]")
        console.print(draw_backups(backups))
    console.print()
    conclude(console, lacking, logs, time.monotonic() - started)
    return 1 if lacking else 0


def conclude(console: Console, lacking: Sequence[str], logs: Path, passed: float) -> None:
    """Say how it ended, after so many seconds, and where to read more; each sentence is one line where it is piped."""
    if lacking:
        _say(console, f"[bold red]Not done after {LONGEST} s:[/] {'; '.join(lacking)}.")
        _say(console, f"What the cloud and the function logged is in {escape(str(logs))}")
        return
    _say(console, f"[bold green]Done in {passed:.0f} s:[/] the copy is AVAILABLE, and its backup says where it is.")
    _say(console, f"The function's log, in real time: {escape(str(logs / 'function.log'))}")


def find_lacking(backups: Sequence[Backup]) -> list[str]:
    """What is still missing from one good backup with one good copy that it names; nothing when all is there."""
    sources = [backup for backup in backups if backup.region == HOME and not backup.copy_of]
    if not sources:
        return [f"there is no backup in {HOME}"]
    lacking = []
    for source in sources:
        copies = [copy for copy in backups if copy.region == DESTINATION and copy.copy_of == source.id]
        if source.state != "AVAILABLE":
            lacking.append(f"the backup {source.name} is {source.state}")
        if len(copies) != 1:
            lacking.append(f"{source.name} has {len(copies)} copies in {DESTINATION}")
        elif copies[0].state != "AVAILABLE":
            lacking.append(f"the copy {copies[0].name} is {copies[0].state}")
        elif source.tags.get(f"backup-copy-{DESTINATION}") != copies[0].id:
            lacking.append(f"the backup {source.name} does not carry the tag that names its copy")
    return lacking


def draw_backups(backups: Sequence[Backup]) -> Table:
    """A column for each backup and copy: few, but with long values."""
    table = Table()
    table.add_column("", style="dim", no_wrap=True)
    for backup in backups:
        table.add_column("copy" if backup.copy_of else "backup", overflow="fold")
    rows = {
        "name": [backup.name for backup in backups],
        "region": [backup.region for backup in backups],
        "state": [f"[{'green' if backup.state == 'AVAILABLE' else 'red'}]{backup.state}[/]" for backup in backups],
        "type": [f"{backup.type}, of {backup.members} volumes" for backup in backups],
        "created": [f"{backup.created:%Y-%m-%d %H:%M:%S}" for backup in backups],
        "id": [_shorten(backup.id) for backup in backups],
        "copy of": [_shorten(backup.copy_of or "") for backup in backups],
        "tags": [
            "\n".join(f"{key}\n  {_shorten(value)}" for key, value in sorted(backup.tags.items())) for backup in backups
        ],
    }
    for name, cells in rows.items():
        table.add_row(name, *cells)
    return table


def _say(console: Console, text: str) -> None:
    """Print without breaking lines: terminals do that themselves, and who reads a pipe wants them whole."""
    console.print(text, highlight=False, soft_wrap=True)


def _look(operator: Operator) -> list[Backup]:
    return [backup for region in (HOME, DESTINATION) for backup in operator.volume_group_backups(region)]


def _shorten(value: str) -> str:
    """OCIDs by their ends and their region, which are what tells them apart."""
    parts = value.split(".")
    return f"ocid1...{parts[3]}...{parts[4][-6:]}" if parts[0] == "ocid1" and len(parts) == 5 else value


@contextmanager
def _limited_to(seconds: float) -> Iterator[None]:
    """Raise `OutOfTime` in the main thread when time is up, wherever it waits."""

    def stop(_: int, __: FrameType | None) -> None:
        raise OutOfTime

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
