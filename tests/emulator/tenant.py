"""A compartment of the emulated tenancy, and the real SDK pointed at it."""

from __future__ import annotations

import functools
import json
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx
import oci
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from oci.circuit_breaker import NoCircuitBreakerStrategy
from oci.core.models import (
    CopyBootVolumeBackupDetails,
    CopyVolumeBackupDetails,
    CopyVolumeGroupBackupDetails,
    CreateBootVolumeBackupDetails,
    CreateVolumeBackupDetails,
    CreateVolumeDetails,
    CreateVolumeGroupBackupDetails,
    CreateVolumeGroupDetails,
    VolumeGroupSourceFromVolumesDetails,
)

from infra.emulator.identity import new_key
from infra.emulator.server import Emulator
from tests.emulator.signing import signed

Untyped = Any
"""What the SDK takes and returns: it ships no types."""

ASHBURN, PHOENIX, FRANKFURT = "us-ashburn-1", "us-phoenix-1", "eu-frankfurt-1"
REGIONS = (ASHBURN, PHOENIX, FRANKFURT)
PLACE = "Emul:US-ASHBURN-1-AD-1"
LONG_ENOUGH = timedelta(minutes=5)
"""For everything that is under way to end."""


@functools.cache
def _key() -> RSAPrivateKey:
    """One for the tokens of all tests: to make a new one takes longer than most of them."""
    return new_key()


@dataclass
class Tenant:
    """What a test acts with: the SDK's clients, resources in `us-ashburn-1`, and the standing clock."""

    emulator: Emulator
    compartment_id: str
    _clients: dict[str, Untyped] = field(default_factory=dict)

    def block_volume(self, region: str = ASHBURN, signer: Untyped = None) -> Untyped:
        """The SDK's client for a region, signing with the user's API key unless told otherwise."""
        if signer is not None:
            return self._connect({"region": region}, signer)
        if region not in self._clients:
            self._clients[region] = self._connect(self.config(region), None)
        return self._clients[region]

    def connect(self, kind: Untyped, region: str = ASHBURN, **options: Untyped) -> Untyped:
        """A client of the SDK for another service, signing with the user's API key."""
        return self._reach(kind(self.config(region), circuit_breaker_strategy=NoCircuitBreakerStrategy(), **options))

    def config(self, region: str = ASHBURN) -> dict[str, Untyped]:
        return {**oci.config.from_file(str(self.emulator.config_file)), "region": region}

    def http(self) -> httpx.Client:
        """A plain HTTP client for what the SDK would not send."""
        trust = ssl.create_default_context(cafile=str(self.emulator.ca_file))
        return httpx.Client(proxy=self.emulator.proxy_url, verify=trust, trust_env=False)

    def signed(self, method: str, url: str, body: bytes | None = None) -> httpx.Request:
        """A request with the signature of a resource principal."""
        credential = self.emulator.call(lambda cloud: cloud.identity.issue_token(ASHBURN, key=_key()))
        return signed(method, url, f"ST${credential.key_id}", credential.private_key_pem, body=body)

    def send(self, method: str, path: str, body: object = None) -> httpx.Response:
        """A signed request below `https://iaas.us-ashburn-1.oraclecloud.com/20160918/`, as no SDK would send it."""
        content = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        url = f"https://iaas.{ASHBURN}.oraclecloud.com/20160918/{path}"
        with self.http() as client:
            return client.send(self.signed(method, url, content))

    def get(self, collection: str, query: str = "") -> httpx.Response:
        return self.send("GET", collection + query)

    def pass_time(self, step: timedelta = LONG_ENOUGH) -> None:
        self.emulator.advance(step)

    def volume(self, size: int = 100, **details: Untyped) -> Untyped:
        """An AVAILABLE volume."""
        asked = {"compartment_id": self.compartment_id, "availability_domain": PLACE, "size_in_gbs": size, **details}
        made = self.block_volume().create_volume(CreateVolumeDetails(**asked)).data
        self.pass_time()
        return self.block_volume().get_volume(made.id).data

    def boot_volume(self) -> str:
        """The OCID of an AVAILABLE boot volume."""
        seed = {"compartmentId": self.compartment_id}
        return self.emulator.call(lambda cloud: cloud.block_volume.seed_boot_volume(ASHBURN, "boot", **seed))

    def group(self, volume_ids: Sequence[str] | None = None, **details: Untyped) -> Untyped:
        """An AVAILABLE group, of one volume and one boot volume unless told."""
        members = volume_ids or [self.volume().id, self.boot_volume()]
        asked = CreateVolumeGroupDetails(
            compartment_id=self.compartment_id,
            availability_domain=PLACE,
            source_details=VolumeGroupSourceFromVolumesDetails(volume_ids=list(members)),
            **details,
        )
        made = self.block_volume().create_volume_group(asked).data
        self.pass_time()
        return made

    def volume_backup(self, volume_id: str, **details: Untyped) -> Untyped:
        """A finished backup of a volume, AVAILABLE unless it was told to fail."""
        client = self.block_volume()
        made = client.create_volume_backup(CreateVolumeBackupDetails(volume_id=volume_id, **details)).data
        self.pass_time()
        return client.get_volume_backup(made.id).data

    def boot_volume_backup(self, volume_id: str, **details: Untyped) -> Untyped:
        client = self.block_volume()
        made = client.create_boot_volume_backup(CreateBootVolumeBackupDetails(boot_volume_id=volume_id, **details)).data
        self.pass_time()
        return client.get_boot_volume_backup(made.id).data

    def group_backup(self, group_id: str, **details: Untyped) -> Untyped:
        client = self.block_volume()
        asked = CreateVolumeGroupBackupDetails(volume_group_id=group_id, **details)
        made = client.create_volume_group_backup(asked).data
        self.pass_time()
        return client.get_volume_group_backup(made.id).data

    def copy_volume_backup(self, backup_id: str, to: str = PHOENIX, **details: Untyped) -> Untyped:
        """A copy that has just begun."""
        asked = CopyVolumeBackupDetails(destination_region=to, **details)
        return self.block_volume().copy_volume_backup(backup_id, asked).data

    def copy_boot_volume_backup(self, backup_id: str, to: str = PHOENIX, **details: Untyped) -> Untyped:
        asked = CopyBootVolumeBackupDetails(destination_region=to, **details)
        return self.block_volume().copy_boot_volume_backup(backup_id, asked).data

    def copy_group_backup(self, backup_id: str, to: str = PHOENIX, **details: Untyped) -> Untyped:
        asked = CopyVolumeGroupBackupDetails(destination_region=to, **details)
        return self.block_volume().copy_volume_group_backup(backup_id, asked).data

    def happened(self, kind: str) -> list[dict[str, Untyped]]:
        """What the diary has of this kind so far."""
        return self.emulator.call(lambda cloud: [entry for entry in cloud.diary.entries if entry["kind"] == kind])

    def noted(self, kind: str, act: Callable[[], object]) -> list[dict[str, Untyped]]:
        """What `act` adds of this kind to the diary, which is the cloud's and older than the test."""
        before = self.happened(kind)
        act()
        known = {id(entry) for entry in before}
        return [entry for entry in self.happened(kind) if id(entry) not in known]

    def _connect(self, config: dict[str, Untyped], signer: Untyped) -> Untyped:
        given = {} if signer is None else {"signer": signer}
        client = oci.core.BlockstorageClient(config, circuit_breaker_strategy=NoCircuitBreakerStrategy(), **given)
        return self._reach(client)

    def _reach(self, client: Untyped) -> Untyped:
        session = client.base_client.session
        # A bundle named in the tests' own environment would win over `verify`.
        session.trust_env = False
        session.proxies = {"https": self.emulator.proxy_url}
        session.verify = str(self.emulator.ca_file)
        return client


def refusal(act: Callable[[], Untyped]) -> tuple[int, str]:
    """Status and code of the error that `act` is answered with."""
    with pytest.raises(oci.exceptions.ServiceError) as caught:
        act()
    assert caught.value.request_id
    return caught.value.status, caught.value.code
