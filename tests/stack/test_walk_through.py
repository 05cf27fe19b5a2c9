"""The variables that `infra/README.md` begins with, as somebody would copy them: they make the stacks it tells of."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from handlers.core.settings import REGION_KEY, Settings
from infra.stack_archive import STACK, members
from tests.stack.evaluation import AWAY, HOME, Stack, evaluate

ROOT = Path(__file__).parents[2]
WALK_THROUGH = ROOT / "infra" / "README.md"
TO_TELL = {"look", "tell", "call"}
TO_COPY = {"source", "copy", "create", "tag"}


def assigned(text: str) -> dict[str, Any]:
    """The variables of one example: values that JSON has too, and texts over several lines."""
    found: dict[str, Any] = {
        name: lines.strip()
        for name, lines in re.findall(r"^(\w+) += <<-JSON\n(.*?)^JSON$", text, re.DOTALL | re.MULTILINE)
    }
    for name, value in re.findall(r'^(\w+) += (".*?"|\[.*?\]|true|false)(?: +#.*)?$', text, re.MULTILINE):
        found[name] = json.loads(value)
    assert sorted(found) == sorted(re.findall(r"^(\w+) +=", text, re.MULTILINE))
    return found


FIRST, SECOND = (
    assigned(text)
    for text in re.findall(r"^```hcl\n(.*?)^```", WALK_THROUGH.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
)
# The workspaces, and whose variables belong to each.
STATES = {"default": "ashburn", "phoenix": "phoenix"}
LATER = {**FIRST, "enabled": True}


def policies(stack: Stack) -> set[str]:
    """What the stack's policies are for."""
    name = stack.named("variable")["name"]["default"]
    return {str(each["name"]).removeprefix(f"{name}-") for each in stack.all("oci_identity_policy")}


def called(stack: Stack) -> set[str]:
    """The schedules that are made."""
    return {str(each["display_name"]).rpartition("-")[2] for each in stack.all("oci_resource_scheduler_schedule")}


@pytest.mark.parametrize("variables", [FIRST, LATER, SECOND])
def test_an_example_is_taken_as_it_stands(variables: dict[str, Any]) -> None:
    """By Terraform, and by the function that is configured by it."""
    stack = evaluate(compartment_ocid=None, **variables)

    assert all(stack.valid(name) for name in variables if "validation" in stack.named("variable")[name])
    assert stack.holds()
    config = stack.one("oci_functions_function")["config"]
    settings = Settings.read({REGION_KEY: variables["region"], **config})
    assert settings.region == HOME
    assert settings.every_destination == (AWAY,)


def test_before_anybody_has_looked_nothing_calls_the_function() -> None:
    """It may do all that it is to do, which dry runs show; when the line says true, schedules and events call it."""
    first, later = evaluate(**FIRST), evaluate(**LATER)

    assert FIRST["enabled"] is False
    assert called(first) == set()
    assert first.all("oci_events_rule") == []
    assert policies(first) == (TO_TELL | TO_COPY) - {"call"}
    assert called(later) == {"report", "sweep", "create"}
    assert len(later.all("oci_events_rule")) == len(FIRST["compartment_ids"])
    assert policies(later) == TO_TELL | TO_COPY


def test_the_second_region_watches_and_changes_nothing() -> None:
    """Under a name of its own, by the first one's rules."""
    second = evaluate(**SECOND)

    shared = ("tenancy_ocid", "compartment_ids", "destination_regions", "policy")
    assert [SECOND[name] for name in shared] == [FIRST[name] for name in shared]
    assert called(second) == {"report"}
    named = {str(each["name"]) for each in second.all("oci_identity_policy")}
    assert named == {f"{SECOND['name']}-{each}" for each in TO_TELL}
    assert second.all("oci_events_rule") == []


def test_each_command_of_terraform_has_its_variables_and_its_state() -> None:
    """The second region's are in a workspace of its own: with the wrong one, one stack would take the other's place."""
    workspace, done = "default", []
    for line in re.findall(r"^\$ (terraform .+)$", WALK_THROUGH.read_text(encoding="utf-8"), re.MULTILINE):
        for command in re.findall(r"terraform [^&#]+", line):
            words = command.split()
            if words[1:3] in (["workspace", "new"], ["workspace", "select"]):
                workspace = words[3]
            elif words[1] in {"plan", "apply", "destroy"}:
                done.append((words[1], workspace))
                assert words[2:] == [f"-var-file={STATES[workspace]}.tfvars"], line

    assert {(what, where) for what in ("plan", "apply", "destroy") for where in STATES} == set(done)
    assert [where for what, where in done if what == "destroy"] == ["phoenix", "default"]
    assert done[0] == ("apply", "default")
    assert workspace == "default"


def test_an_archive_that_is_packed_by_hand_holds_the_same() -> None:
    """As the page says it for those without Python: the files of `make stack`, without folders."""
    text = WALK_THROUGH.read_text(encoding="utf-8")
    ((archive, patterns),) = re.findall(r"^\$ zip -j (\S+) (.+)$", text, re.MULTILINE)

    packed = {file for pattern in patterns.split() for file in ROOT.glob(pattern)}
    assert packed == set(members(STACK))
    assert f"--config-source {archive}" in text
    assert f"infra.stack_archive {archive}" in (ROOT / "Makefile").read_text(encoding="utf-8")
