"""The types of the fields of operations and configuration: the API's own limits, and errors without values."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, StrictStr
from pydantic_core import PydanticCustomError

from handlers.core.grammar import Every, GrammarError, Keep
from handlers.core.ocid import Ocid, is_region
from handlers.core.tokens import OWN_TAGS

T = TypeVar("T", Every, Keep)

MAX_TAG_VALUE = 256


def check_ocid(*resource_types: str) -> BeforeValidator:
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


def as_list(value: object) -> object:
    """One region is a list of one; a region named twice is named once."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, list | tuple) and all(isinstance(each, str) for each in value):
        return list(dict.fromkeys(value))
    return value


Text = Annotated[StrictStr, Field(min_length=1, max_length=255)]
Region = Annotated[StrictStr, BeforeValidator(_check_region)]
KeyId = Annotated[StrictStr, check_ocid("key")]
CompartmentId = Annotated[StrictStr, check_ocid("compartment", "tenancy")]
CompartmentList = Annotated[tuple[CompartmentId, ...], BeforeValidator(as_list), Field(min_length=1)]
RegionList = Annotated[tuple[Region, ...], BeforeValidator(as_list), Field(min_length=1, max_length=20)]


def _check_own(tags: dict[str, str]) -> dict[str, str]:
    if any(key.startswith(OWN_TAGS) for key in tags):
        raise PydanticCustomError(
            "own", "must have no keys that begin with backup-copy-, which the function alone writes and keeps"
        )
    return tags


FreeformTags = Annotated[
    dict[
        Annotated[StrictStr, Field(min_length=1, max_length=100)],
        Annotated[StrictStr, Field(max_length=MAX_TAG_VALUE)],
    ],
    Field(max_length=10),
    AfterValidator(_check_own),
]


def _check_tag_value(value: object) -> object:
    """One check for all types that it may have, so that one wrong value is one problem."""
    if not isinstance(value, str | int) or (isinstance(value, str) and len(value) > MAX_TAG_VALUE):
        raise PydanticCustomError(
            "tag", f"must be true, false, a whole number, or a text of at most {MAX_TAG_VALUE} characters"
        )
    return value


DefinedTags = dict[
    Annotated[StrictStr, Field(min_length=1, max_length=100)],
    Annotated[
        dict[
            Annotated[StrictStr, Field(min_length=1, max_length=100)], Annotated[Any, BeforeValidator(_check_tag_value)]
        ],
        Field(max_length=64),
    ],
]


def parse_interval(value: object) -> object:
    """A length of time such as `24h`; a validator whose error points at the character."""
    return _parse(Every, value)


def parse_keep(value: object) -> object:
    """What is kept; a validator whose error points at the character."""
    return _parse(Keep, value)


def _parse(kind: type[T], value: object) -> T:
    if isinstance(value, kind):
        return value
    if not isinstance(value, str):
        raise PydanticCustomError("grammar", "must be a text such as 6h or 7d 4w")
    try:
        return kind.parse(value)
    except GrammarError as error:
        raise PydanticCustomError("grammar", str(error)) from None


Interval = Annotated[Every, BeforeValidator(parse_interval)]
Retention = Annotated[Keep, BeforeValidator(parse_keep)]
