"""The configuration key `POLICY`: for which sources what is due, where copies go, and what is kept."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Annotated, Any, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictStr,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from handlers.core.fields import CompartmentList, Interval, Region, Retention, parse_interval
from handlers.core.grammar import Every, Keep
from handlers.core.model import Kind, Source
from handlers.core.ocid import is_key_of

T = TypeVar("T")

NEVER = "none"
"""In the place of an interval: no backups are due."""


def _parse_every(value: object) -> object:
    """An interval, `None` for `none`."""
    return None if isinstance(value, str) and value.strip().casefold() == NEVER else parse_interval(_given(value))


def _is_like(text: str, pattern: str) -> bool:
    """Whether a text is of a pattern, in which only `*` stands for anything else than itself."""
    return fnmatchcase(text, pattern.replace("[", "[[]").replace("?", "[?]"))


def _given(value: object) -> object:
    """A value. Whether `null` meant nothing at all, or the terms before these, nobody could tell."""
    if value is None:
        raise PydanticCustomError("null", "must not be null: leave it out")
    return value


def _listed(value: object) -> object:
    """One is a list of one."""
    return [value] if isinstance(value, str | dict) else value


Given = Annotated[T | None, BeforeValidator(_given)]
"""What may be left out, but not be `null`."""


class _Part(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, arbitrary_types_allowed=True, defer_build=True
    )


class Destination(_Part):
    """A region where copies go; it may be written as the region alone.

    A `kmsKeyId` of `null` is an Oracle-managed key on purpose; one that is absent leaves it to the terms before these,
    and where none has one to `KMS_KEY_IDS`.
    """

    region: Region
    kms_key_id: StrictStr | None = None
    keep: Given[Retention] = None

    @model_validator(mode="before")
    @classmethod
    def _region_alone(cls, value: Any) -> Any:  # noqa: ANN401 - whatever the JSON has
        return {"region": value} if isinstance(value, str) else value

    @field_validator("kms_key_id")
    @classmethod
    def _key_is_there(cls, key: str | None, info: ValidationInfo) -> str | None:
        region = info.data.get("region")
        if key is not None and region is not None and not is_key_of(key, region):
            raise PydanticCustomError(
                "key", "must be the OCID of a key in the region, or null for an Oracle-managed one"
            )
        return key

    @property
    def names_key(self) -> bool:
        """Whether it says which key copies have, be it Oracle's own."""
        return "kms_key_id" in self.model_fields_set


def _each_once(destinations: tuple[Destination, ...]) -> tuple[Destination, ...]:
    regions = [each.region for each in destinations]
    if len(set(regions)) < len(regions):
        raise PydanticCustomError("twice", "must name each region once")
    return destinations


Destinations = Annotated[
    tuple[Destination, ...], BeforeValidator(_listed), Field(max_length=20), AfterValidator(_each_once)
]


class Terms(_Part):
    """What holds for sources; what is absent is left to the terms before these."""

    destinations: Given[Destinations] = None
    every: Annotated[Every | None, BeforeValidator(_parse_every)] = None
    keep: Given[Retention] = None
    target: Given[Interval] = None

    @property
    def names_every(self) -> bool:
        """Whether these terms say how often backups are due, be it never."""
        return "every" in self.model_fields_set

    @property
    def keeps(self) -> tuple[Keep | None, ...]:
        """What they say is kept: in general, and in each destination."""
        return (self.keep, *(each.keep for each in self.destinations or ()))


class Match(_Part):
    """Which sources a rule is for: all that is given must fit. Names and the values of tags are patterns with `*`.

    Keys of defined tags are written as `namespace.key`, in any case; those of freeform tags have no point in them.
    """

    tags: dict[StrictStr, StrictStr] = Field(default_factory=dict)
    compartment_id: Given[CompartmentList] = None
    kind: Given[Annotated[tuple[Kind, ...], BeforeValidator(_listed), Field(min_length=1)]] = None
    name: Given[StrictStr] = None

    def fits(self, source: Source) -> bool:
        """Whether the rule is for this source; of one that is gone neither name nor tags can be told."""
        if self.kind is not None and source.kind not in self.kind:
            return False
        if self.compartment_id is not None and source.compartment_id not in self.compartment_id:
            return False
        if source.is_gone:
            return not self.tags and self.name is None
        if self.name is not None and not _is_like(source.name, self.name):
            return False
        found = {key: source.tags.get(key.casefold() if "." in key else key) for key in self.tags}
        return all(text is not None and _is_like(text, self.tags[key]) for key, text in found.items())


class Rule(Terms):
    """Terms for some sources."""

    name: Annotated[StrictStr, Field(min_length=1, max_length=100)] | None = None
    match: Match


class Policy(_Part):
    """Terms for all, and rules that stand above them, of which the first that fits a source is taken."""

    defaults: Terms = Terms()
    rules: Annotated[tuple[Rule, ...], Field(max_length=100)] = ()

    def terms(self) -> Iterator[tuple[str, Terms]]:
        """All terms, each with where it stands."""
        yield "defaults", self.defaults
        for index, rule in enumerate(self.rules):
            yield f"rules[{index}]", rule

    @property
    def names_key(self) -> bool:
        """Whether it names a key of anybody's own: then no copy is silently under Oracle's."""
        return any(each.kms_key_id for _, terms in self.terms() for each in terms.destinations or ())

    @property
    def names_keep(self) -> bool:
        """Whether anything is ever due to go by it."""
        keeps = [keep for _, terms in self.terms() for keep in terms.keeps]
        return any(keep is not None and not keep.is_everything for keep in keeps)

    @property
    def regions(self) -> tuple[str, ...]:
        """Every region that is named as a destination."""
        named = (each.region for _, terms in self.terms() for each in terms.destinations or ())
        return tuple(dict.fromkeys(named))
