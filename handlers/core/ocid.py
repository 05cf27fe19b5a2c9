"""Oracle Cloud Identifiers and region names: their shape, and what can be read off them.

https://docs.oracle.com/iaas/Content/General/Concepts/identifiers.htm
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

MAX_LENGTH = 255
MAX_REGION = 63  # a label of a host name: https://www.rfc-editor.org/rfc/rfc1035#section-2.3.4

_OCID = re.compile(r"ocid1\.([a-z0-9]+)\.([a-z0-9-]+)\.([a-z0-9-]*)(?:\.[A-Za-z0-9_-]*)?\.([A-Za-z0-9_-]+)")
_REGION = re.compile(r"[a-z]{2,3}(?:-[a-z]+){1,3}-[0-9]{1,2}")

# OCIDs carry the three-letter key instead of the name only for the oldest regions; all later ones write the name.
_REGION_OF_KEY = {"iad": "us-ashburn-1", "phx": "us-phoenix-1", "fra": "eu-frankfurt-1", "lhr": "uk-london-1"}


@dataclass(frozen=True, slots=True)
class Ocid:
    """A parsed OCID. `region` is the region's name; `None` where the OCID names none that can be told."""

    resource_type: str
    region: str | None

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """The parts of `text`, or `None` when it is not an OCID."""
        match = _OCID.fullmatch(text)
        if match is None or len(text) > MAX_LENGTH:
            return None
        return cls(resource_type=match[1], region=region_name(match[3]))


def is_key_of(key: object, region: str) -> bool:
    """Whether `key` is the OCID of an encryption key that may be in this region."""
    parsed = Ocid.parse(key) if isinstance(key, str) else None
    return parsed is not None and parsed.resource_type == "key" and parsed.region in {region, None}


def is_region(name: str) -> bool:
    """Whether `name` has the shape of a region identifier, such as `us-ashburn-1`. The list of regions grows."""
    return len(name) <= MAX_REGION and _REGION.fullmatch(name) is not None


def region_name(name_or_key: str) -> str | None:
    """The region identifier for a name or a well-known key (`iad`), or `None` when it is neither."""
    if is_region(name_or_key):
        return name_or_key
    return _REGION_OF_KEY.get(name_or_key)


def region_of(ocid: str) -> str | None:
    """The region an OCID names, or `None` when it names none that can be told."""
    parsed = Ocid.parse(ocid)
    return parsed.region if parsed else None
