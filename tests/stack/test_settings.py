"""The stack's variables beside the function's settings and `func.yaml`: same keys, same defaults, same bounds."""

import json
import re
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import pytest
import yaml
from annotated_types import Ge, Le

from handlers.core.errors import Rejected
from handlers.core.operations import OPERATIONS
from handlers.core.settings import CONFIGURATION_KEYS, REGION_KEY, Settings
from tests.stack.evaluation import AWAY, FAR, HOME, PRODUCTION, evaluate, takes

ROOT = Path(__file__).parents[2]
FUNC_YAML = ROOT / "func.yaml"
KEY = "ocid1.key.oc1.phx.vault.one"
TOPIC = "NOTIFICATION_TOPIC_ID"  # not asked for: the stack makes the topic
FIELDS = {str(field.alias): field for field in Settings.model_fields.values()}
NUMBERS = {
    key: (minimum.ge, maximum.le)
    for key, field in FIELDS.items()
    for minimum in field.metadata
    if isinstance(minimum, Ge)
    for maximum in field.metadata
    if isinstance(maximum, Le)
}
CHOICES = {key: get_args(field.annotation) for key, field in FIELDS.items() if get_origin(field.annotation) is Literal}
SWITCHES = {"FAN_OUT": {True: "ON", False: "OFF"}}  # of two words, where the variable is a bool
WORDS = sorted(CHOICES.keys() - SWITCHES.keys())
EVERYTHING: dict[str, Any] = {
    "destination_regions": [AWAY, FAR],
    "allowed_regions": [AWAY, FAR, "uk-london-1"],
    "compartment_ids": [PRODUCTION, "ocid1.compartment.oc1..staging"],
    "kms_key_ids": {AWAY: "ocid1.key.oc1.phx.vault.one", FAR: ""},
    "schedule": json.dumps([{"operation": "Sweep"}, {"operation": "ReportCopies"}]),
    "max_in_flight": 5,
    "policy": json.dumps({"defaults": {"every": "1d", "keep": "30d", "destinations": [AWAY]}}),
    "max_delete_percent": 30,
    "max_deletes": 40,
    "delete_grace": "3d",
    "metrics": "OFF",
    "fan_out": True,
    "log_level": "WARNING",
}


def configuration(**variables: Any) -> dict[str, str]:
    """The configuration that the function gets."""
    config = evaluate(**variables).one("oci_functions_function")["config"]
    assert all(isinstance(value, str) for value in config.values()), config
    return dict(config)


def read(config: dict[str, str], region: str = HOME) -> Settings:
    return Settings.read({REGION_KEY: region, **config})


def accepts(key: str, text: str) -> bool:
    """Whether the function takes this value."""
    try:
        Settings.read({REGION_KEY: HOME, key: text})
    except Rejected:
        return False
    return True


def test_every_setting_is_a_variable() -> None:
    """The upper-case name of the variable is the configuration key; the topic alone is the stack's own."""
    variables = {name.upper() for name in evaluate().named("variable")}

    assert set(CONFIGURATION_KEYS) - variables == {TOPIC}


def test_a_stack_with_the_least_configures_no_more_than_that() -> None:
    """What it sets beside is what the function takes anyway."""
    config = configuration()

    assert set(config) <= set(CONFIGURATION_KEYS)
    assert all(value.strip() for value in config.values())
    least = {key: config[key] for key in ("COMPARTMENT_IDS", "DESTINATION_REGIONS", TOPIC)}
    assert read(config) == read(least)
    assert read(config).compartment_ids == (PRODUCTION,)
    assert read(config).destination_regions == (AWAY,)


def test_every_variable_reaches_the_function() -> None:
    """Each setting with a value of its own, read by the function as it was meant."""
    config = configuration(**EVERYTHING)
    settings = read(config)

    assert set(config) == set(CONFIGURATION_KEYS) - {"SOURCE_REGION"}
    assert settings.destination_regions == (AWAY, FAR)
    assert settings.allowed_regions == (AWAY, FAR, "uk-london-1")
    assert settings.compartment_ids == (PRODUCTION, "ocid1.compartment.oc1..staging")
    assert settings.kms_key_ids == {AWAY: "ocid1.key.oc1.phx.vault.one", FAR: None}
    assert [each.operation for each in settings.schedule] == ["Sweep", "ReportCopies"]
    assert (settings.max_in_flight, settings.max_delete_percent, settings.max_deletes) == (5, 30, 40)
    assert settings.policy.defaults.destinations is not None
    assert settings.delete_grace.text == "3d"
    assert (settings.metrics, settings.fan_out, settings.log_level) == ("OFF", "ON", "WARNING")


def test_the_function_is_what_was_asked_for() -> None:
    """Its image, processors, memory and both of its times, each of its own variable."""
    asked = {"memory_in_mbs": 512, "timeout_in_seconds": 120, "detached_timeout_in_seconds": 1800}
    stack = evaluate(image="phx.ocir.io/ns/other/image:2.0", function_shape="GENERIC_ARM", **asked)
    function = stack.one("oci_functions_function")

    assert function["image"] == "phx.ocir.io/ns/other/image:2.0"
    assert stack.one("oci_functions_application")["shape"] == "GENERIC_ARM"
    times = (function["timeout_in_seconds"], function["detached_mode_timeout_in_seconds"])
    assert (function["memory_in_mbs"], *times) == (512, 120, 1800)


def test_the_function_tells_through_the_topic_of_the_stack() -> None:
    """Which is also where calls go that failed."""
    stack = evaluate()
    topics = {each["topic_id"] for each in stack.all("oci_ons_notification_topic")}

    assert read(dict(stack.one("oci_functions_function")["config"])).notification_topic_id in topics


def test_a_function_in_a_destination_region_looks_at_the_source_region() -> None:
    """The same stack there, under another name."""
    there = {"region": AWAY, "source_region": HOME, "destination_regions": [AWAY], "name": "backups-in-phoenix"}
    settings = read(configuration(**there), region=AWAY)

    assert (settings.own_region, settings.region, settings.destination_regions) == (AWAY, HOME, (AWAY,))


@pytest.mark.parametrize("key", sorted(NUMBERS))
def test_numbers_have_the_functions_bounds(key: str) -> None:
    """Neither narrower nor wider: what is refused is refused before anything is made."""
    low, high = NUMBERS[key]
    assert isinstance(low, int)
    assert isinstance(high, int)

    for value in (low - 1, low, high, high + 1):
        assert takes(key.lower(), value) is accepts(key, str(value)) is (low <= value <= high), value


@pytest.mark.parametrize("key", WORDS)
def test_words_are_the_functions_words(key: str) -> None:
    """And no other."""
    assert all(takes(key.lower(), word) for word in CHOICES[key])
    assert not takes(key.lower(), "ANOTHER")


@pytest.mark.parametrize("key", sorted(SWITCHES))
def test_a_switch_has_the_functions_two_words(key: str) -> None:
    """One for each of its states, and the function knows no third."""
    assert {configuration(**{key.lower(): on})[key] for on in (True, False)} == set(CHOICES[key])
    for on, word in SWITCHES[key].items():
        assert configuration(**{key.lower(): on})[key] == word


def test_all_numbers_and_words_are_compared() -> None:
    """So that the tests above do not run dry."""
    assert sorted(NUMBERS) == ["MAX_DELETES", "MAX_DELETE_PERCENT", "MAX_IN_FLIGHT"]
    assert WORDS == ["LOG_LEVEL", "METRICS"]
    assert SWITCHES.keys() <= CHOICES.keys()


# What operations need that a tick could ask for.
NEEDED: dict[str, dict[str, str]] = {name: {} for name in ("Sweep", "CreateDueBackups", "PruneCopies", "ReportCopies")}
NEEDED["CreateVolumeGroupBackup"] = {"volumeGroupId": "ocid1.volumegroup.oc1.iad.a"}
NEEDED["CopyBootVolumeBackup"] = {"bootVolumeBackupId": "ocid1.bootvolumebackup.oc1.iad.a"}
NEEDED["UpdateVolumeBackup"] = {"volumeBackupId": "ocid1.volumebackup.oc1.iad.a", "displayName": "a"}
TEXTS = {
    "SOURCE_REGION": ["us-phoenix-1", "iad", "us-gov-ashburn-1", "us_phoenix_1", "US-PHOENIX-1", "us-phoenix", "a-b-1"],
    "DELETE_GRACE": ["24h", "3d", "1w", "9999h", "0h", "10000h", "1m", "1y", "h", "1.5h", "-1d", "24 hours"],
    "POLICY": [
        '{"defaults": {"keep": "30d"}}',
        '{"rules": []}',
        "{}",
        "[]",
        "null",
        "{",
        '{"default": {}}',
        '{"defaults": null}',
        '{"defaults": []}',
        '{"defaults": {"name": "all"}}',
        '{"rules": {}}',
        '{"rules": [{}]}',
        '{"rules": [1]}',
        '{"rules": [{"match": {}}]}',
        '{"rules": [{"match": {}, "when": 1}]}',
        '{"rules": [{"match": []}]}',
    ],
    "SCHEDULE": [
        *(json.dumps({"operation": name, **needed}) for name, needed in NEEDED.items()),
        '{"operation": "Backup"}',
        "[]",
        '{"operation": "Sweep"}',
        '[{"operation": "Sweep"}, {"operation": "PruneCopies"}]',
        '{"operations": "Sweep"}',
        "[1]",
        '"Sweep"',
        "{",
    ],
}


@pytest.mark.parametrize(("key", "text"), [(key, text) for key, texts in TEXTS.items() for text in texts])
def test_a_text_is_refused_where_the_function_would(key: str, text: str) -> None:
    """Regions by their three letters aside, which the function reads off OCIDs, and nobody should configure."""
    expected = accepts(key, text) and text != "iad"

    assert takes(key.lower(), text) is expected


def test_a_schedule_may_name_every_operation() -> None:
    """Each that the function has, as far as its name goes."""
    for name in OPERATIONS:
        assert takes("schedule", json.dumps({"operation": name})), name


TERMS: dict[str, list[Any]] = {
    "every": [
        "6h",
        "1d",
        "2w",
        "9999h",
        " 1d ",
        "none",
        "None",
        "0h",
        "1m",
        "d",
        "1.5h",
        "1d 1d",
        "daily",
        "",
        1,
        None,
    ],
    "target": ["6h", "1d", "2w", "none", "0d", "1y", "", 24, None],
    "keep": [
        *("all", "last 10", "30d", "7d 4w 12m 3y", "12m  7d", " 30d ", "9999y"),
        *("last", "last 0", "last 3d", "0d", "7h", "7d 4d", "7d4w", "30", "all 30d", "30 days", "", "none", 30, None),
    ],
    "destinations": [
        *(AWAY, [], [AWAY], [{"region": AWAY}], {"region": AWAY, "keep": "7d", "kmsKeyId": None}),
        *("phx", "", None, [None], [1], {}, {"name": AWAY}, {"region": "phx"}, {"region": AWAY, "every": "1d"}),
        *({"region": AWAY, "keep": "soon"}, [AWAY, {"region": FAR, "keep": None}]),
    ],
}


@pytest.mark.parametrize(("term", "value"), [(term, value) for term, values in TERMS.items() for value in values])
def test_a_term_of_a_policy_is_refused_where_the_function_would(term: str, value: object) -> None:
    """For all, and in a rule."""
    for policy in ({"defaults": {term: value}}, {"rules": [{"match": {}}, {"match": {}, term: value}]}):
        text = json.dumps(policy)
        assert takes("policy", text) is accepts("POLICY", text)


@pytest.mark.parametrize("key", ["DESTINATION_REGIONS", "ALLOWED_REGIONS"])
@pytest.mark.parametrize("text", ["us-phoenix-1", "us-gov-ashburn-1", "iad", "us-phoenix-", "phoenix", "us-phoenix-1x"])
def test_a_region_is_refused_where_the_function_would(key: str, text: str) -> None:
    """Each of a list."""
    assert takes(key.lower(), [AWAY, text]) is accepts(key, text)


@pytest.mark.parametrize(
    "text", [PRODUCTION, "ocid1.tenancy.oc1..t", "ocid1.volume.oc1.iad.a", "production", "ocid1.compartment.oc1.."]
)
def test_a_compartment_is_refused_where_the_function_would(text: str) -> None:
    """Each of a list."""
    taken = takes("compartment_ids", ["ocid1.compartment.oc1..another", text])

    assert taken is accepts("COMPARTMENT_IDS", text)


@pytest.mark.parametrize(
    "keys",
    [
        {AWAY: "ocid1.key.oc1.phx.vault.one"},
        {AWAY: ""},
        {},
        {"phx": ""},
        {AWAY: "one"},
        {AWAY: "ocid1.vault.oc1.phx.a"},
    ],
)
def test_a_key_is_refused_where_the_function_would(keys: dict[str, str]) -> None:
    """An empty text stands for the `null` of JSON: a map of texts has none."""
    there = json.dumps({region: key or None for region, key in keys.items()})

    assert takes("kms_key_ids", keys) is accepts("KMS_KEY_IDS", there)


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"destination_regions": [HOME, AWAY]},
        {"source_region": AWAY, "destination_regions": [AWAY]},
        {"policy": json.dumps({"defaults": {"destinations": [HOME]}})},
        {"policy": json.dumps({"rules": [{"match": {}, "destinations": [{"region": HOME}]}]})},
        {"policy": json.dumps({"defaults": {"destinations": [AWAY]}}), "allowed_regions": [AWAY]},
        {"policy": json.dumps({"defaults": {"destinations": [FAR]}}), "allowed_regions": [AWAY]},
        {"kms_key_ids": {AWAY: "ocid1.key.oc1.phx.vault.one"}},
        {"kms_key_ids": {AWAY: "ocid1.key.oc1.us-phoenix-1.vault.one"}},
        {"kms_key_ids": {AWAY: "ocid1.key.oc1.iad.vault.one"}},
        {"kms_key_ids": {AWAY: ""}},
        {"policy": json.dumps({"defaults": {"destinations": {"region": AWAY, "kmsKeyId": KEY}}})},
        {"policy": json.dumps({"defaults": {"destinations": {"region": FAR, "kmsKeyId": KEY}}})},
    ],
    ids=str,
)
def test_what_contradicts_itself_is_refused_where_the_function_would(variables: dict[str, Any]) -> None:
    """Before anything is made, and not by each call afterwards."""
    stack = evaluate(**variables)
    config = dict(stack.one("oci_functions_function")["config"])
    try:
        read(config)
    except Rejected:
        assert not stack.holds()
    else:
        assert stack.holds()


def test_a_configuration_that_does_not_fit_is_refused() -> None:
    """OCI Functions takes 4 KB of keys and values in all; the topic's OCID may be long."""
    long = [{"name": f"rule-{number}", "match": {"name": "x" * 60}} for number in range(40)]
    fitting = [each for each in long if len(json.dumps(long[: long.index(each)])) < 3000]

    for rules, fits in ((fitting, True), (long, False)):
        stack = evaluate(policy=json.dumps({"rules": rules}))
        config = stack.one("oci_functions_function")["config"]
        assert (sum(len(key) + len(value) for key, value in config.items()) <= 4096) is fits
        assert stack.holds() is fits


def test_func_yaml_and_the_stack_make_the_same_function() -> None:
    """Memory and time, and the defaults of the keys that `func.yaml` lists."""
    described = yaml.safe_load(FUNC_YAML.read_text(encoding="utf-8"))
    listed = yaml.safe_load(
        "\n".join(re.findall(r"^#   (\w+: .*)$", FUNC_YAML.read_text(encoding="utf-8"), re.MULTILINE))
    )
    stack = evaluate()
    function = stack.one("oci_functions_function")

    assert (int(function["memory_in_mbs"]), int(function["timeout_in_seconds"])) == (
        described["memory"],
        described["timeout"],
    )
    assert set(listed) == set(CONFIGURATION_KEYS)
    defaults = {name.upper(): each.get("default") for name, each in stack.named("variable").items()}
    defaults |= {key: words[bool(defaults[key])] for key, words in SWITCHES.items()}
    differing = {key for key in NUMBERS.keys() | CHOICES.keys() | {"DELETE_GRACE"} if str(defaults[key]) != listed[key]}
    assert differing == set()
