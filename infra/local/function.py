"""A function as Fn knows it: what `func.yaml` says of it, and the application it belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import yaml

from infra.emulator.ocids import new_ocid

DEFAULT_MEMORY, DEFAULT_TIMEOUT, DEFAULT_IDLE_TIMEOUT = 128, 30, 30


@dataclass(frozen=True)
class App:
    """An application: a name for functions that belong together, and configuration that they share."""

    id: str
    name: str
    config: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Function:
    """One function. Times are in seconds, memory is in MB; `file` holds the code, `handler` names what is called in it.

    A detached call may take `detached_timeout`, or `timeout` without one, as in OCI Functions.
    `packages` is a folder with the packages that it has, as an image does; without one it has those of this process.
    `config` is the function's configuration, which `fn inspect` shows; `environment` is what the platform adds to it
    and does not show, such as the resource principal.
    """

    id: str
    name: str
    app: App
    file: Path
    handler: str = "handler"
    packages: Path | None = None
    version: str = "0.0.1"
    memory: int = DEFAULT_MEMORY
    timeout: float = DEFAULT_TIMEOUT
    detached_timeout: float | None = None
    idle_timeout: float = DEFAULT_IDLE_TIMEOUT
    config: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def deployed(
        cls,
        func_yaml: Path,
        *,
        app: App,
        region: str,
        config: Mapping[str, str],
        environment: Mapping[str, str],
        tree: Path | None = None,
        detached_timeout: float | None = None,
    ) -> Self:
        """The function that `func_yaml` describes, as it would be in `region` after `fn deploy` and `fn config`.

        `config` stands above the file's; as on a real server an empty value is none at all. Code and packages are those
        of the image's `tree` (`make image-tree`) where there is one, and else those of this checkout and process.
        `detached_timeout` is set at OCI Functions: a func.yaml cannot say it.
        """
        described = yaml.safe_load(func_yaml.read_text())
        merged = {**described.get("config", {}), **config}
        fdk, code, handler = (Path(part) for part in described["entrypoint"].split())
        return cls(
            id=new_ocid("fnfunc", region),
            name=described["name"],
            app=app,
            file=tree / code.relative_to("/") if tree else func_yaml.parent / code.name,
            handler=str(handler),
            packages=tree / fdk.relative_to("/").parents[1] if tree else None,
            version=described["version"],
            memory=described.get("memory", DEFAULT_MEMORY),
            timeout=described.get("timeout", DEFAULT_TIMEOUT),
            detached_timeout=detached_timeout,
            idle_timeout=described.get("idle_timeout", DEFAULT_IDLE_TIMEOUT),
            config={key: value for key, value in merged.items() if value},
            environment=environment,
        )

    @property
    def image(self) -> str:
        """The name that `fn deploy` gives the image; nothing is built here."""
        return f"{self.name}:{self.version}"

    def longest_call(self, *, detached: bool) -> float:
        """How long a call may take, from when it has its container."""
        return self.detached_timeout or self.timeout if detached else self.timeout

    def variables(self) -> dict[str, str]:
        """The environment variables that a container of this function is started with, but for its socket."""
        return {
            **self.app.config,
            **self.config,
            **self.environment,
            "FN_APP_ID": self.app.id,
            "FN_APP_NAME": self.app.name,
            "FN_FN_ID": self.id,
            "FN_FN_NAME": self.name,
            "FN_MEMORY": str(self.memory),
            "FN_TYPE": "sync",
        }
