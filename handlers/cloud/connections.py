"""The connections of a container: all clients share them, and the certificates that they trust are read once."""

from __future__ import annotations

from functools import cache
from ssl import SSLContext
from typing import Any

from urllib3.util.ssl_ import create_urllib3_context

from handlers.cloud.sdk import OCIHTTPAdapter

AT_ONCE = 8
"""Connections to one host that are kept open: as many as there are threads."""
HOSTS = 64
"""More than there are regions that anybody copies to, and services beside."""


class Connections(OCIHTTPAdapter):  # type: ignore[misc] # the SDK has no types
    """Keeps connections open, whichever of the SDK's clients opened them. Safe to share between threads.

    Without this, each client has a pool of its own, and each new connection reads the bundle of trusted certificates
    again, which takes many times as long as a request.
    """

    def __init__(self) -> None:
        super().__init__(pool_connections=HOSTS, pool_maxsize=AT_ONCE)
        self._context = cache(_context)

    def cert_verify(self, conn: Any, url: str, verify: bool | str, cert: object) -> None:  # noqa: ANN401, FBT001 - the library's own signature
        """Have new connections of this pool trust what they would trust anyway, as it was read once."""
        super().cert_verify(conn, url, verify, cert)
        if conn.cert_reqs == "CERT_REQUIRED" and conn.ca_certs:
            conn.conn_kw["ssl_context"] = self._context(conn.ca_certs)
            conn.ca_certs = None


def _context(ca_file: str) -> SSLContext:
    """What urllib3 makes for a connection that is to verify whom it talks to, by these certificates."""
    context = create_urllib3_context()
    context.load_verify_locations(ca_file)
    return context


shared = cache(Connections)
"""The one of this process."""
