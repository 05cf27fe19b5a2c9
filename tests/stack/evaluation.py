"""The stack as Terraform would see it: its `*.tf`, evaluated over a set of variables, without a cloud or a provider."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import tfparse

from infra.stack_archive import STACK

TENANCY = "ocid1.tenancy.oc1..tenancy"
COMPARTMENT = "ocid1.compartment.oc1..functions"
PRODUCTION = "ocid1.compartment.oc1..production"
HOME, AWAY, FAR = "us-ashburn-1", "us-phoenix-1", "eu-frankfurt-1"
KEYS = {HOME: "IAD", AWAY: "PHX", FAR: "FRA", "uk-london-1": "LHR"}

MINIMUM: Mapping[str, Any] = {
    "tenancy_ocid": TENANCY,
    "region": HOME,
    "compartment_ocid": COMPARTMENT,
    "image": "iad.ocir.io/namespace/backups/cross-region-backup:1.0.0",
    "compartment_ids": [PRODUCTION],
    "destination_regions": [AWAY],
}

# On top of it, where the schedules matter: before that nothing calls the function.
BEGUN: Mapping[str, Any] = {"enabled": True}

# What only Oracle could answer, under the attributes that its provider has for it; `{}` is the name of the block.
ANSWERS: Mapping[str, Mapping[str, Any]] = {
    "oci_ons_notification_topic": {"id": "ocid1.onstopic.oc1.iad.{}", "topic_id": "ocid1.onstopic.oc1.iad.{}"},
    "oci_functions_application": {"id": "ocid1.fnapp.oc1.iad.{}"},
    "oci_functions_function": {"id": "ocid1.fnfunc.oc1.iad.{}", "invoke_endpoint": "https://functions.example"},
    "oci_logging_log_group": {"id": "ocid1.loggroup.oc1.iad.{}"},
    "oci_logging_log": {"id": "ocid1.log.oc1.iad.{}"},
    "oci_resource_scheduler_schedule": {"id": "ocid1.resourceschedule.oc1.iad.{}"},
    "oci_core_services": {"services": [{"id": "ocid1.service.oc1.iad.all", "cidr_block": "all-iad-services"}]},
    "oci_identity_regions": {"regions": [{"name": name, "key": key} for name, key in KEYS.items()]},
    "oci_identity_region_subscriptions": {
        "region_subscriptions": [
            {"region_name": name, "region_key": key, "is_home_region": name == HOME, "status": "READY"}
            for name, key in KEYS.items()
        ]
    },
}

_BLOCK = re.compile(r'^(?:resource|data) "(?P<type>\w+)" "(?P<name>\w+)" \{(?P<rest>.*)$', re.MULTILINE)

Block = Mapping[str, Any]


@dataclass(frozen=True)
class Stack:
    """What would be made: blocks by their type, each with its arguments as they were worked out."""

    blocks: Mapping[str, list[dict[str, Any]]]

    def all(self, kind: str) -> list[Block]:
        """The resources or data of a type, or the blocks `variable`, `output`, `provider`; none is an empty list."""
        return list(self.blocks.get(kind, []))

    def one(self, kind: str) -> Block:
        """The only one of its type."""
        (found,) = self.all(kind)
        return found

    def named(self, kind: str) -> dict[str, Block]:
        """Those of a type, by the name that they have in the files; with the key of `for_each` where they have one."""
        return {path(each).partition(".")[2]: each for each in self.all(kind)}

    def resources(self) -> Iterator[Block]:
        """Everything that would be made."""
        for found in self.blocks.values():
            yield from (each for each in found if each.get("__tfmeta", {}).get("type") == "resource")

    def valid(self, variable: str) -> bool:
        """Whether the variable takes the value that it was given."""
        conditions = [each["condition"] for each in within(self.named("variable")[variable], "validation")]
        assert all(isinstance(each, bool) for each in conditions), variable
        return all(conditions)

    def holds(self) -> bool:
        """Whether all that must be true before anything is made is."""
        conditions = [
            each["condition"]
            for resource in self.resources()
            for lifecycle in within(resource, "lifecycle")
            for each in within(lifecycle, "precondition")
        ]
        assert conditions
        assert all(isinstance(each, bool) for each in conditions), conditions
        return all(conditions)


def path(block: Block) -> str:
    """The address of a block, such as `oci_functions_function.this`."""
    return str(block["__tfmeta"]["path"])


def ocid_of(block: Block) -> str:
    """The OCID that a resource would get."""
    kind, _, name = path(block).partition(".")
    return str(ANSWERS[kind]["id"]).replace("{}", name.partition("[")[0])


def alarms(stack: Stack, name: str) -> dict[str, Block]:
    """The alarms of this name in the files, by their key."""
    named = stack.named("oci_monitoring_alarm").items()
    return {address.split('"')[1]: each for address, each in named if address.startswith(f"{name}[")}


def within(block: Block, name: str) -> list[Any]:
    """The blocks of this name in a block, in their order: none, one or many."""
    found = block.get(name, [])
    return found if isinstance(found, list) else [found]


def evaluate(**variables: Any) -> Stack:
    """The stack with the least that it needs, and these variables on top; `None` leaves one of the least out."""
    return _evaluate(STACK.glob("*.tf"), variables)


def takes(variable: str, value: object) -> bool:
    """Whether the variable takes this value: asked of the variables alone, which takes a twentieth of the time."""
    return _evaluate([STACK / "variables.tf", STACK / "form.tf"], {variable: value}).valid(variable)


def _evaluate(files: Iterable[Path], variables: Mapping[str, Any]) -> Stack:
    given = {name: value for name, value in {**MINIMUM, **variables}.items() if value is not None}
    with TemporaryDirectory() as made:
        folder = Path(made)
        for file in files:
            (folder / file.name).write_text(_answered(file.read_text(encoding="utf-8")), encoding="utf-8")
        (folder / "given.tfvars").write_text(
            "".join(f"{name} = {_literal(value)}\n" for name, value in given.items()), encoding="utf-8"
        )
        parsed = tfparse.load_from_path(str(folder), vars_paths=["given.tfvars"], stop_on_hcl_error=True)
    return Stack(parsed)


def _answered(text: str) -> str:
    """The file, with the attributes that its resources and data would have beside their arguments."""

    def answer(block: re.Match[str]) -> str:
        attributes = ANSWERS.get(block["type"], {})
        lines = [f"  {name} = {_literal(value)}".replace("{}", block["name"]) for name, value in attributes.items()]
        rest = block["rest"].strip()
        end = "\n}" if rest == "}" else ""
        return "\n".join([block[0].removesuffix(rest) if end else block[0], *lines]) + end

    return _BLOCK.sub(answer, text)


def _literal(value: object) -> str:
    """JSON is an expression of Terraform, but for the two marks of its templates."""
    return json.dumps(value).replace("${", "$${").replace("%{", "%%{")
