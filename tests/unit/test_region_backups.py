"""What goes over the wire: exactly what Oracle's own client would send, within the time there is."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import structlog
from oci._vendor.requests import Response
from oci._vendor.requests.adapters import BaseAdapter
from oci.core import BlockstorageClient, models

from handlers.cloud.backups import RegionBackups
from handlers.cloud.clients import connect
from handlers.cloud.signer import ResourcePrincipalSigner, resource_principal
from handlers.core.errors import Missing, Passing, Rejected
from handlers.core.model import Backup, Deadline, Kind, Lifecycle
from handlers.core.operations import OPERATIONS, CopyBackup, CreateBackup, UpdateBackup
from handlers.core.settings import REGION_KEY
from handlers.services import Services
from tests.fakes import AWAY, COMPARTMENT, FAR, HOME, FakeClock, ocid
from tests.unit.principal import Principal

BACKUP = {
    "id": ocid("volumebackup"),
    "compartmentId": COMPARTMENT,
    "lifecycleState": "AVAILABLE",
    "timeCreated": "2026-11-21T02:00:00.123Z",
}


class Wire(BaseAdapter):  # type: ignore[misc] # the SDK has no types
    """In the place of the network: keeps what is sent, and answers what it is told to."""

    def __init__(self, body: object = BACKUP, status: int = 200, **headers: str) -> None:
        super().__init__()
        self.sent: list[Any] = []
        self.timeouts: list[tuple[float, float]] = []
        self.answer = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.status, self.headers = status, headers

    def send(self, request: Any, **options: Any) -> Any:
        self.sent.append(request)
        self.timeouts.append(options["timeout"])
        response: Any = Response()
        response.status_code, response._content = self.status, self.answer
        response.request, response.url = request, request.url
        response.headers.update({"opc-request-id": "request-1", "etag": "etag-1"} | self.headers)
        return response

    def close(self) -> None:
        """There is nothing to close."""

    @property
    def only(self) -> Any:
        (request,) = self.sent
        return request


@pytest.fixture
def signer(principal: Principal) -> ResourcePrincipalSigner:
    return resource_principal(principal.environment)


@pytest.fixture
def over(signer: ResourcePrincipalSigner) -> Callable[..., RegionBackups]:
    """The backups of the home region over a wire."""

    def build(wire: Wire, patience: float = 300.0, region: str = HOME) -> RegionBackups:
        client = connect(region, signer)
        client.session.mount("https://", wire)
        return RegionBackups(region, client, lambda: patience)

    return build


def original(kind: Kind) -> Backup:
    moment = FakeClock().now()
    return Backup(kind, ocid(kind.backup_type), HOME, COMPARTMENT, Lifecycle.AVAILABLE, moment, None)


# The same as Oracle's own client

FREEFORM, DEFINED = {"team": "payroll", "ü": ""}, {"Costs": {"Center": "7"}}
KEY, KEY_AWAY, TOKEN = ocid("key"), ocid("key", AWAY), "t" * 64
GROUP, VOLUME, BOOT = ocid("volumegroup"), ocid("volume"), ocid("bootvolume")
GROUP_BACKUP, VOLUME_BACKUP, BOOT_BACKUP = (ocid(f"{kind}backup") for kind in ("volumegroup", "volume", "bootvolume"))
ALL_OF_A_CREATE = {"type": "FULL", "displayName": "n", "freeformTags": FREEFORM, "definedTags": DEFINED}
ALL_OF_A_CREATE_IN_SNAKE = {
    "type": "FULL",
    "display_name": "n",
    "freeform_tags": FREEFORM,
    "defined_tags": DEFINED,
}
ALL_OF_A_COPY = {"destinationRegion": AWAY, "displayName": "n", "kmsKeyId": KEY_AWAY}
ALL_OF_AN_UPDATE = {"displayName": "n", "freeformTags": FREEFORM, "definedTags": DEFINED}
ALL_OF_AN_UPDATE_IN_SNAKE = {"display_name": "n", "freeform_tags": FREEFORM, "defined_tags": DEFINED}

SAME_AS_THE_SDK: list[tuple[str, dict[str, Any], Callable[[Any], object]]] = [
    (
        "CreateVolumeGroupBackup",
        {"volumeGroupId": GROUP, "compartmentId": COMPARTMENT, **ALL_OF_A_CREATE},
        lambda sdk: sdk.create_volume_group_backup(
            models.CreateVolumeGroupBackupDetails(
                volume_group_id=GROUP, compartment_id=COMPARTMENT, **ALL_OF_A_CREATE_IN_SNAKE
            ),
            opc_retry_token=TOKEN,
        ),
    ),
    (
        "CreateVolumeBackup",
        {"volumeId": VOLUME, "kmsKeyId": KEY, **ALL_OF_A_CREATE},
        lambda sdk: sdk.create_volume_backup(
            models.CreateVolumeBackupDetails(volume_id=VOLUME, kms_key_id=KEY, **ALL_OF_A_CREATE_IN_SNAKE),
            opc_retry_token=TOKEN,
        ),
    ),
    (
        "CreateBootVolumeBackup",
        {"bootVolumeId": BOOT, "kmsKeyId": KEY, **ALL_OF_A_CREATE},
        lambda sdk: sdk.create_boot_volume_backup(
            models.CreateBootVolumeBackupDetails(boot_volume_id=BOOT, kms_key_id=KEY, **ALL_OF_A_CREATE_IN_SNAKE),
            opc_retry_token=TOKEN,
        ),
    ),
    (
        "CreateVolumeGroupBackupCopy",
        {"volumeGroupBackupId": GROUP_BACKUP, "displayName": "n", "kmsKeyId": KEY_AWAY},
        lambda sdk: sdk.copy_volume_group_backup(
            GROUP_BACKUP,
            models.CopyVolumeGroupBackupDetails(destination_region=AWAY, display_name="n", kms_key_id=KEY_AWAY),
            opc_retry_token=TOKEN,
        ),
    ),
    (
        "CopyVolumeBackup",
        {"volumeBackupId": VOLUME_BACKUP, "displayName": "n", "kmsKeyId": KEY_AWAY},
        lambda sdk: sdk.copy_volume_backup(
            VOLUME_BACKUP,
            models.CopyVolumeBackupDetails(destination_region=AWAY, display_name="n", kms_key_id=KEY_AWAY),
            opc_retry_token=TOKEN,
        ),
    ),
    (
        "CopyBootVolumeBackup",
        {"bootVolumeBackupId": BOOT_BACKUP, "displayName": "n", "kmsKeyId": KEY_AWAY},
        lambda sdk: sdk.copy_boot_volume_backup(
            BOOT_BACKUP,
            models.CopyBootVolumeBackupDetails(destination_region=AWAY, display_name="n", kms_key_id=KEY_AWAY),
            opc_retry_token=TOKEN,
        ),
    ),
    (
        "UpdateVolumeGroupBackup",
        {"volumeGroupBackupId": GROUP_BACKUP, **ALL_OF_AN_UPDATE},
        lambda sdk: sdk.update_volume_group_backup(
            GROUP_BACKUP, models.UpdateVolumeGroupBackupDetails(**ALL_OF_AN_UPDATE_IN_SNAKE), if_match="etag"
        ),
    ),
    (
        "UpdateVolumeBackup",
        {"volumeBackupId": VOLUME_BACKUP, **ALL_OF_AN_UPDATE},
        lambda sdk: sdk.update_volume_backup(
            VOLUME_BACKUP, models.UpdateVolumeBackupDetails(**ALL_OF_AN_UPDATE_IN_SNAKE), if_match="etag"
        ),
    ),
    (
        "UpdateBootVolumeBackup",
        {"bootVolumeBackupId": BOOT_BACKUP, **ALL_OF_AN_UPDATE},
        lambda sdk: sdk.update_boot_volume_backup(
            BOOT_BACKUP, models.UpdateBootVolumeBackupDetails(**ALL_OF_AN_UPDATE_IN_SNAKE), if_match="etag"
        ),
    ),
]
BODIES: dict[str, dict[str, Any]] = {
    "CreateVolumeGroupBackup": {"volumeGroupId": GROUP, "compartmentId": COMPARTMENT, **ALL_OF_A_CREATE},
    "CreateVolumeBackup": {"volumeId": VOLUME, "kmsKeyId": KEY, **ALL_OF_A_CREATE},
    "CreateBootVolumeBackup": {"bootVolumeId": BOOT, "kmsKeyId": KEY, **ALL_OF_A_CREATE},
    "CreateVolumeGroupBackupCopy": ALL_OF_A_COPY,
    "CopyVolumeBackup": ALL_OF_A_COPY,
    "CopyBootVolumeBackup": ALL_OF_A_COPY,
    "UpdateVolumeGroupBackup": ALL_OF_AN_UPDATE,
    "UpdateVolumeBackup": ALL_OF_AN_UPDATE,
    "UpdateBootVolumeBackup": ALL_OF_AN_UPDATE,
}
# The first is how Oracle's client calls it in the names of its methods.
NAMES = [("volume_group", Kind.VOLUME_GROUP), ("volume", Kind.VOLUME), ("boot_volume", Kind.BOOT_VOLUME)]
LISTS: list[tuple[Kind, Callable[[Any], object]]] = [
    (Kind.VOLUME_GROUP, lambda sdk: sdk.list_volume_group_backups(COMPARTMENT, limit=1000)),
    (
        Kind.VOLUME,
        lambda sdk: sdk.list_volume_backups(
            compartment_id=COMPARTMENT, source_volume_backup_id=VOLUME_BACKUP, limit=1000
        ),
    ),
    (
        Kind.BOOT_VOLUME,
        lambda sdk: sdk.list_boot_volume_backups(
            compartment_id=COMPARTMENT, source_boot_volume_backup_id=BOOT_BACKUP, limit=1000
        ),
    ),
]


def perform(backups: RegionBackups, content: dict[str, Any]) -> object:
    """Send what a handler would send for this operation."""
    operation = OPERATIONS[content["operation"]].model_validate(content)
    match operation:
        case CreateBackup():
            return backups.create(operation.kind, operation.api_body(), TOKEN)
        case CopyBackup():
            # The region is a list in a payload, and one region of it in a request.
            body = {"destinationRegion": AWAY, **operation.api_body()}
            return backups.copy(original(operation.kind), body, TOKEN)
        case UpdateBackup():
            return backups.update(operation.kind, operation.backup_id, operation.api_body(), if_match="etag")
    raise AssertionError(operation)


def sent_by_the_sdk(signer: ResourcePrincipalSigner, call: Callable[[Any], object], answer: object = BACKUP) -> Any:
    """What Oracle's own client sends for the same thing, with the same signer."""
    wire = Wire(answer)
    sdk = BlockstorageClient({"region": HOME}, signer=signer)
    sdk.base_client.session.mount("https://", wire)
    call(sdk)
    return wire.only


def form(request: Any) -> dict[str, Any]:
    """All of a request that has to be the same; what differs from request to request only by its name."""
    address = urlsplit(request.url)
    changing = {"date", "authorization", "opc-request-id", "x-content-sha256", "content-length"}
    return {
        "method": request.method,
        "address": (address.scheme, address.netloc, address.path),
        "query": parse_qs(address.query),
        "headers": {key.lower(): "…" if key.lower() in changing else value for key, value in request.headers.items()},
        "body": json.loads(request.body) if request.body else None,
    }


@pytest.mark.parametrize(("name", "content", "call"), SAME_AS_THE_SDK, ids=[each[0] for each in SAME_AS_THE_SDK])
def test_a_request_is_the_one_that_oracles_own_client_sends(
    over: Callable[..., RegionBackups],
    signer: ResourcePrincipalSigner,
    name: str,
    content: dict[str, Any],
    call: Callable[[Any], object],
) -> None:
    """Method, address, headers and body: the SDK's generated client would add nothing to its base."""
    wire = Wire()
    perform(over(wire), {"operation": name, **content})

    assert form(wire.only) == form(sent_by_the_sdk(signer, call))


@pytest.mark.parametrize(("name", "content"), [each[:2] for each in SAME_AS_THE_SDK], ids=list(BODIES))
def test_a_body_holds_exactly_the_fields_of_the_api(
    over: Callable[..., RegionBackups], name: str, content: dict[str, Any]
) -> None:
    """All that was given, and nothing of what is only ours."""
    wire = Wire()
    ours = {"dryRun": False, "idempotencyKey": "k"} | ({"ifMatch": "e"} if name.startswith("Update") else {})
    perform(over(wire), {"operation": name, **content, **ours})

    assert json.loads(wire.only.body) == BODIES[name]


@pytest.mark.parametrize(("name", "kind"), NAMES)
def test_reading_a_backup_is_the_same_as_with_oracles_own_client(
    over: Callable[..., RegionBackups], signer: ResourcePrincipalSigner, name: str, kind: Kind
) -> None:
    """Of each kind."""
    wire, identifier = Wire(), ocid(kind.backup_type)
    over(wire).get(kind, identifier)

    assert form(wire.only) == form(sent_by_the_sdk(signer, lambda sdk: getattr(sdk, f"get_{name}_backup")(identifier)))


@pytest.mark.parametrize(("name", "kind"), NAMES)
def test_reading_a_source_is_the_same_as_with_oracles_own_client(
    over: Callable[..., RegionBackups], signer: ResourcePrincipalSigner, name: str, kind: Kind
) -> None:
    """Of each kind."""
    wire, identifier = Wire({}), ocid(kind.source_type)
    over(wire).source(kind, identifier)

    assert form(wire.only) == form(sent_by_the_sdk(signer, lambda sdk: getattr(sdk, f"get_{name}")(identifier), {}))


@pytest.mark.parametrize(("kind", "theirs"), LISTS)
def test_listing_is_the_same_as_with_oracles_own_client(
    over: Callable[..., RegionBackups], signer: ResourcePrincipalSigner, kind: Kind, theirs: Callable[[Any], object]
) -> None:
    """By source where the API can, over the whole compartment where it cannot."""
    wire = Wire([])
    over(wire).copies_of(original(kind))

    assert form(wire.only) == form(sent_by_the_sdk(signer, theirs, []))


@pytest.mark.parametrize("region", [HOME, AWAY, FAR])
def test_each_region_has_its_own_address(over: Callable[..., RegionBackups], region: str) -> None:
    """Whatever region the signer's own environment names."""
    wire = Wire()
    over(wire, region=region).get(Kind.VOLUME, ocid("volumebackup"))

    assert urlsplit(wire.only.url).netloc == f"iaas.{region}.oraclecloud.com"


# Time


@pytest.mark.parametrize(
    ("patience", "timeouts"), [(300.0, (10.0, 60.0)), (30.0, (10.0, 30.0)), (3.0, (3.0, 3.0)), (0.001, (0.001, 0.001))]
)
def test_a_request_waits_no_longer_than_the_call_may(
    over: Callable[..., RegionBackups], patience: float, timeouts: tuple[float, float]
) -> None:
    """Neither for a connection nor for an answer."""
    wire = Wire()
    over(wire, patience).get(Kind.VOLUME, ocid("volumebackup"))

    assert wire.timeouts == [timeouts]


@pytest.mark.parametrize("patience", [0.0, -1.0])
def test_nothing_is_sent_once_the_deadline_has_passed(over: Callable[..., RegionBackups], patience: float) -> None:
    """What was not sent has certainly not been done."""
    wire = Wire()

    with pytest.raises(Passing) as caught:
        over(wire, patience).create(Kind.VOLUME, {}, TOKEN)

    assert caught.value.code == "Timeout"
    assert wire.sent == []


def test_the_deadline_is_that_of_the_call_in_progress(principal: Principal) -> None:
    """A container's clients live for many calls: each call has its own time, less what it needs to answer."""
    clock, wire = FakeClock(), Wire()
    services = Services({**principal.environment, "DESTINATION_REGIONS": AWAY}, clock)
    call = services.call(Deadline(clock.now() + timedelta(seconds=20)), "t")
    client_of(services, HOME).session.mount("https://", wire)

    call.here.get(Kind.VOLUME, ocid("volumebackup"))
    clock.advance(timedelta(seconds=10))
    call.here.get(Kind.VOLUME, ocid("volumebackup"))
    clock.advance(timedelta(seconds=8))
    with pytest.raises(Passing):
        call.here.get(Kind.VOLUME, ocid("volumebackup"))
    later = services.call(Deadline(clock.now() + timedelta(seconds=7)), "t")
    later.here.get(Kind.VOLUME, ocid("volumebackup"))

    assert wire.timeouts == [(10.0, 18.0), (8.0, 8.0), (5.0, 5.0)]


def client_of(services: Services, region: str) -> Any:
    backups = services.backups(region)
    assert isinstance(backups, RegionBackups)
    return backups._client


def test_services_keep_the_backups_of_a_region(principal: Principal) -> None:
    """Asked twice, they answer with the same; and the signer is one for all regions."""
    services = Services(principal.environment)

    assert services.backups(HOME) is services.backups(HOME)
    assert services.backups(AWAY) is not services.backups(HOME)
    assert client_of(services, AWAY).signer is client_of(services, HOME).signer


def test_a_function_without_an_identity_is_told_what_it_lacks() -> None:
    """Before anything is sent."""
    services = Services({REGION_KEY: HOME})

    with pytest.raises(Rejected, match="OCI_RESOURCE_PRINCIPAL_RPST: is missing"):
        services.backups(HOME)


# Answers


def test_a_backup_is_read_from_an_answer(over: Callable[..., RegionBackups]) -> None:
    """With its etag and the request's id from the headers."""
    wire = Wire(
        BACKUP
        | {
            "volumeId": VOLUME,
            "sourceVolumeBackupId": ocid("volumebackup", AWAY),
            "volumeGroupBackupId": GROUP_BACKUP,
            "freeformTags": {"a": "b"},
            "aFieldOfNextYear": {},
        }
    )

    backup = over(wire).get(Kind.VOLUME, ocid("volumebackup"))

    assert (backup.id, backup.region, backup.compartment_id) == (BACKUP["id"], HOME, COMPARTMENT)
    assert (backup.lifecycle, backup.source_id) == (Lifecycle.AVAILABLE, VOLUME)
    assert (backup.copied_from, backup.group_backup_id) == (ocid("volumebackup", AWAY), GROUP_BACKUP)
    assert backup.time_created.isoformat() == "2026-11-21T02:00:00.123000+00:00"
    assert (backup.freeform_tags, backup.etag, backup.opc_request_id) == ({"a": "b"}, "etag-1", "request-1")


@pytest.mark.parametrize("tags", [None, {}])
def test_a_backup_without_tags_has_none(over: Callable[..., RegionBackups], tags: object) -> None:
    """Absent, null and empty are the same."""
    backup = over(Wire({**BACKUP, "freeformTags": tags})).get(Kind.VOLUME, ocid("volumebackup"))

    assert backup.freeform_tags == {}


@pytest.mark.parametrize(
    "answer",
    [
        b"<html>A proxy's page</html>",
        b"",
        b"null",
        [BACKUP],
        "text",
        {},
        {**BACKUP, "timeCreated": None},
        {**BACKUP, "timeCreated": "yesterday"},
        {key: value for key, value in BACKUP.items() if key != "lifecycleState"},
    ],
    ids=lambda each: str(each)[:30],
)
def test_an_answer_that_cannot_be_read_may_pass(over: Callable[..., RegionBackups], answer: object) -> None:
    """Something between here and there has spoken in the service's place."""
    with pytest.raises(Passing) as caught:
        over(Wire(answer)).get(Kind.VOLUME, ocid("volumebackup"))

    assert caught.value.code == "UnreadableAnswer"


@pytest.mark.parametrize("answer", [BACKUP, [None], [BACKUP, 7], b"{"], ids=lambda each: str(each)[:30])
def test_a_list_that_cannot_be_read_may_pass(over: Callable[..., RegionBackups], answer: object) -> None:
    """Half a list would be taken for the absence of a copy."""
    with pytest.raises(Passing):
        over(Wire(answer)).copies_of(original(Kind.VOLUME))


def test_every_call_is_logged(over: Callable[..., RegionBackups]) -> None:
    """With service, operation, region, status, duration and request id; whether it went well or not."""
    with structlog.testing.capture_logs() as lines:
        over(Wire()).get(Kind.VOLUME, ocid("volumebackup"))
        refusal = Wire({"code": "NotAuthorizedOrNotFound", "message": "no"}, 404)
        with pytest.raises(Missing):
            over(refusal, region=AWAY).update(Kind.BOOT_VOLUME, ocid("bootvolumebackup"), {})

    for line in lines:
        assert line.pop("duration_ms") >= 0
    common = {"event": "api.call", "log_level": "info", "service": "blockstorage", "opc_request_id": "request-1"}
    assert lines == [
        {**common, "operation": "GetVolumeBackup", "region": HOME, "status": 200, "code": None},
        {
            **common,
            "operation": "UpdateBootVolumeBackup",
            "region": AWAY,
            "status": 404,
            "code": "NotAuthorizedOrNotFound",
        },
    ]
