"""How the film ends: what the API of each region shows, what is lacking, and the pages that the function wrote."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

import httpx
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from infra.local.cast import HOME, REGIONS, Source
from infra.local.operator import Backup

MARK, SOURCE_TIME = "backup-copy-delete-after", "backup-copy-source-time"
"""Tags: on what retention is going to delete, and on a copy the time of its backup."""
COPY_IN = "backup-copy-{region}"
"""A tag on a backup, which names its copy in a region."""
AVAILABLE = "AVAILABLE"
LEGEND = """\
oldest, newest: when the backup was made, of which it may be a copy, in UTC
orphans: copies that are kept although their backup is deleted
marked: of those AVAILABLE, what retention is going to delete, after a day of grace; others: by their state"""
PAGES = {"report.html": ("html", "text/html"), "report.md": ("markdown", "text/markdown")}
"""What the function is asked for, by the name of the file that its answer goes to: a format, and its content type."""
ATTEMPTS = 3


def find_lacking(sources: Iterable[Source], backups: Sequence[Backup]) -> list[str]:
    """What is missing from exactly one good copy of each backup in each of its destinations; nothing when all is there.

    Each backup has to name its copies in its tags, too. A good backup is one that is AVAILABLE; of the others nothing
    is wanted, but that there are no unfinished ones.
    """
    lacking = []
    for source in sources:
        own = [backup for backup in backups if backup.source_id == source.id]
        originals = [backup for backup in own if backup.region == HOME and backup.copy_of is None]
        if not originals:
            lacking.append(f"there is no backup of {source.name} in {HOME}")
        for original in originals:
            if original.state == "AVAILABLE":
                lacking += _lacking_of(source, original, own)
            elif original.state not in {"FAULTY", "TERMINATING", "TERMINATED"}:
                lacking.append(f"the backup {original.name} of {source.name} is {original.state}")
    return lacking


def _lacking_of(source: Source, original: Backup, backups: Iterable[Backup]) -> Iterable[str]:
    copies = [each for each in backups if each.copy_of == original.id]
    for region in source.destinations:
        good = [copy for copy in copies if copy.region == region and copy.state == "AVAILABLE"]
        if len(good) != 1:
            number = len(good) or "no"
            yield f"{original.name} of {source.name} has {number} good {'copy' if not good else 'copies'} in {region}"
        elif original.tags.get(COPY_IN.format(region=region)) != good[0].id:
            yield f"{original.name} of {source.name} does not name its copy in {region} in its tags"


def ask_for_pages(invoke_url: str, folder: Path) -> list[str]:
    """Have the function write its pages, as a call of each gives them, into files of `folder`; what is lacking."""
    lacking = []
    for name, (form, content_type) in PAGES.items():
        answer = _invoke(invoke_url, {"operation": "ReportCopies", "format": form})
        answered = answer.headers.get("content-type", "nothing").partition(";")[0]
        if answer.status_code == 200 and answered == content_type:
            (folder / name).write_bytes(answer.content)
        else:
            lacking.append(f"the function answered {answer.status_code} with {answered}, not with {name}")
    return lacking


def _invoke(invoke_url: str, operation: Mapping[str, str]) -> httpx.Response:
    """As `fn invoke` does; again where the function failed for a reason that may pass."""
    for _ in range(ATTEMPTS):
        answer = httpx.post(invoke_url, json=operation, timeout=60, trust_env=False)
        if answer.status_code == 200:
            break
    return answer


def draw_backups(sources: Iterable[Source], backups: Sequence[Backup]) -> Table:
    """A line for each source and region: how many can be restored, from which times, and what else there is."""
    living = {each.id for each in backups if each.copy_of is None and each.state == AVAILABLE}
    made = {each.id: each.created for each in backups if each.copy_of is None}
    table = Table(box=box.SIMPLE_HEAD, header_style="bold", padding=0, show_edge=False)
    for name in ("source", "region", AVAILABLE, "oldest", "newest", "orphans", "marked", "others"):
        is_number = name in {AVAILABLE, "orphans", "marked"}
        table.add_column(name, justify="right" if is_number else "left", no_wrap=name != "others", min_width=6)
    for source in sources:
        for region in (each for each in REGIONS if each in (HOME, *source.destinations)):
            here = [each for each in backups if each.source_id == source.id and each.region == region]
            good = [each for each in here if each.state == AVAILABLE]
            times = sorted(_backed_up(each, made) for each in good)
            orphans = [each for each in good if each.copy_of is not None and each.copy_of not in living]
            table.add_row(
                source.name if region == HOME else "",
                region,
                str(len(good)),
                *(f"{time:%d %b %H:%M}" for time in (*times[:1], *times[-1:])),
                *([] if times else ["", ""]),
                str(len(orphans)) if region != HOME else "",
                str(len([each for each in good if MARK in each.tags])),
                _count_states([each.state for each in here if each.state not in {AVAILABLE, "TERMINATED"}]),
                end_section=region == (HOME, *source.destinations)[-1],
            )
    return table


def _backed_up(backup: Backup, made: Mapping[str, datetime]) -> datetime:
    """When a backup was made, of which this may be a copy. Where it is gone, a tag of the copy still says it."""
    if backup.copy_of is None or backup.copy_of in made:
        return made.get(backup.copy_of or backup.id, backup.created)
    written = backup.tags.get(SOURCE_TIME)
    return datetime.fromisoformat(written) if written else backup.created


def _count_states(states: Sequence[str]) -> str:
    return ", ".join(f"{states.count(state)} {state}" for state in sorted(set(states)))


def conclude(console: Console, lacking: Sequence[str], logs: Path, passed: float) -> None:
    """Say how it ended, after so many seconds, and where to read more; each sentence is one line where it is piped."""
    if lacking:
        more = f" And {len(lacking) - 10} more." if len(lacking) > 10 else ""
        say(console, f"[bold red]Not done after {passed:.0f} s:[/] {escape('; '.join(lacking[:10]))}.{more}")
        say(console, f"What the cloud and the function logged is in {escape(str(logs))}")
        return
    say(
        console,
        f"[bold green]Done in {passed:.0f} s:[/] every backup has exactly one good copy wherever it should, "
        "and its tags name them.",
    )
    say(console, f"The report that the function wrote: [bold]{escape(str(logs / 'report.html'))}[/]")
    say(console, f"To be read here: {escape(str(logs / 'report.md'))}")
    say(console, f"The logs, in the cloud's time: {escape(str(logs / 'function.log'))}, cloud.jsonl")


def say(console: Console, text: str) -> None:
    """Print without breaking lines: who copies a path, or reads a pipe, wants them whole."""
    console.print(text, highlight=False, soft_wrap=True)
