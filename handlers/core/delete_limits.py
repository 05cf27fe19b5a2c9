"""How much may go at once: what a mistake in a policy does not get through."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from handlers.core.fate import Fate, Step
from handlers.core.report import Outcome, Reason
from handlers.core.settings import Settings

MOST_LEAVING = 60
"""Percent of what is ours in a region that may be on its way out, beside as many as have come lately."""
LATELY = timedelta(days=1)
"""Before the time of grace: what comes in a day may have to wait for it."""
_STAYS = {Reason.SOURCE_GONE, Reason.NO_DESTINATION}
_REMEDY = "check POLICY and the tags backup-copy-keep; if it is meant so, raise the limit for a while"


def why_held(fates: Sequence[Fate], steps: Collection[Step], settings: Settings, now: datetime) -> str | None:
    """Why none of these steps may be taken in this call, or `None`."""
    too_many = next(filter(None, (_too_many(fates, each, settings) for each in steps)), None)
    return too_many or _emptied(fates, settings, now)


def _too_many(fates: Sequence[Fate], step: Step, settings: Settings) -> str | None:
    """Why nothing may go in this call, or `None`. What is only marked does not go yet, and may be saved still."""
    there = Counter(fate.backup.region for fate in fates if _is_able(fate))
    going = Counter(fate.backup.region for fate in fates if fate.step is step)
    words = "to be deleted" if step is Step.DELETE else "due to go"
    if going.total() > settings.max_deletes:
        return f"{going.total()} are {words}, more than MAX_DELETES ({settings.max_deletes}): {_REMEDY}"
    for region, count in going.items():
        if count * 100 > settings.max_delete_percent * there[region]:
            share = f"{count} of {there[region]} of ours in {region} are {words}"
            return f"{share}, more than MAX_DELETE_PERCENT ({settings.max_delete_percent}): {_REMEDY}"
    return None


def _emptied(fates: Sequence[Fate], settings: Settings, now: datetime) -> str | None:
    """Why nothing may be deleted where most of a region is on its way out, however few are due in this call.

    Where marking is slow its marks come due little by little, each time few enough. As many as have come lately may
    leave in any case: with short intervals, or a long grace, that is most of what there is.
    """
    there, leaving = Counter[str](), Counter[str]()
    since = now - settings.delete_grace.interval - LATELY
    for fate in fates:
        is_able = _is_able(fate) and fate.reason not in _STAYS
        there[fate.backup.region] += is_able
        leaving[fate.backup.region] += fate.goes or fate.reason == Reason.GRACE
        leaving[fate.backup.region] -= is_able and fate.backup.time_created > since
    most = max(MOST_LEAVING, 2 * settings.max_delete_percent)
    for region in sorted({fate.backup.region for fate in fates if fate.step is Step.DELETE}):
        if leaving[region] * 100 > most * there[region]:
            share = f"{leaving[region]} of {there[region]} of ours in {region} leave sooner or later, beside what comes"
            return f"{share}, more than MAX_DELETE_PERCENT allows in all ({most}): {_REMEDY}"
    return None


def _is_able(fate: Fate) -> bool:
    """What is not AVAILABLE or not ours cannot go, and so is no reason why more of the rest might."""
    return fate.outcome is not Outcome.NOT_READY and fate.reason != Reason.NOT_OURS
