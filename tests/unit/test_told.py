"""What people have been told: remembered in the tags of a topic, so that nothing is told twice while it stands."""

import string
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.core.concerns import Concern, Concerns
from handlers.core.tokens import MAX_FREEFORM_TAGS
from handlers.core.told import (
    FAILURE,
    LENGTH,
    MAX_BODY,
    MAX_TITLE,
    PER_TAG,
    TAG,
    TAGS,
    Marks,
    News,
    news,
    read_marks,
    write_marks,
    write_message,
)
from tests.fakes import AWAY, HOME, ocid
from tests.strategies import texts
from tests.unit.scene import HOUR, NOW

CAPACITY = TAGS * PER_TAG
MARKS = st.lists(
    st.text(string.ascii_letters + string.digits + "-_", min_size=LENGTH, max_size=LENGTH), unique=True, max_size=300
).map(tuple)
OTHERS = st.dictionaries(
    texts(1, 100).filter(lambda key: not key.startswith(TAG)), texts(0, 256), max_size=MAX_FREEFORM_TAGS
)


def concern(key: str) -> Concern:
    return Concern(key, f"about {key}", f"see to {key}")


def found(*standing: str, fine: tuple[str, ...] = (), all_: bool = True) -> Concerns:
    return Concerns([concern(each) for each in standing], [concern(each) for each in fine], all_, all_)


def tell(told: Marks, *standing: str, fine: tuple[str, ...] = (), operation: str = "Sweep", all_: bool = True) -> News:
    return news(told, [(operation, found(*standing, fine=fine, all_=all_))], NOW)


def keys(concerns: object) -> list[str]:
    assert isinstance(concerns, list)
    return [each.key for each in concerns]


# What is new


def test_a_concern_is_told_when_it_begins_and_when_it_ends() -> None:
    """And not in between, nor afterwards."""
    begun = tell((), "breach a")
    lasting = tell(begun.marks, "breach a")
    ended = tell(lasting.marks, fine=("breach a",))
    after = tell(ended.marks, fine=("breach a",))

    assert [keys(each.begun) for each in (begun, lasting, ended, after)] == [["breach a"], [], [], []]
    assert [keys(each.ended) for each in (begun, lasting, ended, after)] == [[], [], ["breach a"], []]
    assert after.marks == ()


def test_what_was_not_looked_at_is_neither_begun_nor_over() -> None:
    """A call about one compartment says nothing of the others."""
    begun = tell((), "breach a", "breach b")

    later = tell(begun.marks, "breach a", all_=False)

    assert (later.begun, later.ended) == ([], [])
    assert set(later.marks) == set(begun.marks)


def test_a_failure_is_over_without_a_word_where_all_was_tried() -> None:
    """And is told again when it comes back."""
    begun = tell((), f"{FAILURE}Sweep x")
    restricted = tell(begun.marks, all_=False)
    fine = tell(restricted.marks)
    again = tell(fine.marks, f"{FAILURE}Sweep x")

    assert [len(each.begun) for each in (begun, restricted, fine, again)] == [1, 0, 0, 1]
    assert [each.ended for each in (begun, restricted, fine, again)] == [[], [], [], []]


def test_failures_of_one_operation_are_not_ended_by_another() -> None:
    """A sweep that works says nothing of what CreateDueBackups may do."""
    begun = tell((), f"{FAILURE}CreateDueBackups x", operation="CreateDueBackups")

    for operation in ("Sweep", "PruneCopies", "ReportCopies"):
        assert tell(begun.marks, operation=operation).marks == begun.marks


def test_what_stands_is_not_over() -> None:
    """Whatever else is said of it."""
    begun = tell((), "breach a")

    assert tell(begun.marks, "breach a", fine=("breach a",)).ended == []


def test_operations_of_one_call_tell_the_same_once() -> None:
    """A sweep and the report after it see the same breach."""
    fresh = news((), [("Sweep", found("breach a")), ("ReportCopies", found("breach a"))], NOW)

    assert keys(fresh.begun) == ["breach a"]
    assert len(fresh.marks) == 1


def fail(told: Marks, hours: float, *failing: str, operation: str = "Sweep") -> News:
    """A call of this hour in which these may pass by themselves."""
    standing = [replace(concern(f"{FAILURE}{operation} {each}"), patience=6 * HOUR) for each in failing]
    return news(told, [(operation, Concerns(standing, [], is_of_all=True))], NOW + HOUR * hours)


def test_what_may_pass_is_told_when_it_has_not_for_long() -> None:
    """Once, by whichever call finds it again after six hours."""
    marks: Marks = ()
    told = []
    for hours in (0, 1, 5, 7, 8, 30):
        fresh = fail(marks, hours, "x")
        marks = read_marks(write_marks(fresh.marks, {}))
        told.append(len(fresh.begun))

    assert told == [0, 0, 0, 1, 0, 0]
    assert len(marks) == 1


@pytest.mark.parametrize("between", [(), ("y",)])
def test_what_has_passed_meanwhile_begins_anew(between: tuple[str, ...]) -> None:
    """Two blips a day apart are no trouble that lasts; another operation says nothing of it."""
    begun = fail((), 0, "x")
    other = fail(begun.marks, 1, "z", operation="PruneCopies")
    assert set(begun.marks) <= set(other.marks)
    passed = fail(begun.marks, 1, *between)

    assert fail(passed.marks, 24, "x").begun == []
    assert len(fail(other.marks, 24, "x").begun) == 1


def test_of_the_same_words_one_is_told() -> None:
    """However many keys they have."""
    twice = [Concern(key, "many", "see") for key in ("many 1", "many 2")]

    fresh = news((), [("Sweep", Concerns(twice, []))], NOW)

    assert len(fresh.begun) == 1
    assert len(fresh.marks) == 2


ROUNDS = st.lists(st.dictionaries(st.sampled_from([f"breach {each}" for each in "abcdef"]), st.booleans()), max_size=30)


@given(ROUNDS)
def test_nothing_is_told_twice_while_it_stands(rounds: list[dict[str, bool]]) -> None:
    """Over any number of calls with the topic's tags as the only memory; each sees some stand, and some not."""
    tags: dict[str, str] = {}
    told: set[str] = set()
    for seen in rounds:
        standing = {key for key, stands in seen.items() if stands}
        fine = seen.keys() - standing

        fresh = tell(read_marks(tags), *sorted(standing), fine=tuple(sorted(fine)))

        assert sorted(keys(fresh.begun)) == sorted(standing - told)
        assert sorted(keys(fresh.ended)) == sorted(told & fine)
        told = (told | standing) - fine
        tags = write_marks(fresh.marks, tags)
        assert len(read_marks(tags)) == len(told)


def test_what_is_forgotten_for_lack_of_room_is_what_was_not_found_for_longest() -> None:
    """FAULTY copies that were deleted are never found again, and must not push out what stands."""
    tags: dict[str, str] = {}
    again = 0
    for number in range(3 * CAPACITY):
        fresh = tell(read_marks(tags), "breach a", f"faulty {number}")
        again += "breach a" in keys(fresh.begun)
        tags = write_marks(fresh.marks, tags)

    assert again == 1


# The memory


@given(MARKS, OTHERS)
def test_marks_come_back_as_they_were_written(marks: Marks, others: dict[str, str]) -> None:
    """As many as there is room for beside the tags of others, the last ones; and all of theirs stay."""
    tags = write_marks(marks, others)

    room = min(TAGS, MAX_FREEFORM_TAGS - len(others)) * PER_TAG
    assert read_marks(tags) == (marks[-room:] if room else ())
    assert tags.items() >= others.items()


@given(MARKS, OTHERS, MARKS)
def test_a_topic_always_takes_what_is_written(marks: Marks, others: dict[str, str], before: Marks) -> None:
    """Ten tags of 256 characters; what was ours before is replaced as a whole."""
    tags = write_marks(marks, write_marks(before, others))

    assert len(tags) <= MAX_FREEFORM_TAGS
    assert all(len(value) <= 256 for value in tags.values())
    assert tags == write_marks(marks, others)


@given(st.dictionaries(st.sampled_from([f"{TAG}{number}" for number in range(TAGS + 2)]), texts(0, 256)))
def test_whatever_stands_in_the_tags_is_read(tags: dict[str, str]) -> None:
    """Somebody may have written there: the worst of it is that something is told again."""
    marks = read_marks(tags)

    assert all(len(each) == LENGTH for each in marks)
    assert keys(tell(marks, "breach a").begun) == ["breach a"]


# The message


def test_a_message_says_what_has_begun_then_what_is_over() -> None:
    """The title has the first, and how many more there are."""
    fresh = News([concern("a"), concern("b"), concern("c")], [concern("d")], ())

    title, body = write_message(fresh, HOME)

    assert title == f"Backup copies of {HOME}: about a, and 2 more"
    assert body == (
        "- about a\n  What to do: see to a.\n- about b\n  What to do: see to b.\n- about c\n  What to do: see to c.\n"
        "\nOver:\n- about d."
    )


def test_a_message_of_what_is_over_says_so_in_its_title() -> None:
    """Nobody has to read on."""
    title, body = write_message(News([], [concern("a"), concern("b")], ()), HOME)

    assert title == f"Backup copies of {HOME}: about a, and 1 more are over"
    assert body == "Over:\n- about a.\n- about b."


def test_a_title_names_things_as_people_do_and_ends_with_a_whole_word() -> None:
    """The OCIDs are in the body."""
    text = f"the recovery point of ledger ({ocid('volume', HOME)}) in {AWAY} is old"
    title, body = write_message(News([concern(text)], [], ()), HOME)
    assert title == f"Backup copies of {HOME}: about the recovery point of ledger in {AWAY} is old"
    assert text in body

    title, _ = write_message(News([concern("word " * 99)], [], ()), HOME)
    assert title.endswith(" word ...")


@pytest.mark.parametrize("text", ["x" * 5000, "ü" * 5000, "🗄" * 5000], ids=["ascii", "two bytes", "four bytes"])
@pytest.mark.parametrize("count", [1, 10, 1000])
def test_a_message_is_never_larger_than_what_is_taken(text: str, count: int) -> None:
    """Nor torn within a line; what there is no room for is counted."""
    begun = [Concern(str(number), text[: 5000 // count + 100], "see") for number in range(count)]

    title, body = write_message(News(begun, [], ()), HOME)

    assert len(title) <= MAX_TITLE
    assert len(body.encode()) <= MAX_BODY
    shown = body.count("What to do: see.")
    assert shown == count or body.endswith(f"- {count - shown} more: ReportCopies tells of all.")
