"""What holds for a source: the configuration, above it the first rule that fits, above that the source's own tags."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.core.errors import KeyMissing, TagMalformed
from handlers.core.grammar import Every
from handlers.core.inventory import Inventory
from handlers.core.model import Backup, Kind, Lifecycle, Source
from handlers.core.report import Reason
from handlers.core.source_policy import Policies, SourcePolicy, read_destinations, source_policy
from tests.fakes import AWAY, COMPARTMENT, FAR, HOME, configuration, ocid
from tests.strategies import MARK, texts

SPARE = "uk-london-1"
KEY = ocid("key", AWAY, "k")


def source(kind: Kind = Kind.VOLUME, name: str = "db-1", **tags: str) -> Source:
    """A volume in the usual compartment; underscores in its tags' keys stand for hyphens."""
    freeform = {key.replace("_", "-"): value for key, value in tags.items()}
    return Source(kind, ocid(kind.source_type), freeform, {"ops.tier": "gold"}, name, COMPARTMENT)


def tagged(tags: Mapping[str, str]) -> Source:
    """A volume whose tags `backup-copy-…` say this."""
    return replace(source(), freeform_tags={f"backup-copy-{term}": value for term, value in tags.items()})


def policy(where: Source | None = None, *, keys: dict[str, str] | None = None, **content: Any) -> SourcePolicy:
    """What holds for a source under the `POLICY` that `content` is, with one destination configured otherwise."""
    return source_policy(where or source(), configuration(POLICY=json.dumps(content), **(keys or {})))


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"another": AWAY}, (AWAY,)),
        ({"backup-copy-destinations": FAR}, (FAR,)),
        ({"backup-copy-destinations": f" {AWAY} , {FAR},{AWAY}"}, (AWAY, FAR)),
        ({"backup-copy-destinations": "none"}, ()),
        ({"backup-copy-destinations": " None "}, ()),
    ],
)
def test_a_sources_tag_names_its_destinations(tags: dict[str, str], expected: tuple[str, ...]) -> None:
    """None at all for `none`; without the tag the configuration decides."""
    found = source_policy(Source(Kind.VOLUME, "v", tags), configuration(ALLOWED_REGIONS=f"{AWAY},{FAR}"))

    assert found.regions == expected
    assert found.is_excluded is (expected == ())


@pytest.mark.parametrize(
    "value", ["", " ", ",", f"{AWAY},", f"none,{AWAY}", "Phoenix", f"{AWAY} {FAR}", HOME, FAR, f"{AWAY},{FAR}"]
)
def test_a_tag_that_cannot_be_followed_is_no_tag_to_guess_at(value: str) -> None:
    """Half of it, or the configuration instead, would not be what its owner wanted."""
    with pytest.raises(TagMalformed, match=r"^backup-copy-destinations "):
        read_destinations(value, configuration())


# Which of those that say something is heeded


def to(region: str, **facts: object) -> dict[str, object]:
    """A destination of a POLICY."""
    return {"region": region, **facts}


SAID: list[tuple[str, dict[str, object], dict[str, str], object]] = [
    # term, what POLICY may say of it, what a tag may say of it, and how that is seen
    ("destinations", {"destinations": [FAR]}, {"destinations": FAR}, (FAR,)),
    ("destinations", {"destinations": []}, {"destinations": "none"}, ()),
    ("every", {"every": "6h"}, {"every": "6h"}, "6h"),
    ("every", {"every": "none"}, {"every": " None "}, None),
    ("keep", {"keep": "last 3"}, {"keep": "last 3"}, "last 3"),
    ("keep", {"keep": "all"}, {"keep": "all"}, "all"),
    (f"keep in {AWAY}", {"destinations": [to(AWAY, keep="last 3")]}, {}, "last 3"),
    (f"kmsKeyId in {AWAY}", {"destinations": [to(AWAY, kmsKeyId=KEY)]}, {}, KEY),
    (f"kmsKeyId in {AWAY}", {"destinations": [to(AWAY, kmsKeyId=None)]}, {}, None),
    ("target", {"target": "36h"}, {}, timedelta(hours=36)),
]
OTHERS = {"every", "keep", "target", f"kmsKeyId in {AWAY}"}
OTHERWISE: dict[str, object] = {
    "destinations": [to(AWAY, keep="5w", kmsKeyId=ocid("key", AWAY, "other")), to(SPARE)],
    "every": "2w",
    "keep": "9y",
    "target": "9d",
}
ANYWHERE = {"ALLOWED_REGIONS": f"{AWAY},{FAR},{SPARE}", "KMS_KEY_IDS": json.dumps({AWAY: ocid("key", AWAY, "third")})}


def seen(found: SourcePolicy, term: str) -> object:
    """What holds for a term, as it is seen from outside."""
    name, _, region = term.partition(" in ")
    match name:
        case "destinations":
            return found.regions
        case "every":
            return found.every and str(found.every)
        case "keep":
            return str(found.keep_in(region))
        case "kmsKeyId":
            return found.key_for(region, configuration(**ANYWHERE))
        case _:
            return found.target


@pytest.mark.parametrize(("term", "said", "tag", "expected"), SAID)
def test_defaults_stand_above_the_other_configuration(
    term: str, said: dict[str, object], tag: dict[str, str], expected: object
) -> None:
    """Above DESTINATION_REGIONS and KMS_KEY_IDS; the rest has no other place."""
    found = policy(keys=ANYWHERE, defaults=said)

    assert seen(found, term) == expected
    assert found.origins[term] == "POLICY defaults"
    assert found.rule is None


@pytest.mark.parametrize(("term", "said", "tag", "expected"), SAID)
def test_a_rule_stands_above_the_defaults(
    term: str, said: dict[str, object], tag: dict[str, str], expected: object
) -> None:
    """Term by term: what it leaves out stays as it is there."""
    found = policy(keys=ANYWHERE, defaults=OTHERWISE, rules=[{"match": {"name": "db-*"}, **said}])

    assert seen(found, term) == expected
    assert found.origins[term] == "POLICY rules[0]"
    assert found.rule == "rules[0]"
    for other in OTHERS - {term}:
        assert seen(found, other) == seen(policy(keys=ANYWHERE, defaults=OTHERWISE), other)
        assert found.origins[other] == "POLICY defaults"


@pytest.mark.parametrize(("term", "said", "tag", "expected"), SAID)
def test_of_the_rules_the_first_that_fits_is_heeded_and_no_other(
    term: str, said: dict[str, object], tag: dict[str, str], expected: object
) -> None:
    """Not even for the terms that the first leaves out."""
    rules = [
        {"match": {"name": "web-*"}, **OTHERWISE},
        {"name": "databases", "match": {"name": "db-*"}, **said},
        {"match": {}, **OTHERWISE, "target": "1w"},
    ]

    found = policy(keys=ANYWHERE, rules=rules)

    assert seen(found, term) == expected
    assert found.origins[term] == "POLICY rules[1] (databases)"
    assert found.rule == "databases"
    assert "rules[2]" not in str(found.origins)


@pytest.mark.parametrize(("term", "said", "tag", "expected"), [each for each in SAID if each[2]])
def test_a_tag_stands_above_every_rule(
    term: str, said: dict[str, object], tag: dict[str, str], expected: object
) -> None:
    """The source's owner knows best; what tags do not say stays as the rule has it."""
    found = policy(tagged(tag), keys=ANYWHERE, rules=[{"match": {}, **OTHERWISE}])

    assert seen(found, term) == expected
    assert found.origins[term] == f"tag backup-copy-{term}"
    assert found.said_by(term) is Reason.TAG
    for other in OTHERS - {term}:
        assert seen(found, other) == seen(policy(keys=ANYWHERE, rules=[{"match": {}, **OTHERWISE}]), other)
        assert found.origins[other] == "POLICY rules[0]"


def test_what_nobody_says_is_as_it_was_without_a_policy() -> None:
    """Copies go where the other configuration says, all are kept, and nothing is due."""
    found = policy()

    assert (found.regions, str(found.keep), found.every, found.target) == ((AWAY,), "all", None, None)
    assert found.key_for(AWAY, configuration()) is None
    assert found.origins == {
        "destinations": "DESTINATION_REGIONS",
        "every": "nothing",
        "keep": "nothing",
        "target": "nothing",
    }
    assert (found.is_excluded, found.never_due, found.faults) == (False, False, {})


def test_a_rule_is_for_freeform_and_defined_tags() -> None:
    """By value or pattern."""
    rules = [
        {"match": {"tags": {"ops.tier": "silver"}}, "keep": "1d"},
        {"match": {"tags": {"stage": "prod*", "ops.tier": "g*"}}, "keep": "2d"},
    ]

    assert str(policy(source(stage="production"), rules=rules).keep) == "2d"
    assert str(policy(source(stage="test"), rules=rules).keep) == "all"


@pytest.mark.parametrize(("key", "keep"), [("Ops.TIER", "1d"), ("ops.tier", "1d"), ("Stage", "all"), ("stage", "1d")])
def test_only_keys_of_freeform_tags_differ_in_case(key: str, keep: str) -> None:
    """As they do for Oracle."""
    rules = [{"match": {"tags": {key: "g*"}}, "keep": "1d"}]

    assert str(policy(source(stage="gone"), rules=rules).keep) == keep


def test_to_want_no_copies_is_said_on_purpose() -> None:
    """By a POLICY or a tag, and taken back by whoever stands above; an empty configuration says nothing."""
    nowhere = {"DESTINATION_REGIONS": ""}

    assert policy(defaults={"destinations": []}).is_excluded
    assert policy(defaults={"destinations": []}).said_by("destinations") is Reason.POLICY
    assert policy(source(backup_copy_destinations="none")).is_excluded
    assert not policy(defaults={"destinations": []}, rules=[{"match": {}, "destinations": AWAY}]).is_excluded
    assert not policy(source(backup_copy_destinations=AWAY), defaults={"destinations": []}, keys=ALLOWED).is_excluded
    assert (policy(keys=nowhere).regions, policy(keys=nowhere).is_excluded) == ((), False)


ALLOWED = {"ALLOWED_REGIONS": f"{AWAY},{FAR}"}


def test_to_want_no_backups_is_said_on_purpose() -> None:
    """Which is not the same as saying nothing, and is taken back by whoever stands above."""
    never = {"every": "none"}

    assert policy(defaults=never).never_due
    assert policy(source(backup_copy_every="none"), defaults={"every": "6h"}).never_due
    assert not policy(defaults=never, rules=[{"match": {}, "every": "6h"}]).never_due
    assert not policy(source(backup_copy_every="6h"), defaults=never).never_due
    assert policy(source(backup_copy_every="none")).said_by("every") is Reason.TAG
    assert policy(defaults=never).said_by("every") is Reason.POLICY


def test_a_recovery_point_may_be_two_intervals_old_unless_told() -> None:
    """One to be backed up in, one to arrive in; a target that is named stands above, wherever that is."""
    derived = policy(source(backup_copy_every="6h"), defaults={"every": "1d"})
    named = policy(source(backup_copy_every="6h"), defaults={"target": "3d"})

    assert (derived.target, derived.origins["target"]) == (timedelta(hours=12), "every, 2 times")
    assert (named.target, named.origins["target"]) == (timedelta(days=3), "POLICY defaults")
    assert policy(defaults={"every": "none"}).target is None


def test_what_is_kept_in_a_destination_stands_above_what_is_kept_in_general_where_both_are_said() -> None:
    """Who stands above says all anew: a rule's retention in general also replaces the defaults' in a destination."""
    both = {"keep": "7d", "destinations": [to(AWAY), to(FAR, keep="1y")]}
    below = policy(defaults=both)
    above = policy(defaults=both, rules=[{"match": {}, "keep": "3d"}])
    tagged = policy(source(backup_copy_keep="last 2"), rules=[{"match": {}, **both}])

    assert [str(below.keep_in(region)) for region in (AWAY, FAR)] == ["7d", "1y"]
    assert [str(above.keep_in(region)) for region in (AWAY, FAR)] == ["3d", "3d"]
    assert [str(tagged.keep_in(region)) for region in (AWAY, FAR)] == ["last 2", "last 2"]
    assert f"keep in {FAR}" in below.origins
    assert f"keep in {FAR}" not in above.origins
    assert f"keep in {FAR}" not in tagged.origins


def test_a_key_that_a_policy_does_not_name_is_left_to_the_other_configuration() -> None:
    """A null is Oracle's own on purpose, also where others are configured; where nothing says which, none is taken."""
    keys = configuration(KMS_KEY_IDS=json.dumps({AWAY: KEY}))
    found = policy(defaults={"destinations": [to(AWAY), to(FAR, kmsKeyId=None), SPARE]})

    assert found.key_for(AWAY, keys) == KEY
    assert found.key_for(FAR, keys) is None
    with pytest.raises(KeyMissing, match=f"nothing names a key for {SPARE}"):
        found.key_for(SPARE, keys)


def test_a_tag_may_name_the_regions_of_a_policy() -> None:
    """Where ALLOWED_REGIONS does not say otherwise."""
    rules = [{"match": {"name": "web-*"}, "destinations": [FAR]}]

    assert policy(source(backup_copy_destinations=FAR), rules=rules).regions == (FAR,)
    assert policy(source(backup_copy_destinations=FAR)).faults.keys() == {"destinations"}
    assert policy(source(backup_copy_destinations=SPARE), rules=rules).faults.keys() == {"destinations"}


# Tags that cannot be followed

GOOD = {"destinations": FAR, "every": "6h", "keep": "last 2"}
MALFORMED = [
    ("destinations", f"{AWAY} {MARK}", "must name regions, or be none"),
    ("every", f"6h {MARK}", "cannot be followed: at character 4: expected nothing more"),
    ("every", "", "cannot be followed: at character 1: expected"),
    ("keep", f"7d {MARK}", "cannot be followed: at character 4: expected"),
    ("keep", "none", "cannot be followed: at character 1: expected all, last 10"),
]


@pytest.mark.parametrize(("term", "value", "message"), MALFORMED)
def test_a_tag_that_cannot_be_followed_concerns_its_own_term_alone(term: str, value: str, message: str) -> None:
    """Which then is what it would be without the tag, and known to be doubtful."""
    others = {key: each for key, each in GOOD.items() if key != term}
    tags = {**others, term: value}
    found, without = (policy(tagged(each), keys=ANYWHERE, defaults=OTHERWISE) for each in (tags, others))

    assert found.faults.keys() == {term}
    assert message in str(found.faults[term])
    assert str(found.faults[term]).startswith(f"backup-copy-{term} ")
    assert MARK not in str(found.faults[term])
    assert replace(found, faults={}) == without


@given(st.dictionaries(st.sampled_from(["destinations", "every", "keep"]), texts(0, 256), min_size=1))
def test_any_tag_is_followed_or_known_to_be_doubtful(tags: dict[str, str]) -> None:
    """Whatever people write into tags."""
    found = policy(tagged(tags))
    heeded = {term for term, origin in found.origins.items() if origin.startswith("tag ")}

    assert found.faults.keys() | heeded == tags.keys()
    assert not found.faults.keys() & heeded


# A source that is gone


def gone(kind: Kind = Kind.VOLUME, compartment_id: str = COMPARTMENT) -> Source:
    """A source of which only its backups tell."""
    return Source(kind, ocid(kind.source_type), {}, compartment_id=compartment_id, is_gone=True)


def test_of_a_source_that_is_gone_a_rule_that_needs_its_name_or_tags_is_passed_over() -> None:
    """Nobody knows whether it was for it: the first that is in any case holds."""
    rules = [
        {"match": {"tags": {"tier": "gold"}}, "keep": "1y"},
        {"match": {"name": "*"}, "keep": "2y"},
        {"match": {"kind": "BootVolume", "name": "*"}, "keep": "3y"},
        {"match": {"kind": "Volume", "compartmentId": COMPARTMENT}, "keep": "4y"},
    ]

    assert str(policy(gone(), rules=rules).keep) == "4y"
    assert str(policy(gone(), rules=rules[:3]).keep) == "all"


def test_where_any_key_is_named_no_copy_is_silently_under_oracles_own() -> None:
    """Be it of another region, or of a source that is gone, for which a rule with a key may have been."""
    destination = {"region": AWAY, "kmsKeyId": KEY}
    rules = [{"match": {"tags": {"tier": "gold"}}, "destinations": [destination]}]
    keyed = configuration(POLICY=json.dumps({"rules": rules}), ALLOWED_REGIONS=f"{AWAY},{FAR}")
    for where in (gone(), source(), source(backup_copy_destinations=FAR)):
        found = source_policy(where, keyed)
        for region in found.regions:
            with pytest.raises(KeyMissing, match=region):
                found.key_for(region, keyed)

    of_rule = source_policy(source(tier="gold"), keyed)
    assert of_rule.key_for(AWAY, keyed) == KEY
    on_purpose: dict[str, Any] = {"defaults": {"destinations": [{"region": AWAY, "kmsKeyId": None}]}, "rules": rules}
    assert policy(gone(), **on_purpose).key_for(AWAY, configuration(POLICY=json.dumps(on_purpose))) is None


def test_a_backup_has_the_terms_of_its_source() -> None:
    """Of one that is gone, or is not known, those of which its backups tell; they are made once."""
    there = source(Kind.VOLUME, "web-1")
    settings = configuration(
        POLICY=json.dumps({"rules": [{"match": {"name": "web-*"}, "keep": "1d"}, {"match": {}, "keep": "2d"}]})
    )
    inventory = Inventory(sources={there.id: there, "gone": None})
    policies = Policies(inventory, settings)

    def backup(source_id: str | None, copied_from: str | None = None) -> Backup:
        moment = datetime(2026, 11, 20, tzinfo=UTC)
        state = Lifecycle.AVAILABLE
        return Backup(Kind.VOLUME, f"b-{source_id}", HOME, COMPARTMENT, state, moment, source_id, copied_from)

    assert str(policies.of(backup(there.id)).keep) == "1d"
    assert policies.of(backup(there.id, copied_from="b")) is policies.of_source(there)
    for unknown in ("gone", "never asked for", None):
        assert str(policies.of(backup(unknown)).keep) == "2d"


def test_backups_that_do_not_say_what_they_were_made_of_have_nothing_in_common() -> None:
    """Each has the terms of its own place."""
    rules = [{"match": {"compartmentId": COMPARTMENT}, "keep": "1d"}, {"match": {}, "keep": "2d"}]
    policies = Policies(Inventory(), configuration(POLICY=json.dumps({"rules": rules})))
    moment, state = datetime(2026, 11, 20, tzinfo=UTC), Lifecycle.AVAILABLE
    places = [COMPARTMENT, "ocid1.compartment.oc1..vault"]
    backups = [Backup(Kind.VOLUME, f"b-{each}", HOME, each, state, moment, None) for each in places]

    assert [str(policies.of(each).keep) for each in backups] == ["1d", "2d"]


# What is shown


def test_what_holds_is_shown_with_who_says_so() -> None:
    """In the words that configuration and tags are written in."""
    settings = {**ANYWHERE, "KMS_KEY_IDS": "{}"}
    content: dict[str, Any] = {
        "defaults": {"keep": "30d", "target": "2d"},
        "rules": [{"name": "gold", "match": {}, "destinations": [to(FAR, kmsKeyId=None, keep="1y"), to(AWAY)]}],
    }
    where = source(backup_copy_every="6h", backup_copy_keep="x")

    found = policy(where, keys=settings, **content)

    assert json.loads(json.dumps(found.as_json(configuration(**settings)))) == {
        "rule": "gold",
        "destinations": [
            {"region": FAR, "keep": "1y", "kmsKeyId": None},
            {"region": AWAY, "keep": "30d", "problem": KEYLESS},
        ],
        "every": "6h",
        "target": "48h",
        "keep": "30d",
        "from": {
            "destinations": "POLICY rules[0] (gold)",
            "every": "tag backup-copy-every",
            "keep": "POLICY defaults",
            f"keep in {FAR}": "POLICY rules[0] (gold)",
            f"kmsKeyId in {FAR}": "POLICY rules[0] (gold)",
            "target": "POLICY defaults",
        },
        "problems": {"keep": str(found.faults["keep"])},
    }


KEYLESS = f"nothing names a key for {AWAY}: do so in KMS_KEY_IDS, with null for an Oracle-managed one"


# What holds of every policy


def some(**terms: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Any of these, and any of them left out."""
    return st.fixed_dictionaries({}, optional=terms)


KEPT = st.sampled_from(["all", "7d", "last 3", "1d 2w"])
DUE = st.sampled_from(["6h", "1d", "2w", "none"])


def destinations(region: str) -> st.SearchStrategy[dict[str, Any]]:
    keys = st.sampled_from([None, ocid("key", region, "x")])
    return some(keep=KEPT, kmsKeyId=keys).map(lambda facts: to(region, **facts))


TERMS = some(
    destinations=st.lists(st.sampled_from([AWAY, FAR, SPARE]), unique=True).flatmap(
        lambda regions: st.tuples(*map(destinations, regions)).map(list)
    ),
    every=DUE,
    keep=KEPT,
    target=st.sampled_from(["2d", "1w"]),
)
RULES = st.lists(
    st.tuples(st.sampled_from([{}, {"name": "db-*"}, {"name": "web"}, {"kind": "BootVolume"}]), TERMS), max_size=3
)
TAGS = some(every=DUE, keep=KEPT, destinations=st.sampled_from([AWAY, f"{FAR},{AWAY}", "none"]))
NOTHING: dict[str, Any] = {}


@given(TERMS, RULES, TAGS)
def test_each_term_is_of_the_uppermost_that_says_it(
    defaults: dict[str, Any], rules: list[tuple[dict[str, str], dict[str, Any]]], tags: dict[str, str]
) -> None:
    """Against a model that asks from above: the tags, the first rule that fits, the defaults, the rest."""
    content: dict[str, Any] = {"defaults": defaults, "rules": [{"match": match, **terms} for match, terms in rules]}
    found = policy(tagged(tags), keys=ANYWHERE, **content)
    fitting = next((terms for match, terms in rules if match in ({}, {"name": "db-*"})), NOTHING)
    own: dict[str, Any] = dict(tags)
    if "destinations" in tags:
        own["destinations"] = [to(each) for each in tags["destinations"].split(",") if each != "none"]
    layers = [own, fitting, defaults]

    def uppermost(term: str, otherwise: Any) -> Any:
        return next((layer[term] for layer in layers if term in layer), otherwise)

    def said_of(region: str) -> list[dict[str, Any]]:
        """What each layer says of a destination, else of all."""
        said = []
        for layer in layers:
            here: list[dict[str, Any]] = [each for each in layer.get("destinations", []) if each["region"] == region]
            said.append({**layer, **here[0]} if here else layer)
        return said

    every = uppermost("every", "none")
    target = uppermost("target", {"6h": "12h", "1d": "2d", "2w": "4w"}.get(every))
    assert found.regions == tuple(each["region"] for each in uppermost("destinations", [to(AWAY)]))
    assert str(found.every) == ("None" if every == "none" else every)
    assert str(found.keep) == uppermost("keep", "all")
    assert found.target == (target and Every.parse(target).interval)
    for region in (AWAY, FAR, SPARE):
        keep = next((each["keep"] for each in said_of(region) if "keep" in each), "all")
        assert str(found.keep_in(region)) == keep
        keys = [each["kmsKeyId"] for each in said_of(region) if "kmsKeyId" in each]
        assert found.keys.get(region, "unsaid") == (keys[0] if keys else "unsaid")
