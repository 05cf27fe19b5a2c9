"""Which modules a function's process loads, and how long each takes, as `-X importtime` tells it.

https://docs.python.org/3/using/cmdline.html#cmdoption-X
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping

from tests.bench.stage import BenchmarkBroken
from tests.bench.subject import Asked, Runner

ENVIRONMENT = {"PYTHONPROFILEIMPORTTIME": "1"}
"""What a process has to be started with."""

_LINE = re.compile(r"import time:\s+(\d+) \|\s+\d+ \|\s+(\S+)")
_PACKAGES = {
    "oci._vendor.requests": "requests, urllib3",
    "oci._vendor.urllib3": "requests, urllib3",
    "oci._vendor.chardet": "requests, urllib3",
    "oci._vendor.idna": "requests, urllib3",
    "urllib3": "requests, urllib3",
    "oci": "oci",
    "fdk": "fdk",
    "httptools": "fdk",
    "cryptography": "cryptography",
    "OpenSSL": "cryptography",
    "_cffi_backend": "cryptography",
    "jwt": "cryptography",
    "pkcs11": "cryptography",
    "pydantic": "pydantic",
    "pydantic_core": "pydantic",
    "annotated_types": "pydantic",
    "typing_inspection": "pydantic",
    "typing_extensions": "pydantic",
    "structlog": "structlog",
    "handlers": "our own",
    "func": "our own",
}
STANDARD, OTHERS = "standard library", "others"
PACKAGES = (*dict.fromkeys(_PACKAGES.values()), STANDARD, OTHERS)
"""What modules are counted to; keys, certificates and tokens are one."""


def import_times(runner: Runner, asked: Asked) -> dict[str, float]:
    """Milliseconds that each module took by itself, in a process that made one such call; the process has ended."""
    runner.process.lines.clear()
    runner.call(asked)
    runner.process.wait_for_end()
    found = read(runner.process.lines)
    if "fdk" not in found:
        raise BenchmarkBroken("The process did not tell what it imports.")
    return found


def read(lines: Iterable[str]) -> dict[str, float]:
    """The times in what a process wrote."""
    found = (_LINE.fullmatch(line) for line in lines)
    return {each[2]: int(each[1]) / 1000 for each in found if each}


def package_of(module: str) -> str:
    """What a module counts to: the longest name that it begins with."""
    parts = module.split(".")
    for length in range(len(parts), 0, -1):
        if package := _PACKAGES.get(".".join(parts[:length])):
            return package
    return STANDARD if parts[0] in sys.stdlib_module_names else OTHERS


def by_package(times: Mapping[str, float]) -> dict[str, float]:
    """The sum of each package, in the order of `PACKAGES`."""
    sums = dict.fromkeys(PACKAGES, 0.0)
    for module, time in times.items():
        sums[package_of(module)] += time
    return sums
