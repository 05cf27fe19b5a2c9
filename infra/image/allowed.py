"""What the function does without though a module that it keeps imports it, each with the reason: nothing is guessed."""

from __future__ import annotations

from dataclasses import dataclass

ANY = "*"


@dataclass(frozen=True)
class LeftOut:
    """An import that may fail: of `imported`, or what is in it, by `importer`, or what is in it.

    With `when`, only under a condition in which this text stands.
    """

    importer: str
    imported: str
    reason: str
    when: str = ""

    def __str__(self) -> str:
        return f"{self.importer} -> {self.imported}"


@dataclass(frozen=True)
class ByName:
    """What `importer` loads by names that are not in its source, machine code having none: those in `loads`.

    `a` stands for the module a, and `a.*` also for all that is in it.
    """

    importer: str
    loads: tuple[str, ...]
    reason: str

    def __str__(self) -> str:
        return f"{self.importer} by name"


def is_in(name: str, parent: str) -> bool:
    """Whether this module is `parent` or in it."""
    return name == parent or name.startswith(f"{parent}.")


_PYTHON_2 = "The standard library of Python 2 calls it so, and the code is for both."
_PYTHON_3_14 = "The standard library has it from Python 3.14 on, and the code asks which one it runs on."
_TRIED = "A part for those who have it; whoever imports that part goes on without."

LEFT_OUT = (
    LeftOut(
        "oci",
        "oci",
        "All services at once, where this variable is set, which it must not be; else each when it is first named.",
        when="not (sys.version_info >= (3, 7) and os.getenv('OCI_PYTHON_SDK_LAZY_IMPORTS_DISABLED'",
    ),
    LeftOut(
        "oci.auth.signers.pkcs11_signer",
        "pkcs11",
        "Keys in a hardware module: the function signs as a resource principal, and the SDK goes on without.",
    ),
    LeftOut("pydantic", "pydantic.v1", "Models of pydantic's first version: the function has none."),
    LeftOut("pydantic", "pydantic.mypy", "A plugin of the type checker."),
    LeftOut("pydantic._internal._core_utils", "rich", "Prints schemas for those who look for errors in pydantic."),
    LeftOut(ANY, "six.moves", "six makes these modules itself."),
    LeftOut(ANY, "oci._vendor.six.moves", "six makes these modules itself."),
    LeftOut("oci._vendor.requests.compat", "simplejson", "Where it is installed.", when="has_simplejson"),
    LeftOut("structlog._greenlets", "greenlet", _TRIED),
    LeftOut("structlog.twisted", "twisted", _TRIED),
    LeftOut("structlog.twisted", "zope", _TRIED),
    LeftOut("urllib3.contrib.emscripten", "js", "Where Python runs in a browser."),
    LeftOut("urllib3.contrib.emscripten", "pyodide", "Where Python runs in a browser."),
    LeftOut("urllib3.contrib.socks", "socks", _TRIED),
    LeftOut("urllib3.http2", "h2", _TRIED),
    LeftOut("oci._vendor.requests.cookies", "dummy_threading", "In Pythons without threads."),
    *(
        LeftOut(importer, imported, _PYTHON_2)
        for importer, imported in (
            ("oci._vendor.httpsig_cffi.utils", "urllib2"),
            ("oci._vendor.requests.compat", "Cookie"),
            ("oci._vendor.requests.compat", "StringIO"),
            ("oci._vendor.requests.compat", "cookielib"),
            ("oci._vendor.requests.compat", "urllib2"),
            ("oci._vendor.requests.compat", "urlparse"),
            ("oci._vendor.six", "StringIO"),
            ("oci.util", "urlparse"),
            ("pytz.tzinfo", "sets"),
            ("six", "StringIO"),
        )
    ),
    LeftOut("pydantic._internal._typing_extra", "annotationlib", _PYTHON_3_14),
    LeftOut("typing_extensions", "annotationlib", _PYTHON_3_14),
)

BY_NAME = (
    ByName("cryptography.hazmat.bindings._rust", ("_cffi_backend",), "Found by running it."),
    ByName("dateutil", (), "Its own modules, where they are asked for as attributes: those asked for are found so."),
    ByName("fdk.customer_code", (), "func.py, where the search begins."),
    ByName("handlers.cloud.sdk", (), "Modules of the SDK, where they are asked for as attributes: these are found so."),
    ByName("oci", (), "Its services, where they are asked for as attributes: those asked for are found so."),
    ByName("oci._vendor.requests.packages", ("oci._vendor.idna.*", "oci._vendor.chardet.*"), "Names them in a loop."),
    ByName("oci._vendor.six", (), "Modules of the standard library, by their old names."),
    ByName("six", (), "Modules of the standard library, by their old names."),
    ByName("pydantic", ("pydantic.*",), "Each of its names, when it is first asked for, from a table."),
    ByName("pydantic._internal._validators", (), "What a value names, in fields of a type that no model here has."),
    ByName("pydantic.plugin._loader", (), "Plugins of other packages: none that is kept has one."),
)
