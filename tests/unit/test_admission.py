"""Which well-formed operations are carried out: what a payload may not reach is refused before any call."""

import pytest

from handlers.core.admission import admit
from handlers.core.errors import Rejected
from handlers.core.operations import OPERATIONS, Operation
from tests.fakes import AWAY, FAR, HOME, configuration, ocid

TOKYO = "ap-tokyo-1"


def operation(name: str, **fields: object) -> Operation:
    return OPERATIONS[name].model_validate({"operation": name, **fields})


def copy(**fields: object) -> Operation:
    return operation("CopyVolumeBackup", **{"volumeBackupId": ocid("volumebackup"), **fields})


def problems(*operations: Operation, field: str = "", **keys: str) -> dict[str, str]:
    with pytest.raises(Rejected) as caught:
        admit(operations, configuration(**keys), field)
    return {problem.field: problem.message for problem in caught.value.problems}


@pytest.mark.parametrize(
    "admitted",
    [
        copy(),
        copy(destinationRegion=AWAY),
        copy(destinationRegion=AWAY, kmsKeyId=ocid("key", AWAY)),
        copy(volumeBackupId=ocid("volumebackup", "xyz")),
        operation("CreateVolumeBackup", volumeId=ocid("volume"), kmsKeyId=ocid("key")),
        operation("CreateVolumeGroupBackup", volumeGroupId=ocid("volumegroup")),
        operation("UpdateVolumeBackup", volumeBackupId=ocid("volumebackup"), displayName="x"),
        operation("Sweep"),
        operation("Sweep", destinationRegion=AWAY),
        operation("CreateDueBackups", every="6h"),
        operation("PruneCopies"),
        operation("ReportCopies", destinationRegion=AWAY, format="html"),
        operation("ExplainPolicy", sourceId=ocid("volume")),
        operation("ExplainPolicy", sourceId=ocid("volumegroup", "xyz")),
    ],
    ids=lambda each: each.operation,
)
def test_what_keeps_to_the_functions_regions_is_admitted(admitted: Operation) -> None:
    """Also where an OCID does not tell its region."""
    admit([admitted], configuration())


@pytest.mark.parametrize(
    ("refused", "field", "message"),
    [
        (copy(destinationRegion=HOME), "destinationRegion", "where the source is"),
        (copy(destinationRegion=FAR), "destinationRegion", "not among the allowed"),
        (copy(volumeBackupId=ocid("volumebackup", AWAY)), "volumeBackupId", "of another region"),
        (copy(kmsKeyId=ocid("key", AWAY)), "kmsKeyId", "needs a destinationRegion"),
        (copy(destinationRegion=AWAY, kmsKeyId=ocid("key", HOME)), "kmsKeyId", "in the destination region"),
        (operation("CreateVolumeBackup", volumeId=ocid("volume", AWAY)), "volumeId", "of another region"),
        (
            operation("CreateVolumeBackup", volumeId=ocid("volume"), kmsKeyId=ocid("key", AWAY)),
            "kmsKeyId",
            "where the backup is made",
        ),
        (
            operation("UpdateBootVolumeBackup", bootVolumeBackupId=ocid("bootvolumebackup", FAR), displayName="x"),
            "bootVolumeBackupId",
            "of another region",
        ),
        (operation("Sweep", destinationRegion=HOME), "destinationRegion", "where the source is"),
        (operation("Sweep", destinationRegion=[AWAY, FAR]), "destinationRegion", "not among the allowed"),
        (operation("ReportCopies", destinationRegion=HOME), "destinationRegion", "where the source is"),
        (operation("ReportCopies", destinationRegion=FAR), "destinationRegion", "not among the allowed"),
        (operation("ExplainPolicy", sourceId=ocid("bootvolume", AWAY)), "sourceId", "of another region"),
    ],
)
def test_what_leaves_the_functions_regions_is_refused(refused: Operation, field: str, message: str) -> None:
    """The answer names the field and the remedy."""
    found = problems(refused)

    assert list(found) == [field]
    assert message in found[field]


def test_a_sweep_must_know_where_copies_go() -> None:
    """It would find nothing to do, and be taken for success: by name, by configuration, or by tags alone it knows."""
    nowhere = {"DESTINATION_REGIONS": ""}

    assert "DESTINATION_REGIONS" in problems(operation("Sweep"), **nowhere)["destinationRegion"]
    admit([operation("Sweep")], configuration(**nowhere, ALLOWED_REGIONS=FAR))
    admit([operation("Sweep")], configuration(**nowhere, POLICY=f'{{"defaults": {{"destinations": "{FAR}"}}}}'))
    admit([operation("Sweep", destinationRegion=FAR)], configuration(**nowhere))


def test_a_page_is_the_whole_answer() -> None:
    """There is no room in it for what other operations would have to say."""
    page, plain = operation("ReportCopies", format="markdown"), operation("ReportCopies")

    assert "must be json" in problems(page, operation("Sweep"))["format"]
    admit([plain, operation("Sweep")], configuration())


def test_the_region_of_the_sources_counts_and_not_the_functions_own() -> None:
    """A function may stand elsewhere than the sources that it looks after."""
    elsewhere = {"SOURCE_REGION": FAR, "ALLOWED_REGIONS": f"{AWAY},{HOME}"}
    explain = operation("ExplainPolicy", sourceId=ocid("volume", "eu-frankfurt-1"))

    admit([explain, operation("Sweep", destinationRegion=HOME)], configuration(**elsewhere))
    assert "of another region" in problems(operation("ExplainPolicy", sourceId=ocid("volume")), **elsewhere)["sourceId"]


def test_the_same_create_twice_in_a_call_is_refused() -> None:
    """Both would have one token, and so make one backup that counts as two; a key of its own tells them apart."""
    twice = [operation("CreateVolumeBackup", volumeId=ocid("volume"))] * 2
    apart = [operation("CreateVolumeBackup", volumeId=ocid("volume"), idempotencyKey=key) for key in "ab"]

    admit(apart, configuration())
    assert list(problems(*twice)) == ["[1]"]


def test_a_key_cannot_be_that_of_two_destinations() -> None:
    """A key is in one region."""
    refused = copy(destinationRegion=[AWAY, FAR], kmsKeyId=ocid("key", AWAY))

    assert "one destination for each key" in problems(refused, ALLOWED_REGIONS=f"{AWAY},{FAR}")["kmsKeyId"]


def test_a_payload_that_names_no_region_needs_none_to_be_allowed() -> None:
    """The configured destinations are the operator's own word."""
    admit([copy()], configuration(ALLOWED_REGIONS=TOKYO))


def test_all_operations_are_judged_and_told_with_their_place() -> None:
    """One that is refused does not hide the next."""
    found = problems(copy(), copy(destinationRegion=FAR), copy(destinationRegion=HOME))

    assert list(found) == ["[1].destinationRegion", "[2].destinationRegion"]


def test_a_schedule_that_is_refused_is_told_as_the_schedule() -> None:
    """Nobody sent it: the remedy is in the configuration."""
    stray = copy(destinationRegion=FAR)

    assert list(problems(stray, field="SCHEDULE")) == ["SCHEDULE.destinationRegion"]
    assert list(problems(copy(), stray, field="SCHEDULE")) == ["SCHEDULE[1].destinationRegion"]


@pytest.mark.parametrize("region", [HOME, FAR])
def test_a_region_that_is_refused_is_not_repeated(region: str) -> None:
    """An answer names what is wrong with a field, and never the field's value."""
    assert region not in str(problems(copy(destinationRegion=region)))
