"""The report as one page of HTML that needs nothing but itself: no script, and nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from handlers.core.fleet import FleetReport
from handlers.core.model import Lifecycle
from handlers.core.recovery_point import Recovery, Standing
from handlers.pages.facts import by_source, is_late_unread, least_age, worst_first
from handlers.pages.gaps import Gap, gaps_of
from handlers.pages.html_tables import as_text, draw_table, table_style
from handlers.pages.notices import Notice, counts, headline, notices, of_the_source_region
from handlers.pages.style import STYLE
from handlers.pages.tables import figures_table, regions_table
from handlers.pages.terms import TERMS
from handlers.pages.timeline import Axis, definitions, draw_axis, draw_lane, legend
from handlers.pages.troubles import troubles_table
from handlers.pages.words import (
    KINDS,
    SIGNS,
    STANDINGS,
    TONES,
    counted,
    duration,
    full_moment,
    name_of,
    standing_of,
)

CONTENT_SECURITY_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
NAVIGATION = (
    '<nav><a href="#timeline">Timeline</a><a href="#all-figures">All figures</a>'
    '<a href="#terms">What the words mean</a></nav>'
)


def html_page(report: FleetReport) -> str:
    """The whole page. The same report always gives the same page."""
    said = headline(report)
    titles = [*(each.title for each in of_the_source_region(report)), said.title]
    tables = [regions_table(report), troubles_table(report), figures_table(report)]
    regions, troubles, figures = tables
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"/>'
        f'<meta http-equiv="Content-Security-Policy" content="{CONTENT_SECURITY_POLICY}"/>'
        '<meta name="viewport" content="width=device-width,initial-scale=1"/>'
        '<meta name="referrer" content="no-referrer"/><meta name="color-scheme" content="light dark"/>'
        f"<title>{as_text('. '.join(titles))}</title>"
        f"<style>{STYLE}{''.join(map(table_style, tables))}</style></head><body>\n"
        f"{_told(of_the_source_region(report))}{_header(said, report)}\n{_told(notices(report))}"
        f"{draw_table(regions)}{_timeline(report)}{draw_table(troubles)}{draw_table(figures)}{_terms()}</body></html>\n"
    )


def _header(said: Notice, report: FleetReport) -> str:
    chips = "".join(
        f'<li class="{standing}"><b>{sign} {number:,}</b> {as_text(what)}</li>'
        for sign, standing, number, what in counts(report)
    )
    chips = f'<ul class="chips">{chips}</ul>' if chips else ""
    looked_at = counted(len(report.compartments), "compartment")
    return (
        f'<header class="{said.tone}"><p class="dim">Recovery points of <b>{as_text(report.source_region)}</b>, in '
        f"{looked_at}, at {full_moment(report.generated_at)}</p>"
        f'<h1><i aria-hidden="true">{TONES[said.tone]}</i><span>{as_text(said.title)}</span></h1>'
        f"<p>{as_text(said.text)}</p>{chips}</header>{NAVIGATION if report.recoveries else ''}"
    )


def _told(told: Iterable[Notice]) -> str:
    return "".join(map(_notice, told))


def _notice(notice: Notice) -> str:
    text = f"<p>{as_text(notice.text)}</p>" if notice.text else ""
    items = "".join(f"<li>{as_text(each)}</li>" for each in notice.items)
    items = f"<ul>{items}</ul>" if items else ""
    if notice.is_detail:
        return (
            f'<details class="notice {notice.tone}"><summary>{as_text(notice.title)}</summary>{text}{items}</details>\n'
        )
    return f'<section class="notice {notice.tone}"><h2>{as_text(notice.title)}</h2>{text}{items}</section>\n'


def _timeline(report: FleetReport) -> str:
    sources = by_source(worst_first(report))
    if not sources:
        return ""
    days = "day" if report.days == 1 else f"{report.days} days"
    axis = Axis(report.generated_at, report.days)
    signs = "".join(f"<li>{sign}{as_text(what)}</li>" for sign, what in legend())
    groups = [(standing, list(group)) for standing, group in groupby(sources, _worst)]
    drawn = "".join(_group(standing, group, report, axis) for standing, group in groups)
    return (
        f'<section id="timeline"><h2>The last {days}</h2><ul class="key">{signs}</ul>'
        f"{definitions(axis)}"
        '<div class="axis"><div class="none"></div><div class="row"><div class="none"></div>'
        f"{draw_axis(axis)}</div></div>{drawn}</section>\n"
    )


def _worst(recoveries: list[Recovery]) -> Standing:
    ranks = list(Standing)
    return min((each.standing for each in recoveries), key=ranks.index)


def _group(standing: Standing, sources: list[list[Recovery]], report: FleetReport, axis: Axis) -> str:
    rows = "".join(_source(each, report, axis) for each in sources)
    title = f"{SIGNS[standing]} {STANDINGS[standing].capitalize()}: {counted(len(sources), 'source')}"
    return f'<h3 class="{standing}">{title}</h3><ul>{rows}</ul>'


def _source(recoveries: list[Recovery], report: FleetReport, axis: Axis) -> str:
    source = recoveries[0].source
    gone = ", gone" if source.is_ending and report.knows_originals(recoveries[0]) else ""
    lanes = "".join(_row(each, report, axis) for each in recoveries)
    return (
        f'<li class="source"><div class="who" title="{as_text(source.id)}"><b dir="auto">{as_text(name_of(source))}</b>'
        f"<small>{KINDS[source.kind]}{gone}</small></div><div>{lanes}</div></li>\n"
    )


def _row(recovery: Recovery, report: FleetReport, axis: Axis) -> str:
    standing = standing_of(recovery, originals_are_known=report.knows_originals(recovery))
    gaps = gaps_of(recovery, report)
    late = " late" if is_late_unread(recovery) else ""
    return (
        f'<div class="row {recovery.standing}{late}"><span class="where">{as_text(recovery.region)}</span>'
        f"{draw_lane(recovery, gaps, report, axis, _summary(recovery, gaps, standing))}"
        f'<span class="age"><b>{SIGNS[recovery.standing]} {_age(recovery)}</b> '
        f"<small>{_beside(recovery, standing)}</small></span></div>"
    )


def _age(recovery: Recovery) -> str:
    age = least_age(recovery)
    if is_late_unread(recovery):
        return f"at least {duration(age)} old" if age is not None else "no copy known"
    if recovery.standing in {Standing.UNREAD, Standing.NONE_YET}:
        return STANDINGS[recovery.standing]
    return "no copy" if age is None else duration(age)


def _beside(recovery: Recovery, standing: str) -> str:
    """What the age is to be measured by, or why by nothing."""
    target = f"target {duration(recovery.target)}" if recovery.target and recovery.belongs else ""
    if is_late_unread(recovery) and recovery.known_point:
        return f"as far as is known, {target}"
    is_said = recovery.standing in {Standing.UNREAD, Standing.NONE_YET}
    return target or (STANDINGS[Standing.NO_TARGET] if is_said else standing)


def _summary(recovery: Recovery, gaps: Sequence[Gap], standing: str) -> str:
    """What a lane shows, for those who do not see it."""
    there = counted(len(recovery.having(Lifecycle.AVAILABLE)), "copy", "copies")
    past = counted(len([each for each in gaps if not each.lasts]), "earlier gap")
    stands = ", ".join(dict.fromkeys([standing, _age(recovery)]))
    return f"{name_of(recovery.source)} in {recovery.region}: {stands}, {there}, {past}"


def _terms() -> str:
    terms = "".join(f"<dt>{as_text(term)}</dt><dd>{as_text(meaning)}</dd>" for term, meaning in TERMS.items())
    return f'<section id="terms"><h2>What the words mean</h2><dl>{terms}</dl></section>\n'
