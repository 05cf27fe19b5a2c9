"""`schema.yaml`, Resource Manager's form: the variables of the stack, all of them, as they are."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from infra.stack_archive import STACK
from tests.stack.evaluation import AWAY, Stack, evaluate, takes

FORM = yaml.safe_load((STACK / "schema.yaml").read_text(encoding="utf-8"))
QUESTIONS: dict[str, dict[str, Any]] = FORM["variables"]
# Which of Terraform's types each of the form's can fill. Maps have no control of their own: their JSON is typed in.
TYPES = {
    "array": {"list of string"},
    "boolean": {"bool"},
    "enum": {"string", "number"},
    "integer": {"number"},
    "string": {"string"},
    "text": {"string", "map of string"},
}
STACK_DEFAULT = "${compartment_ocid}"


@pytest.fixture(scope="module")
def stack() -> Stack:
    return evaluate()


def references(value: object) -> Iterator[str]:
    """The variables and outputs that a part of the form refers to."""
    match value:
        case str():
            yield from re.findall(r"\$\{(\w+)\}", value)
        case dict():
            for each in value.values():
                yield from references(each)
        case list():
            for each in value:
                yield from references(each)


def plain(question: dict[str, Any]) -> object:
    """The default of a question, as Terraform has it."""
    default = question.get("default")
    if question["type"] == "text" and default is not None and question.get("pattern", "").startswith(r"^\s*\{"):
        return yaml.safe_load(default)
    return default


def test_every_variable_is_asked_for(stack: Stack) -> None:
    """And nothing that is not one."""
    assert sorted(QUESTIONS) == sorted(stack.named("variable"))


@pytest.mark.parametrize("name", sorted(QUESTIONS))
def test_a_question_is_of_its_variables_type(stack: Stack, name: str) -> None:
    """The pickers give texts."""
    kind = QUESTIONS[name]["type"]

    assert stack.named("variable")[name]["type"] in TYPES.get(kind, {"string"})
    assert kind in TYPES or kind.startswith("oci:")


@pytest.mark.parametrize("name", sorted(QUESTIONS))
def test_a_question_has_its_variables_default(stack: Stack, name: str) -> None:
    """What is asked for without one has to be answered; what the form leaves open is open in Terraform too."""
    question, variable = QUESTIONS[name], stack.named("variable")[name]

    if name == "compartment_id":
        # The compartment of the stack: what Terraform takes where it is empty.
        assert (question["default"], variable["default"]) == (STACK_DEFAULT, "")
    elif name == "source_compartment_id":
        # In the form one has to be chosen; beside it Terraform takes a list alone.
        assert (question["required"], variable["default"]) == (True, "")
        assert "default" not in question
    elif "default" not in variable:
        assert question["required"] is True
        assert "default" not in question
    elif "default" in question:
        expected = variable["default"]
        assert plain(question) == (str(expected) if question["type"] == "enum" else expected)
    else:
        # Resource Manager fills these in, or leaves them out.
        assert name in {"compartment_ocid", "config_file_profile"}


@pytest.mark.parametrize("name", sorted(name for name, each in QUESTIONS.items() if "enum" in each))
def test_a_choice_is_one_that_its_variable_takes(name: str) -> None:
    """All that may be chosen, and the variable takes no text beside."""
    for choice in QUESTIONS[name]["enum"]:
        value = int(choice) if choice.isdigit() else choice
        assert takes(name, value), choice
    assert not takes(name, 1 if QUESTIONS[name]["enum"][0].isdigit() else "ANOTHER")


@pytest.mark.parametrize("name", sorted(name for name, each in QUESTIONS.items() if each["type"] == "integer"))
def test_a_number_has_its_variables_bounds(name: str) -> None:
    """Where the form has any."""
    question = QUESTIONS[name]
    step = question.get("multipleOf", 1)

    assert takes(name, question["minimum"])
    assert not takes(name, question["minimum"] - step)
    if "maximum" in question:
        assert takes(name, question["maximum"])
        assert not takes(name, question["maximum"] + step)
    if step > 1:
        assert not takes(name, question["minimum"] + 1)


PATTERNS = {
    "name": ["backups", "b", "a" * 40, "a" * 41, "Backups", "1backup", ""],
    "image": ["iad.ocir.io/ns/a/b:1", "ocir.us-ashburn-1.oci.oraclecloud.com/ns/a:1", "iad.ocir.io/ns/a", "a:1", ""],
    "vcn_cidr": ["10.0.0.0/16", "10.0.0.0/26", "10.0.0.0/27", "10.0.0.0/8", "10.0.0.0", "fd00::/20"],
    "delete_grace": ["24h", "3d", "1w", "0h", "1y", ""],
    "heartbeat_absent_for": ["PT10M", "PT60M", "PT1H", "PT24H", "never", "PT9M", "PT25H", "1h", ""],
    "compartment_ids": ["ocid1.compartment.oc1..a", "ocid1.tenancy.oc1..a", "ocid1.volume.oc1.iad.a", "production"],
    "destination_regions": ["us-phoenix-1", "ap-tokyo-1", "phx", "US-PHOENIX-1"],
    "allowed_regions": ["us-phoenix-1", "ap-tokyo-1", "phx", "US-PHOENIX-1"],
    "tag_namespaces": ["Operations", "cost-centre_2", "Operations.CostCentre", "a" * 100, "a" * 101, ""],
    "notice_emails": ["a@example.com", "a@b", "a", "a b@example.com"],
}


@pytest.mark.parametrize("name", sorted(PATTERNS))
def test_a_text_is_refused_where_its_variable_would(name: str) -> None:
    """So that nobody fills in a form only to be told later."""
    question = QUESTIONS[name]
    pattern = re.compile(question["items"]["pattern"] if question["type"] == "array" else question["pattern"])

    for text in PATTERNS[name]:
        value = [text] if question["type"] == "array" else text
        assert bool(pattern.search(text)) is takes(name, value), text


def test_every_pattern_is_compared() -> None:
    """But those that ask for JSON, which the form can only look at from afar."""
    with_pattern = {name for name, each in QUESTIONS.items() if "pattern" in each or "pattern" in each.get("items", {})}

    assert with_pattern - set(PATTERNS) == {"kms_key_ids", "freeform_tags"}


def test_every_question_is_in_one_group() -> None:
    """What is in none, Resource Manager puts at the end under a heading of its own."""
    grouped = [name for group in FORM["variableGroups"] for name in group["variables"]]

    assert sorted(grouped) == sorted(QUESTIONS)


def test_what_is_referred_to_is_there() -> None:
    """In what depends on, or is shown by, another answer; and nothing is shown by an answer that comes later."""
    order = [name for group in FORM["variableGroups"] for name in group["variables"]]

    for name, question in QUESTIONS.items():
        for reference in references([question.get(part) for part in ("visible", "dependsOn", "default")]):
            assert order.index(reference) < order.index(name), name


# What is chosen from a list of what there is, and from where that list is. Nothing else is: it is typed, or switched.
PICKERS: dict[str, tuple[str, dict[str, str]]] = {
    "compartment_ocid": ("oci:identity:compartment:id", {}),
    "region": ("oci:identity:region:name", {}),
    "compartment_id": ("oci:identity:compartment:id", {}),
    "network_compartment_id": ("oci:identity:compartment:id", {}),
    "vcn_id": ("oci:core:vcn:id", {"compartmentId": "${network_compartment_id}"}),
    "subnet_id": ("oci:core:subnet:id", {"compartmentId": "${network_compartment_id}", "vcnId": "${vcn_id}"}),
    "source_compartment_id": ("oci:identity:compartment:id", {}),
    "source_region": ("oci:identity:region:name", {}),
    "destination_region": ("oci:identity:region:name", {}),
    "key_compartment_id": ("oci:identity:compartment:id", {}),
    "vault_id": ("oci:kms:vault:id", {"compartmentId": "${key_compartment_id}"}),
    "destination_kms_key_id": (
        "oci:kms:key:id",
        {"compartmentId": "${key_compartment_id}", "vaultId": "${vault_id}"},
    ),
}


def test_what_there_is_can_be_chosen() -> None:
    """Compartments, regions, networks, vaults and keys."""
    chosen = {
        name: (each["type"], each.get("dependsOn", {}))
        for name, each in QUESTIONS.items()
        if each["type"].startswith("oci:")
    }

    assert chosen == PICKERS


def is_true(statement: object, answers: dict[str, Any]) -> bool:
    """A statement of the form, as its schema describes it, with these answers."""
    match statement:
        case bool():
            return statement
        case str():
            return bool(value_of(statement, answers))
        case {"eq": [left, right]}:
            return value_of(left, answers) == value_of(right, answers)
        case {"not": [inner]}:
            return not is_true(inner, answers)
        case {"and": [left, right]}:
            return is_true(left, answers) and is_true(right, answers)
        case {"or": [left, right]}:
            return is_true(left, answers) or is_true(right, answers)
        case _:
            raise AssertionError(f"not a statement that is read: {statement}")


def value_of(text: object, answers: dict[str, Any]) -> object:
    names = list(references(text))
    return answers[names[0]] if names else text


def hidden(**answers: Any) -> set[str]:
    """What is not shown to somebody who has answered so, and all else with its default."""
    given = {**{name: each.get("default", "") for name, each in QUESTIONS.items()}, **answers}
    groups = {name: group for group in FORM["variableGroups"] for name in group["variables"]}
    return {
        name
        for name, each in QUESTIONS.items()
        if not (is_true(groups[name].get("visible", True), given) and is_true(each.get("visible", True), given))
    }


FILLED_IN = {"tenancy_ocid", "compartment_ocid", "config_file_profile"}
OF_DELETION = {"prune_cron", "delete_grace", "max_deletes", "max_delete_percent"}
OF_A_KEY = {"key_compartment_id", "vault_id", "destination_kms_key_id"}
OF_SWEEPS = {"heartbeat_absent_for"}
# Beside what Resource Manager fills in, whatever is answered.
HIDDEN: list[tuple[dict[str, Any], set[str]]] = [
    ({}, OF_DELETION | OF_A_KEY),
    ({"destination_region": AWAY}, OF_DELETION),
    ({"allow_deletion": True}, OF_A_KEY),
    ({"allow_deletion": True, "destination_region": AWAY}, set()),
    ({"alarms": False}, OF_DELETION | OF_A_KEY | OF_SWEEPS),
    ({"metrics": "OFF"}, OF_DELETION | OF_A_KEY | OF_SWEEPS),
    ({"alarms": False, "metrics": "OFF"}, OF_DELETION | OF_A_KEY | OF_SWEEPS),
    ({"create_iam": False, "enabled": True, "fan_out": True}, OF_DELETION | OF_A_KEY),
    ({"schedule_with": "ALARM", "source_region": AWAY}, OF_DELETION | OF_A_KEY),
]


@pytest.mark.parametrize(("answers", "unseen"), HIDDEN)
def test_what_the_console_shows_when(answers: dict[str, Any], unseen: set[str]) -> None:
    """All that means something then, and nothing else: a question nobody sees keeps its default."""
    assert hidden(**answers) == FILLED_IN | unseen


def test_the_groups_are_shown_in_the_order_in_which_one_thinks() -> None:
    """Where, what, which copies, when; and each has something in it that is seen."""
    titles = [group["title"] for group in FORM["variableGroups"] if set(group["variables"]) - hidden()]

    assert titles == [
        *("Where the function runs", "Image", "Network", "What is copied where", "Keys for the copies", "Schedules"),
        *("Deletion", "Notices", "Metrics and alarms", "Permissions", "Advanced"),
    ]


def test_whoever_must_answer_is_asked_with_a_title() -> None:
    """Of all but what Resource Manager fills in there is a title and, where it does not say enough, a description."""
    assert [name for name, each in QUESTIONS.items() if not each.get("title")] == []


def test_what_is_hidden_has_a_default() -> None:
    """A question that is not shown must not be one that has to be answered."""
    hidden = [name for name, each in QUESTIONS.items() if "visible" in each]

    assert hidden
    assert [name for name in hidden if "default" not in QUESTIONS[name]] == []


def test_the_outputs_that_are_shown_are_the_stacks(stack: Stack) -> None:
    """Each in one group, with a title."""
    outputs = stack.named("output")
    shown = FORM["outputs"]

    assert set(shown) == set(outputs)
    assert all(each["title"] for each in shown.values())
    grouped = [name for group in FORM["outputGroups"] for name in references(group["outputs"])]
    assert sorted(grouped) == sorted(shown)
