"""What a container loads for its first call: the SDK only where it is called for."""

import ssl
import subprocess
import sys
from pathlib import Path

import pytest
from certifi import where
from urllib3 import HTTPSConnectionPool

import func
from handlers.cloud import connections
from handlers.cloud.connections import Connections
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


LEAN = """
import sys
from handlers.cloud import clients, sdk
from handlers.cloud.request import BLOCK_VOLUME

signer = sdk.EphemeralResourcePrincipalSigner.__new__(sdk.EphemeralResourcePrincipalSigner)
client = clients.connect(BLOCK_VOLUME, "us-phoenix-1", signer)
assert client.is_instance_principal_or_resource_principal_signer()
print(*sorted(name for name in sys.modules if name.startswith("oci.")), sep="\\n")
"""
WHOLE = """
from handlers.cloud import sdk
import oci, oci.auth.signers
from oci import Signer

assert oci.core.BlockstorageClient and oci.pagination.list_call_get_all_results and oci.config.validate_config
assert issubclass(oci.auth.signers.InstancePrincipalsSecurityTokenSigner, oci.auth.signers.SecurityTokenSigner)
assert oci.auth.signers.EphemeralResourcePrincipalSigner is sdk.EphemeralResourcePrincipalSigner
assert Signer is oci.Signer is oci.signer.Signer and oci.__version__ and oci.base_client.BaseClient is sdk.BaseClient
try:
    oci.nothing_that_we_know
except AttributeError:
    print("whole")
"""


def run(program: str) -> str:
    environment = {"PYTHONPATH": str(Path(func.__file__).parent)}
    command = [sys.executable, "-c", program]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=True).stdout


def test_of_the_sdk_only_what_is_used_is_loaded() -> None:
    """Not every way to sign, nor the services that the SDK's own packages would load."""
    loaded = set(run(LEAN).split())

    assert {"oci.base_client", "oci.signer", "oci.auth.signers.ephemeral_resource_principals_signer"} <= loaded
    others = "pagination dns object_storage core auth.signers.pkcs11_signer auth.signers.token_exchange_signer"
    assert not loaded & {f"oci.{name}" for name in others.split()}


def test_the_rest_of_the_sdk_is_there_for_whoever_asks() -> None:
    """As the SDK itself does when Oracle has refused a signature: all is as if it had been imported as usual."""
    assert run(WHOLE).strip() == "whole"


def test_a_bundle_of_certificates_is_read_once() -> None:
    """However many connections and clients there are: it takes a multiple of what a request does."""
    first, second = Connections(), Connections()
    pools = [HTTPSConnectionPool(f"host-{number}") for number in range(3)]
    for pool in pools[:2]:
        first.cert_verify(pool, "https://host/", where(), None)
    second.cert_verify(pools[2], "https://host/", where(), None)

    one, same, other = (pool.conn_kw["ssl_context"] for pool in pools)
    assert one is same
    assert one is not other
    assert one.verify_mode is ssl.CERT_REQUIRED
    assert one.check_hostname
    assert len(one.get_ca_certs()) > 50
    assert connections.shared() is connections.shared()


def test_nobody_is_trusted_for_want_of_a_bundle() -> None:
    """What cannot be read is an error, as it is without us."""
    with pytest.raises(OSError, match="Could not find a suitable TLS CA certificate bundle"):
        Connections().cert_verify(HTTPSConnectionPool("host"), "https://host/", "/nowhere/ca.pem", None)
