"""What the README and the deployment file promise: every key, every outcome, and each example as it stands there."""

import re
from pathlib import Path

import pytest
import yaml

from handlers.core.model import Kind, Lifecycle, Source
from handlers.core.ocid import Ocid
from handlers.core.operations import OPERATIONS
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
        "runtime": "python",
        "build_image": "fnproject/python:3.12-dev",
        "run_image": "fnproject/python:3.12",
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
    events = {name for source in sources for name in re.findall(r'"([a-z]+\.[a-z_]+)"', source.read_text())}

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
