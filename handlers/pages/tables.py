"""The tables of a page, in words: each format only has to draw them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from handlers.core.fleet import FleetReport
from handlers.core.model import Lifecycle
from handlers.core.recovery_point import Recovery, Standing
from handlers.pages.facts import ALL, Totals, is_late_unread, least_age, stuck_of, totals, worst_first
from handlers.pages.gaps import Gap, gaps_of
from handlers.pages.words import (
    KINDS,
    NONE,
    NOT_KNOWN,
    SIGNS,
    counted,
    duration,
    moment,
    name_of,
    plain,
    size,
    standing_of,
)

COUNTS = ("Copies", "Stored", "In flight", "FAULTY", "Orphans", "Strays")
REGION_COLUMNS = ("Destination", "Sources", "Not read", "Too old", "No copy yet", "Oldest point", *COUNTS)
TIMES = ("Recovery point", "Age", "Target", "Behind", "Next due", "Too old before")
FIGURES = ("Source", "Kind", "Destination", "Standing", *TIMES, *COUNTS[:-1], "OCID")
WORTH_A_COLUMN = frozenset({"No copy yet", "Target", "Behind", "Next due", "Too old before", *COUNTS}) - {"Copies"}
"""Those that are there only where one of their cells has something to say."""
NUMBERS = frozenset({"Age", "Target", "Behind", "Copies", "Stored", "Orphans"})


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of a row, as plain text; `standing` colours it."""

    cells: tuple[str, ...]
    standing: Standing | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A title, a sentence, columns, and rows of as many cells. Cells of `numbers` are read from the right."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    numbers: frozenset[str] = frozenset()
    text: str = ""


def regions_table(report: FleetReport) -> Table:
    """What there is in each destination."""
    rows = tuple(_region_row(each, are_known=report.source_is_whole) for each in totals(report))
    return _without_empty(Table("Destinations", REGION_COLUMNS, rows, frozenset(REGION_COLUMNS[1:])), {"No copy yet"})


def _without_empty(table: Table, names: Collection[str]) -> Table:
    """The table less those of the columns named that have nothing in any row."""
    shown = [
        number
        for number, name in enumerate(table.columns)
        if name not in names or any(row.cells[number] != NONE for row in table.rows)
    ]
    rows = (Row(tuple(row.cells[number] for number in shown), row.standing) for row in table.rows)
    return replace(table, columns=tuple(table.columns[number] for number in shown), rows=tuple(rows))


def _region_row(each: Totals, *, are_known: bool) -> Row:
    unread, missing = each.standings[Standing.UNREAD], each.standings[Standing.NONE_YET]
    is_dark = unread == sum(each.standings.values())
    # What is not read may be too old as well: that it is may be known all the same.
    too_old = f"at least {each.too_old:,}" if each.late_unread else NOT_KNOWN if is_dark else _number(each.too_old)
    seen = (
        _number(missing),
        _long(each.worst_age),
        _number(each.copies),
        size(each.stored_gb),
        _flight(each.in_flight, each.stuck),
        _number(each.faulty),
        _number(each.orphans) if are_known else NOT_KNOWN,
        _number(each.strays),
    )
    name = "All" if each.region == ALL else plain(each.region)
    standing = Standing.BREACH if each.too_old else Standing.UNREAD if unread else None
    told = (NOT_KNOWN,) * len(seen) if is_dark else seen
    cells = (name, f"{each.sources:,}", _number(unread), too_old, *told)
    return Row(cells, standing)


def _number(number: int) -> str:
    return f"{number:,}" if number else NONE


def _long(length: timedelta | None) -> str:
    return NONE if length is None else duration(length)


def _flight(in_flight: int, stuck: int) -> str:
    return f"{in_flight:,} ({stuck:,} stuck)" if stuck else _number(in_flight)


def figures_table(report: FleetReport) -> Table:
    """Everything that is known of each source in each destination, the worst first."""
    rows = tuple(_figures(each, report) for each in worst_first(report))
    text = f"Times are in UTC. {NONE} is none, {NOT_KNOWN} is not known. Columns that would be empty are left out."
    return _without_empty(Table("All figures", FIGURES, rows, NUMBERS, text), WORTH_A_COLUMN)


def _figures(each: Recovery, report: FleetReport) -> Row:
    are_known = report.knows_originals(each)
    point, age, behind, copies, stored = (NOT_KNOWN,) * 5
    if each.is_known:
        point, age, behind = _at(each.point, each.now), _long(each.age), _behind(each)
        copies, stored = _number(len(each.having(Lifecycle.AVAILABLE))), size(each.stored_gb) if each.copies else NONE
    elif is_late_unread(each) and (least := least_age(each)) is not None:
        age = f"at least {duration(least)}"
    cells = (
        name_of(each.source),
        KINDS[each.source.kind],
        plain(each.region),
        f"{SIGNS[each.standing]} {standing_of(each, originals_are_known=are_known)}",
        point,
        age,
        _long(each.target),
        behind if are_known or not each.is_known else NOT_KNOWN,
        _due(each),
        _before([gap for gap in gaps_of(each, report) if not gap.lasts]) if each.is_known else NOT_KNOWN,
        copies,
        stored,
        _in_flight(each),
        _faulty(each),
        _number(len(each.orphans)) if are_known else NOT_KNOWN,
        plain(each.source.id),
    )
    return Row(cells, each.standing)


def _at(when: datetime | None, now: datetime) -> str:
    return NONE if when is None else moment(when, now)


def _behind(each: Recovery) -> str:
    if each.point is None and each.newest_backup is not None:
        return "all"
    return duration(each.behind) if each.behind else NONE


def _due(each: Recovery) -> str:
    if each.next_due is None:
        return NONE
    return f"{'since ' if each.next_due <= each.now else ''}{moment(each.next_due, each.now)}"


def _before(gaps: Sequence[Gap]) -> str:
    if not gaps:
        return NONE
    length = duration(sum((gap.length for gap in gaps), timedelta()))
    return f"once, {length}" if len(gaps) == 1 else f"{len(gaps):,} times, {length}"


def _in_flight(each: Recovery) -> str:
    if not each.in_flight:
        return NONE if each.is_known else NOT_KNOWN
    stuck, oldest = len(stuck_of(each)), duration(each.now - each.in_flight[0].began)
    oldest = f"{oldest}, {stuck:,} stuck" if stuck else oldest
    return f"{len(each.in_flight):,} (for {oldest})"


def _faulty(each: Recovery) -> str:
    copies, backups = len(each.having(Lifecycle.FAULTY)), len(each.faulty_backups)
    found = [counted(copies, "copy", "copies")] if copies else []
    found += [counted(backups, "backup")] if backups else []
    return " + ".join(found) or (NONE if each.is_known else NOT_KNOWN)
