"""The local authority: it vouches for the emulated hosts to any client that is given its `ca.pem`."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from pathlib import Path

import trustme

from infra.emulator.hosts import wildcards


class Authority:
    """A certificate authority that lives as long as this object; its private key never leaves memory."""

    def __init__(self) -> None:
        self._authority = trustme.CA(organization_name="Emulated cloud")

    def write(self, ca_file: Path) -> None:
        """Write the authority's own certificate, which clients trust, to `ca_file`."""
        self._authority.cert_pem.write_to_path(str(ca_file))

    def server_context(self, regions: Sequence[str]) -> ssl.SSLContext:
        """TLS for every OCI host name of `regions`."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._authority.issue_cert(*wildcards(regions), common_name="oraclecloud.com").configure_cert(context)
        return context
