"""What somebody should look at, each by its OCID, and what to do about it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from itertools import islice

from handlers.core.fleet import FleetReport
from handlers.core.model import Lifecycle
from handlers.core.recovery_point import CopyState, Recovery
from handlers.pages.facts import in_order, stuck_of
from handlers.pages.tables import Row, Table
from handlers.pages.words import NONE, duration, moment, name_of, plain

MAX_TROUBLES = 100
AT_HOME = "source region"
# By the terms of `SourcePolicy.faults`: what depends on them does not act.
OF_TAGS = {
    "destinations": "correct the tag on the source: until then no copies of it are made",
    "every": "correct the tag on the source: until then no backups of it are made",
    "keep": "correct the tag on the source: until then nothing of it is deleted",
}
CORRECT_IT = "correct the tag on the source: until then nothing is done for it"


def troubles_table(report: FleetReport) -> Table:
    """The tags, copies and backups that somebody should look at, with what is to be done."""
    found = [*_tags(report), *_troubles(in_order(report.recoveries), report)]
    text = f"The first {MAX_TROUBLES} of {len(found):,}." if len(found) > MAX_TROUBLES else ""
    columns = ("What", "Source", "Region", "Backup of", "What to do", "OCID")
    return Table("To be looked at", columns, tuple(islice(found, MAX_TROUBLES)), text=text)


def _tags(report: FleetReport) -> Iterator[Row]:
    for problems in report.problems.values():
        for each in problems:
            remedy = OF_TAGS.get(each.term, CORRECT_IT)
            source = each.source
            yield Row((plain(each.message), name_of(source), AT_HOME, NONE, remedy, plain(source.id)))


def _troubles(recoveries: Iterable[Recovery], report: FleetReport) -> Iterator[Row]:
    """What nothing has replaced yet comes first; a backup is told of once, however many destinations it has."""
    replaced: list[Row] = []
    backups: dict[str, Row] = {}
    for each in recoveries:
        name, region = name_of(each.source), plain(each.region)
        for copy in stuck_of(each):
            what = f"copy under way for {duration(each.now - copy.began)}"
            remedy = "ask Oracle about it: no other is made while it lasts"
            yield Row((what, name, region, moment(copy.moment, each.now), remedy, plain(copy.id)))
        good = {copy.moment for copy in each.having(Lifecycle.AVAILABLE)}
        for copy in each.having(Lifecycle.FAULTY):
            remedy = _remedy(copy, each, good, are_known=report.knows_originals(each))
            row = Row(("FAULTY copy", name, region, moment(copy.moment, each.now), remedy, plain(copy.id)))
            if copy.moment in good:
                replaced.append(row)
            else:
                yield row
        for backup in each.faulty_backups:
            remedy = "look at the source, and delete the FAULTY backup by hand"
            backups[backup] = Row(("FAULTY backup", name, AT_HOME, NONE, remedy, plain(backup)))
    yield from backups.values()
    yield from replaced


def _remedy(copy: CopyState, recovery: Recovery, good: Collection[datetime], *, are_known: bool) -> str:
    """What to do about a FAULTY copy. Copies of one source with one moment are of one backup."""
    if copy.moment in good:
        return "replaced by a good one: may be deleted by hand"
    if not recovery.belongs:
        return "no copies are wanted there: may be deleted by hand"
    if copy.is_orphan and are_known:
        return "its backup is gone, so that no other can be made: may be deleted by hand"
    if any(each.moment == copy.moment for each in recovery.in_flight):
        return "another is under way: once that is there, delete this one by hand"
    return "it is made again by itself while its backup is kept; then delete this one by hand"
