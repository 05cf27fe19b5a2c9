"""The files that clients of the cloud read: certificate, SDK configuration, keys and tokens."""

from __future__ import annotations

from pathlib import Path

from infra.emulator.identity import Credential


class ClientFiles:
    """The files in one directory; secrets are their owner's alone and are renewed in one step."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory.resolve()
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)

    @property
    def ca_file(self) -> Path:
        return self.directory / "ca.pem"

    @property
    def config_file(self) -> Path:
        return self.directory / "config"

    def write_config(self, credential: Credential, region: str) -> None:
        """Write a configuration of OCI's SDKs and CLI that signs with an API key."""
        key_file = self.directory / "api_key.pem"
        # Without this last line, which OCI's Console writes too, the command line warns at each call.
        _write_secret(key_file, f"{credential.private_key_pem}OCI_API_KEY\n")
        tenancy, user, fingerprint = credential.key_id.split("/")
        entries = {"tenancy": tenancy, "user": user, "fingerprint": fingerprint, "key_file": key_file, "region": region}
        lines = [f"{name}={value}" for name, value in entries.items()]
        _write_secret(self.config_file, "\n".join(["[DEFAULT]", *lines, ""]))

    def write_resource_principal(self, credential: Credential, region: str) -> dict[str, str]:
        """Write, or renew in place, a resource's token and key; the environment that leads the SDK to them."""
        folder = self.directory / f"resource-principal-{region}"
        folder.mkdir(exist_ok=True, mode=0o700)
        token, key = folder / "rpst", folder / "private.pem"
        _write_secret(key, credential.private_key_pem)
        _write_secret(token, credential.key_id)
        return {
            "OCI_RESOURCE_PRINCIPAL_VERSION": "2.2",
            "OCI_RESOURCE_PRINCIPAL_RPST": str(token),
            "OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM": str(key),
            "OCI_RESOURCE_PRINCIPAL_REGION": region,
        }


def _write_secret(path: Path, text: str) -> None:
    """Put `text` where only its owner reads it; whoever reads meanwhile sees the old or the new, never a part."""
    fresh = path.with_name(f"{path.name}.new")
    fresh.unlink(missing_ok=True)
    fresh.touch(mode=0o600)
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(path)
