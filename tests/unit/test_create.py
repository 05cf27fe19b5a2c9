"""Creating a backup: one for each occurrence, and a plain word when the API refuses."""

from datetime import timedelta
from typing import Any

import pytest

from handlers.core.model import Kind, Lifecycle, Source
from handlers.core.operations import OPERATIONS, CreateBackup
from handlers.core.report import Outcome, Reason, Result
from handlers.create import create
from tests.fakes import HOME, FakeCloud, make_call, ocid, passing, refused

FIELDS = {Kind.VOLUME_GROUP: "volumeGroupId", Kind.VOLUME: "volumeId", Kind.BOOT_VOLUME: "bootVolumeId"}


@pytest.fixture
def cloud() -> FakeCloud:
    return FakeCloud()


@pytest.fixture(params=list(Kind))
def source(request: pytest.FixtureRequest, cloud: FakeCloud) -> Source:
    return cloud.add_source(Kind(request.param))


def operation(source: Source, **fields: Any) -> CreateBackup:
    name = f"Create{source.kind}Backup"
    parsed = OPERATIONS[name].model_validate({"operation": name, FIELDS[source.kind]: source.id, **fields})
    assert isinstance(parsed, CreateBackup)
    return parsed


def run(cloud: FakeCloud, source: Source, occurrence: str = "a", **fields: Any) -> Result:
    return create(operation(source, **fields), make_call(cloud, occurrence=occurrence))


def test_a_backup_is_started_in_the_functions_region(cloud: FakeCloud, source: Source) -> None:
    """The answer names the source, the new backup and the request that made it."""
    result = run(cloud, source)
    (backup,) = cloud.backups.values()

    assert (result.operation, result.outcome) == (f"Create{source.kind}Backup", Outcome.CREATED)
    assert (result.source_id, result.backup_id) == (source.id, backup.id)
    assert result.opc_request_id
    assert (backup.kind, backup.region, backup.source_id) == (source.kind, HOME, source.id)
    assert backup.lifecycle is Lifecycle.REQUEST_RECEIVED


def test_a_repeated_create_whose_backup_has_failed_says_so(cloud: FakeCloud, source: Source) -> None:
    """The token still answers with the backup that it made: that one is no success."""
    first = run(cloud, source)
    cloud.change(cloud.backups[str(first.backup_id)], lifecycle=Lifecycle.FAULTY)

    result = run(cloud, source)

    assert (result.outcome, result.reason, result.backup_id) == (Outcome.FAILED, Reason.FAULTY, first.backup_id)


def test_what_was_asked_for_is_passed_on_whole(cloud: FakeCloud, source: Source) -> None:
    """Type, name and tags; what is only ours is not in the request."""
    tags: dict[str, Any] = {"freeformTags": {"team": "payroll"}, "definedTags": {"Costs": {"Center": 7}}}
    run(cloud, source, type="FULL", displayName="nightly", idempotencyKey="k", **tags)

    (call,) = cloud.made("create")

    assert call.arguments["body"] == {
        FIELDS[source.kind]: source.id,
        "type": "FULL",
        "displayName": "nightly",
        **tags,
    }


def test_the_same_tick_makes_one_backup(cloud: FakeCloud, source: Source) -> None:
    """However often it is delivered, its answer is the same backup."""
    first, second = run(cloud, source, "tick"), run(cloud, source, "tick")

    assert first.backup_id == second.backup_id
    assert len(cloud.backups) == 1


def test_the_next_tick_makes_the_next_backup(cloud: FakeCloud, source: Source) -> None:
    """Another occurrence has another token."""
    run(cloud, source, "one")
    run(cloud, source, "two")

    assert len(cloud.backups) == 2


def test_another_request_of_the_same_tick_makes_another_backup(cloud: FakeCloud, source: Source) -> None:
    """A schedule may ask for two backups of one source; a token stands for one of them."""
    run(cloud, source, "tick", type="FULL")
    run(cloud, source, "tick", displayName="another")

    assert len(cloud.backups) == 2


def test_an_idempotency_key_stands_above_the_tick(cloud: FakeCloud, source: Source) -> None:
    """Two creates with one key make one backup, whenever they come."""
    first = run(cloud, source, "one", idempotencyKey="monday")
    second = run(cloud, source, "two", idempotencyKey="monday")
    run(cloud, source, "two", idempotencyKey="tuesday")

    assert first.backup_id == second.backup_id
    assert len(cloud.backups) == 2


def test_a_dry_run_creates_nothing(cloud: FakeCloud, source: Source) -> None:
    """It looks whether the source is there, and says what would be done."""
    result = run(cloud, source, dryRun=True)

    assert (result.outcome, result.source_id, result.backup_id) == (Outcome.PLANNED, source.id, None)
    assert cloud.changes == []


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_source_that_is_gone_is_a_failure(cloud: FakeCloud, *, dry_run: bool) -> None:
    """With the API's own code; repeating it cannot help."""
    result = run(cloud, Source(Kind.VOLUME, ocid("volume", unique="gone"), {}), dryRun=dry_run)

    assert (result.outcome, result.reason) == (Outcome.FAILED, "NotAuthorizedOrNotFound")
    assert result.opc_request_id
    assert not result.may_pass


@pytest.mark.parametrize(("fault", "may_pass"), [(passing("TooManyRequests", 429), True), (refused("X", 409), False)])
def test_what_the_api_refuses_is_a_failure_with_its_code(cloud: FakeCloud, fault: Any, *, may_pass: bool) -> None:
    """Whether it may pass decides whether the caller should come again."""
    cloud.script("create", fault)

    result = run(cloud, cloud.add_source())

    assert (result.outcome, result.reason, result.may_pass) == (Outcome.FAILED, fault.code, may_pass)


def test_a_create_that_timed_out_is_repeated_without_a_second_backup(cloud: FakeCloud) -> None:
    """The answer was lost, the backup was not: the redelivery's token finds it."""
    source = cloud.add_source()

    run(cloud, source)
    cloud.clock.advance(timedelta(minutes=5))

    assert run(cloud, source).backup_id == next(iter(cloud.backups))
    assert len(cloud.backups) == 1
