"""Which well-formed operations this function may carry out: decided for all of them before any is begun."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from handlers.core.errors import Problem, Rejected
from handlers.core.ocid import is_key_of, region_of
from handlers.core.operations import (
    CopyBackup,
    CreateBackup,
    ExplainPolicy,
    Format,
    Operation,
    ReportCopies,
    Sweep,
    UpdateBackup,
)
from handlers.core.settings import Settings

ALLOW_MORE = "set ALLOWED_REGIONS to it and to all regions of DESTINATION_REGIONS and POLICY"


def admit(operations: Sequence[Operation], settings: Settings, field: str = "") -> None:
    """Raise `Rejected`, with every problem, unless all operations keep to the regions this function is for.

    `field` is where the operations stand, for the problems' paths.
    """
    problems: list[Problem] = []
    if len(operations) > 1 and any(
        isinstance(each, ReportCopies) and each.format is not Format.JSON for each in operations
    ):
        problems.append(
            Problem(f"{field}.format" if field else "format", "must be json where there are other operations")
        )
    for index, operation in enumerate(operations):
        path = f"{field}[{index}]" if len(operations) > 1 else field
        for name, message in _objections(operation, settings):
            problems.append(Problem(f"{path}.{name}" if path else name, message))
        if isinstance(operation, CreateBackup) and operation in operations[:index]:
            problems.append(Problem(path, "asks for the same backup as another: remove it, or set an idempotencyKey"))
    if problems:
        raise Rejected(*problems)


def _objections(operation: Operation, settings: Settings) -> Iterator[tuple[str, str]]:
    match operation:
        case Sweep():
            yield from _named(operation.destination_region or (), settings)
            if not (operation.destination_region or settings.every_destination or settings.allowed_regions):
                yield "destinationRegion", "is missing: name one, or set DESTINATION_REGIONS, POLICY or ALLOWED_REGIONS"
            yield from _part(operation, settings)
        case ReportCopies():
            yield from _named(operation.destination_region or (), settings)
        case ExplainPolicy():
            yield from _foreign(operation, "source_id", operation.source_id, settings)
        case CreateBackup():
            yield from _foreign(operation, "source_id", operation.source_id, settings)
            key = getattr(operation, "kms_key_id", None)
            if key is not None and not is_key_of(key, settings.region):
                yield "kmsKeyId", f"must be a key in {settings.region}, where the backup is made"
        case CopyBackup():
            yield from _foreign(operation, "backup_id", operation.backup_id, settings)
            yield from _destinations(operation, settings)
        case UpdateBackup():
            yield from _foreign(operation, "backup_id", operation.backup_id, settings)


def _part(operation: Sweep, settings: Settings) -> Iterator[tuple[str, str]]:
    """Who has a part sees its own compartments only: many such would get round the limit on what is under way."""
    if operation.part and settings.fan_out == "OFF":
        yield "part", "is what a sweep says that hands work on: set FAN_OUT to ON, or leave it out"
    elif operation.part and (operation.dry_run or not operation.compartment_id):
        yield "part", "needs compartmentId beside it, and no dryRun: it is what a sweep says that hands work on"


def _foreign(operation: Operation, field: str, ocid: str, settings: Settings) -> Iterator[tuple[str, str]]:
    """An OCID of another region would only be answered 404: say what is really wrong."""
    if region_of(ocid) not in {settings.region, None}:
        alias = str(type(operation).model_fields[field].alias)
        yield alias, f"is of another region: this function works on sources in {settings.region}"


def _destinations(operation: CopyBackup, settings: Settings) -> Iterator[tuple[str, str]]:
    yield from _named(operation.destination_region or (), settings)
    for region in operation.destination_region or ():
        if operation.kms_key_id is not None and not is_key_of(operation.kms_key_id, region):
            yield "kmsKeyId", "must be a key in the destination region: name one destination for each key"
    if operation.kms_key_id is not None and not operation.destination_region:
        yield "kmsKeyId", "needs a destinationRegion beside it, in which the key is"


def _named(regions: Sequence[str], settings: Settings) -> Iterator[tuple[str, str]]:
    for region in regions:
        objection = objection_to(region, settings)
        if objection:
            yield "destinationRegion", objection


def objection_to(region: str, settings: Settings) -> str | None:
    """Why nothing may be copied to `region`, or `None` when it may."""
    if region == settings.region:
        return "is the region where the source is: name another"
    if not settings.allows(region):
        remedy = "add it to ALLOWED_REGIONS" if settings.allowed_regions else ALLOW_MORE
        return f"is not among the allowed regions: name another, or {remedy}"
    return None
