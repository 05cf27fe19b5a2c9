"""Recovery points over time, drawn: a lane for each source and destination, with a mark for each copy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import escape
from itertools import pairwise

from handlers.core.fleet import FleetReport
from handlers.core.model import Lifecycle
from handlers.core.recovery_point import CopyState, Recovery
from handlers.pages.gaps import Gap
from handlers.pages.words import DAY, HOUR, MONTHS, counted, duration, moment, plain

WIDTH, HEIGHT, MIDDLE = 1000, 22, 11
"""Of a lane, in its own units: it is stretched to the width there is, while marks keep their size."""
MAX_TOOLTIPS = 6
"""So many rare marks of a lane have a tooltip of their own; with more of them, all have one together."""
LABELS = 6
BESIDE = 19
"""How far down gaps of the past are, below the copies that came before and after them."""
DENSE = 9
"""From mark to mark; where they are closer, those that are lines are thinner, so that each is still seen."""
CROSS = "M-4 7l8 8m-8 0l8-8"


@dataclass(frozen=True, slots=True)
class Axis:
    """The days that end now, over the width of a lane."""

    now: datetime
    days: int

    @property
    def begin(self) -> datetime:
        """The left end."""
        return self.now - self.days * DAY

    def x(self, when: datetime) -> int:
        """Where a moment is; what is earlier or later than the axis is at its ends."""
        return min(max(round((when - self.begin) / (self.now - self.begin) * WIDTH), 0), WIDTH)

    @property
    def steps(self) -> tuple[timedelta, timedelta]:
        """From line to line, and from label to label."""
        line = next((days * DAY for days in (1, 7) if self.days <= 50 * days), 30 * DAY) if self.days > 2 else 6 * HOUR
        lines = self.days * DAY / line
        return line, line * max(1, round(lines / LABELS))

    def ticks(self) -> Iterator[tuple[int, str]]:
        """Each line, with its label or without; the last label keeps off the right end, which is now."""
        line, label = self.steps
        day = self.now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        first = day + (self.now - day) // line * line
        for number in range(self.days * DAY // line + 1):
            when = first - number * line
            if when <= self.begin:
                return
            is_labelled = number % (label // line) == 0 and WIDTH / 30 < self.x(when) < WIDTH * 0.93
            yield self.x(when), self._label(when) if is_labelled else ""

    def _label(self, when: datetime) -> str:
        return f"{when.day} {MONTHS[when.month - 1]}" if self.days > 2 else f"{when:%H:%M}"


def definitions(axis: Axis) -> str:
    """What every lane refers to: its lines, and the marks that are too rare to be drawn in one stroke."""
    lines = "".join(f"M{x} 0v{HEIGHT}" for x, label in axis.ticks() if not label)
    strong = "".join(f"M{x} 0v{HEIGHT}" for x, label in axis.ticks() if label)
    return (
        '<svg class="marks" width="0" height="0" aria-hidden="true"><defs>'
        f'<g id="grid"><path class="line" d="{lines}M0 {MIDDLE}h{WIDTH}"/>'
        f'<path class="line strong" d="{strong}M0 0v{HEIGHT}M{WIDTH} 0v{HEIGHT}"/></g>'
        '<circle id="copy" class="copy" cy="11" r="3.5"/>'
        '<path id="orphan" class="orphans" d="M0 6v10"/>'
        '<circle id="transit" class="transit" cy="11" r="4"/>'
        '<g id="stuck"><circle class="transit stuck" cy="11" r="4.7"/><circle class="core" cy="11" r="1.8"/></g>'
        f'<g id="faulty"><path class="faulty halo" d="{CROSS}"/><path class="faulty" d="{CROSS}"/></g>'
        '<path id="older" class="older" d="M7 6l-5 5 5 5"/>'
        "</defs></svg>"
    )


def draw_axis(axis: Axis) -> str:
    """The labels above the lanes. They only repeat what tooltips and tables say."""
    labels = "".join(f'<i style="left:{x / 10:g}%">{label}</i>' for x, label in axis.ticks() if label)
    return f'<div class="days" aria-hidden="true">{labels}<i class="now">now</i></div>'


def draw_lane(recovery: Recovery, gaps: Sequence[Gap], report: FleetReport, axis: Axis, summary: str) -> str:
    """One recovery over time. The summary says in words what is drawn."""
    shown = [each for each in recovery.copies if each.moment >= axis.begin]
    older = len(recovery.copies) - len(shown)
    are_known = report.knows_originals(recovery)
    there = [each for each in shown if each.lifecycle is Lifecycle.AVAILABLE]
    orphans = [each for each in there if each.is_orphan and are_known]
    others = [each for each in there if not (each.is_orphan and are_known)]
    under_way = [each for each in shown if each.lifecycle.is_under_way]
    stuck = [each for each in under_way if each.is_stuck(recovery.now)]
    on_time = [each for each in under_way if not each.is_stuck(recovery.now)]
    faulty = [each for each in shown if each.lifecycle is Lifecycle.FAULTY]
    return (
        f'<svg class="lane" role="img" aria-label="{escape(plain(summary))}">'
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none"><use href="#grid"/>'
        f"{_target(recovery, axis)}{_gaps(gaps, recovery, axis)}"
        f"{_orphans(orphans, axis)}{_copies(others, axis)}</svg>"
        f"{_marks('transit', 'under way', on_time, axis)}{_marks('stuck', 'stuck', stuck, axis)}"
        f"{_marks('faulty', 'FAULTY', faulty, axis)}{_older(older)}</svg>"
    )


def _target(recovery: Recovery, axis: Axis) -> str:
    """The stretch that the recovery point has to be in."""
    if not recovery.is_known:
        return f'<path class="dark" d="M0 {MIDDLE}H{WIDTH}"><title>could not be read</title></path>'
    if recovery.target is None or not recovery.belongs:
        return ""
    x = axis.x(recovery.now - recovery.target)
    return f'<path class="target" d="M{x} {MIDDLE}H{WIDTH}"><title>target: {duration(recovery.target)}</title></path>'


def _gaps(gaps: Sequence[Gap], recovery: Recovery, axis: Axis) -> str:
    past = [gap for gap in gaps if not gap.lasts]
    drawn = ""
    if past:
        told = [f"{moment(gap.start, axis.now)}, for {duration(gap.length)}" for gap in past[:MAX_TOOLTIPS]]
        more = [f"and {len(past) - MAX_TOOLTIPS} more"] if len(past) > MAX_TOOLTIPS else []
        title = f"was older than the target from {'; '.join([*told, *more])}"
        drawn = (
            f'<path class="gap" d="{"".join(_bar(gap, axis, BESIDE) for gap in past)}"><title>{title}</title></path>'
        )
    for gap in gaps:
        if gap.lasts:
            since = moment(recovery.breach_since or gap.start, axis.now)
            title = f"older than the target since {since}"
            drawn += f'<path class="gap lasts" d="{_bar(gap, axis, MIDDLE)}"><title>{title}</title></path>'
    return drawn


def _bar(gap: Gap, axis: Axis, y: int) -> str:
    """At least wide enough to be seen."""
    start = min(axis.x(gap.start), WIDTH - 3)
    return f"M{start} {y}H{max(axis.x(gap.end), start + 3)}"


def _copies(copies: Sequence[CopyState], axis: Axis) -> str:
    """Many dots in one path: a stroke of no length is drawn as its round end."""
    places = sorted({axis.x(each.moment) for each in copies})
    if not places:
        return ""
    steps = "".join(f"m{after - before} 0h0" for before, after in pairwise(places))
    title = _told("copy", copies, axis)
    return f'<path class="copies" d="M{places[0]} {MIDDLE}h0{steps}"><title>{title}</title></path>'


def _orphans(copies: Sequence[CopyState], axis: Axis) -> str:
    """Many upright lines in one path."""
    places = sorted({axis.x(each.moment) for each in copies})
    if not places:
        return ""
    steps = "".join(f"m{after - before}-10v10" for before, after in pairwise(places))
    is_dense = places[-1] - places[0] < DENSE * (len(places) - 1)
    css_class = "orphans dense" if is_dense else "orphans"
    return (
        f'<path class="{css_class}" d="M{places[0]} 6v10{steps}"><title>{_told("orphan", copies, axis)}</title></path>'
    )


def _told(one: str, copies: Sequence[CopyState], axis: Axis) -> str:
    moments = [each.moment for each in copies]
    first, last = moment(min(moments), axis.now), moment(max(moments), axis.now)
    if len(copies) == 1:
        return f"1 {one}, of {last}"
    return f"{counted(len(copies), one, 'copies' if one == 'copy' else None)}, of {first} to {last}"


def _marks(symbol: str, what: str, copies: Sequence[CopyState], axis: Axis) -> str:
    """Rare marks, each by itself."""
    if len(copies) <= MAX_TOOLTIPS:
        return "".join(
            f'<use href="#{symbol}" x="{axis.x(each.moment) / 10:g}%"><title>{what}: copy of '
            f"{moment(each.moment, axis.now)}, begun {moment(each.began, axis.now)}</title></use>"
            for each in copies
        )
    places = sorted({axis.x(each.moment) for each in copies})
    uses = "".join(f'<use href="#{symbol}" x="{x / 10:g}%"/>' for x in places)
    return f"<g><title>{len(copies):,} copies {what}</title>{uses}</g>"


def _older(count: int) -> str:
    if not count:
        return ""
    return f'<use href="#older"><title>{counted(count, "older copy", "older copies")}</title></use>'


def legend() -> Iterable[tuple[str, str]]:
    """Each sign of a lane, drawn, with what it stands for."""

    def sign(inner: str) -> str:
        return f'<svg viewBox="-8 0 16 22" aria-hidden="true">{inner}</svg>'

    yield sign('<use href="#copy"/>'), "copy, at the time of its backup"
    yield sign('<use href="#orphan"/>'), "orphan: its backup is gone"
    yield sign('<use href="#transit"/>'), "under way"
    yield sign('<use href="#stuck"/>'), "stuck"
    yield sign('<use href="#faulty"/>'), "FAULTY"
    yield sign('<path class="gap lasts" d="M-8 11H8"/>'), "older than the target now"
    yield sign('<path class="gap" d="M-8 19H8"/>'), "was older before"
    yield sign('<path class="target" d="M-8 11H8"/>'), "target: a copy must be in here"
    yield sign(f'<path class="dark" d="M-8 {MIDDLE}H8"/>'), "could not be read"
    yield sign('<use href="#older"/>'), "older copies"
