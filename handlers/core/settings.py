"""The function's configuration: read once from the environment, checked as a whole before anything is changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError

from handlers.core.errors import KeyMissing, Problem, Rejected
from handlers.core.fields import Interval
from handlers.core.grammar import Every
from handlers.core.ocid import Ocid, is_key_of, is_region, region_name
from handlers.core.operations import Operation, Sweep
from handlers.core.payloads import parse_operations
from handlers.core.policy import Policy
from handlers.core.reading import describe, load_json

REGION_KEY = "OCI_RESOURCE_PRINCIPAL_REGION"
DAY = Every(timedelta(days=1), "24h")


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
        raise PydanticCustomError("region", "must be the identifier of a region, such as us-ashburn-1")
    return name


def _check_topic(value: object) -> object:
    parsed = Ocid.parse(value) if isinstance(value, str) else None
    if parsed is None or parsed.resource_type != "onstopic":
        raise PydanticCustomError("ocid", "must be the OCID of a topic of Notifications")
    return value


def _policy(value: object) -> object:
    content = _json(value, "must be a JSON object with defaults, rules, or both")
    if not isinstance(content, dict | Policy):
        raise PydanticCustomError("policy", "must be a JSON object with defaults, rules, or both")
    return content


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
    except Rejected as rejected:
        raise PydanticCustomError("json", f"{otherwise}: it {rejected.problems[0].message}") from None


def _in_capitals(value: object) -> str:
    return str(value).strip().upper()


Switch = Annotated[Literal["ON", "OFF"], BeforeValidator(_in_capitals)]
RegionList = Annotated[
    tuple[Annotated[str, BeforeValidator(_check_region)], ...], BeforeValidator(_split), Field(min_length=1)
]


class Settings(BaseModel):
    """The configuration keys under their own names as aliases; an empty value counts as not set."""

    model_config = ConfigDict(frozen=True, extra="ignore", arbitrary_types_allowed=True, defer_build=True)

    own_region: Annotated[str, BeforeValidator(_own_region), Field(alias=REGION_KEY)]
    source_region: Annotated[str | None, BeforeValidator(_own_region), Field(alias="SOURCE_REGION")] = None
    destination_regions: Annotated[RegionList, Field(alias="DESTINATION_REGIONS")] = ()
    allowed_regions: Annotated[RegionList | None, Field(alias="ALLOWED_REGIONS")] = None
    compartment_ids: Annotated[
        tuple[Annotated[str, BeforeValidator(_check_compartment)], ...],
        BeforeValidator(_split),
        Field(alias="COMPARTMENT_IDS", min_length=1),
    ] = ()
    kms_key_ids: Annotated[dict[str, str | None] | None, BeforeValidator(_keys), Field(alias="KMS_KEY_IDS")] = None
    schedule: Annotated[
        tuple[Operation, ...],
        BeforeValidator(_operations),
        Field(alias="SCHEDULE", default_factory=lambda: (Sweep(),)),
    ]
    max_in_flight: Annotated[int, Field(alias="MAX_IN_FLIGHT", ge=1, le=1000)] = 10
    policy: Annotated[Policy, BeforeValidator(_policy), Field(alias="POLICY", default_factory=Policy)]
    max_delete_percent: Annotated[int, Field(alias="MAX_DELETE_PERCENT", ge=1, le=100)] = 20
    max_deletes: Annotated[int, Field(alias="MAX_DELETES", ge=0, le=10_000)] = 50
    delete_grace: Annotated[Interval, Field(alias="DELETE_GRACE")] = DAY
    notification_topic_id: Annotated[
        str | None, BeforeValidator(_check_topic), Field(alias="NOTIFICATION_TOPIC_ID")
    ] = None
    metrics: Annotated[Switch, Field(alias="METRICS")] = "ON"
    fan_out: Annotated[Switch, Field(alias="FAN_OUT")] = "OFF"
    log_level: Annotated[
        Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"],
        BeforeValidator(_in_capitals),
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
        problems = list(settings.contradictions())
        if problems:
            raise Rejected(*problems)
        return settings

    def contradictions(self) -> Iterator[Problem]:
        """What is well-formed key by key, but not together."""
        if self.region in self.destination_regions:
            yield Problem("DESTINATION_REGIONS", f"names {self.region}, where the sources are: remove it")
        for where, terms in self.policy.terms():
            for index, each in enumerate(terms.destinations or ()):
                field = f"POLICY.{where}.destinations[{index}]"
                if each.region == self.region:
                    yield Problem(field, "names the region where the sources are: remove it")
                elif not self.allows(each.region):
                    yield Problem(field, "names a region that is not allowed: add it to ALLOWED_REGIONS, or remove it")

    @property
    def region(self) -> str:
        """The region where the sources are."""
        return self.source_region or self.own_region

    @property
    def every_destination(self) -> tuple[str, ...]:
        """Every region that the configuration names as a destination."""
        return tuple(dict.fromkeys([*self.destination_regions, *self.policy.regions]))

    def allows(self, region: str) -> bool:
        """Whether a payload or a source's tag may name this region as a destination."""
        allowed = self.allowed_regions or self.every_destination
        return not allowed or region in allowed

    def key_for(self, region: str) -> str | None:
        """The key for copies in this region, `None` for an Oracle-managed one; raises `KeyMissing` when unsaid."""
        if self.kms_key_ids is None and not self.policy.names_key:
            return None
        if region not in (self.kms_key_ids or {}):
            raise KeyMissing(
                f"nothing names a key for {region}: do so in KMS_KEY_IDS, with null for an Oracle-managed one"
            )
        return (self.kms_key_ids or {})[region]


CONFIGURATION_KEYS = tuple(str(field.alias) for field in Settings.model_fields.values() if field.alias != REGION_KEY)
