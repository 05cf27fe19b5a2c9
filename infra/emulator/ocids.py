"""Names that OCI gives to things: OCIDs, and the region's part in them."""

from __future__ import annotations

import random
import re
import string
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

REGION_KEYS = {"us-ashburn-1": "iad", "us-phoenix-1": "phx"}
"""Regions whose OCIDs carry a short key; all others carry their full name."""

REGION_NAME = re.compile(r"[a-z]{2}-[a-z]+-[0-9]+")
_OCID = re.compile(r"ocid1\.(?P<kind>[a-z0-9]+)\.oc1\.(?P<region>[a-z0-9-]*)\.(?P<unique>[A-Za-z0-9._-]+)")
_ALPHABET = string.ascii_lowercase + string.digits
_CHANCE: ContextVar[random.Random | None] = ContextVar("chance", default=None)
_UNGUESSABLE = random.SystemRandom()


@dataclass(frozen=True)
class Ocid:
    """The readable parts of an OCID."""

    kind: str
    region_key: str

    def is_in(self, region: str) -> bool:
        """Whether this OCID was given out in `region`, by its key or its full name."""
        return self.region_key in {region, region_key(region)}


def region_key(region: str) -> str:
    """What stands for `region` in OCIDs."""
    return REGION_KEYS.get(region, region)


def new_ocid(kind: str, region: str = "") -> str:
    """A fresh OCID of `kind`; without a region for what belongs to none, as tenancies and compartments."""
    unique = "".join((_CHANCE.get() or _UNGUESSABLE).choices(_ALPHABET, k=60))
    return f"ocid1.{kind}.oc1.{region_key(region)}.{unique}"


@contextmanager
def drawn_from(chance: random.Random) -> Iterator[None]:
    """Within the block new OCIDs are drawn from `chance`: the same again, in the same order, from the same seed."""
    token = _CHANCE.set(chance)
    try:
        yield
    finally:
        _CHANCE.reset(token)


def parse_ocid(text: str) -> Ocid | None:
    """The parts of `text`, or `None` when it is no OCID of the commercial realm."""
    found = _OCID.fullmatch(text)
    return Ocid(found["kind"], found["region"]) if found else None
