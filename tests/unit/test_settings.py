"""The configuration: each key, what it means when it is not set, and how a malformed one is answered."""

import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.core.errors import KeyMissing, Rejected
from handlers.core.operations import CreateVolumeBackup, CreateVolumeGroupBackup, Sweep
from handlers.core.policy import Policy
from handlers.core.settings import CONFIGURATION_KEYS, REGION_KEY, Settings
from tests.fakes import AWAY, FAR, HOME, ocid
from tests.strategies import MARK

KEY = ocid("key", AWAY)
POLICY = json.dumps({"rules": [{"match": {"name": "db-*"}, "destinations": [AWAY]}]})


def read(**environment: str) -> Settings:
    return Settings.read({REGION_KEY: HOME, **environment})


def problems(**environment: str) -> dict[str, str]:
    with pytest.raises(Rejected) as caught:
        read(**environment)
    return {problem.field: problem.message for problem in caught.value.problems}


@pytest.mark.parametrize("value", [None, "", "  "])
def test_what_is_empty_is_not_set(value: str | None) -> None:
    """A console cannot unset a key that an application defines; an empty value does."""
    settings = read(**({} if value is None else dict.fromkeys(CONFIGURATION_KEYS, value)))

    assert settings.destination_regions == ()
    assert settings.allowed_regions is None
    assert settings.compartment_ids == ()
    assert settings.kms_key_ids is None
    assert settings.schedule == (Sweep(),)
    assert settings.max_in_flight == 10
    assert settings.log_level == "INFO"
    assert settings.source_region is None
    assert settings.policy == Policy()
    assert (settings.max_delete_percent, settings.max_deletes) == (20, 50)
    assert settings.delete_grace.interval == timedelta(days=1)
    assert settings.notification_topic_id is None
    assert settings.metrics == "ON"


def test_every_key_is_read() -> None:
    """Each under the name that operators know."""
    settings = read(
        DESTINATION_REGIONS=f"{AWAY}, {FAR},{AWAY}",
        ALLOWED_REGIONS=f"{AWAY},{FAR},ap-tokyo-1",
        COMPARTMENT_IDS=f"{ocid('compartment', '')}, {ocid('tenancy', '')}",
        KMS_KEY_IDS=json.dumps({AWAY: KEY, FAR: None}),
        SCHEDULE=json.dumps({"operation": "CreateVolumeGroupBackup", "volumeGroupId": ocid("volumegroup")}),
        MAX_IN_FLIGHT="5",
        LOG_LEVEL="debug",
        SOURCE_REGION="uk-london-1",
        POLICY=json.dumps({"defaults": {"keep": "30d"}}),
        MAX_DELETE_PERCENT="5",
        MAX_DELETES="7",
        DELETE_GRACE="36h",
        NOTIFICATION_TOPIC_ID=ocid("onstopic"),
        METRICS="off",
    )

    assert settings.region == "uk-london-1"
    assert str(settings.policy.defaults.keep) == "30d"
    assert (settings.max_delete_percent, settings.max_deletes) == (5, 7)
    assert settings.delete_grace.interval == timedelta(hours=36)
    assert settings.notification_topic_id == ocid("onstopic")
    assert settings.metrics == "OFF"
    assert settings.destination_regions == (AWAY, FAR)
    assert settings.allowed_regions == (AWAY, FAR, "ap-tokyo-1")
    assert settings.compartment_ids == (ocid("compartment", ""), ocid("tenancy", ""))
    assert settings.kms_key_ids == {AWAY: KEY, FAR: None}
    assert isinstance(settings.schedule[0], CreateVolumeGroupBackup)
    assert settings.max_in_flight == 5
    assert settings.log_level == "DEBUG"


@pytest.mark.parametrize(("given", "name"), [("phx", AWAY), (FAR, FAR), ("", HOME)])
def test_the_sources_may_be_in_another_region_than_the_function(given: str, name: str) -> None:
    """A function outside of the source region can report, and copy what it reaches, when that region is lost."""
    settings = read(SOURCE_REGION=given)

    assert (settings.region, settings.own_region) == (name, HOME)


def test_a_function_elsewhere_may_copy_to_its_own_region() -> None:
    """What must not be a destination is where the sources are."""
    policy = json.dumps({"defaults": {"destinations": [HOME]}})

    assert read(SOURCE_REGION=FAR, DESTINATION_REGIONS=HOME, POLICY=policy).every_destination == (HOME,)
    assert list(problems(SOURCE_REGION=FAR, DESTINATION_REGIONS=FAR)) == ["DESTINATION_REGIONS"]


def test_a_schedule_may_be_several_operations() -> None:
    """What a payload may be, a schedule may be."""
    operation = {"operation": "CreateVolumeBackup", "volumeId": ocid("volume")}

    settings = read(SCHEDULE=json.dumps([operation, {**operation, "type": "FULL"}]))

    assert [type(each) for each in settings.schedule] == [CreateVolumeBackup, CreateVolumeBackup]


@pytest.mark.parametrize(("given", "name"), [("iad", HOME), ("phx", AWAY), (FAR, FAR)])
def test_the_functions_own_region_is_known_by_key_or_name(given: str, name: str) -> None:
    """Oracle's environment gives either."""
    assert Settings.read({REGION_KEY: given}).region == name


MALFORMED = [
    ("DESTINATION_REGIONS", MARK, "region identifiers"),
    ("DESTINATION_REGIONS", f"{AWAY} {FAR}", "region identifiers"),
    ("DESTINATION_REGIONS", f"{AWAY};{MARK}", "region identifiers"),
    ("DESTINATION_REGIONS", ",", "name at least one"),
    ("DESTINATION_REGIONS", f"{AWAY},{HOME}", "where the sources are"),
    ("ALLOWED_REGIONS", "Phoenix", "region identifiers"),
    ("COMPARTMENT_IDS", MARK, "compartment OCIDs"),
    ("COMPARTMENT_IDS", ocid("volume"), "compartment OCIDs"),
    ("COMPARTMENT_IDS", ",", "name at least one"),
    ("KMS_KEY_IDS", MARK, "JSON object"),
    ("KMS_KEY_IDS", json.dumps([MARK]), "JSON object"),
    ("KMS_KEY_IDS", json.dumps({MARK: None}), "region identifiers"),
    ("KMS_KEY_IDS", json.dumps({AWAY: MARK}), "OCID of a key"),
    ("KMS_KEY_IDS", json.dumps({AWAY: ocid("vault", AWAY)}), "OCID of a key"),
    ("KMS_KEY_IDS", json.dumps({AWAY: ocid("key", FAR)}), f"OCID of a key in {AWAY}"),
    ("KMS_KEY_IDS", json.dumps({AWAY: 7}), "OCID of a key"),
    ("KMS_KEY_IDS", f'{{"{AWAY}": null, "{AWAY}": null}}', "JSON object"),
    ("SCHEDULE", MARK, "JSON operation"),
    ("SCHEDULE", "{}", "operation"),
    ("SCHEDULE", "[]", "empty array"),
    ("SCHEDULE", json.dumps({"operation": MARK}), "must be one of"),
    ("SCHEDULE", json.dumps({"operation": "Sweep", "{x}": MARK}), "is not a field"),
    ("SCHEDULE", json.dumps({"operation": "CreateVolumeBackup", "volumeId": MARK}), "volumeId"),
    ("MAX_IN_FLIGHT", "0", "greater than or equal to 1"),
    ("MAX_IN_FLIGHT", "1001", "less than or equal to 1000"),
    ("MAX_IN_FLIGHT", MARK, "integer"),
    ("MAX_IN_FLIGHT", "2.5", "integer"),
    ("LOG_LEVEL", MARK, "'INFO'"),
    (REGION_KEY, MARK, "region"),
    ("SOURCE_REGION", MARK, "identifier of a region"),
    ("SOURCE_REGION", f"{AWAY},{FAR}", "identifier of a region"),
    ("POLICY", MARK, "must be a JSON object with defaults, rules, or both: it is not valid JSON"),
    ("POLICY", json.dumps([MARK]), "must be a JSON object with defaults, rules, or both"),
    ("MAX_DELETE_PERCENT", "0", "greater than or equal to 1"),
    ("MAX_DELETE_PERCENT", "101", "less than or equal to 100"),
    ("MAX_DELETE_PERCENT", MARK, "integer"),
    ("MAX_DELETE_PERCENT", "20%", "integer"),
    ("MAX_DELETES", "-1", "greater than or equal to 0"),
    ("MAX_DELETES", "10001", "less than or equal to 10000"),
    ("MAX_DELETES", MARK, "integer"),
    ("DELETE_GRACE", MARK, "at character 1: expected a number"),
    ("DELETE_GRACE", f"24h {MARK}", "at character 5: expected nothing more"),
    ("DELETE_GRACE", "none", "at character 1: expected a number"),
    ("DELETE_GRACE", "0h", "at character 1: expected a number"),
    ("NOTIFICATION_TOPIC_ID", MARK, "OCID of a topic"),
    ("NOTIFICATION_TOPIC_ID", ocid("onssubscription"), "OCID of a topic"),
    ("METRICS", MARK, "'ON' or 'OFF'"),
    ("METRICS", "true", "'ON' or 'OFF'"),
]


@pytest.mark.parametrize(("key", "value", "message"), MALFORMED)
def test_a_malformed_value_is_answered_with_its_key(key: str, value: str, message: str) -> None:
    """And with what would be right there, but not with the value: it may be a secret in the wrong place."""
    found = problems(**{key: value})

    assert [field.partition("[")[0] for field in found] == [key]
    assert message in "".join(found.values())
    assert MARK not in str(found)


def test_all_malformed_values_are_told_at_once() -> None:
    """Whoever has to mend two keys should not have to look twice."""
    assert set(problems(LOG_LEVEL="loud", MAX_IN_FLIGHT="many")) == {"LOG_LEVEL", "MAX_IN_FLIGHT"}


def test_a_function_without_a_region_is_refused() -> None:
    """It would not know where the sources are."""
    with pytest.raises(Rejected, match=f"{REGION_KEY}: is missing"):
        Settings.read({})


def test_the_rest_of_the_environment_is_nobodys_business() -> None:
    """A function's environment holds much that is not its configuration."""
    assert read(PATH="/bin", FN_APP_ID="x") == read()


def test_a_level_may_stand_between_spaces() -> None:
    """As any other value may."""
    assert read(LOG_LEVEL=" info ").log_level == "INFO"


@pytest.mark.parametrize(
    ("environment", "allowed", "refused"),
    [
        ({}, [AWAY, FAR], []),
        ({"DESTINATION_REGIONS": AWAY}, [AWAY], [FAR]),
        ({"DESTINATION_REGIONS": AWAY, "ALLOWED_REGIONS": FAR}, [FAR], [AWAY]),
        ({"POLICY": POLICY}, [AWAY], [FAR]),
        ({"POLICY": POLICY, "DESTINATION_REGIONS": FAR}, [AWAY, FAR], ["ap-tokyo-1"]),
        ({"POLICY": POLICY, "ALLOWED_REGIONS": f"{AWAY},ap-tokyo-1"}, [AWAY, "ap-tokyo-1"], [FAR]),
    ],
    ids=["nothing set", "destinations", "destinations and allowed", "policy", "policy and destinations", "all"],
)
def test_which_regions_a_payload_may_name(environment: dict[str, str], allowed: list[str], refused: list[str]) -> None:
    """ALLOWED_REGIONS, else those of DESTINATION_REGIONS and POLICY, else any."""
    settings = read(**environment)

    assert all(settings.allows(region) for region in allowed)
    assert not any(settings.allows(region) for region in refused)


def test_copies_have_oracles_key_unless_told() -> None:
    """As the API has it."""
    assert read().key_for(AWAY) is None


def test_a_key_holds_for_its_region_only() -> None:
    """Where keys are configured, a region that is not among them is never silently under Oracle's own."""
    settings = read(KMS_KEY_IDS=json.dumps({AWAY: KEY, FAR: None}))

    assert settings.key_for(AWAY) == KEY
    assert settings.key_for(FAR) is None
    with pytest.raises(KeyMissing, match="nothing names a key for ap-tokyo-1"):
        settings.key_for("ap-tokyo-1")


@given(st.sampled_from(CONFIGURATION_KEYS), st.text(st.characters(exclude_categories=["Cs"])))
def test_any_value_is_understood_or_rejected(key: str, value: str) -> None:
    """And when it is rejected, then under its key."""
    rejected = None
    try:
        settings = read(**{key: value})
    except Rejected as caught:
        rejected = caught

    assert rejected or settings.region == HOME
    assert all(problem.field.startswith(key) for problem in (rejected.problems if rejected else ()))
