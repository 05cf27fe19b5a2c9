"""Retry tokens and the tags that tell where a copy came from."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from handlers.core.model import Backup, Kind, Lifecycle
from handlers.core.tokens import (
    copy_provenance,
    copy_tag,
    copy_token,
    create_token,
    due_token,
    mark,
    minute_of,
    named_copies,
    read_copy_provenance,
    read_mark,
    read_slot,
    slot_tags,
    source_provenance,
)
from tests import strategies
from tests.fakes import AWAY, COMPARTMENT, FAR, HOME, ocid

COPIES = st.tuples(
    strategies.ocids("volumebackup", "volumegroupbackup"),
    strategies.REGIONS,
    st.integers(0, 20),
)
CREATES = st.tuples(st.sampled_from(["CreateVolumeBackup", "CreateVolumeGroupBackup"]), strategies.CREATES, st.text())
MOMENTS = st.datetimes(min_value=datetime(2000, 1, 1), timezones=st.timezones())  # noqa: DTZ001 - hypothesis adds the zone


def backup(region: str, moment: datetime) -> Backup:
    identifier = ocid("volumebackup", region)
    return Backup(Kind.VOLUME, identifier, region, COMPARTMENT, Lifecycle.AVAILABLE, moment, None)


@given(COPIES, COPIES)
def test_two_copies_have_one_token_exactly_when_they_are_the_same(
    one: tuple[str, str, int], other: tuple[str, str, int]
) -> None:
    """Source, destination and attempt make the token, and nothing else does."""
    assert (copy_token(*one) == copy_token(*other)) == (one == other)
    assert copy_token(*one) == copy_token(*one)


@given(CREATES, CREATES)
def test_two_creates_have_one_token_exactly_when_they_are_the_same(
    one: tuple[str, dict[str, object], str], other: tuple[str, dict[str, object], str]
) -> None:
    """What is asked for, and the occurrence for which it is asked."""
    assume(one != other)

    assert create_token(*one) != create_token(*other)
    assert create_token(*one) == create_token(*one)


def test_the_order_of_a_bodys_fields_does_not_matter() -> None:
    """JSON has none."""
    one, other = {"a": "1", "b": {"c": 2, "d": 3}}, {"b": {"d": 3, "c": 2}, "a": "1"}

    assert create_token("CreateVolumeBackup", one, "t") == create_token("CreateVolumeBackup", other, "t")


def test_a_token_is_the_same_in_every_process() -> None:
    """Two containers that get the same event must send the same; a later version must not send another."""
    known = "afb07fdcadd6de2897eee02d3631084fcc3262123217aeb3ba96a6edeace0b41"

    assert len(known) == 64
    assert copy_token(ocid("volumebackup"), AWAY) == known


@given(COPIES, st.text())
def test_a_token_fits_into_its_header(copy: tuple[str, str, int], occurrence: str) -> None:
    """At most 64 characters, and none that a header cannot carry."""
    for token in (copy_token(*copy), create_token("CreateVolumeBackup", {"a": occurrence}, occurrence)):
        assert len(token) <= 64
        assert token.isascii()
        assert token.isalnum()


def test_a_create_is_never_taken_for_a_copy() -> None:
    """The API keeps the tokens of both."""
    assert create_token(ocid("volumebackup"), {}, AWAY) != copy_token(ocid("volumebackup"), AWAY)


@pytest.mark.parametrize(
    ("moment", "minute"),
    [
        (datetime(2026, 11, 21, 2, 0, 59, tzinfo=UTC), "2026-11-21T02:00Z"),
        (datetime(2026, 11, 21, 2, 1, tzinfo=UTC), "2026-11-21T02:01Z"),
        (datetime(2026, 11, 21, 3, 0, tzinfo=timezone(timedelta(hours=1))), "2026-11-21T02:00Z"),
    ],
)
def test_the_minute_stands_for_a_tick_without_a_name(moment: datetime, minute: str) -> None:
    """In the same minute it is the same tick, wherever the clock hangs."""
    assert minute_of(moment) == minute


@given(st.sampled_from([HOME, AWAY, FAR]), MOMENTS)
def test_a_copys_tags_tell_where_and_when_it_was_made_from(region: str, moment: datetime) -> None:
    """Written and read again, they say the same, to the millisecond."""
    tags = copy_provenance(backup(region, moment))

    read = read_copy_provenance({**tags, "team": "payroll"})

    assert read is not None
    assert read[0] == region
    assert abs(read[1] - moment) < timedelta(milliseconds=1)
    assert tags["backup-copy-source-time"].endswith("Z")


@given(st.sampled_from([HOME, AWAY, FAR]), MOMENTS)
def test_tags_keep_to_the_apis_limits(region: str, moment: datetime) -> None:
    """A key has at most 100 characters, a value 256."""
    original = backup(region, moment)

    for key, value in {**copy_provenance(original), **source_provenance([original])}.items():
        assert 1 <= len(key) <= 100
        assert len(value) <= 256


def test_a_sources_tags_tell_its_copy_in_each_region() -> None:
    """One tag for each region, named after it."""
    moment = datetime(2026, 11, 21, tzinfo=UTC)

    copies = [backup(AWAY, moment), backup(FAR, moment)]

    assert source_provenance(copies) == {copy_tag(copy.region): copy.id for copy in copies}
    assert copy_tag(AWAY) == "backup-copy-us-phoenix-1"
    assert copy_tag(AWAY) != copy_tag(FAR)


def test_a_sources_tags_are_read_as_they_were_written() -> None:
    """Whatever else is tagged: a region's name tells ours from all others, also from those that say where from."""
    copies = [backup(region, datetime(2026, 11, 21, tzinfo=UTC)) for region in (AWAY, FAR)]
    theirs = {"backup-copy-destinations": AWAY, "backup-copy-": "x", "backup-copy-notes": "y", AWAY: "z"}

    tags = {**theirs, **copy_provenance(copies[0]), **source_provenance(copies)}

    assert list(named_copies(tags)) == [(copy.region, copy.id) for copy in copies]


@pytest.mark.parametrize(
    "tags",
    [
        {},
        {"backup-copy-source-region": HOME},
        {"backup-copy-source-time": "2026-11-21T02:00:00.000Z"},
        {"backup-copy-source-region": HOME, "backup-copy-source-time": "yesterday"},
        {"backup-copy-source-region": HOME, "backup-copy-source-time": "2026-11-21T02:00:00"},
        {"backup-copy-source-region": HOME, "backup-copy-source-time": "0001-01-01T00:00:00+14:00"},
    ],
)
def test_tags_that_do_not_tell_are_no_provenance(tags: dict[str, str]) -> None:
    """Anybody may have written, or removed, them."""
    assert read_copy_provenance(tags) is None


def test_a_slot_is_only_read_off_the_backup_that_was_due_in_it() -> None:
    """Where Oracle carries a group's tags to its members, these do not pass for due backups of their volumes."""
    slot = datetime(2026, 11, 21, 6, tzinfo=UTC)
    due = replace(backup(HOME, slot), source_id=ocid("volume", HOME, "first"))
    tagged = replace(due, freeform_tags=slot_tags(str(due.source_id), slot))
    member = replace(tagged, source_id=ocid("volume", HOME, "second"))

    assert read_slot(tagged) == slot
    assert [read_slot(each) for each in (due, member, replace(tagged, source_id=None))] == [None] * 3


def test_a_mark_is_only_read_off_the_backup_that_it_names() -> None:
    """Where Oracle carries an original's tags to its copy, this is not marked with it."""
    after = datetime(2026, 11, 22, 6, tzinfo=UTC)
    original, copy = backup(HOME, after), backup(AWAY, after)
    marked = replace(original, freeform_tags=mark(original.id, after))

    assert read_mark(marked) == after
    assert read_mark(replace(copy, freeform_tags=marked.freeform_tags)) is None
    assert read_mark(original) is None


def test_two_ticks_in_a_slot_have_one_token() -> None:
    """Another slot, source or attempt has another."""
    slot = datetime(2026, 11, 21, 6, tzinfo=UTC)
    others = {due_token("b", slot), due_token("a", slot + timedelta(hours=6)), due_token("a", slot, 1)}

    assert due_token("a", slot) == due_token("a", slot.astimezone(timezone(timedelta(hours=2))))
    assert len(others - {due_token("a", slot)}) == 3
    assert all(len(token) <= 64 for token in others)
