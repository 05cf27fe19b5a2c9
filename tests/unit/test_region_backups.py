"""What goes over the wire: exactly what Oracle's own client would send, within the time there is."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import pytest
from oci.core import BlockstorageClient, models

from handlers.cloud.backups import RegionBackups
from handlers.cloud.retry import ATTEMPTS
from handlers.cloud.signer import ResourcePrincipalSigner
from handlers.core.errors import ApiFault, Missing, Outrun, Passing, Refused
from handlers.core.model import Backup, Kind, Lifecycle
from handlers.core.operations import OPERATIONS, CopyBackup, CreateBackup, UpdateBackup
from tests.fakes import AWAY, COMPARTMENT, FAR, HOME, FakeClock, ocid
from tests.unit.wire import BACKUP, Answers, Wire, backups_over, form, sent_by


@pytest.fixture
def over(signer: ResourcePrincipalSigner) -> Callable[..., RegionBackups]:
    """The backups of the home region over a wire."""
    return lambda wire, patience=300.0, region=HOME: backups_over(signer, wire, patience, region)


def original(kind: Kind) -> Backup:
    moment = FakeClock().now()
    return Backup(kind, ocid(kind.backup_type), HOME, COMPARTMENT, Lifecycle.AVAILABLE, moment, None)


# The same as Oracle's own client

FREEFORM, DEFINED = {"team": "payroll", "ü": ""}, {"Costs": {"Center": "7"}}
KEY, KEY_AWAY, TOKEN = ocid("key"), ocid("key", AWAY), "t" * 64
GROUP, VOLUME, BOOT = ocid("volumegroup"), ocid("volume"), ocid("bootvolume")
GROUP_BACKUP, VOLUME_BACKUP, BOOT_BACKUP = (ocid(f"{kind}backup") for kind in ("volumegroup", "volume", "bootvolume"))
SOURCE = {"id": VOLUME, "compartmentId": COMPARTMENT, "lifecycleState": "AVAILABLE"}
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
LISTS: list[tuple[Kind, Callable[[Any], object], Callable[[Any], object]]] = [
    (
        Kind.VOLUME_GROUP,
        lambda sdk: sdk.list_volume_group_backups(COMPARTMENT, limit=500),
        lambda sdk: sdk.list_volume_groups(COMPARTMENT, limit=500),
    ),
    (
        Kind.VOLUME,
        lambda sdk: sdk.list_volume_backups(compartment_id=COMPARTMENT, limit=500),
        lambda sdk: sdk.list_volumes(compartment_id=COMPARTMENT, limit=500),
    ),
    (
        Kind.BOOT_VOLUME,
        lambda sdk: sdk.list_boot_volume_backups(compartment_id=COMPARTMENT, limit=500),
        lambda sdk: sdk.list_boot_volumes(compartment_id=COMPARTMENT, limit=500),
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
    return sent_by(BlockstorageClient({"region": HOME}, signer=signer), call, answer)


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
    wire, identifier = Wire(SOURCE), ocid(kind.source_type)
    over(wire).source(kind, identifier)

    assert form(wire.only) == form(sent_by_the_sdk(signer, lambda sdk: getattr(sdk, f"get_{name}")(identifier), {}))


@pytest.mark.parametrize(("kind", "backups", "sources"), LISTS)
def test_listing_is_the_same_as_with_oracles_own_client(
    over: Callable[..., RegionBackups],
    signer: ResourcePrincipalSigner,
    kind: Kind,
    backups: Callable[[Any], object],
    sources: Callable[[Any], object],
) -> None:
    """All of a compartment, backups as well as what they are made of, in large pages."""
    of_backups, of_sources = Wire([]), Wire([])
    list(over(of_backups).list_backups(kind, COMPARTMENT))
    over(of_sources).list_sources(kind, COMPARTMENT)

    assert form(of_backups.only) == form(sent_by_the_sdk(signer, backups, []))
    assert form(of_sources.only) == form(sent_by_the_sdk(signer, sources, []))


@pytest.mark.parametrize(("name", "kind"), NAMES)
def test_deleting_is_the_same_as_with_oracles_own_client(
    over: Callable[..., RegionBackups], signer: ResourcePrincipalSigner, name: str, kind: Kind
) -> None:
    """With the etag; the answer has no body, but a request's id."""
    wire, identifier = Answers([(204, None)]), ocid(kind.backup_type)

    def by_the_sdk(sdk: Any) -> object:
        return getattr(sdk, f"delete_{name}_backup")(identifier, if_match="etag")

    assert over(wire).delete(kind, identifier, "etag") == "request-1"
    assert form(wire.only) == form(sent_by_the_sdk(signer, by_the_sdk, b""))


@pytest.mark.parametrize("region", [HOME, AWAY, FAR])
def test_each_region_has_its_own_address(over: Callable[..., RegionBackups], region: str) -> None:
    """Whatever region the signer's own environment names."""
    wire = Wire()
    over(wire, region=region).get(Kind.VOLUME, ocid("volumebackup"))

    assert urlsplit(wire.only.url).netloc == f"iaas.{region}.oraclecloud.com"


# Time


@pytest.mark.parametrize(
    ("patience", "timeouts"),
    [(300.0, (5.0, 15.0)), (48.0, (3.0, 9.0)), (6.0, (1.25, 3.75)), (4.0, (1.0, 3.0)), (0.004, (0.001, 0.003))],
)
def test_a_request_waits_no_longer_than_the_call_may(
    over: Callable[..., RegionBackups], patience: float, timeouts: tuple[float, float]
) -> None:
    """For a connection and an answer together; and where there is time, some is kept for another attempt."""
    wire = Wire()
    over(wire, patience).get(Kind.VOLUME, ocid("volumebackup"))

    assert wire.timeouts == [timeouts]


def test_what_cannot_be_repeated_may_take_all_the_time_of_a_request(over: Callable[..., RegionBackups]) -> None:
    """Nothing has to be kept for another attempt."""
    wire = Wire()
    over(wire, 32.0).update(Kind.VOLUME, ocid("volumebackup"), {"displayName": "n"})

    assert wire.timeouts == [(4.0, 12.0)]


@pytest.mark.parametrize("patience", [0.0, -1.0])
def test_nothing_is_sent_once_the_deadline_has_passed(over: Callable[..., RegionBackups], patience: float) -> None:
    """What was not sent has certainly not been done."""
    wire = Wire()

    with pytest.raises(Passing) as caught:
        over(wire, patience).create(Kind.VOLUME, {}, TOKEN)

    assert caught.value.code == "Timeout"
    assert wire.sent == []


# Deletions

LOST = (500, {"code": "InternalServerError", "message": "no"})
GONE = (404, {"code": "NotAuthorizedOrNotFound", "message": "no"})
WRONG_STATE = (409, {"code": "IncorrectState", "message": "no"})
CONFLICT = (409, {"code": "Conflict", "message": "no"})
CHANGED = (412, {"code": "NoEtagMatch", "message": "no"})
ENDED: list[tuple[int, object]] = [
    GONE,
    (200, {**BACKUP, "lifecycleState": "TERMINATING"}),
    (200, {**BACKUP, "lifecycleState": "TERMINATED"}),
]
REFUSALS: list[tuple[tuple[int, object], type[ApiFault]]] = [
    (GONE, Missing),
    (WRONG_STATE, Refused),
    (CONFLICT, Refused),
    (CHANGED, Outrun),
]


def deleted(over: Callable[..., RegionBackups], wire: Wire) -> str | None:
    return over(wire).delete(Kind.VOLUME, VOLUME_BACKUP, "etag")


@pytest.mark.parametrize("ended", ENDED, ids=["gone", "ending", "ended"])
@pytest.mark.parametrize("refusal", [each for each, _ in REFUSALS], ids=str)
def test_a_deletion_has_gone_well_though_only_its_repetition_was_answered(
    over: Callable[..., RegionBackups], refusal: tuple[int, object], ended: tuple[int, object]
) -> None:
    """However Oracle refuses to delete twice: the backup is what tells. Which request it was is not known any more."""
    wire = Answers([LOST, refusal, ended])

    assert deleted(over, wire) is None
    assert [each.method for each in wire.sent] == ["DELETE", "DELETE", "GET"]


@pytest.mark.parametrize("lifecycle", ["AVAILABLE", "FAULTY", "CREATING"])
@pytest.mark.parametrize(("refusal", "expected"), REFUSALS, ids=str)
def test_a_deletion_that_was_refused_is_refused_though_the_first_answer_was_lost(
    over: Callable[..., RegionBackups], refusal: tuple[int, object], expected: type[ApiFault], lifecycle: str
) -> None:
    """The backup is as it was."""
    with pytest.raises(Refused) as caught:
        deleted(over, Answers([LOST, refusal, (200, {**BACKUP, "lifecycleState": lifecycle})]))

    assert (type(caught.value), caught.value.status) == (expected, refusal[0])


@pytest.mark.parametrize(("refusal", "expected"), REFUSALS, ids=str)
def test_a_deletion_that_is_refused_at_once_is_refused(
    over: Callable[..., RegionBackups], refusal: tuple[int, object], expected: type[ApiFault]
) -> None:
    """Nobody has to look what has become of the backup: this call has done nothing to it."""
    wire = Answers([refusal])

    with pytest.raises(Refused) as caught:
        deleted(over, wire)

    assert (type(caught.value), caught.value.status) == (expected, refusal[0])
    assert len(wire.sent) == 1


def test_what_has_become_of_a_deletion_may_not_be_known(over: Callable[..., RegionBackups]) -> None:
    """Then it may be known later."""
    with pytest.raises(Passing):
        deleted(over, Answers([LOST, GONE, *[LOST] * ATTEMPTS]))


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


@pytest.mark.parametrize(
    "answer",
    [
        BACKUP,
        {},
        "",
        [None],
        [BACKUP, 7],
        [BACKUP, {}],
        [BACKUP, {**BACKUP, "id": 7}],
        [BACKUP, {**BACKUP, "sourceVolumeBackupId": ["what is this"]}],
        [BACKUP, {**BACKUP, "freeformTags": "what is this"}],
        [BACKUP, {**BACKUP, "freeformTags": {"a": 1}}],
        b"{",
    ],
    ids=lambda each: str(each)[-40:],
)
def test_a_list_that_cannot_be_read_may_pass(over: Callable[..., RegionBackups], answer: object) -> None:
    """Half a list would be taken for the absence of a copy."""
    with pytest.raises(Passing) as caught:
        list(over(Wire(answer)).list_backups(Kind.VOLUME, COMPARTMENT))

    assert caught.value.code == "UnreadableAnswer"


@pytest.mark.parametrize(
    "answer",
    [
        {},
        [None],
        [SOURCE, {}],
        [{**SOURCE, "id": None}],
        [{**SOURCE, "compartmentId": None}],
        [{**SOURCE, "freeformTags": [1]}],
        [{**SOURCE, "definedTags": {"Costs": "what is this"}}],
        [{**SOURCE, "timeCreated": "yesterday"}],
        [{key: value for key, value in SOURCE.items() if key != "lifecycleState"}],
    ],
    ids=lambda each: str(each)[-40:],
)
def test_a_list_of_sources_that_cannot_be_read_may_pass(over: Callable[..., RegionBackups], answer: object) -> None:
    """Half a list would be taken for sources without tags."""
    with pytest.raises(Passing) as caught:
        over(Wire(answer)).list_sources(Kind.VOLUME, COMPARTMENT)

    assert caught.value.code == "UnreadableAnswer"


def test_sources_are_read_from_a_list(over: Callable[..., RegionBackups]) -> None:
    """Each with its own tags, if any."""
    wire = Wire([{**SOURCE, "freeformTags": FREEFORM, "aFieldOfNextYear": {}}, {**SOURCE, "id": BOOT}])

    with_tags, without = over(wire).list_sources(Kind.VOLUME, COMPARTMENT)

    assert (with_tags.kind, with_tags.id, with_tags.freeform_tags) == (Kind.VOLUME, VOLUME, FREEFORM)
    assert (without.id, without.freeform_tags, without.defined_tags) == (BOOT, {}, {})
    assert (without.name, without.group_id, without.time_created) == ("", None, None)


def test_what_is_known_of_a_source_is_read(over: Callable[..., RegionBackups]) -> None:
    """Defined tags are strings, as those of most are; others are known as JSON writes them."""
    defined = {"Costs": {"Center": "7", "shared": True}, "Teams": {"heads": 3}, "Empty": {}}
    facts = {"displayName": "ledger", "volumeGroupId": GROUP, "timeCreated": "2026-11-21T02:00:00.123Z"}
    source = over(Wire({**SOURCE, **facts, "definedTags": defined})).source(Kind.VOLUME, VOLUME)

    assert (source.name, source.compartment_id, source.group_id) == ("ledger", COMPARTMENT, GROUP)
    assert source.defined_tags == {"Costs.Center": "7", "Costs.shared": "true", "Teams.heads": "3"}
    assert source.time_created is not None
    assert source.time_created.isoformat() == "2026-11-21T02:00:00.123000+00:00"
    assert source.lifecycle is Lifecycle.AVAILABLE


FLAGS = ["isRetentionLockEnabled", "isPreventDeletionEnabled", "isIndefiniteRetentionEnabled"]


@pytest.mark.parametrize("flag", FLAGS)
@pytest.mark.parametrize("value", [True, False, None])
def test_each_flag_against_deletion_protects(over: Callable[..., RegionBackups], flag: str, value: object) -> None:
    """Where it is set; absent, null and false are the same."""
    backup = over(Wire({**BACKUP, flag: value})).get(Kind.VOLUME, VOLUME_BACKUP)

    assert backup.is_protected is (value is True)


@pytest.mark.parametrize(
    ("field", "value", "name", "expected"),
    [
        ("uniqueSizeInGBs", 7, "stored_gb", 7),
        ("uniqueSizeInGbs", 7, "stored_gb", 7),
        ("uniqueSizeInGBs", 0, "stored_gb", 0),
        ("uniqueSizeInGBs", None, "stored_gb", None),
        ("sourceType", "SCHEDULED", "is_scheduled", True),
        ("sourceType", "MANUAL", "is_scheduled", False),
        ("sourceType", None, "is_scheduled", False),
        ("timeRetentionExpiresAt", None, "retained_until", None),
        ("timeRetentionExpiresAt", "2026-12-21T02:00:00.000Z", "retained_until", datetime(2026, 12, 21, 2, tzinfo=UTC)),
    ],
)
def test_what_is_known_of_a_backup_is_read(
    over: Callable[..., RegionBackups], field: str, value: object, name: str, expected: object
) -> None:
    """Whichever way the API writes it for this kind of backup."""
    backup = over(Wire({**BACKUP, field: value})).get(Kind.VOLUME, VOLUME_BACKUP)

    assert getattr(backup, name) == expected


def test_a_list_has_the_requests_id_and_no_etag(over: Callable[..., RegionBackups]) -> None:
    """An etag of a list is not that of its items."""
    (backup,) = over(Wire([BACKUP], etag="of-the-list")).list_backups(Kind.VOLUME, COMPARTMENT)

    assert (backup.etag, backup.opc_request_id) == (None, "request-1")


def test_what_comes_again_and_again_in_a_list_is_kept_once(over: Callable[..., RegionBackups]) -> None:
    """What names the copied backup is held once where copies are kept: see `handlers.lists`."""
    tags = {"backup-copy-source-region": HOME}
    listed = [{**BACKUP, "id": ocid("volumebackup", AWAY, f"n{number}"), "volumeId": VOLUME} for number in range(2)]
    copies = [{**item, "sourceVolumeBackupId": BACKUP["id"], "freeformTags": tags} for item in listed]
    backups = over(Wire([BACKUP]))

    (original,) = backups.list_backups(Kind.VOLUME, COMPARTMENT)
    first, second = over(Wire(copies)).list_backups(Kind.VOLUME, COMPARTMENT)

    assert first.copied_from == second.copied_from == original.id
    assert first.compartment_id is second.compartment_id is original.compartment_id
    assert first.source_id is second.source_id
    assert first.opc_request_id is second.opc_request_id
    assert first.freeform_tags["backup-copy-source-region"] is second.freeform_tags["backup-copy-source-region"]
    assert (first.freeform_tags, original.freeform_tags) == (tags, {})
