"""The operations a caller may ask for, each a model with the API's own names and limits."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, StrictInt, StrictStr, model_validator
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from handlers.core.model import Kind
from handlers.core.ocid import Ocid, is_region


class BackupType(StrEnum):
    """https://docs.oracle.com/iaas/api/#/en/iaas/latest/datatypes/CreateVolumeBackupDetails"""

    INCREMENTAL = "INCREMENTAL"
    FULL = "FULL"


def _check_ocid(*resource_types: str) -> BeforeValidator:
    """A validator for OCIDs of these resource types; its error never repeats the value."""

    def check(value: object) -> object:
        parsed = Ocid.parse(value) if isinstance(value, str) else None
        if parsed is None or parsed.resource_type not in resource_types:
            raise PydanticCustomError("ocid", f"must be the OCID of a {' or '.join(resource_types)}")
        return value

    return BeforeValidator(check)


def _check_region(value: object) -> object:
    if not isinstance(value, str) or not is_region(value):
        raise PydanticCustomError("region", "must be a region identifier such as us-phoenix-1")
    return value


def _as_list(value: object) -> object:
    """One region is a list of one; a region named twice is named once."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, list | tuple) and all(isinstance(each, str) for each in value):
        return list(dict.fromkeys(value))
    return value


Text = Annotated[StrictStr, Field(min_length=1, max_length=255)]
Region = Annotated[StrictStr, BeforeValidator(_check_region)]
KeyId = Annotated[StrictStr, _check_ocid("key")]
CompartmentId = Annotated[StrictStr, _check_ocid("compartment", "tenancy")]
FreeformTags = Annotated[
    dict[
        Annotated[StrictStr, Field(min_length=1, max_length=100)],
        Annotated[StrictStr, Field(max_length=256)],
    ],
    Field(max_length=10),
]
TagValue = Annotated[StrictStr, Field(max_length=256)] | StrictInt | StrictBool
DefinedTags = dict[
    Annotated[StrictStr, Field(min_length=1, max_length=100)],
    Annotated[dict[Annotated[StrictStr, Field(min_length=1, max_length=100)], TagValue], Field(max_length=64)],
]


class Operation(BaseModel):
    """What every operation may carry. Keys are the API's camelCase; unknown ones are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel)

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
    source_id: Annotated[StrictStr, _check_ocid("volumegroup"), Field(alias="volumeGroupId")]
    compartment_id: CompartmentId | None = None


class CreateVolumeBackup(CreateBackup):
    """https://docs.oracle.com/iaas/api/#/en/iaas/latest/VolumeBackup/CreateVolumeBackup"""

    kind = Kind.VOLUME
    operation: Literal["CreateVolumeBackup"]
    source_id: Annotated[StrictStr, _check_ocid("volume"), Field(alias="volumeId")]
    kms_key_id: KeyId | None = None


class CreateBootVolumeBackup(CreateBackup):
    """https://docs.oracle.com/iaas/api/#/en/iaas/latest/BootVolumeBackup/CreateBootVolumeBackup"""

    kind = Kind.BOOT_VOLUME
    operation: Literal["CreateBootVolumeBackup"]
    source_id: Annotated[StrictStr, _check_ocid("bootvolume"), Field(alias="bootVolumeId")]
    kms_key_id: KeyId | None = None


class CopyBackup(Operation):
    """Copy a backup of the function's own region to other regions. No region named: the configured ones."""

    kind: ClassVar[Kind]

    backup_id: str
    destination_region: (
        Annotated[tuple[Region, ...], BeforeValidator(_as_list), Field(min_length=1, max_length=20)] | None
    ) = None
    display_name: Text | None = None
    kms_key_id: KeyId | None = None


class CopyVolumeGroupBackup(CopyBackup):
    """https://docs.oracle.com/iaas/api/#/en/iaas/latest/VolumeGroupBackup/CopyVolumeGroupBackup"""

    kind = Kind.VOLUME_GROUP
    operation: Literal["CopyVolumeGroupBackup", "CreateVolumeGroupBackupCopy"]
    backup_id: Annotated[StrictStr, _check_ocid("volumegroupbackup"), Field(alias="volumeGroupBackupId")]


class CopyVolumeBackup(CopyBackup):
    """https://docs.oracle.com/iaas/api/#/en/iaas/latest/VolumeBackup/CopyVolumeBackup"""

    kind = Kind.VOLUME
    operation: Literal["CopyVolumeBackup"]
    backup_id: Annotated[StrictStr, _check_ocid("volumebackup"), Field(alias="volumeBackupId")]


class CopyBootVolumeBackup(CopyBackup):
    """https://docs.oracle.com/iaas/api/#/en/iaas/latest/BootVolumeBackup/CopyBootVolumeBackup"""

    kind = Kind.BOOT_VOLUME
    operation: Literal["CopyBootVolumeBackup"]
    backup_id: Annotated[StrictStr, _check_ocid("bootvolumebackup"), Field(alias="bootVolumeBackupId")]


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
    backup_id: Annotated[StrictStr, _check_ocid("volumegroupbackup"), Field(alias="volumeGroupBackupId")]


class UpdateVolumeBackup(UpdateBackup):
    """https://docs.oracle.com/iaas/api/#/en/iaas/latest/VolumeBackup/UpdateVolumeBackup"""

    kind = Kind.VOLUME
    operation: Literal["UpdateVolumeBackup"]
    backup_id: Annotated[StrictStr, _check_ocid("volumebackup"), Field(alias="volumeBackupId")]


class UpdateBootVolumeBackup(UpdateBackup):
    """https://docs.oracle.com/iaas/api/#/en/iaas/latest/BootVolumeBackup/UpdateBootVolumeBackup"""

    kind = Kind.BOOT_VOLUME
    operation: Literal["UpdateBootVolumeBackup"]
    backup_id: Annotated[StrictStr, _check_ocid("bootvolumebackup"), Field(alias="bootVolumeBackupId")]


class Sweep(Operation):
    """Everything that should exist minus everything that exists."""

    operation: Literal["Sweep"] = "Sweep"
    compartment_id: Annotated[tuple[CompartmentId, ...], BeforeValidator(_as_list), Field(min_length=1)] | None = None
    destination_region: (
        Annotated[tuple[Region, ...], BeforeValidator(_as_list), Field(min_length=1, max_length=20)] | None
    ) = None


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
}
