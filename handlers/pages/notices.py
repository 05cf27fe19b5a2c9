"""What a page says before it shows anything: the one sentence that matters, and what is not known."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from handlers.core.fleet import FleetReport
from handlers.core.model import Kind
from handlers.core.recovery_point import Recovery, Standing
from handlers.pages.facts import ALL, Totals, is_late_unread, least_age, totals_of, worst_of
from handlers.pages.words import KINDS, SIGNS, STANDINGS, TONES, Tone, counted, duration, name_of, plain

MAX_ITEMS = 40
MAX_NAMED = 2
"""So many destinations the headline names; more of them it counts."""


@dataclass(frozen=True, slots=True)
class Notice:
    """A sentence, and what else there is to say of it."""

    tone: Tone
    title: str
    text: str = ""
    items: tuple[str, ...] = ()
    is_detail: bool = False
    """Whether the items are for those only who want to know more."""


def headline(report: FleetReport) -> Notice:
    """How it stands with everything, in a sentence that needs no second look, and with what is worst."""
    total = totals_of(ALL, report.recoveries)
    standings = total.standings
    if not report.recoveries:
        return Notice(Tone.UNSURE, "There is nothing to show", "No source has a destination, or a copy anywhere.")
    if total.too_old:
        return Notice(Tone.BAD, _too_old(total, report), _worst(worst_of(report)))
    unclear = _unclear(standings, len(report.recoveries))
    if unclear:
        return unclear
    if not standings[Standing.IN_TIME]:
        return Notice(Tone.UNSURE, "No recovery point has a target", "Nothing says how old they may be.")
    return _all_in_time(standings[Standing.IN_TIME], total.worst_age, report)


def _unclear(standings: Counter[Standing], number: int) -> Notice | None:
    """What comes first where nothing is known to be too old, and not all is known, or not all has a copy."""
    belonging = _points(number - standings[Standing.STRAY])
    if unread := standings[Standing.UNREAD]:
        return Notice(Tone.UNSURE, f"{unread:,} of {_points(number)} could not be read", _others(standings))
    if unsure := standings[Standing.UNSURE]:
        text = "Too little of the source region could be read."
        return Notice(Tone.UNSURE, f"Whether {unsure:,} of {belonging} are in time is not known", text)
    if missing := standings[Standing.NONE_YET]:
        verb = "has" if missing == 1 else "have"
        return Notice(Tone.UNSURE, f"{missing:,} of {belonging} {verb} no copy yet", _others(standings))
    return None


def _points(number: int) -> str:
    return counted(number, "recovery point")


def _too_old(total: Totals, report: FleetReport) -> str:
    """Of those that are to be younger than a target, or may be, as far as anything is known of them."""
    measured = total.too_old + total.standings[Standing.IN_TIME] + total.standings[Standing.NONE_YET]
    verb = "is older than its target" if total.too_old == 1 else "are older than their target"
    title = f"{total.too_old:,} of {_points(measured)} {verb}"
    if not total.late_unread:
        return title
    dark = sorted({plain(each.region) for each in report.recoveries if is_late_unread(each)})
    regions = " and ".join(dark) if len(dark) <= MAX_NAMED else f"{len(dark)} destinations"
    return f"{title} as far as is known; {regions} cannot be read"


def _others(standings: Counter[Standing]) -> str:
    """What there is to say of the others, where not all could be read or have a copy yet."""
    missing, young, is_dark = standings[Standing.NONE_YET], standings[Standing.IN_TIME], standings[Standing.UNREAD]
    verb = "has" if missing == 1 else "have"
    said = [f"{_points(missing)} {verb} no copy yet."] if missing and is_dark else []
    said += ["None is late, as far as anybody says."] if missing and not is_dark else []
    if young:
        the_others = f"The other {_points(young)}" if not (missing and is_dark) else f"{_points(young)}"
        said.append(
            f"{the_others} {'is' if young == 1 else 'are'} younger than {'its' if young == 1 else 'their'} target."
        )
    return " ".join(said)


def _all_in_time(number: int, oldest: timedelta | None, report: FleetReport) -> Notice:
    title = f"All {_points(number)} are younger than their target"
    title = title if number > 1 else "The recovery point is younger than its target"
    text = f"The oldest is {duration(oldest)} old." if oldest is not None else ""
    if not report.source_is_whole:
        return Notice(Tone.UNSURE, title, f"{text} There may be sources that are not shown here.".strip())
    return Notice(Tone.GOOD, title, text)


def _worst(recovery: Recovery) -> str:
    where = f"{name_of(recovery.source)} in {plain(recovery.region)}"
    target = duration(recovery.target) if recovery.target else "none"
    age = least_age(recovery)
    if not recovery.is_known:
        known = "no copy of it is known" if age is None else f"at least {duration(age)} old as far as is known"
        return f"The worst: {where}, {known}; its target is {target}."
    if age is None:
        return f"The worst: {where} has no copy at all; its target is {target}."
    return f"The worst: {where}, {duration(age)} old; its target is {target}."


def counts(report: FleetReport) -> Iterator[tuple[str, Standing, int, str]]:
    """How many recovery points stand how, and how many copies somebody should look at; only what there is any of.

    Each with its sign, what it is as bad as, the number, and what is counted.
    """
    total = totals_of(ALL, report.recoveries)
    for standing in Standing:
        if total.standings[standing]:
            late = f", {total.late_unread:,} of them too old as far as is known" if total.late_unread else ""
            what = f"{STANDINGS[standing]}{late if standing is Standing.UNREAD else ''}"
            yield SIGNS[standing], standing, total.standings[standing], what
    if total.stuck:
        yield TONES[Tone.UNSURE], Standing.UNREAD, total.stuck, "stuck"
    if total.faulty:
        yield TONES[Tone.UNSURE], Standing.UNREAD, total.faulty, "FAULTY"
    if problems := sum(map(len, report.problems.values())):
        what = "tag that cannot be followed" if problems == 1 else "tags that cannot be followed"
        yield TONES[Tone.UNSURE], Standing.UNREAD, problems, what


def notices(report: FleetReport) -> list[Notice]:
    """What else is not known, and what there is to say."""
    return [*_of_destinations(report), *_of_lists(report), *_of_the_page(report)]


def of_the_source_region(report: FleetReport) -> Iterator[Notice]:
    """What everything else is to be read by, where the source region could not be read, or not all of it."""
    region = plain(report.source_region)
    if not report.source_is_readable:
        yield Notice(
            Tone.BAD,
            f"The source region {region} could not be read",
            "What is shown was read in the destinations alone: it is what can be recovered to if that region is lost.",
            (
                "Recovery points are those of the copies, which carry the time of their backup with them.",
                "A source that has no copy anywhere is missing here, and the names of sources are not known.",
                "Tags are not known, nor policies that go by them: targets and strays are those of the configuration.",
                "Whether a newer backup exists, whether a source is gone, and which copies are orphans is not known.",
            ),
        )
    elif not report.source_is_whole:
        text = "Sources may be missing here, and which of their copies are orphans is not known."
        yield Notice(Tone.UNSURE, f"Parts of the source region {region} could not be read", text)


def _of_destinations(report: FleetReport) -> Iterator[Notice]:
    total = Counter(each.region for each in report.recoveries)
    unread = Counter(each.region for each in report.recoveries if each.standing is Standing.UNREAD)
    for region in sorted(unread):
        all_of_it = unread[region] == total[region]
        title = f"The destination {plain(region)} could not be read"
        title = title if all_of_it else f"Parts of the destination {plain(region)} could not be read"
        text = f"The age of {_points(unread[region])} there is not known."
        if late := sum(each.region == region and is_late_unread(each) for each in report.recoveries):
            verb = "is older than its" if late == 1 else "are older than their"
            text += f" By what the tags of their backups say, {late:,} {verb} target."
        yield Notice(Tone.UNSURE, title, text)


def _of_lists(report: FleetReport) -> Iterator[Notice]:
    """What was read of one compartment or not at all is told by compartment, with the kinds that are missing there."""
    kinds: defaultdict[tuple[str, str, str, str], list[Kind]] = defaultdict(list)
    for each in sorted(set(report.unread)):
        kinds[each.region, each.reason, "" if each.is_of_sources else "backups of ", each.compartment_id].append(
            each.kind
        )
    if not kinds:
        return
    items = [
        f"{plain(region)}: {plain(reason)} for {what}{' and '.join(f'{KINDS[kind]}s' for kind in found)} in "
        f"{plain(compartment)}"
        for (region, reason, what, compartment), found in kinds.items()
    ]
    more = [f"and {len(items) - MAX_ITEMS:,} more"] if len(items) > MAX_ITEMS else []
    yield Notice(Tone.UNSURE, "What could not be read, and why", "", (*items[:MAX_ITEMS], *more), is_detail=True)


def _of_the_page(report: FleetReport) -> Iterator[Notice]:
    hidden = len(report.recoveries) - report.max_rows
    if hidden > 0:
        text = f"The worst {report.max_rows:,} are; all are counted. Ask for fewer compartments, or one destination."
        yield Notice(Tone.UNSURE, f"{hidden:,} recovery points are not listed", text)
    for note in report.notes[:MAX_ITEMS]:
        yield Notice(Tone.UNSURE, plain(note))
