"""What a container loads for its first call: the SDK only where it is called for."""

import subprocess
import sys
from pathlib import Path

import pytest

import func
from tests.fakes import HOME

PROGRAM = """
import io, json, sys
import func
from fdk.context import InvokeContext

context = InvokeContext("a", "a", "f", "f", "c", deadline="2100-01-01T00:00:00Z", config={}, headers={})
response = func.handler(context, io.BytesIO(sys.argv[1].encode()))
print(json.loads(response.body())["status"], "oci" in sys.modules)
"""


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ('{"operation": "nothing we know"}', "REJECTED False"),
        ('{"eventType": "com.oraclecloud.objectstorage.createobject"}', "IGNORED False"),
        ('{"operation": "Sweep"}', "REJECTED False"),
        ('{"operation": "CopyVolumeBackup", "volumeBackupId": "ocid1.volumebackup.oc1.iad.a"}', "REJECTED True"),
    ],
    ids=["rejected", "ignored", "not admitted", "carried out, but for an identity"],
)
def test_what_is_rejected_or_ignored_is_answered_without_the_sdk(payload: str, expected: str) -> None:
    """Half of a cold start is its import."""
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM, payload],
        env={"PYTHONPATH": str(Path(func.__file__).parent), "OCI_RESOURCE_PRINCIPAL_REGION": HOME},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    assert result.stdout.strip() == expected
