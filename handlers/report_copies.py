"""ReportCopies: how it stands with each source in each destination, as JSON or as a page for people."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import structlog

from handlers.converge import converge
from handlers.core.decision import Scope
from handlers.core.errors import ApiFault
from handlers.core.findings import Findings
from handlers.core.fleet import FleetReport, Problem, Unread, as_json
from handlers.core.inventory import Inventory, Listing
from handlers.core.model import Source
from handlers.core.operations import Format, ReportCopies
from handlers.core.ports import Call
from handlers.core.recovery import recoveries
from handlers.core.recovery_point import Recovery, Standing
from handlers.core.report import Document, Outcome, Reason, Result, failure
from handlers.core.source_policy import Policies
from handlers.core.unread_lists import is_dark
from handlers.gather import gather

WORST_FIRST = list(Standing)

log = structlog.get_logger()


def report_copies(operation: ReportCopies, call: Call) -> Findings:
    """One result for each source and destination, or for a source without any; and for each list that is unreadable.

    It changes nothing. What the destinations tell is told also where the source region cannot be reached.
    """
    try:
        compartments = dict.fromkeys([*call.compartments, *(operation.compartment_id or ())])
    except ApiFault as fault:
        return Findings([failure(operation.operation, None, fault)])
    scope = Scope(thorough=True)
    inventory = gather(compartments, scope, call)
    decisions = converge(inventory, scope, call, dry_run=True)
    dark = is_dark(inventory, call.settings.region, compartments)
    everything = recoveries(inventory, decisions, call.settings, call.clock.now(), source_is_dark=dark)
    found = _in_scope(everything, operation)
    lists = _lists_in_scope(operation, inventory, call)
    report = _fleet(operation, found, inventory, lists, tuple(compartments), call, dark=dark)
    results = [*_unread_lists(operation, lists, found, call), *_told(operation, report)]
    told = {each.source.id for each in everything}
    results += _without_destination(operation, told, report, inventory, call)
    is_of_all = operation.compartment_id is None and operation.destination_region is None
    return Findings(results, found, is_of_all=is_of_all, document=_document(operation.format, report))


def _in_scope(found: Sequence[Recovery], operation: ReportCopies) -> list[Recovery]:
    compartments, regions = operation.compartment_id, operation.destination_region
    return [
        each
        for each in found
        if compartments is None or each.source.compartment_id in compartments
        if regions is None or each.region in regions
    ]


def _lists_in_scope(operation: ReportCopies, inventory: Inventory, call: Call) -> Mapping[Listing, ApiFault]:
    """The lists that could not be read, of those that somebody asked for."""
    compartments, regions = operation.compartment_id, operation.destination_region
    return {
        listing: fault
        for listing, fault in {**inventory.unread_source_lists, **inventory.unread}.items()
        if compartments is None or listing.compartment_id in compartments
        if regions is None or listing.region in {*regions, call.settings.region}
    }


def _fleet(
    operation: ReportCopies,
    found: Sequence[Recovery],
    inventory: Inventory,
    lists: Mapping[Listing, ApiFault],
    compartments: Sequence[str],
    call: Call,
    *,
    dark: bool,
) -> FleetReport:
    policies, home = Policies(inventory, call.settings), call.settings.region
    return FleetReport(
        generated_at=call.clock.now(),
        source_region=home,
        compartments=operation.compartment_id or compartments,
        recoveries=found,
        source_is_readable=not dark,
        unread=[
            Unread(each.region, each.kind, each.compartment_id, fault.code, is_of_sources)
            for is_of_sources, faults in ((False, inventory.unread), (True, inventory.unread_source_lists))
            for each, fault in faults.items()
            if each in lists
        ],
        notes=list(_notes(lists, call)),
        problems=_problems(operation, inventory, policies),
        days=operation.days,
        keeps={(each.source.id, each.region): policies.of_source(each.source).keep_in(each.region) for each in found},
    )


def _problems(operation: ReportCopies, inventory: Inventory, policies: Policies) -> dict[str, list[Problem]]:
    """The tags that cannot be followed. Those of a source that is gone are nobody's concern any more."""
    compartments = operation.compartment_id
    there = [each for each in inventory.sources.values() if each and not each.is_ending]
    return {
        source.id: [Problem(source, term, str(fault)) for term, fault in faults.items()]
        for source in sorted(there, key=lambda each: (each.name, each.id))
        if compartments is None or source.compartment_id in compartments
        if (faults := policies.of_source(source).faults)
    }


def _notes(lists: Iterable[Listing], call: Call) -> Iterator[str]:
    """Of regions that could not be read: whether the tenancy has them at all, which explains it."""
    silent = {each.region for each in lists} - {call.settings.region}
    if not silent or call.out_of_time:
        return
    try:
        subscribed = call.subscriptions()
    except ApiFault as fault:
        log.warning("subscriptions.unreadable", reason=fault.code, opc_request_id=fault.opc_request_id)
        return
    for region in sorted(silent - subscribed):
        yield f"The tenancy is not subscribed to {region}: subscribe to it, or name another destination."


def _unread_lists(
    operation: ReportCopies, lists: Mapping[Listing, ApiFault], found: Sequence[Recovery], call: Call
) -> Iterator[Result]:
    """Those of the source region, and those of destinations that no source shows to be missing."""
    shown = {(each.region, each.source.kind) for each in found if not each.is_known}
    for listing, fault in lists.items():
        if listing.region == call.settings.region:
            yield failure(operation.operation, listing.compartment_id, fault)
        elif (listing.region, listing.kind) not in shown:
            yield failure(operation.operation, listing.compartment_id, fault, listing.region)


def _told(operation: ReportCopies, report: FleetReport) -> Iterator[Result]:
    """The worst first, and what has been so for longest: an answer does not list them all."""
    for each in sorted(report.recoveries, key=_badness):
        problems = report.problems_of(each.source.id)
        details = as_json(each, originals_are_known=report.knows_originals(each), problems=problems)
        if each.is_known or each.fault is None:
            result = Result(
                operation.operation,
                Outcome.REPORTED if each.is_known else Outcome.FAILED,
                reason=str(each.standing),
                source_id=each.source.id,
                destination_region=each.region,
            )
        else:
            result = failure(operation.operation, each.source.id, each.fault, each.region)
        yield replace(result, details=details)


def _badness(recovery: Recovery) -> tuple[int, datetime]:
    return WORST_FIRST.index(recovery.standing), recovery.breach_since or recovery.now


def _without_destination(
    operation: ReportCopies, told: Collection[str], report: FleetReport, inventory: Inventory, call: Call
) -> Iterator[Result]:
    """The sources of which no copies are wanted and none are there, and those that are backed up with their group."""
    policies = Policies(inventory, call.settings)
    for source in inventory.sources.values():
        if source is None or source.id in told:
            continue
        if operation.compartment_id is not None and source.compartment_id not in operation.compartment_id:
            continue
        problems = report.problems_of(source.id)
        yield Result(
            operation.operation,
            Outcome.EXCLUDED,
            reason=_why_none(source, policies),
            source_id=source.id,
            details={"problems": problems} if problems else {},
        )


def _why_none(source: Source, policies: Policies) -> Reason:
    policy = policies.of_source(source)
    if source.is_ending:
        return Reason.SOURCE_GONE
    if policy.is_excluded:
        return policy.said_by("destinations")
    return Reason.GROUP_MEMBER if policy.regions else Reason.NO_DESTINATION


def _document(kind: Format, report: FleetReport) -> Document | None:
    """Pages are only loaded where one is asked for: a cold start is short."""
    match kind:
        case Format.HTML:
            from handlers.pages.html import html_page  # noqa: PLC0415

            return Document("text/html; charset=utf-8", html_page(report))
        case Format.MARKDOWN:
            from handlers.pages.markdown import markdown_page  # noqa: PLC0415

            return Document("text/markdown; charset=utf-8", markdown_page(report))
        case _:
            return None
