"""The hosts of the emulated cloud: what the tunnel leads to, and what the certificate vouches for."""

from __future__ import annotations

import re
from collections.abc import Sequence

DOMAINS = ("oraclecloud.com", "oci.oraclecloud.com", "ds.oci.oraclecloud.com", "functions.oci.oraclecloud.com")
"""What stands after `<service>.<region>.` in the names of OCI's hosts, in the commercial realm."""


def wildcards(regions: Sequence[str]) -> list[str]:
    """The names of all hosts of these regions, as a certificate has them: `*.us-ashburn-1.oraclecloud.com`."""
    return [f"*.{region}.{domain}" for region in regions for domain in DOMAINS]


def host_pattern(regions: Sequence[str]) -> re.Pattern[str]:
    """What the names of the same hosts, and no others, match in full; in small letters."""
    names = (re.escape(wildcard.removeprefix("*")) for wildcard in wildcards(regions))
    return re.compile(rf"[a-z0-9-]+({'|'.join(names)})")
