"""The configuration key `POLICY`: what it may say, how it is refused, and which sources a rule is for."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.core.errors import Problem, Rejected
from handlers.core.grammar import Every, Keep
from handlers.core.model import Kind, Source
from handlers.core.policy import Match, Policy
from tests.fakes import AWAY, COMPARTMENT, FAR, HOME, configuration, ocid
from tests.strategies import MARK, MARKED, texts

BOTH = f"{AWAY},{FAR}"
TOKYO = "ap-tokyo-1"
KEY = ocid("key", AWAY, "k")
VAULT = "ocid1.compartment.oc1..vault"
SOURCE = Source(
    Kind.VOLUME, ocid("volume"), {"tier": "gold", "team": "pay roll"}, {"ops.tier": "silver"}, "db-1", COMPARTMENT
)


def read(content: object, **keys: str) -> Policy:
    return configuration(POLICY=content if isinstance(content, str) else json.dumps(content), **keys).policy


def problems(content: object, **keys: str) -> dict[str, str]:
    """Field and message of everything that is wrong with a POLICY."""
    with pytest.raises(Rejected) as caught:
        read(content, **keys)
    return {problem.field: problem.message for problem in caught.value.problems}


def rule(**content: Any) -> dict[str, Any]:
    """A POLICY of one rule, behind one that is in order."""
    return {"rules": [{"match": {}}, {"match": {}, **content}]}


def match(**content: Any) -> Match:
    return Match.model_validate(content)


# What it may say


def test_everything_that_a_policy_may_say_is_understood() -> None:
    """Terms for all, and rules for some; what one of them leaves out is left out."""
    content = {
        "defaults": {"destinations": AWAY, "every": "1d", "keep": "30d", "target": "48h"},
        "rules": [
            {
                "name": "gold",
                "match": {
                    "tags": {"tier": "gold*"},
                    "compartmentId": [COMPARTMENT],
                    "kind": ["Volume", "BootVolume"],
                    "name": "db-*",
                },
                "destinations": [AWAY, {"region": FAR, "kmsKeyId": ocid("key", FAR), "keep": "7d 4w"}],
                "every": "none",
            }
        ],
    }

    policy = read(content)
    (gold,) = policy.rules

    assert [each.region for each in policy.defaults.destinations or ()] == [AWAY]
    assert (policy.defaults.every, policy.defaults.keep) == (Every.parse("1d"), Keep.parse("30d"))
    assert policy.defaults.target == Every.parse("48h")
    assert [(each.region, each.kms_key_id, each.keep) for each in gold.destinations or ()] == [
        (AWAY, None, None),
        (FAR, ocid("key", FAR), Keep.parse("7d 4w")),
    ]
    assert (gold.name, gold.every, gold.names_every, gold.keep, gold.target) == ("gold", None, True, None, None)
    assert gold.match.kind == (Kind.VOLUME, Kind.BOOT_VOLUME)
    assert [where for where, _ in policy.terms()] == ["defaults", "rules[0]"]


@pytest.mark.parametrize("content", [{}, {"rules": []}, {"defaults": {}}, {"defaults": {}, "rules": []}])
def test_a_policy_may_say_nothing(content: object) -> None:
    """Which is what it does where it is not set."""
    assert read(content) == configuration().policy
    assert (read(content).regions, read(content).names_keep) == ((), False)


@pytest.mark.parametrize("one", [AWAY, [AWAY], {"region": AWAY}, [{"region": AWAY}]])
def test_one_destination_may_be_written_in_many_ways(one: object) -> None:
    """As the region alone or as an object, by itself or in a list."""
    (destination,) = read({"defaults": {"destinations": one}}).defaults.destinations or ()

    assert (destination.region, destination.names_key) == (AWAY, False)


def test_no_destinations_are_not_the_same_as_none_said() -> None:
    """The one excludes, the other leaves it to what was said before."""
    assert read(rule(destinations=[])).rules[1].destinations == ()
    assert read(rule()).rules[1].destinations is None


def test_oracles_own_key_is_named_by_null() -> None:
    """What leaves it out says nothing about keys."""
    content = rule(destinations=[{"region": AWAY, "kmsKeyId": None}, {"region": FAR}])
    named, absent = read(content).rules[1].destinations or ()

    assert (named.kms_key_id, named.names_key) == (None, True)
    assert (absent.kms_key_id, absent.names_key) == (None, False)


@pytest.mark.parametrize("word", ["none", " None "])
def test_that_nothing_is_due_is_said_by_none(word: str) -> None:
    """Which is not the same as saying nothing."""
    said, unsaid = read(rule(every=word)).rules[1], read(rule()).rules[1]

    assert (said.every, said.names_every) == (None, True)
    assert (unsaid.every, unsaid.names_every) == (None, False)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (rule(keep="all"), False),
        (rule(every="1d", destinations=AWAY), False),
        (rule(keep="30d"), True),
        ({"defaults": {"keep": "last 3"}}, True),
        (rule(destinations={"region": AWAY, "keep": "last 3"}), True),
        (rule(destinations={"region": AWAY, "keep": "all"}), False),
    ],
)
def test_whether_anything_goes_by_it(content: object, *, expected: bool) -> None:
    """Wherever that is said, in general or in a destination."""
    assert read(content).names_keep is expected


def test_the_regions_of_all_terms_are_named_once() -> None:
    """In the order in which they stand."""
    content = {"defaults": {"destinations": [FAR]}, "rules": [{"match": {}, "destinations": [AWAY, FAR]}]}

    assert read(content).regions == (FAR, AWAY)


# How it is refused


@pytest.mark.parametrize(
    ("content", "field", "message"),
    [
        (MARK, "POLICY", "must be a JSON object with defaults, rules, or both: it is not valid JSON"),
        ('{"defaults": {}, "defaults": {}}', "POLICY", "names a key twice"),
        (json.dumps(MARK), "POLICY", "must be a JSON object with defaults, rules, or both"),
        ([MARK], "POLICY", "must be a JSON object with defaults, rules, or both"),
        ({"default": {}}, "POLICY.default", "is not a field here"),
        ({"defaults": None}, "POLICY.defaults", "object"),
        ({"defaults": {"match": {}}}, "POLICY.defaults.match", "is not a field here"),
        ({"defaults": {"name": MARK}}, "POLICY.defaults.name", "is not a field here"),
        ({"rules": {"match": MARK}}, "POLICY.rules", "tuple"),
        ({"rules": [{"match": {}}] * 101}, "POLICY.rules", "at most 100"),
        ({"rules": [{"keep": "7d"}]}, "POLICY.rules[0].match", "is missing"),
        (rule(name=""), "POLICY.rules[1].name", "at least 1 character"),
        (rule(color=MARK), "POLICY.rules[1].color", "is not a field here"),
        (rule(match=MARK), "POLICY.rules[1].match", "object"),
        (rule(match={"tag": {"a": MARK}}), "POLICY.rules[1].match.tag", "is not a field here"),
        (rule(match={"compartment_id": COMPARTMENT}), "POLICY.rules[1].match.compartment_id", "is not a field here"),
        (rule(match={"tags": [MARK]}), "POLICY.rules[1].match.tags", "dictionary"),
        (rule(match={"tags": {"tier": 7}}), "POLICY.rules[1].match.tags.tier", "string"),
        (rule(match={"compartmentId": MARK}), "POLICY.rules[1].match.compartmentId[0]", "OCID of a compartment"),
        (rule(match={"compartmentId": []}), "POLICY.rules[1].match.compartmentId", "is empty"),
        (rule(match={"kind": MARK}), "POLICY.rules[1].match.kind[0]", "'VolumeGroup', 'Volume' or 'BootVolume'"),
        (rule(match={"kind": []}), "POLICY.rules[1].match.kind", "is empty"),
        (rule(match={"name": 7}), "POLICY.rules[1].match.name", "string"),
        (rule(match={"name": None}), "POLICY.rules[1].match.name", "must not be null"),
        (rule(keep=f"7d {MARK}"), "POLICY.rules[1].keep", "at character 4: expected numbers"),
        (rule(keep=""), "POLICY.rules[1].keep", "at character 1: expected all, last 10, 30d"),
        (rule(keep=7), "POLICY.rules[1].keep", "must be a text"),
        (rule(keep={MARK: MARK}), "POLICY.rules[1].keep", "must be a text"),
        (rule(keep=None), "POLICY.rules[1].keep", "must not be null"),
        (rule(every=f"6-{MARK}"), "POLICY.rules[1].every", "at character 2: expected h, d or w"),
        (rule(every=6), "POLICY.rules[1].every", "must be a text"),
        (rule(every=None), "POLICY.rules[1].every", "must not be null"),
        (rule(target="none"), "POLICY.rules[1].target", "at character 1: expected a number"),
        (rule(target=None), "POLICY.rules[1].target", "must not be null"),
        (rule(destinations=None), "POLICY.rules[1].destinations", "must not be null"),
        (rule(destinations=7), "POLICY.rules[1].destinations", "tuple"),
        (rule(destinations=[[AWAY]]), "POLICY.rules[1].destinations[0]", "object"),
        (rule(destinations=MARK), "POLICY.rules[1].destinations[0].region", "must be a region identifier"),
        (rule(destinations=[AWAY, MARK]), "POLICY.rules[1].destinations[1].region", "must be a region identifier"),
        (rule(destinations=[{"keep": "7d"}]), "POLICY.rules[1].destinations[0].region", "is missing"),
        (rule(destinations=[AWAY, {"region": AWAY}]), "POLICY.rules[1].destinations", "name each region once"),
        ({"defaults": {"destinations": [FAR, FAR]}}, "POLICY.defaults.destinations", "name each region once"),
        (
            rule(destinations=[{"region": AWAY, "key": MARK}]),
            "POLICY.rules[1].destinations[0].key",
            "is not a field here",
        ),
        (
            rule(destinations=[{"region": AWAY, "kmsKeyId": MARK}]),
            "POLICY.rules[1].destinations[0].kmsKeyId",
            "OCID of a key in the region",
        ),
        (
            rule(destinations=[AWAY, {"region": FAR, "kmsKeyId": KEY}]),
            "POLICY.rules[1].destinations[1].kmsKeyId",
            "OCID of a key in the region",
        ),
        (
            rule(destinations=[{"region": AWAY, "kmsKeyId": ocid("vault", AWAY)}]),
            "POLICY.rules[1].destinations[0].kmsKeyId",
            "OCID of a key in the region",
        ),
        (
            rule(destinations=[{"region": AWAY, "keep": f"last {MARK}"}]),
            "POLICY.rules[1].destinations[0].keep",
            "at character 6: expected a number",
        ),
        (rule(destinations=[AWAY, HOME]), "POLICY.rules[1].destinations[1]", "where the sources are"),
        ({"defaults": {"destinations": HOME}}, "POLICY.defaults.destinations[0]", "where the sources are"),
        (rule(destinations=[AWAY, TOKYO]), "POLICY.rules[1].destinations[1]", "add it to ALLOWED_REGIONS"),
    ],
)
def test_what_a_policy_cannot_mean_is_refused(content: object, field: str, message: str) -> None:
    """The answer names the path, and for a text the character, but not what stood there."""
    found = problems(content, ALLOWED_REGIONS=BOTH)

    assert list(found) == [field]
    assert message in found[field]
    assert MARK not in found[field]


def test_all_that_is_wrong_is_told_at_once() -> None:
    """Whoever has to mend two rules should not have to look twice."""
    content = {"defaults": {"every": "x"}, "rules": [{"match": {}, "keep": "x"}, {"match": {"kind": "x"}, "keep": "y"}]}

    assert list(problems(content)) == [
        "POLICY.defaults.every",
        "POLICY.rules[0].keep",
        "POLICY.rules[1].keep",
        "POLICY.rules[1].match.kind[0]",
    ]


PLACES = st.sampled_from(["defaults", "rules", "match", "destinations", "every", "keep", "target", "region", "tags"])


@given(PLACES, MARKED | st.none() | st.integers() | st.booleans())
def test_no_value_of_a_policy_is_ever_repeated(place: str, value: object) -> None:
    """Whatever stands where: it is understood, or refused under its path."""
    content: dict[str, Any] = {
        "defaults": {"defaults": value},
        "rules": {"rules": value},
        "match": rule(match=value),
        "region": rule(destinations=[{"region": value, "kmsKeyId": value, "keep": value}]),
        "tags": rule(match={"tags": value, "compartmentId": value, "kind": value}),
    }.get(place, rule(**{place: value}))
    found: Sequence[Problem] = ()
    try:
        read(content)
    except Rejected as rejected:
        found = rejected.problems

    assert all(problem.field.startswith("POLICY") for problem in found)
    assert all(MARK not in problem.message for problem in found)


# Which sources a rule is for


@pytest.mark.parametrize(
    ("content", "fits"),
    [
        ({}, True),
        ({"tags": {}}, True),
        ({"tags": {"tier": "gold"}}, True),
        ({"tags": {"tier": "g*d"}}, True),
        ({"tags": {"tier": "*"}}, True),
        ({"tags": {"tier": "silver"}}, False),
        ({"tags": {"tier": "Gold"}}, False),
        ({"tags": {"tier": "gol"}}, False),
        ({"tags": {"Tier": "gold"}}, False),
        ({"tags": {"stage": "*"}}, False),
        ({"tags": {"ops.tier": "silver"}}, True),
        ({"tags": {"ops.tier": "gold"}}, False),
        ({"tags": {"tier": "gold", "ops.tier": "silver", "team": "pay*"}}, True),
        ({"tags": {"tier": "gold", "ops.tier": "gold"}}, False),
        ({"name": "db-1"}, True),
        ({"name": "db-*"}, True),
        ({"name": "*-1"}, True),
        ({"name": "DB-*"}, False),
        ({"name": "web-*"}, False),
        ({"name": ""}, False),
        ({"kind": "Volume"}, True),
        ({"kind": ["BootVolume", "Volume"]}, True),
        ({"kind": "VolumeGroup"}, False),
        ({"compartmentId": COMPARTMENT}, True),
        ({"compartmentId": [VAULT, COMPARTMENT]}, True),
        ({"compartmentId": VAULT}, False),
        ({"name": "db-*", "kind": "Volume", "compartmentId": COMPARTMENT, "tags": {"tier": "gold"}}, True),
        ({"name": "db-*", "kind": "Volume", "compartmentId": COMPARTMENT, "tags": {"tier": "tin"}}, False),
        ({"name": "db-*", "kind": "Volume", "compartmentId": VAULT, "tags": {"tier": "gold"}}, False),
        ({"name": "db-*", "kind": "BootVolume", "compartmentId": COMPARTMENT, "tags": {"tier": "gold"}}, False),
        ({"name": "web-*", "kind": "Volume", "compartmentId": COMPARTMENT, "tags": {"tier": "gold"}}, False),
    ],
    ids=str,
)
def test_a_rule_is_for_sources_that_all_its_conditions_fit(content: dict[str, Any], *, fits: bool) -> None:
    """Freeform and defined tags, name, kind and compartment; without any it is for all."""
    assert match(**content).fits(SOURCE) is fits


@given(texts(0, 30), texts(0, 30))
def test_a_pattern_without_a_star_fits_itself_alone(text: str, other: str) -> None:
    """Whatever signs it has."""
    pattern = text.replace("*", "")

    assert match(name=pattern).fits(replace(SOURCE, name=pattern))
    assert match(name=pattern).fits(replace(SOURCE, name=other)) is (pattern == other)


@given(texts(0, 10), texts(0, 10), texts(0, 10))
def test_a_star_stands_for_any_text(before: str, middle: str, after: str) -> None:
    """Also for none, and for line breaks and brackets."""
    before, after = before.replace("*", "+"), after.replace("*", "+")
    pattern = f"{before}*{after}"

    assert match(name=pattern).fits(replace(SOURCE, name=f"{before}{middle}{after}"))
    assert match(name=pattern).fits(replace(SOURCE, name=f"{before}{after}"))
    assert match(tags={"tier": pattern}).fits(replace(SOURCE, freeform_tags={"tier": f"{before}{middle}{after}"}))


@pytest.mark.parametrize("name", ["db[1]", "[db]", "what?", "[!a]", "[a-z]"])
def test_only_the_star_is_a_sign_of_patterns(name: str) -> None:
    """Brackets and question marks are what they are in names."""
    assert match(name=name).fits(replace(SOURCE, name=name))
    assert not match(name=name).fits(replace(SOURCE, name="b"))


@pytest.mark.parametrize(
    ("content", "fits"),
    [
        ({}, True),
        ({"kind": "Volume"}, True),
        ({"kind": "Volume", "compartmentId": COMPARTMENT}, True),
        ({"kind": "BootVolume"}, False),
        ({"compartmentId": VAULT}, False),
        ({"name": "*"}, False),
        ({"tags": {"tier": "*"}}, False),
        ({"kind": "BootVolume", "name": "db-*"}, False),
        ({"compartmentId": VAULT, "tags": {"tier": "gold"}}, False),
    ],
    ids=str,
)
def test_of_a_source_that_is_gone_its_name_and_tags_are_unknown(content: dict[str, Any], fits: object) -> None:
    """Its kind and compartment are known by its backups: where these do not fit, the rest does not matter."""
    gone = Source(Kind.VOLUME, SOURCE.id, {}, compartment_id=COMPARTMENT, is_gone=True)

    assert match(**content).fits(gone) is fits
