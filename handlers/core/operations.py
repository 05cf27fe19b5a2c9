"""The operations a caller may ask for, each a model with the API's own names and limits."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    StrictStr,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from handlers.core.fan_out import Part
from handlers.core.fields import (
    CompartmentId,
    CompartmentList,
    DefinedTags,
    FreeformTags,
    Interval,
    KeyId,
    RegionList,
    Retention,
    Text,
    check_ocid,
)
from handlers.core.grammar import Keep
from handlers.core.model import Kind


class BackupType(StrEnum):
    """https://docs.oracle.com/iaas/api/#/en/iaas/latest/datatypes/CreateVolumeBackupDetails"""

    INCREMENTAL = "INCREMENTAL"
    FULL = "FULL"


class Operation(BaseModel):
    """What every operation may carry. Keys are the API's camelCase; unknown ones are refused."""

    # Of the many a call reads one or two: what is not asked for is not built when a container starts.
    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, defer_build=True)

    NOT_IN_BODY: ClassVar[set[str]] = {"operation", "dry_run", "idempotency_key", "backup_id", "if_match"}

    operation: str
    dry_run: StrictBool = False
    idempotency_key: Annotated[StrictStr, Field(min_length=1, max_length=64)] | None = None

    def api_body(self) -> dict[str, Any]:
        """The request body: the fields that the API knows, in its names, without those that were not given."""
        return self.model_dump(mode="json", by_alias=True, exclude=self.NOT_IN_BODY, exclude_none=True)


class CreateBackup(Operation):
    """Make a backup of a source in the function's own region."""

    kind: ClassVar[Kind]

    source_id: str
    type: BackupType = BackupType.INCREMENTAL
    display_name: Text | None = None
    freeform_tags: FreeformTags | None = None
    defined_tags: DefinedTags | None = None


class CreateVolumeGroupBackup(CreateBackup):
    """https://docs.oracle.com/iaas/api/#/en/iaas/latest/VolumeGroupBackup/CreateVolumeGroupBackup"""

    kind = Kind.VOLUME_GROUP
    operation: Literal["CreateVolumeGroupBackup"]
    source_id: Annotated[StrictStr, check_ocid("volumegroup"), Field(alias="volumeGroupId")]
    compartment_id: CompartmentId | None = None


class CreateVolumeBackup(CreateBackup):
    """https://docs.oracle.com/iaas/api/#/en/iaas/latest/VolumeBackup/CreateVolumeBackup"""

    kind = Kind.VOLUME
    operation: Literal["CreateVolumeBackup"]
    source_id: Annotated[StrictStr, check_ocid("volume"), Field(alias="volumeId")]
    kms_key_id: KeyId | None = None


class CreateBootVolumeBackup(CreateBackup):
    """https://docs.oracle.com/iaas/api/#/en/iaas/latest/BootVolumeBackup/CreateBootVolumeBackup"""

    kind = Kind.BOOT_VOLUME
    operation: Literal["CreateBootVolumeBackup"]
    source_id: Annotated[StrictStr, check_ocid("bootvolume"), Field(alias="bootVolumeId")]
    kms_key_id: KeyId | None = None


class CopyBackup(Operation):
    """Copy a backup of the function's own region to other regions. No region named: the configured ones."""

    kind: ClassVar[Kind]

    backup_id: str
    destination_region: RegionList | None = None
    display_name: Text | None = None
    kms_key_id: KeyId | None = None


class CopyVolumeGroupBackup(CopyBackup):
    """https://docs.oracle.com/iaas/api/#/en/iaas/latest/VolumeGroupBackup/CopyVolumeGroupBackup"""

    kind = Kind.VOLUME_GROUP
    operation: Literal["CopyVolumeGroupBackup", "CreateVolumeGroupBackupCopy"]
    backup_id: Annotated[StrictStr, check_ocid("volumegroupbackup"), Field(alias="volumeGroupBackupId")]


class CopyVolumeBackup(CopyBackup):
    """https://docs.oracle.com/iaas/api/#/en/iaas/latest/VolumeBackup/CopyVolumeBackup"""

    kind = Kind.VOLUME
    operation: Literal["CopyVolumeBackup"]
    backup_id: Annotated[StrictStr, check_ocid("volumebackup"), Field(alias="volumeBackupId")]


class CopyBootVolumeBackup(CopyBackup):
    """https://docs.oracle.com/iaas/api/#/en/iaas/latest/BootVolumeBackup/CopyBootVolumeBackup"""

    kind = Kind.BOOT_VOLUME
    operation: Literal["CopyBootVolumeBackup"]
    backup_id: Annotated[StrictStr, check_ocid("bootvolumebackup"), Field(alias="bootVolumeBackupId")]


class UpdateBackup(Operation):
    """Change a backup's name or tags. Tags replace all that were there, as in the API."""

    kind: ClassVar[Kind]

    backup_id: str
    display_name: Text | None = None
    freeform_tags: FreeformTags | None = None
    defined_tags: DefinedTags | None = None
    if_match: Annotated[StrictStr, Field(min_length=1, max_length=255, pattern=r"^[\x21-\x7e]+$")] | None = None

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if self.display_name is None and self.freeform_tags is None and self.defined_tags is None:
            raise PydanticCustomError("no_change", "must give displayName, freeformTags or definedTags to change")
        return self


class UpdateVolumeGroupBackup(UpdateBackup):
    """https://docs.oracle.com/iaas/api/#/en/iaas/latest/VolumeGroupBackup/UpdateVolumeGroupBackup"""

    kind = Kind.VOLUME_GROUP
    operation: Literal["UpdateVolumeGroupBackup"]
    backup_id: Annotated[StrictStr, check_ocid("volumegroupbackup"), Field(alias="volumeGroupBackupId")]


class UpdateVolumeBackup(UpdateBackup):
    """https://docs.oracle.com/iaas/api/#/en/iaas/latest/VolumeBackup/UpdateVolumeBackup"""

    kind = Kind.VOLUME
    operation: Literal["UpdateVolumeBackup"]
    backup_id: Annotated[StrictStr, check_ocid("volumebackup"), Field(alias="volumeBackupId")]


class UpdateBootVolumeBackup(UpdateBackup):
    """https://docs.oracle.com/iaas/api/#/en/iaas/latest/BootVolumeBackup/UpdateBootVolumeBackup"""

    kind = Kind.BOOT_VOLUME
    operation: Literal["UpdateBootVolumeBackup"]
    backup_id: Annotated[StrictStr, check_ocid("bootvolumebackup"), Field(alias="bootVolumeBackupId")]


class Overview(Operation):
    """What looks at all sources and backups of some compartments; none named: the configured ones."""

    compartment_id: CompartmentList | None = None


class Sweep(Overview):
    """Everything that should exist minus everything that exists.

    Of a `part` only the compartments that are named are read, as if there were no others.
    """

    operation: Literal["Sweep"] = "Sweep"
    destination_region: RegionList | None = None
    part: Part | None = None


class CreateDueBackups(Overview):
    """A backup for each source that is due for one. `every` stands above what holds for the sources."""

    operation: Literal["CreateDueBackups"]
    every: Interval | None = None


class PruneCopies(Overview):
    """Retention. `keep` stands above what holds for the sources, and only shows what it would do."""

    operation: Literal["PruneCopies"]
    keep: Retention | None = None

    @field_validator("keep")
    @classmethod
    def _only_shown(cls, keep: Keep | None, info: ValidationInfo) -> Keep | None:
        if keep is not None and not info.data.get("dry_run"):
            raise PydanticCustomError(
                "dry_run", "may be given with dryRun only: what is deleted is up to POLICY and tags"
            )
        return keep


class Format(StrEnum):
    """What a report is written in."""

    JSON = "json"
    MARKDOWN = "markdown"
    HTML = "html"


class ReportCopies(Overview):
    """How it stands with each source in each destination. `days` is how far back a page looks."""

    operation: Literal["ReportCopies"]
    destination_region: RegionList | None = None
    format: Format = Format.JSON
    days: Annotated[StrictInt, Field(ge=1, le=400)] = 30


class ExplainPolicy(Operation):
    """What holds for one source, and which rule or tag says so."""

    operation: Literal["ExplainPolicy"]
    source_id: Annotated[StrictStr, check_ocid("volumegroup", "volume", "bootvolume")]


OPERATIONS: Mapping[str, type[Operation]] = {
    "CreateVolumeGroupBackup": CreateVolumeGroupBackup,
    "CreateVolumeBackup": CreateVolumeBackup,
    "CreateBootVolumeBackup": CreateBootVolumeBackup,
    "CopyVolumeGroupBackup": CopyVolumeGroupBackup,
    "CreateVolumeGroupBackupCopy": CopyVolumeGroupBackup,
    "CopyVolumeBackup": CopyVolumeBackup,
    "CopyBootVolumeBackup": CopyBootVolumeBackup,
    "UpdateVolumeGroupBackup": UpdateVolumeGroupBackup,
    "UpdateVolumeBackup": UpdateVolumeBackup,
    "UpdateBootVolumeBackup": UpdateBootVolumeBackup,
    "Sweep": Sweep,
    "CreateDueBackups": CreateDueBackups,
    "PruneCopies": PruneCopies,
    "ReportCopies": ReportCopies,
    "ExplainPolicy": ExplainPolicy,
}
