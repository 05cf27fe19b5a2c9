"""All of the SDK that is used, loaded without what its packages load besides.

`import oci` runs `oci/__init__.py` and those below it. They load every way to sign, PKCS#11 and the retrieval of
certificates among them, and by way of pagination DNS and Object Storage: two hundred modules, and half of the time that
the SDK takes of a cold start. So its packages are put in place without having run. Who asks one for something gets it
from the module that the package would have it from. One runs after all, once, when that cannot be told; all is then as
if it had been imported in the usual way.
"""

from __future__ import annotations

import importlib
import importlib.util
import re
import sys
from importlib.abc import SourceLoader
from threading import RLock
from types import ModuleType
from typing import Any

_running = RLock()


class _Unrun(ModuleType):
    """A package whose modules can be imported, and whose own code has not run yet."""

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the package has
        if origin := self._origin_of(name):
            found = getattr(importlib.import_module(origin), name)
            setattr(self, name, found)  # it is asked for with every request
            return found
        if name.startswith("__") or self.__spec__ is None or self.__spec__.loader is None:
            raise AttributeError(name)
        module = f"{self.__name__}.{name}"
        try:
            return importlib.import_module(module)
        except ModuleNotFoundError as error:
            if error.name != module:
                raise
        with _running:
            if type(self) is _Unrun:
                self.__spec__.loader.exec_module(self)
                self.__class__ = ModuleType  # type: ignore[assignment] # a module's class may be changed
        return self.__dict__[name] if name in self.__dict__ else getattr(self, name)

    def _origin_of(self, name: str) -> str | None:
        """The module from which the package's own code would import this: `from .module import name`."""
        loader = self.__spec__ and self.__spec__.loader
        source = loader.get_source(self.__name__) if isinstance(loader, SourceLoader) else None
        found = re.search(rf"^from \.(\w+) import (?:[\w, ]+, )?{name}\b", source or "", re.MULTILINE)
        return f"{self.__name__}.{found[1]}" if found else None


def _put_in_place(name: str) -> None:
    """Let a package be importable that nobody has imported yet."""
    spec = importlib.util.find_spec(name) if name not in sys.modules else None
    if spec is None:
        return
    module = importlib.util.module_from_spec(spec)
    module.__class__ = _Unrun
    sys.modules[name] = module
    parent, _, child = name.rpartition(".")
    if parent:
        setattr(sys.modules[parent], child, module)


for _name in ("oci", "oci.auth", "oci.auth.signers"):
    _put_in_place(_name)

from oci import fips  # noqa: E402 - what is put in place before is what counts
from oci._vendor.requests.exceptions import RequestException, Timeout  # noqa: E402
from oci.auth.signers.ephemeral_resource_principals_signer import (  # noqa: E402
    EphemeralResourcePrincipalSigner,
    FileBasedSessionKeySupplier,
)
from oci.base_client import BaseClient, OCIHTTPAdapter  # noqa: E402
from oci.circuit_breaker import NoCircuitBreakerStrategy  # noqa: E402
from oci.exceptions import ServiceError  # noqa: E402
from oci.signer import load_private_key_from_file  # noqa: E402

fips.enable_fips_mode()  # as oci/__init__.py does, where the environment asks for it

__all__ = [
    "BaseClient",
    "EphemeralResourcePrincipalSigner",
    "FileBasedSessionKeySupplier",
    "NoCircuitBreakerStrategy",
    "OCIHTTPAdapter",
    "RequestException",
    "ServiceError",
    "Timeout",
    "load_private_key_from_file",
]
