"""What the documents and the deployment file promise: every key, every outcome, and each example as it stands there."""

import json
import re
from pathlib import Path

import pytest
import yaml

from handlers.core.model import Kind, Lifecycle, Source
from handlers.core.ocid import Ocid
from handlers.core.operations import OPERATIONS
from handlers.core.payloads import MAX_BYTES, MAX_OPERATIONS
from handlers.core.points import NAMESPACE
from handlers.core.report import Outcome, Reason, Status
from handlers.core.settings import CONFIGURATION_KEYS, REGION_KEY, Settings
from tests.fakes import COMPARTMENT, HOME, FakeCloud
from tests.unit.function import Function

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
FUNC_YAML = yaml.safe_load((ROOT / "func.yaml").read_text(encoding="utf-8"))
# A later `fn deploy` would put what stands there in the place of what an operator has set: so the keys are a comment.
KEYS_OF_FUNC_YAML = yaml.safe_load(
    "\n".join(re.findall(r"^#   (\w+: .*)$", (ROOT / "func.yaml").read_text(), re.MULTILINE))
)
STACK = ROOT / "infra" / "terraform"
WALK_THROUGH = (ROOT / "infra" / "README.md").read_text(encoding="utf-8")
SECURITY = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
DOCUMENTS = [
    *("README.md", "SECURITY.md", "CHANGELOG.md"),
    *(str(file.relative_to(ROOT)) for folder in ("infra", "tests") for file in (ROOT / folder).rglob("README.md")),
]
CONTRACT = ROOT.parent / "shared" / "contract.md"
KINDS = {name: kind for kind in Kind for name in (kind.source_type, kind.backup_type)}


def section(text: str, title: str) -> str:
    """The text from this heading to the next of its rank."""
    found = re.search(rf"^(#+) {re.escape(title)}.*?\n(.*?)(?=^\1 |\Z)", text, re.DOTALL | re.MULTILINE)
    assert found, title
    return found[2]


def first_cells(text: str) -> list[str]:
    """What stands in code type in the first column of the tables, less their heads."""
    rows = re.findall(r"^\s*\| (`[^|]*?) \|(?!.*\n\s*\|---)", text, re.MULTILINE)
    return [name for row in rows for name in re.findall(r"`(\w+)`", row)]


def test_every_configuration_key_is_in_the_readme() -> None:
    """And no other is."""
    assert first_cells(section(README, "Configuration")) == list(CONFIGURATION_KEYS)


@pytest.mark.skipif(not CONTRACT.exists(), reason="the contract lies outside of this repository")
def test_every_configuration_key_of_the_contract_is_there() -> None:
    """The README has further ones."""
    keys = first_cells(section(CONTRACT.read_text(encoding="utf-8"), "Configuration"))

    assert keys
    assert set(keys) <= set(CONFIGURATION_KEYS)


def test_every_configuration_key_can_be_set_at_deployment() -> None:
    """And no other; what is deployed unchanged is the default."""
    deployed = KEYS_OF_FUNC_YAML
    assert "config" not in FUNC_YAML

    assert sorted(deployed) == sorted(CONFIGURATION_KEYS)
    assert Settings.read({REGION_KEY: HOME, **deployed}) == Settings.read({REGION_KEY: HOME})


def test_the_function_is_deployed_as_the_readme_says() -> None:
    """What `fn deploy` reads, less the version and the configuration."""
    deployed = {key: value for key, value in FUNC_YAML.items() if key != "version"}

    assert deployed == {
        "schema_version": 20180708,
        "name": "cross-region-backup",
        "runtime": "docker",
        "entrypoint": "/python/bin/fdk /function/func.py handler",
        "memory": 256,
        "timeout": 300,
    }
    assert "Python 3.12, 256 MB, 300 seconds" in README


def test_every_operation_is_in_the_readme() -> None:
    """And no other is."""
    assert sorted(first_cells(section(README, "An operation"))) == sorted(OPERATIONS)


def test_every_status_and_every_outcome_is_in_the_readme() -> None:
    """And no other is."""
    promised = first_cells(section(README, "What it answers"))

    assert sorted(promised) == sorted([*map(str, Status), *map(str, Outcome)])


def test_every_reason_is_in_the_readme() -> None:
    """Those of our own; the API's codes are the API's."""
    assert [reason for reason in Reason if f"`{reason}`" not in README] == []


def test_every_log_event_is_in_the_readme() -> None:
    """Operators build their searches and alarms on these names."""
    sources = [ROOT / "func.py", *(ROOT / "handlers").rglob("*.py")]
    events = {name for source in sources for name in re.findall(r'"((?!oci\.)[a-z]+\.[a-z_]+)"', source.read_text())}

    assert len(events) > 15
    assert sorted(event for event in events if f"`{event}`" not in README) == []


BLOCKS = re.findall(r"^```json ([\w ]+)\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
EXAMPLES = [(label, text) for label, text in BLOCKS if label != "policy"]
(POLICY,) = (text for label, text in BLOCKS if label == "policy")


def prepare(cloud: FakeCloud) -> None:
    """Put into the cloud what the README's examples speak of, under the names that they have there."""
    for identifier in sorted(set(re.findall(r"ocid1\.\w+\.oc1\.iad\.\w+", README))):
        parsed = Ocid.parse(identifier)
        assert parsed
        kind = KINDS[parsed.resource_type]
        if parsed.resource_type == kind.backup_type:
            cloud.add_backup(kind, id=identifier)
        else:
            cloud.sources[identifier] = Source(kind, identifier, {}, compartment_id=COMPARTMENT)


def finish(cloud: FakeCloud) -> None:
    """Let everything that is under way come to its end."""
    for backup in list(cloud.backups.values()):
        cloud.change(backup, lifecycle=Lifecycle.AVAILABLE)


def test_the_readmes_examples_do_what_they_say(own_logs: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Word for word, one after the other: each block is labelled with the outcomes that its results have."""
    function = Function(monkeypatch)
    function.environment["SCHEDULE"] = '{"operation": "CreateVolumeBackup", "volumeId": "ocid1.volume.oc1.iad.ledger"}'
    function.environment["POLICY"] = POLICY
    prepare(function.cloud)

    wrong = []
    for label, text in EXAMPLES:
        _, answer = function.invoke(text.encode())
        finish(function.cloud)
        if {result["outcome"] for result in answer["results"]} != set(label.split()):
            wrong.append((label, text, answer))

    assert len(EXAMPLES) >= 10
    assert wrong == []


def test_an_answer_is_what_the_readme_shows(own_logs: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """To the event that stands there; `…` stands for whatever an id goes on with."""
    (shown,) = re.findall(r"^```text\n(.*?)^```", section(README, "What it answers"), re.DOTALL | re.MULTILINE)
    (event,) = (text for _, text in EXAMPLES if "eventType" in text)
    function = Function(monkeypatch)
    prepare(function.cloud)

    _, answer = function.invoke(event.encode())

    pattern = re.escape(json.dumps(json.loads(shown), ensure_ascii=False)).replace("…", '[^"]*')
    assert re.fullmatch(pattern, json.dumps(answer))


def declared(block: str) -> set[str]:
    """The names of the stack's blocks of this type."""
    files = "".join(file.read_text(encoding="utf-8") for file in STACK.glob("*.tf"))
    return set(re.findall(rf'^{block} "(\w+)"', files, re.MULTILINE))


def anchors(text: str) -> set[str]:
    """What its headings are called in links to them."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_link_leads_somewhere(document: str) -> None:
    """To a file that is there, and to a heading that it has; what is elsewhere on the web is not looked up."""
    file = ROOT / document
    lost = []
    for target in re.findall(r"\]\(([^)]+)\)", file.read_text(encoding="utf-8")):
        if target.startswith("https://"):
            continue
        path, _, anchor = target.partition("#")
        there = file.parent / path if path else file
        if not there.exists() or (anchor and anchor not in anchors(there.read_text(encoding="utf-8"))):
            lost.append(target)

    assert lost == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_command_of_make_exists(document: str) -> None:
    """As the Makefile has it now."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = set(re.findall(r"(?:`|\$ )make (?:-s )?([a-z][a-z-]*)", (ROOT / document).read_text(encoding="utf-8")))

    assert named <= targets


def test_what_goes_into_a_tenancy_has_its_commands_in_the_readme() -> None:
    """With what each of them does."""
    section_of_commands = section(README, "For developers")

    for target in ("stack", "image-tree", "test-image", "terraform", "audit", "sbom", "lock"):
        assert f"make {target}" in section_of_commands


def test_every_variable_that_a_document_names_is_the_stacks() -> None:
    """Or is one of its outputs, or what the function's metrics and logs are called."""
    known = declared("variable") | declared("output") | {NAMESPACE, "duration_ms"}
    examples = "".join(re.findall(r"^```hcl\n(.*?)^```", WALK_THROUGH, re.DOTALL | re.MULTILINE))
    set_there = set(re.findall(r"^(\w+) +=", examples, re.MULTILINE))
    told_of = {name for text in (WALK_THROUGH, SECURITY) for name in re.findall(r"`([a-z]+(?:_[a-z]+)+)\b", text)}
    asked_for = set(re.findall(r"terraform output -raw (\w+)", WALK_THROUGH))

    assert len(set_there) > 10
    assert set_there <= declared("variable")
    assert {"allow_deletion", "create_iam", "schedule_with"} <= told_of <= known
    assert asked_for
    assert asked_for <= declared("output")


def test_every_permission_is_in_the_table_under_its_policy() -> None:
    """And no other is: as `identity.tf` lists them, and hands them to its policies."""
    identity = (STACK / "identity.tf").read_text(encoding="utf-8")
    lists = dict(re.findall(r"^  (to_\w+) = \[\n(.*?)^  \]", identity, re.DOTALL | re.MULTILINE))
    permissions = {name: set(re.findall(r'^    "([A-Z_]+)",', text, re.MULTILINE)) for name, text in lists.items()}
    policies = dict(re.findall(r"^    (\w+) = \{\n(.*?)^    \}", identity, re.DOTALL | re.MULTILINE))
    given = {
        (policy, permission)
        for policy, text in policies.items()
        for name in re.findall(r"local\.(to_\w+)", text)
        for permission in permissions[name]
    }
    rows = re.findall(r"^\| `(\w+)` \| ((?:`[A-Z_]+` ?)+) \|", section(WALK_THROUGH, "Every permission"), re.MULTILINE)
    told = [(policy, permission) for policy, text in rows for permission in re.findall("[A-Z_]+", text)]

    assert len(given) > 20
    assert {permission for _, permission in given} == set().union(*permissions.values())
    assert len(told) == len(set(told))
    assert set(told) == given


def test_every_permission_is_told_with_how_sure_it_is() -> None:
    """Documented, inferred, or not confirmed; none is silently taken for granted."""
    rows = re.findall(
        r"^\| `\w+` \| `[A-Z_]+`.*\| ([^|]+) \|$", section(WALK_THROUGH, "Every permission"), re.MULTILINE
    )

    assert len(rows) > 10
    assert [row for row in rows if not re.search("documented|inferred|not confirmed", row)] == []


def test_the_limits_of_a_request_are_those_of_the_code() -> None:
    """They are what an attacker is held to."""
    assert MAX_BYTES == 1024**2
    assert f"At most 1 MiB, {MAX_OPERATIONS} operations" in SECURITY
    assert f"up to {MAX_OPERATIONS} backups a call" in SECURITY
