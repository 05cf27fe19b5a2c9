"""Oracle's own command line against the emulator: a client that nobody here wrote.

It lives in an environment of its own, since it pins other versions of the SDK than the function does.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from infra.emulator.server import Emulator
from tests.emulator.tenant import ASHBURN, PHOENIX, Tenant

OCI = Path(__file__).parents[2] / ".venv-oci-cli" / "bin" / "oci"


class CommandLine:
    """`oci` as an operator runs it, with an API key from a configuration file."""

    def __init__(self, emulator: Emulator, home: Path) -> None:
        assert OCI.exists(), f"{OCI} is missing: `make test` installs it"
        self._environment = {
            **emulator.environment(),
            "OCI_CLI_CONFIG_FILE": str(emulator.config_file),
            "OCI_CLI_SUPPRESS_FILE_PERMISSIONS_WARNING": "True",
            "HOME": str(home),
            "PATH": os.defpath,
            "LC_ALL": "C.UTF-8",
        }

    def __call__(self, *arguments: str, region: str = ASHBURN) -> Any:
        """The parsed output; fails the test with what the command wrote when it does not succeed."""
        done = self.run(*arguments, region=region)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout else None

    def run(self, *arguments: str, region: str = ASHBURN) -> subprocess.CompletedProcess[str]:
        command = (str(OCI), "--region", region, "bv", "volume-group-backup", *arguments)
        return subprocess.run(command, env=self._environment, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def tenant(cloud: Emulator) -> Iterator[Tenant]:
    yield Tenant(cloud, cloud.call(lambda each: each.identity.create_compartment("oci-cli")))
    cloud.advance(timedelta(minutes=10))


def test_oci_cli_leads_a_group_backup_through_its_life(cloud: Emulator, tenant: Tenant, tmp_path: Path) -> None:
    """Create, list, copy, update with an etag, delete: what the command line sends is what the emulator takes."""
    oci = CommandLine(cloud, tmp_path)
    group = tenant.group()
    created = oci("create", "--volume-group-id", group.id, "--display-name", "by-hand", "--type", "FULL")["data"]
    assert created["lifecycle-state"] == "REQUEST_RECEIVED"
    tenant.pass_time()

    (listed,) = oci("list", "--compartment-id", tenant.compartment_id)["data"]
    assert (listed["id"], listed["lifecycle-state"]) == (created["id"], "AVAILABLE")

    backup = ("--volume-group-backup-id", created["id"])
    copied = oci("copy", *backup, "--destination-region", PHOENIX, "--display-name", "far-away")["data"]
    tenant.pass_time()
    copy = oci("get", "--volume-group-backup-id", copied["id"], region=PHOENIX)["data"]
    assert (copy["source-volume-group-backup-id"], copy["lifecycle-state"]) == (created["id"], "AVAILABLE")

    tags = ("--freeform-tags", json.dumps({"team": "payroll"}), "--force")
    outdated = oci.run("update", *backup, *tags, "--if-match", "of-yesterday")
    assert (outdated.returncode, "NoEtagMatch" in outdated.stderr) == (1, True)
    etag = oci("get", *backup)["etag"]
    assert oci("update", *backup, *tags, "--if-match", etag)["data"]["freeform-tags"] == {"team": "payroll"}

    oci("delete", *backup, "--force")
    tenant.pass_time()
    assert oci("get", *backup)["data"]["lifecycle-state"] == "TERMINATED"


def test_oci_cli_is_refused_with_a_key_of_nobody(cloud: Emulator, tenant: Tenant, tmp_path: Path) -> None:
    """A fingerprint that is not registered is answered with 401, as OCI does."""
    config = tmp_path / "config"
    nobody = ":".join(["00"] * 16)
    config.write_text(re.sub("fingerprint=.*", f"fingerprint={nobody}", cloud.config_file.read_text()))
    config.chmod(0o600)
    oci = CommandLine(cloud, tmp_path)
    refused = oci.run("list", "--compartment-id", tenant.compartment_id, "--config-file", str(config))
    assert refused.returncode == 1
    assert "NotAuthenticated" in refused.stderr
