"""The README's examples, in their order, through the function's real process."""

from __future__ import annotations

import re
from pathlib import Path

from infra.emulator.server import Emulator
from tests.e2e.rehearsal import rehearse
from tests.emulator.tenant import PHOENIX

EXAMPLE = re.compile(r"^```json ([\w ]+)\n(.*?)^```", re.DOTALL | re.MULTILINE)
README = Path(__file__).parents[2] / "README.md"


def test_the_examples_do_what_the_readme_says(cloud: Emulator) -> None:
    """Each is sent word for word but for the OCIDs; beside it are the outcomes that its results have."""
    with rehearse(cloud, {}) as setup:
        tenant = setup.tenant
        volume, boot_volume = tenant.volume().id, tenant.boot_volume()
        group = tenant.group([volume, boot_volume]).id
        real = {
            "ocid1.volumegroup.oc1.iad.payroll": group,
            "ocid1.volume.oc1.iad.ledger": volume,
            "ocid1.bootvolume.oc1.iad.boot": boot_volume,
            "ocid1.volumegroupbackup.oc1.iad.payroll": tenant.group_backup(group).id,
            "ocid1.volumebackup.oc1.iad.ledger": tenant.volume_backup(volume).id,
            "ocid1.bootvolumebackup.oc1.iad.boot": tenant.boot_volume_backup(boot_volume).id,
        }
    schedule = f'{{"operation": "CreateVolumeGroupBackup", "volumeGroupId": "{group}"}}'
    blocks = EXAMPLE.findall(README.read_text())
    assert len(blocks) == README.read_text().count("```json")
    examples = [(label, text) for label, text in blocks if label != "policy"]
    (policy,) = (text for label, text in blocks if label == "policy")
    config = {"DESTINATION_REGIONS": PHOENIX, "SCHEDULE": schedule, "COMPARTMENT_IDS": tenant.compartment_id}
    config["POLICY"] = policy
    with rehearse(cloud, config) as running:
        for expected, text in examples:
            for placeholder, ocid in real.items():
                text = text.replace(f'{placeholder}"', f'{ocid}"').replace(f'{placeholder}\\"', f'{ocid}\\"')  # noqa: PLW2901
            outcomes = set(running.outcomes(text.encode()))
            assert outcomes - {"excluded"} == set(expected.split()), text  # left out are the members of groups
            running.tenant.pass_time()
