"""PruneCopies over the fakes: two steps, and whatever comes between and into them."""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from pydantic import ValidationError

from handlers.core.decision import Scope
from handlers.core.errors import ApiFault
from handlers.core.fate import Step
from handlers.core.findings import Findings
from handlers.core.inventory import Inventory
from handlers.core.model import Backup, Kind, Lifecycle, Source
from handlers.core.operations import PruneCopies
from handlers.core.prune import prune as decide
from handlers.core.report import Outcome, Reason, Result
from handlers.core.settings import Settings
from handlers.core.tokens import MAX_FREEFORM_TAGS, copy_provenance, mark, slot_tags, source_provenance
from handlers.gather import gather
from handlers.prune import ATTEMPTS, prune_copies
from tests.fakes import AWAY, COMPARTMENT, FAR, HOME, FakeCloud, make_call, passing, refused
from tests.unit.sweeping import run as sweep

DAY, HOUR, LASTS = timedelta(days=1), timedelta(hours=1), timedelta(minutes=5)
MARK = "backup-copy-delete-after"
ARCHIVE = "ocid1.compartment.oc1..archive"


def policy(keep: str = "last 3", *regions: str) -> str:
    return json.dumps({"defaults": {"destinations": list(regions or (AWAY,)), "keep": keep}})


KEYS = {"POLICY": policy(), "MAX_DELETE_PERCENT": "100", "DESTINATION_REGIONS": ""}


class Nights:
    """A source that was backed up and copied by this function in each of some nights; the clock stands at the last."""

    def __init__(self, cloud: FakeCloud, nights: int = 5, kind: Kind = Kind.VOLUME, *regions: str) -> None:
        self.cloud, self.source = cloud, cloud.add_source(kind)
        self.backups: list[Backup] = []
        self.copies: list[Backup] = []
        for night in range(nights):
            cloud.clock.advance(DAY if night else timedelta())
            self._back_up(regions or (AWAY,))

    def _back_up(self, regions: Sequence[str]) -> None:
        slot = {"team": "payroll", **slot_tags(self.source.id, self.cloud.clock.now())}
        kind, source_id = self.source.kind, self.source.id
        backup = self.cloud.add_backup(kind, source_id=source_id, freeform_tags=slot)
        tags = {"team": "payroll", **copy_provenance(backup)}
        copies = [self.cloud.add_copy(backup, region, freeform_tags=tags) for region in regions]
        self.backups.append(self.cloud.change(backup, freeform_tags=slot | source_provenance(copies)))
        self.copies += copies

    @property
    def old(self) -> list[Backup]:
        """What `last 3` does not keep."""
        return [*self.backups[:-3], *self.copies[:-3]]

    def mark(self) -> None:
        """Mark what is old, long enough ago."""
        prune(self.cloud)
        self.cloud.clock.advance(DAY)


@pytest.fixture
def cloud() -> FakeCloud:
    return FakeCloud()


def find(cloud: FakeCloud, *, lasts: timedelta = LASTS, **given: Any) -> Findings:
    """Prune with the camelCase fields of `given`, configured with its UPPER_CASE ones."""
    keys = {key: value for key, value in given.items() if key.isupper()}
    fields = {key: value for key, value in given.items() if not key.isupper()}
    operation = PruneCopies.model_validate({"operation": "PruneCopies", **fields})
    return prune_copies(operation, make_call(cloud, lasts=lasts, **{**KEYS, **keys}))


def prune(cloud: FakeCloud, **given: Any) -> dict[str, Result]:
    """The results by the id of what they are about."""
    return {str(each.source_id): each for each in find(cloud, **given).results}


def outcomes(results: Mapping[str, Result], backups: Sequence[Backup]) -> set[tuple[Outcome, str | None]]:
    """What became of these."""
    return {(results[each.id].outcome, results[each.id].reason) for each in backups}


def now(cloud: FakeCloud, backup: Backup | str) -> Backup:
    return cloud.backups[backup if isinstance(backup, str) else backup.id]


def alive(cloud: FakeCloud) -> set[str]:
    return {each.id for each in cloud.backups.values() if each.lifecycle is Lifecycle.AVAILABLE}


def ids(backups: Sequence[Backup]) -> set[str]:
    return {each.id for each in backups}


def marked(cloud: FakeCloud) -> set[str]:
    return {each.id for each in cloud.backups.values() if MARK in each.freeform_tags}


def after_the_lists(cloud: FakeCloud, happens: Callable[[], object]) -> None:
    """Let this happen when the lists have been read, and nothing has been read by itself yet."""
    cloud.script("get", happens)


# Two steps


def test_what_is_old_is_marked_then_deleted_and_then_there_is_nothing_to_do(cloud: FakeCloud) -> None:
    """At home and away; the last three of each stay as they are."""
    nights = Nights(cloud)

    assert outcomes(prune(cloud), nights.old) == {(Outcome.MARKED, None)}
    assert marked(cloud) == ids(nights.old)
    assert not cloud.made("delete")
    cloud.clock.advance(DAY - HOUR)
    assert outcomes(prune(cloud), nights.old) == {(Outcome.DEFERRED, Reason.GRACE)}
    assert not cloud.made("delete")
    cloud.clock.advance(HOUR)
    assert outcomes(prune(cloud), nights.old) == {(Outcome.DELETED, None)}
    assert alive(cloud) == ids(nights.backups[-3:] + nights.copies[-3:])
    before = len(cloud.changes)
    assert {each.outcome for each in prune(cloud).values()} == {Outcome.KEPT}
    assert len(cloud.changes) == before


def test_a_sweep_after_it_makes_nothing_again(cloud: FakeCloud) -> None:
    """Whether or not what was deleted is listed still."""
    nights = Nights(cloud)
    nights.mark()
    prune(cloud)
    sweep(cloud, lasts=LASTS, **KEYS)
    for each in nights.old:
        del cloud.backups[each.id]
    sweep(cloud, lasts=LASTS, **KEYS)

    assert not cloud.made("copy")


@pytest.mark.parametrize("grace", ["1h", "24h", "1w"])
@pytest.mark.parametrize("late", [timedelta(), timedelta(seconds=1), timedelta(seconds=59, microseconds=999999)])
def test_no_grace_is_shorter_than_it_says(cloud: FakeCloud, grace: str, late: timedelta) -> None:
    """A mark is of a whole minute: the one after the grace has ended, not the one before."""
    nights = Nights(cloud)
    cloud.clock.advance(late)
    interval = {"1h": HOUR, "24h": DAY, "1w": 7 * DAY}[grace]

    prune(cloud, DELETE_GRACE=grace)
    cloud.clock.advance(interval - timedelta(microseconds=1))
    assert outcomes(prune(cloud, DELETE_GRACE=grace), nights.old) == {(Outcome.DEFERRED, Reason.GRACE)}
    cloud.clock.advance(timedelta(minutes=1))
    assert outcomes(prune(cloud, DELETE_GRACE=grace), nights.old) == {(Outcome.DELETED, None)}


def test_a_grace_that_is_made_shorter_does_not_hasten_what_is_marked(cloud: FakeCloud) -> None:
    """People were told a time, and that stands."""
    nights = Nights(cloud)
    prune(cloud, DELETE_GRACE="1w")
    cloud.clock.advance(DAY)

    assert outcomes(prune(cloud, DELETE_GRACE="1h"), nights.old) == {(Outcome.DEFERRED, Reason.GRACE)}


def test_marks_are_written_only_onto_what_was_read(cloud: FakeCloud) -> None:
    """Every write carries the etag of the tags it adds to, and those of others stay."""
    nights = Nights(cloud)
    before = {each.id: now(cloud, each) for each in nights.old}

    prune(cloud)

    for update in cloud.made("update"):
        backup = before[update.arguments["backup_id"]]
        expected = mark(backup.id, cloud.clock.now() + DAY)
        assert update.arguments["if_match"] == backup.etag
        assert update.arguments["body"] == {"freeformTags": {**backup.freeform_tags, **expected}}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda cloud, nights: None, Reason.RETENTION),
        (lambda cloud, nights: cloud.sources.pop(nights.source.id), Reason.SOURCE_GONE),
        (lambda cloud, nights: end_source(cloud, nights.source), Reason.SOURCE_GONE),
    ],
)
def test_what_is_not_due_any_more_loses_its_mark(
    cloud: FakeCloud, change: Callable[[FakeCloud, Nights], object], reason: Reason
) -> None:
    """The policy was changed before the time had come, or the source is gone: what is left of it stays."""
    nights = Nights(cloud)
    nights.mark()
    change(cloud, nights)
    keep = {"POLICY": policy("all")} if reason is Reason.RETENTION else {}

    results = prune(cloud, **keep)

    assert outcomes(results, nights.old) == {(Outcome.KEPT, reason)}
    assert not marked(cloud)
    assert not cloud.made("delete")
    assert all(now(cloud, each).freeform_tags["team"] == "payroll" for each in nights.old)


def end_source(cloud: FakeCloud, source: Source) -> None:
    cloud.sources[source.id] = replace(source, lifecycle=Lifecycle.TERMINATING)


def test_a_tag_of_the_source_stands_above_the_policy(cloud: FakeCloud) -> None:
    """Also between mark and deletion: it is all that it takes to keep what is marked."""
    nights = Nights(cloud)
    nights.mark()
    cloud.sources[nights.source.id] = replace(nights.source, freeform_tags={"backup-copy-keep": "last 9"})

    assert outcomes(prune(cloud), nights.old) == {(Outcome.KEPT, Reason.RETENTION)}
    assert not marked(cloud)


@pytest.mark.parametrize("change", ["tag", "name", "end", "gone"])
def test_a_source_that_was_changed_since_it_was_listed_keeps_what_it_has(cloud: FakeCloud, change: str) -> None:
    """Whoever tags it to stop a deletion is heeded by the very call that is at work."""
    nights = Nights(cloud)
    nights.mark()
    changed: dict[str, Callable[[], object]] = {
        "tag": lambda: _change(cloud, nights, freeform_tags={"backup-copy-keep": "all"}),
        "name": lambda: _change(cloud, nights, name="archive"),
        "end": lambda: _change(cloud, nights, lifecycle=Lifecycle.TERMINATING),
        "gone": lambda: cloud.sources.pop(nights.source.id),
    }
    after_the_lists(cloud, changed[change])

    results = prune(cloud)

    assert alive(cloud) >= ids(nights.old)
    assert outcomes(results, nights.old) == {(Outcome.DEFERRED, Reason.CHANGED)}


def _change(cloud: FakeCloud, nights: Nights, **facts: Any) -> None:
    cloud.sources[nights.source.id] = replace(nights.source, **facts)


@pytest.mark.parametrize("tag", ["backup-copy-keep", "backup-copy-destinations"])
def test_nothing_goes_of_a_source_whose_tag_cannot_be_followed(cloud: FakeCloud, tag: str) -> None:
    """It may have said that all of this is kept."""
    nights, other = Nights(cloud), Nights(cloud)
    nights.mark()
    cloud.sources[nights.source.id] = replace(nights.source, freeform_tags={tag: "as long as we need it"})

    results = prune(cloud)

    assert outcomes(results, nights.backups + nights.copies) == {(Outcome.FAILED, Reason.TAG_MALFORMED)}
    assert outcomes(results, other.old[:1]) == {(Outcome.DELETED, None)}


def test_a_tag_that_is_corrected_has_all_of_the_grace_before_it(cloud: FakeCloud) -> None:
    """Whoever corrects it may do so with a mistake: what was marked for the terms before is marked anew."""
    nights = Nights(cloud)
    nights.mark()
    cloud.sources[nights.source.id] = replace(nights.source, freeform_tags={"backup-copy-keep": "last tree"})
    prune(cloud)
    assert not marked(cloud)

    cloud.sources[nights.source.id] = replace(nights.source, freeform_tags={"backup-copy-keep": "last 1"})

    assert {outcome for outcome, _ in outcomes(prune(cloud), nights.old)} == {Outcome.MARKED}
    assert alive(cloud) >= ids(nights.old)


def test_copies_in_a_region_that_was_taken_out_of_the_policy_stay(cloud: FakeCloud) -> None:
    """With it went what was to be kept there: what is said in general was never meant for them."""
    nights = Nights(cloud)
    nights.mark()

    results = prune(cloud, POLICY=policy("last 3", FAR), ALLOWED_REGIONS=f"{AWAY},{FAR}")

    assert outcomes(results, nights.copies) == {(Outcome.KEPT, Reason.NO_DESTINATION)}
    assert alive(cloud) >= ids(nights.copies)


def test_a_mark_that_oracle_carried_to_a_copy_is_not_the_copys(cloud: FakeCloud) -> None:
    """The copy of a marked backup is not deleted by its original's mark, and loses it."""
    nights = Nights(cloud)
    nights.mark()
    copy = nights.copies[0]
    tags = {**now(cloud, copy).freeform_tags, MARK: now(cloud, nights.backups[0]).freeform_tags[MARK]}
    cloud.change(now(cloud, copy), freeform_tags=tags)

    assert outcomes(prune(cloud), [copy]) == {(Outcome.MARKED, None)}
    assert copy.id in alive(cloud)
    cloud.change(now(cloud, copy), freeform_tags=tags)
    assert outcomes(prune(cloud, POLICY=policy("all")), [copy]) == {(Outcome.KEPT, Reason.RETENTION)}
    assert MARK not in now(cloud, copy).freeform_tags


# What is ours


def retag(cloud: FakeCloud, backup: Backup, **tags: str) -> None:
    """Put these in place of what is said of where a copy came from."""
    tag(cloud, backup, **{f"backup-copy-{key}": value for key, value in tags.items()})


NOT_OURS_AWAY: Mapping[str, Callable[[FakeCloud, Backup], object]] = {
    "it says nothing": lambda cloud, copy: cloud.change(now(cloud, copy), freeform_tags={"team": "payroll"}),
    "it says another time": lambda cloud, copy: retag(cloud, copy, **{"source-time": "2026-11-01T00:00:00.000Z"}),
    "it says another region": lambda cloud, copy: retag(cloud, copy, **{"source-region": FAR}),
    "a policy of Oracle's made it": lambda cloud, copy: cloud.change(now(cloud, copy), is_scheduled=True),
    "it is newer than can be": lambda cloud, copy: make_orphan(
        cloud, copy, **{"source-time": "2027-11-01T00:00:00.000Z"}
    ),
    "it is a copy of a copy elsewhere": lambda cloud, copy: cloud.change(
        now(cloud, copy), copied_from="ocid1.volumebackup.oc1.zzz.copy-of-ours"
    ),
    "it is a copy of a copy that came back": lambda cloud, copy: cloud.change(
        now(cloud, str(copy.copied_from)), copied_from="ocid1.volumebackup.oc1.phx.copy-of-ours"
    ),
    "it is a copy of a group's member": lambda cloud, copy: cloud.change(
        now(cloud, str(copy.copied_from)), group_backup_id="ocid1.volumegroupbackup.oc1.iad.group"
    ),
}


def make_orphan(cloud: FakeCloud, copy: Backup, **tags: str) -> None:
    del cloud.backups[str(copy.copied_from)]
    retag(cloud, copy, **tags)


@pytest.mark.parametrize("why", list(NOT_OURS_AWAY))
def test_a_copy_that_this_function_has_not_made_stays(cloud: FakeCloud, why: str) -> None:
    """Where Oracle carries tags, one that a person made of a copy of ours says what ours says; and others go."""
    nights = Nights(cloud, 6)
    nights.mark()
    NOT_OURS_AWAY[why](cloud, nights.copies[0])
    nights.mark()
    nights.mark()

    assert now(cloud, nights.copies[0]).lifecycle is Lifecycle.AVAILABLE
    assert nights.copies[1].id not in alive(cloud)


@pytest.mark.parametrize(
    "facts",
    [
        {"freeform_tags": {}},
        {"freeform_tags": {"backup-copy-slot": "2026-11-21T02:00Z"}},
        {"freeform_tags": slot_tags("ocid1.volume.oc1.iad.another-of-long-name", FakeCloud().clock.now())},
        {"is_scheduled": True},
        {"group_backup_id": "ocid1.volumegroupbackup.oc1.iad.group"},
    ],
)
def test_a_backup_that_this_function_has_not_made_stays(cloud: FakeCloud, facts: dict[str, Any]) -> None:
    """Of people, of Oracle's policies, members of groups; a tag that was meant for another source says nothing."""
    nights = Nights(cloud)
    nights.mark()
    backup = now(cloud, nights.backups[0])
    marks = {MARK: backup.freeform_tags[MARK]}
    cloud.change(backup, **{"freeform_tags": backup.freeform_tags, **facts})
    tag(cloud, backup, **marks)
    nights.mark()

    assert backup.id in alive(cloud)
    assert nights.backups[1].id not in alive(cloud)


def test_a_mark_that_is_gone_already_is_not_taken_away_again(cloud: FakeCloud) -> None:
    """Nothing is written where nothing changes."""
    nights = Nights(cloud)
    nights.mark()
    for each in nights.old:
        cloud.script("get", partial(untag, cloud, each, MARK))
    before = len(cloud.changes)

    assert outcomes(prune(cloud, POLICY=policy("all")), nights.old) == {(Outcome.KEPT, Reason.RETENTION)}
    assert len(cloud.changes) == before


# What a backup at home waits for


def another_copy(cloud: FakeCloud, copy: Backup, region: str) -> None:
    cloud.add_copy(now(cloud, str(copy.copied_from)), region, lifecycle=Lifecycle.CREATING)


def out_of_sight(cloud: FakeCloud, copy: Backup) -> None:
    """It is in another compartment, and the region does not answer for it by itself."""
    cloud.change(now(cloud, copy), compartment_id=ARCHIVE)
    cloud.script("get", passing(), region=AWAY)


WAITS: Mapping[str, Callable[[FakeCloud, Backup], object]] = {
    "its copy is not there": lambda cloud, copy: cloud.backups.pop(copy.id),
    "its copy is broken": lambda cloud, copy: cloud.change(now(cloud, copy), lifecycle=Lifecycle.FAULTY),
    "its copy is not there yet": lambda cloud, copy: cloud.change(now(cloud, copy), lifecycle=Lifecycle.CREATING),
    "its copy is in a strange state": lambda cloud, copy: cloud.change(now(cloud, copy), lifecycle=Lifecycle.UNKNOWN),
    "its copy was deleted": lambda cloud, copy: cloud.change(now(cloud, copy), lifecycle=Lifecycle.TERMINATED),
    "another copy is under way": lambda cloud, copy: another_copy(cloud, copy, AWAY),
    "a copy is under way elsewhere": lambda cloud, copy: another_copy(cloud, copy, FAR),
    "its copy tells another time": lambda cloud, copy: tag(
        cloud, copy, **{"backup-copy-source-time": "2026-01-01T00:00:00.000Z"}
    ),
    "its copy is not to be found": out_of_sight,
}


@pytest.mark.parametrize("why", list(WAITS))
def test_a_backup_stays_until_its_copy_is_where_it_belongs(cloud: FakeCloud, why: str) -> None:
    """Its copies are kept for longer than it is: without them it would be the last."""
    nights = Nights(cloud)
    prune(cloud, POLICY=per_region("last 3", "last 9"))
    cloud.clock.advance(DAY)
    WAITS[why](cloud, nights.copies[0])

    results = prune(cloud, POLICY=per_region("last 3", "last 9"), ALLOWED_REGIONS=f"{AWAY},{FAR}")

    assert outcomes(results, nights.backups[:1]) == {(Outcome.KEPT, Reason.NOT_COPIED)}
    assert outcomes(results, nights.backups[1:2]) == {(Outcome.DELETED, None)}


@pytest.mark.parametrize("is_unknown", [False, True])
def test_a_backup_goes_without_a_copy_that_would_not_be_kept(cloud: FakeCloud, *, is_unknown: bool) -> None:
    """Unless nobody knows whether there is one."""
    nights = Nights(cloud)
    cloud.change(nights.copies[0], lifecycle=Lifecycle.FAULTY)
    inventory = inventory_of(cloud)
    if is_unknown:
        inventory.unverified.add((nights.backups[0].id, AWAY))

    fates = {each.backup.id: each for each in decide(inventory, settings_of(cloud), cloud.clock.now())}

    assert fates[nights.backups[0].id].reason == (Reason.NOT_COPIED if is_unknown else Step.MARK)


def test_a_region_that_was_not_looked_at_is_not_empty(cloud: FakeCloud) -> None:
    """What the policy wants there may be under way."""
    nights = Nights(cloud)
    inventory = inventory_of(cloud)
    del inventory.copies[AWAY]

    fates = {each.backup.id: each for each in decide(inventory, settings_of(cloud), cloud.clock.now())}

    assert {fates[each.id].reason for each in nights.backups[:2]} == {Reason.NOT_COPIED}


def inventory_of(cloud: FakeCloud) -> Inventory:
    return gather([COMPARTMENT], Scope(thorough=True), make_call(cloud, lasts=LASTS, **KEYS))


def settings_of(cloud: FakeCloud) -> Settings:
    return make_call(cloud, lasts=LASTS, **KEYS).settings


@pytest.mark.parametrize("newer", [Lifecycle.FAULTY, Lifecycle.CREATING])
def test_the_newest_that_is_available_stays_whatever_comes_after_it(cloud: FakeCloud, newer: Lifecycle) -> None:
    """One that is being made, or broken, is none to recover to; and what is before such a one stays as well."""
    nights = Nights(cloud)
    for each in (nights.backups[-1], nights.backups[1]):
        cloud.change(now(cloud, each), lifecycle=newer)
    cloud.change(now(cloud, nights.backups[-2]), is_scheduled=True)

    results = prune(cloud, POLICY=policy("last 1"))

    assert outcomes(results, nights.backups[:1]) == {(Outcome.KEPT, Reason.SIBLING)}
    assert outcomes(results, nights.backups[2:3]) == {(Outcome.KEPT, Reason.RETENTION)}


# Races


def test_a_lost_race_for_the_tags_is_read_again_and_merged(cloud: FakeCloud) -> None:
    """What somebody else wrote between our reading and our writing stays."""
    nights = Nights(cloud)
    backup = nights.backups[0]
    cloud.script("update", lambda: tag(cloud, backup, theirs="1"))

    prune(cloud)

    assert {"team", "theirs", MARK} <= now(cloud, backup).freeform_tags.keys()


def tag(cloud: FakeCloud, backup: Backup, **tags: str) -> None:
    cloud.change(now(cloud, backup), freeform_tags={**now(cloud, backup).freeform_tags, **tags})


def untag(cloud: FakeCloud, backup: Backup, key: str) -> None:
    tags = {name: value for name, value in now(cloud, backup).freeform_tags.items() if name != key}
    cloud.change(now(cloud, backup), freeform_tags=tags)


def test_a_race_that_is_lost_again_and_again_is_left_to_the_next_call(cloud: FakeCloud) -> None:
    """It is no failure: nothing was done."""
    nights = Nights(cloud)
    backup = nights.backups[0]
    cloud.script("update", *[lambda: tag(cloud, backup, theirs="1")] * ATTEMPTS)

    assert outcomes(prune(cloud), [backup]) == {(Outcome.DEFERRED, Reason.CHANGED)}
    assert backup.id not in marked(cloud)
    assert outcomes(prune(cloud), [backup]) == {(Outcome.MARKED, None)}


def test_where_there_is_no_room_for_a_mark_the_backup_stays(cloud: FakeCloud) -> None:
    """The API takes ten tags: none of others is given up for ours, and somebody is told."""
    nights = Nights(cloud)
    backup = nights.backups[0]
    tag(cloud, backup, **{f"k{number}": "v" for number in range(MAX_FREEFORM_TAGS)})
    full = dict(list(now(cloud, backup).freeform_tags.items())[:MAX_FREEFORM_TAGS])
    cloud.change(now(cloud, backup), freeform_tags=full)

    assert outcomes(prune(cloud), [backup]) == {(Outcome.FAILED, Reason.NO_ROOM)}
    assert now(cloud, backup).freeform_tags == full


CHANGES: Mapping[str, Callable[[FakeCloud, Backup], object]] = {
    "the mark is taken away": lambda cloud, backup: untag(cloud, backup, MARK),
    "a tag is added": lambda cloud, backup: tag(cloud, backup, hold="legal"),
    "a tag is changed": lambda cloud, backup: tag(cloud, backup, team="legal"),
    "its time is put off": lambda cloud, backup: tag(cloud, backup, **mark(backup.id, cloud.clock.now() + DAY)),
    "it is protected": lambda cloud, backup: cloud.change(now(cloud, backup), is_protected=True),
    "it is retained": lambda cloud, backup: cloud.change(now(cloud, backup), retained_until=cloud.clock.now() + HOUR),
    "it breaks": lambda cloud, backup: cloud.change(now(cloud, backup), lifecycle=Lifecycle.FAULTY),
}


@pytest.mark.parametrize("moment", ["get", "delete"])
@pytest.mark.parametrize("change", list(CHANGES))
def test_what_was_changed_since_it_was_listed_is_not_deleted(cloud: FakeCloud, change: str, moment: str) -> None:
    """Before it is read once more, or between this and the deletion: the next call looks at it again."""
    nights = Nights(cloud)
    nights.mark()
    first = nights.backups[0]
    cloud.script(moment, lambda: CHANGES[change](cloud, first))

    assert outcomes(prune(cloud), [first]) == {(Outcome.DEFERRED, Reason.CHANGED)}
    assert now(cloud, first).lifecycle in {Lifecycle.AVAILABLE, Lifecycle.FAULTY}
    assert outcomes(prune(cloud), [first]) != {(Outcome.FAILED, None)}


@pytest.mark.parametrize("end", [Lifecycle.TERMINATING, Lifecycle.TERMINATED, Lifecycle.FAULTY, None])
@pytest.mark.parametrize("guard", ["newest", "next newer that stays", "copy"])
def test_without_its_guards_a_backup_is_not_deleted(cloud: FakeCloud, guard: str, end: Lifecycle | None) -> None:
    """The lists may lag: one that still shows as AVAILABLE may be gone, and the old one be all that is left."""
    nights = Nights(cloud)
    nights.mark()
    backup, keeps = nights.backups[1], {"POLICY": per_region("last 3", "last 9")}
    guards = {"newest": nights.backups[-1], "next newer that stays": nights.backups[2], "copy": nights.copies[1]}
    after_the_lists(cloud, lambda: vanish(cloud, guards[guard], end))

    results = prune(cloud, **keeps)

    assert outcomes(results, [backup]) == {(Outcome.DEFERRED, Reason.CHANGED)}
    assert backup.id in alive(cloud)


def per_region(home: str, away: str) -> str:
    return json.dumps({"defaults": {"destinations": [{"region": AWAY, "keep": away}], "keep": home}})


def vanish(cloud: FakeCloud, backup: Backup, lifecycle: Lifecycle | None) -> None:
    if lifecycle is None:
        del cloud.backups[backup.id]
    else:
        cloud.change(now(cloud, backup), lifecycle=lifecycle)


def test_a_newer_one_that_is_not_listed_yet_does_no_harm(cloud: FakeCloud) -> None:
    """What counts as the newest then is an older one, and that stays."""
    nights = Nights(cloud, 6)
    nights.mark()
    cloud.listed_after = 2 * DAY + HOUR

    prune(cloud)

    assert alive(cloud) >= ids(nights.backups[2:] + nights.copies[2:])


@pytest.mark.parametrize("moment", ["get", "delete", "update"])
@pytest.mark.parametrize("end", [Lifecycle.TERMINATING, Lifecycle.TERMINATED, None])
def test_what_somebody_else_has_deleted_is_no_failure(cloud: FakeCloud, moment: str, end: Lifecycle | None) -> None:
    """It is gone, as it was to be, or need not be marked any more."""
    nights = Nights(cloud)
    if moment != "update":
        nights.mark()
    first = nights.backups[0]
    cloud.script(moment, lambda: vanish(cloud, first, end))

    assert outcomes(prune(cloud), [first]) == {(Outcome.NOT_READY, "terminated")}


@pytest.mark.parametrize("at", ["get", "update", "delete"])
@pytest.mark.parametrize("calls_before", range(4))
def test_two_at_once_delete_nothing_twice_and_nothing_else(cloud: FakeCloud, at: str, calls_before: int) -> None:
    """A second one runs in full between any two steps of the first: neither fails."""
    nights = Nights(cloud)
    others: list[dict[str, Result]] = []
    for method in ("update", "get", "delete"):
        if method == at:
            cloud.script(method, lambda: others.append(prune(cloud)), calls_before=calls_before)
    results = [prune(cloud)]
    cloud.clock.advance(DAY + HOUR)
    results += [prune(cloud), *others]

    assert others
    assert not [each for found in results for each in found.values() if each.outcome is Outcome.FAILED]
    for _ in range(3):
        cloud.clock.advance(DAY + HOUR)
        prune(cloud)
    assert alive(cloud) == ids(nights.backups[-3:] + nights.copies[-3:])


# Faults


@pytest.mark.parametrize("method", ["update", "delete"])
@pytest.mark.parametrize("fault", [refused(), refused("NotAllowed", 400), refused("Conflict", 409), passing()])
def test_what_is_refused_for_one_does_not_stop_the_others(cloud: FakeCloud, method: str, fault: ApiFault) -> None:
    """A missing permission is answered as a missing backup is, and yet is told as what it is."""
    nights = Nights(cloud)
    if method == "delete":
        nights.mark()
    cloud.script(method, fault)

    results = prune(cloud)

    assert outcomes(results, nights.old[:1]) == {(Outcome.FAILED, fault.code)}
    done = Outcome.MARKED if method == "update" else Outcome.DELETED
    assert outcomes(results, nights.old[1:]) == {(done, None)}


def test_a_fault_of_ours_with_one_does_not_stop_the_others(cloud: FakeCloud) -> None:
    """It is told as an internal error."""
    nights = Nights(cloud)
    nights.mark()
    cloud.script("delete", breaks)

    results = prune(cloud)

    assert outcomes(results, nights.old[:1]) == {(Outcome.FAILED, Reason.INTERNAL_ERROR)}
    assert outcomes(results, nights.old[1:]) == {(Outcome.DELETED, None)}


def breaks() -> None:
    raise ValueError("a fault of ours")


@pytest.mark.parametrize("fault", [refused(), passing("Timeout", 0), passing()])
@pytest.mark.parametrize(
    ("method", "region"),
    [("list_sources", HOME), ("list_backups", HOME), ("list_backups", AWAY)],
)
def test_nothing_is_done_where_a_list_cannot_be_read(
    cloud: FakeCloud, method: str, region: str, fault: ApiFault
) -> None:
    """Not marked, not deleted, not unmarked: the list is told, and what would have gone."""
    nights = Nights(cloud)
    nights.mark()
    for calls_before in range(3):
        cloud.script(method, fault, region=region, calls_before=calls_before)
        before = len(cloud.changes)
        results = prune(cloud, **({} if calls_before else {"POLICY": policy("last 4")}))
        assert len(cloud.changes) == before
        assert results[COMPARTMENT].outcome is Outcome.FAILED
        assert results[COMPARTMENT].destination_region == region
        assert not {each.outcome for each in results.values()} & {Outcome.MARKED, Outcome.DELETED, Outcome.PLANNED}


class Killed(BaseException):
    """The process ends here."""


def dies() -> None:
    raise Killed


@pytest.mark.parametrize("effect", [passing(), refused(), refused("NotAllowed", 400), dies])
@pytest.mark.parametrize("method", ["list_sources", "list_backups", "source", "get", "update", "delete"])
def test_a_fault_at_any_point_leaves_nothing_that_a_later_call_trips_over(
    method: str, effect: ApiFault | Callable[[], object]
) -> None:
    """Whatever call fails in whichever of the two steps, in the end the same is deleted as without it."""
    for step in (0, 1):
        for calls_before in range(12):
            cloud = FakeCloud()
            nights = Nights(cloud)
            if step:
                nights.mark()
            cloud.script(method, effect, calls_before=calls_before)
            survived(cloud)
            assert alive(cloud) >= ids(nights.backups[-3:] + nights.copies[-3:])
            for _ in range(4):
                survived(cloud)
                cloud.clock.advance(DAY)
            assert alive(cloud) == ids(nights.backups[-3:] + nights.copies[-3:])
            assert not marked(cloud) & alive(cloud)


def survived(cloud: FakeCloud) -> None:
    with suppress(Killed):
        prune(cloud)


def test_an_answer_that_was_lost_does_no_harm(cloud: FakeCloud) -> None:
    """The deletion was carried out, and the call was told otherwise."""
    nights = Nights(cloud)
    nights.mark()
    first = nights.backups[0]

    def lose_the_answer() -> None:
        vanish(cloud, first, Lifecycle.TERMINATING)
        raise passing("Timeout", 0)

    cloud.script("delete", lose_the_answer)

    assert outcomes(prune(cloud), [first]) == {(Outcome.FAILED, "Timeout")}
    assert first.id not in prune(cloud)


# Limits and scope


def test_too_much_at_once_is_held(cloud: FakeCloud) -> None:
    """What would go is told, and none of it is touched; what is not due any more loses its mark even so."""
    nights, other = Nights(cloud, 10), Nights(cloud, 4)
    nights.mark()
    cloud.sources[other.source.id] = replace(other.source, freeform_tags={"backup-copy-keep": "all"})

    results = prune(cloud, MAX_DELETE_PERCENT="20")

    assert outcomes(results, nights.old) == {(Outcome.FAILED, Reason.HELD)}
    assert not cloud.made("delete")
    assert marked(cloud) == ids(nights.old)


@pytest.mark.parametrize("facts", [{"is_scheduled": True}, {"freeform_tags": {}}, {"lifecycle": Lifecycle.FAULTY}])
def test_what_cannot_go_is_no_reason_why_more_of_the_rest_may(cloud: FakeCloud, facts: dict[str, Any]) -> None:
    """A thousand backups of a policy of Oracle's beside would make any share of ours a small one."""
    nights = Nights(cloud)
    nights.mark()
    for _ in range(100):
        cloud.add_backup(Kind.VOLUME, source_id=nights.source.id, **facts)
        cloud.add_copy(nights.backups[-1], **facts)

    results = prune(cloud, MAX_DELETE_PERCENT="20")

    assert outcomes(results, nights.old) == {(Outcome.FAILED, Reason.HELD)}


@pytest.mark.parametrize(
    ("limits", "is_held"),
    [
        ({"MAX_DELETES": "4"}, False),
        ({"MAX_DELETES": "3"}, True),
        ({"MAX_DELETE_PERCENT": "40"}, False),
        ({"MAX_DELETE_PERCENT": "39"}, True),
    ],
)
def test_a_limit_is_what_may_be_deleted_at_most(cloud: FakeCloud, limits: dict[str, str], *, is_held: bool) -> None:
    """Two of five in each of two regions. Marks have no limits: people are to see what would go."""
    nights = Nights(cloud)
    assert outcomes(prune(cloud, **limits), nights.old) == {(Outcome.MARKED, None)}
    cloud.clock.advance(DAY)

    expected = (Outcome.FAILED, Reason.HELD) if is_held else (Outcome.DELETED, None)
    assert outcomes(prune(cloud, **limits), nights.old) == {expected}


def test_a_single_region_of_which_too_much_would_go_holds_all(cloud: FakeCloud) -> None:
    """What is wrong in one region is wrong with the policy."""
    nights = Nights(cloud)
    nights.mark()
    for each in nights.backups[:2]:
        cloud.change(now(cloud, each), is_protected=True)

    results = prune(cloud, MAX_DELETE_PERCENT="39")

    assert outcomes(results, nights.copies[:2]) == {(Outcome.FAILED, Reason.HELD)}


def test_a_mistake_in_the_policy_does_not_get_through_in_parts(cloud: FakeCloud) -> None:
    """Each compartment is pruned by itself, one after the other: no single call would delete more than the limits."""
    compartments = [f"ocid1.compartment.oc1..part{number}" for number in range(6)]
    for each in compartments:
        part = Nights(cloud, 8)
        for backup in part.backups + part.copies:
            cloud.change(now(cloud, backup), compartment_id=each)
    before = alive(cloud)

    for _ in range(3):
        for each in compartments:
            prune(
                cloud,
                compartmentId=each,
                POLICY=policy("last 1"),
                COMPARTMENT_IDS=",".join([COMPARTMENT, *compartments]),
                MAX_DELETE_PERCENT="20",
            )
            cloud.clock.advance(4 * HOUR)

    assert alive(cloud) == before


def test_a_mistake_in_the_policy_does_not_get_through_where_marking_is_slow(cloud: FakeCloud) -> None:
    """Oracle takes a few tags an hour, so that few come due at a time, and never more than the limits."""
    nights = [Nights(cloud, 12) for _ in range(4)]
    before, said = alive(cloud), ""
    for _ in range(72):
        cloud.script("update", *[passing("TooManyRequests", 429)] * 100, calls_before=3)
        results = prune(cloud, POLICY=policy("last 1"), MAX_DELETE_PERCENT="20")
        said += "".join(str(each.message) for each in results.values())
        cloud.forget_scripts()
        cloud.clock.advance(HOUR)

    assert alive(cloud) == before
    assert "more than MAX_DELETE_PERCENT allows in all (60)" in said
    assert outcomes(results, nights[0].backups[-1:]) == {(Outcome.KEPT, Reason.RETENTION)}


def test_only_what_is_in_the_compartments_that_were_named_is_touched(cloud: FakeCloud) -> None:
    """And told."""
    here, there = Nights(cloud), Nights(cloud)
    for each in there.backups + there.copies:
        cloud.change(now(cloud, each), compartment_id=ARCHIVE)

    results = prune(cloud, compartmentId=ARCHIVE)

    assert outcomes(results, there.old) == {(Outcome.MARKED, None)}
    assert marked(cloud) == ids(there.old)
    assert not results.keys() & ids(here.backups + here.copies)
    assert not find(cloud, compartmentId=ARCHIVE).is_of_all
    assert find(cloud).is_of_all


def test_a_scope_does_not_make_the_limits_wider(cloud: FakeCloud) -> None:
    """What would go is counted before the scope is looked at: a mistake in the policy is one everywhere.

    Marks count as well: those of one compartment come due apart from those of another.
    """
    here, there = Nights(cloud, 10), Nights(cloud, 4)
    for each in there.backups + there.copies:
        cloud.change(now(cloud, each), compartment_id=ARCHIVE)

    results = prune(cloud, compartmentId=ARCHIVE, MAX_DELETES="14", MAX_DELETE_PERCENT="100")

    assert len(here.old) == 14
    assert outcomes(results, there.old) == {(Outcome.FAILED, Reason.HELD)}


def test_the_newest_counts_in_whichever_compartment_it_is(cloud: FakeCloud) -> None:
    """A scope narrows what is touched, not what is known."""
    nights = Nights(cloud)
    for each in (*nights.backups[-3:], *nights.copies[-3:]):
        cloud.change(now(cloud, each), compartment_id=ARCHIVE)

    keys = {"COMPARTMENT_IDS": f"{COMPARTMENT},{ARCHIVE}"}
    results = prune(cloud, compartmentId=COMPARTMENT, **keys)

    assert results.keys() == ids(nights.old)
    assert outcomes(results, nights.old) == {(Outcome.MARKED, None)}


def test_what_people_have_moved_away_is_not_touched(cloud: FakeCloud) -> None:
    """A copy that is found only by the tag that names it is in none of the compartments that are looked at."""
    nights = Nights(cloud)
    nights.mark()
    moved = nights.copies[0]
    cloud.change(now(cloud, moved), compartment_id=ARCHIVE)

    results = prune(cloud)

    assert moved.id not in results
    assert moved.id in alive(cloud)
    assert outcomes(results, nights.backups[:1]) == {(Outcome.DELETED, None)}


# Groups


def test_a_groups_backup_is_deleted_with_its_members(cloud: FakeCloud) -> None:
    """The members are never looked at by themselves, neither here nor there."""
    nights = Nights(cloud, 5, Kind.VOLUME_GROUP)
    volume = cloud.add_source(Kind.VOLUME, group_id=nights.source.id)
    members = [member_of(cloud, each, volume) for each in nights.backups + nights.copies]
    nights.mark()

    results = prune(cloud)

    assert not results.keys() & ids(members)
    assert outcomes(results, nights.old) == {(Outcome.DELETED, None)}
    old = [each.id for each in members if each.group_backup_id in ids(nights.old)]
    assert not alive(cloud) & set(old)


def member_of(cloud: FakeCloud, group: Backup, volume: Source) -> Backup:
    """Oracle may carry the tags of a group's backup to its members: these have them all."""
    tags = now(cloud, group).freeform_tags
    facts = {"source_id": volume.id, "group_backup_id": group.id, "freeform_tags": tags}
    return cloud.add_backup(Kind.VOLUME, group.region, time_created=group.time_created, **facts)


def test_a_group_of_which_a_member_is_protected_stays(cloud: FakeCloud) -> None:
    """At home and away. One that is protected when the lists have been read Oracle does not delete; the others go."""
    nights = Nights(cloud, 6, Kind.VOLUME_GROUP)
    volume = cloud.add_source(Kind.VOLUME, group_id=nights.source.id)
    nights.mark()
    members = [member_of(cloud, each, volume) for each in (nights.backups[0], nights.copies[1], nights.backups[2])]
    for each in members[:2]:
        cloud.change(each, is_protected=True)
    after_the_lists(cloud, lambda: cloud.change(members[2], is_protected=True))

    results = prune(cloud)

    assert outcomes(results, [nights.backups[0], nights.copies[1]]) == {(Outcome.KEPT, Reason.PROTECTED)}
    assert outcomes(results, nights.backups[2:3]) == {(Outcome.FAILED, "Conflict")}
    rest = [nights.backups[1], nights.copies[0], nights.copies[2]]
    assert outcomes(results, rest) == {(Outcome.DELETED, None)}


def test_copies_that_do_not_say_what_they_were_made_of_go_by_their_original(cloud: FakeCloud) -> None:
    """Its source's tag holds for them as well."""
    nights = Nights(cloud)
    for each in nights.copies:
        cloud.change(now(cloud, each), source_id=None)
    assert outcomes(prune(cloud), nights.copies[:2]) == {(Outcome.MARKED, None)}
    cloud.clock.advance(DAY)
    cloud.sources[nights.source.id] = replace(nights.source, freeform_tags={"backup-copy-keep": "all"})

    assert outcomes(prune(cloud), nights.copies) == {(Outcome.KEPT, Reason.RETENTION)}


@pytest.mark.parametrize(
    "time", ["2026-11-17T02:00:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "", "yesterday", "2030"]
)
def test_a_tag_that_tells_no_time_stops_nothing(cloud: FakeCloud, time: str) -> None:
    """Whoever may change tags may write anything: such a copy is nobody's, and the others go their way."""
    nights = Nights(cloud)
    orphan = nights.copies[0]
    del cloud.backups[nights.backups[0].id]
    tag(cloud, orphan, **{"backup-copy-source-time": time})

    results = prune(cloud)

    assert outcomes(results, [orphan]) == {(Outcome.KEPT, Reason.NOT_OURS)}
    assert outcomes(results, nights.copies[1:2]) == {(Outcome.MARKED, None)}


# Dry runs, deadlines, metrics


def test_a_dry_run_shows_what_would_be_done_and_changes_nothing(cloud: FakeCloud) -> None:
    """First what would be marked, and when its time has come what would be deleted; marks are left where they are."""
    nights = Nights(cloud)
    assert outcomes(prune(cloud, dryRun=True), nights.old) == {(Outcome.PLANNED, "mark")}
    assert not cloud.changes
    nights.mark()
    before = len(cloud.changes)

    assert outcomes(prune(cloud, dryRun=True), nights.old) == {(Outcome.PLANNED, "delete")}
    assert outcomes(prune(cloud, dryRun=True, keep="last 1"), nights.copies[2:4]) == {(Outcome.PLANNED, "mark")}
    assert outcomes(prune(cloud, dryRun=True, keep="all"), nights.old) == {(Outcome.KEPT, Reason.RETENTION)}
    assert len(cloud.changes) == before


@pytest.mark.parametrize(
    "given", [{"keep": "last 1"}, {"keep": "last 1", "dryRun": False}, {"keep": "", "dryRun": True}]
)
def test_what_is_kept_is_never_up_to_a_message(cloud: FakeCloud, given: dict[str, Any]) -> None:
    """Who may call the function may not thereby delete."""
    with pytest.raises(ValidationError):
        prune(cloud, **given)


def test_what_there_is_no_time_for_is_left_to_a_later_call(cloud: FakeCloud) -> None:
    """Each is told, and in the end all of it is done."""
    nights = Nights(cloud)
    nights.mark()
    cloud.call_takes = timedelta(seconds=1)

    results = prune(cloud, lasts=timedelta(seconds=18))

    found = outcomes(results, nights.old)
    assert found == {(Outcome.DELETED, None), (Outcome.DEFERRED, Reason.DEADLINE)}
    for _ in range(4):
        prune(cloud, lasts=timedelta(seconds=18))
    assert alive(cloud) == ids(nights.backups[-3:] + nights.copies[-3:])


def test_lists_there_is_no_time_for_are_unread(cloud: FakeCloud) -> None:
    """So nothing is done at all."""
    nights = Nights(cloud)
    nights.mark()
    before = len(cloud.changes)
    operation = PruneCopies(operation="PruneCopies")
    call = make_call(cloud, lasts=LASTS, **KEYS)

    def too_slow(work: Callable[[Any], Any], items: Sequence[Any]) -> list[Any]:
        return [None for _ in items]

    results = prune_copies(operation, replace(call, workers=too_slow)).results

    assert len(cloud.changes) == before
    assert {each.outcome for each in results} == {Outcome.FAILED}
    assert alive(cloud) >= ids(nights.old)


def test_a_step_whose_answer_did_not_come_in_time_is_told_as_that(cloud: FakeCloud) -> None:
    """Nobody knows what came of it; the next call does."""
    nights = Nights(cloud)
    nights.mark()
    call = make_call(cloud, lasts=LASTS, **KEYS)

    def slow_to_delete(work: Callable[[Any], Any], items: Sequence[Any]) -> list[Any]:
        done = call.workers(work, items)
        return [None] * len(items) if cloud.made("delete") else done

    found = prune_copies(PruneCopies(operation="PruneCopies"), replace(call, workers=slow_to_delete))
    results = {str(each.source_id): each for each in found.results}

    assert outcomes(results, nights.old) == {(Outcome.DEFERRED, Reason.DEADLINE)}
    assert not found.deletions
    assert not prune(cloud).keys() & ids(nights.old)


def test_what_was_deleted_is_counted_by_source_and_region(cloud: FakeCloud) -> None:
    """Not what was to be, nor what somebody else has deleted."""
    nights, other = Nights(cloud), Nights(cloud, 4)
    assert not find(cloud).deletions
    cloud.clock.advance(DAY)
    cloud.script("delete", refused("NotAllowed", 400))

    deletions = find(cloud).deletions

    failed = {(nights.source.id, HOME): 1}
    expected = {(nights.source.id, AWAY): 2, (other.source.id, HOME): 1, (other.source.id, AWAY): 1, **failed}
    assert deletions == expected


def test_each_result_names_what_it_is_about(cloud: FakeCloud) -> None:
    """The backup or copy, its region, and Oracle's id for the request that deleted it."""
    nights = Nights(cloud)
    nights.mark()

    results = prune(cloud)

    assert results.keys() == ids(nights.backups + nights.copies)
    for each in nights.old:
        told = results[each.id]
        assert (told.backup_id, told.destination_region) == (each.id, each.region)
        assert told.opc_request_id
