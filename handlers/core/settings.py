"""The function's configuration: read once from the environment, checked as a whole before anything is changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError

from handlers.core.errors import KeyMissing, Problem, Rejected
from handlers.core.ocid import Ocid, is_region, region_name
from handlers.core.operations import Operation, Sweep
from handlers.core.payloads import describe, load_json, parse_operations

REGION_KEY = "OCI_RESOURCE_PRINCIPAL_REGION"


def _split(value: object) -> object:
    """`a, b` as a tuple; a name given twice counts once."""
    if not isinstance(value, str):
        return value
    return tuple(dict.fromkeys(part.strip() for part in value.split(",") if part.strip()))


def _check_region(value: str) -> str:
    if not is_region(value):
        raise PydanticCustomError("region", "must be region identifiers such as us-phoenix-1, separated by commas")
    return value


def _check_compartment(value: str) -> str:
    parsed = Ocid.parse(value)
    if parsed is None or parsed.resource_type not in {"compartment", "tenancy"}:
        raise PydanticCustomError("ocid", "must be compartment OCIDs, separated by commas")
    return value


def _own_region(value: object) -> object:
    name = region_name(value) if isinstance(value, str) else None
    if name is None:
        raise PydanticCustomError("region", "must be the identifier of the function's own region")
    return name


def _keys(value: object) -> object:
    keys = _json(value, "must be a JSON object: region to key OCID, or to null for an Oracle-managed key")
    if not isinstance(keys, dict):
        raise PydanticCustomError("keys", "must be a JSON object: region to key OCID, or to null")
    for region, key in keys.items():
        if not is_region(region):
            raise PydanticCustomError("keys", "must have region identifiers such as us-phoenix-1 as its names")
        if key is not None and not is_key_of(key, region):
            raise PydanticCustomError("keys", f"must give {region} the OCID of a key in {region}, or null")
    return keys


def _operations(value: object) -> object:
    content = _json(value, "must be a JSON operation")
    try:
        return parse_operations(content)
    except Rejected as rejected:
        raise PydanticCustomError("schedule", f"must be an operation: {rejected}") from None


def _json(value: object, otherwise: str) -> Any:  # noqa: ANN401 - JSON is any shape until it is looked at
    if not isinstance(value, str):
        return value
    try:
        return load_json(value, "")
    except Rejected:
        raise PydanticCustomError("json", otherwise) from None


def is_key_of(key: object, region: str) -> bool:
    """Whether `key` is the OCID of an encryption key that may be in this region."""
    parsed = Ocid.parse(key) if isinstance(key, str) else None
    return parsed is not None and parsed.resource_type == "key" and parsed.region in {region, None}


RegionList = Annotated[
    tuple[Annotated[str, BeforeValidator(_check_region)], ...], BeforeValidator(_split), Field(min_length=1)
]


class Settings(BaseModel):
    """The configuration keys under their own names as aliases; an empty value counts as not set."""

    model_config = ConfigDict(frozen=True, extra="ignore", arbitrary_types_allowed=True)

    region: Annotated[str, BeforeValidator(_own_region), Field(alias=REGION_KEY)]
    destination_regions: Annotated[RegionList, Field(alias="DESTINATION_REGIONS")] = ()
    allowed_regions: Annotated[RegionList | None, Field(alias="ALLOWED_REGIONS")] = None
    compartment_ids: Annotated[
        tuple[Annotated[str, BeforeValidator(_check_compartment)], ...],
        BeforeValidator(_split),
        Field(alias="COMPARTMENT_IDS", min_length=1),
    ] = ()
    kms_key_ids: Annotated[dict[str, str | None] | None, BeforeValidator(_keys), Field(alias="KMS_KEY_IDS")] = None
    schedule: Annotated[tuple[Operation, ...], BeforeValidator(_operations), Field(alias="SCHEDULE")] = (Sweep(),)
    max_in_flight: Annotated[int, Field(alias="MAX_IN_FLIGHT", ge=1, le=1000)] = 10
    log_level: Annotated[
        Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"],
        BeforeValidator(lambda value: str(value).strip().upper()),
        Field(alias="LOG_LEVEL"),
    ] = "INFO"

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Self:
        """The settings in `environment`; raises `Rejected`, which names every malformed key but no value."""
        keys = [str(field.alias) for field in cls.model_fields.values()]
        given = {key: environment[key] for key in keys if environment.get(key, "").strip()}
        try:
            settings = cls.model_validate(given)
        except ValidationError as error:
            raise Rejected(*describe(error)) from None
        if settings.region in settings.destination_regions:
            raise Rejected(Problem("DESTINATION_REGIONS", f"names {settings.region}, where the sources are: remove it"))
        return settings

    def allows(self, region: str) -> bool:
        """Whether a payload or a source's tag may name this region as a destination."""
        allowed = self.allowed_regions or self.destination_regions
        return not allowed or region in allowed

    def key_for(self, region: str) -> str | None:
        """The key for copies in this region, `None` for an Oracle-managed one; raises `KeyMissing` when unsaid."""
        if self.kms_key_ids is None:
            return None
        if region not in self.kms_key_ids:
            raise KeyMissing(f"KMS_KEY_IDS does not name {region}: give it a key, or null for an Oracle-managed one")
        return self.kms_key_ids[region]


CONFIGURATION_KEYS = tuple(str(field.alias) for field in Settings.model_fields.values() if field.alias != REGION_KEY)
