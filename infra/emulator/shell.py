"""Lines for a shell: what points every OCI client that is started from it at the cloud."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

MISLEADING = (
    *("NO_PROXY", "no_proxy"),
    *("OCI_REGION", "OCI_CLI_REGION", "OCI_CLI_ENDPOINT", "OCI_CLI_CERT_BUNDLE"),
    *("OCI_CLI_AUTH", "OCI_CLI_PROFILE", "OCI_CLI_RC_FILE"),
    *("OCI_CLI_TENANCY", "OCI_CLI_USER", "OCI_CLI_FINGERPRINT", "OCI_CLI_PASSPHRASE"),
    *("OCI_CLI_KEY_FILE", "OCI_CLI_KEY_CONTENT", "OCI_CLI_SECURITY_TOKEN_FILE", "OCI_CLI_DELEGATION_TOKEN_FILE"),
)
"""What may be set for a real tenancy, and would lead a client past the cloud or to another user's key."""


def write_exports(variables: Mapping[str, str]) -> str:
    """Lines that set these variables, whatever the shell had set before; an empty one is not set."""
    exports = [f"export {name}={shlex.quote(value)}" for name, value in variables.items() if value]
    return "\n".join([f"unset {' '.join(MISLEADING)}", *exports, ""])
