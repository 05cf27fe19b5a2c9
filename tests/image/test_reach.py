"""What the function needs: its imports and theirs, and nothing that was left to guesses."""

from importlib.machinery import EXTENSION_SUFFIXES

from infra.image.allowed import ANY, ByName, LeftOut
from infra.image.reach import Allowed
from tests.image.made_up import Tree, package, without_roots, write


def test_what_is_imported_is_kept_and_nothing_else(tree: Tree) -> None:
    """Along the imports, with the packages around them."""
    tree.install("sdk", package("sdk", core="from .base import Client", base="import codec", other="import codec"))
    tree.install("codec", {"codec.py": "import json"})
    tree.function("from sdk.core import Client")

    found = tree.reach()

    assert not found.problems
    assert without_roots(found.kept) == {"sdk", "sdk.core", "sdk.base", "codec"}


def test_what_is_imported_later_is_kept(tree: Tree) -> None:
    """In functions, as attributes of a package, and where the code would go on without it."""
    tree.install("sdk", package("sdk", late="", attribute="", tried=""))
    tree.function(
        "import sdk\ndef f():\n    from sdk import late\n    sdk.attribute.g()\n"
        "try:\n    import sdk.tried\nexcept ImportError: ..."
    )

    assert without_roots(tree.reach().kept) == {"sdk", "sdk.late", "sdk.attribute", "sdk.tried"}


def test_what_is_missing_is_a_problem(tree: Tree) -> None:
    """With its place; where the code itself goes on without, it is none."""
    tree.install("sdk", package("sdk", core="import os\n\ndef f():\n    import absent.part"))
    tree.function("import sdk.core\ntry:\n    import faster\nexcept ImportError: ...")

    assert tree.reach().problems == ["sdk.core, line 4: imports absent.part, which is not there"]


def test_what_is_no_python_is_a_problem(tree: Tree) -> None:
    """Nobody knows what it would import."""
    tree.function("print 'of Python 2'")

    assert tree.reach().problems == ["func, line 1: cannot be read: it is not of this Python"]


def test_what_is_missing_may_be_allowed(tree: Tree) -> None:
    """For one importer or what is in it, for anybody, or under a condition alone."""
    tree.function("import absent.part\nif old:\n    import older")
    both = [LeftOut("func", "absent", "-"), LeftOut(ANY, "older", "-", when="old")]

    assert not tree.reach(Allowed(both)).problems
    for each in (LeftOut("fun", "absent", "-"), LeftOut("func", "absent.part.more", "-")):
        assert (
            tree.reach(Allowed([each, both[1]])).problems[0] == "func, line 1: imports absent.part, which is not there"
        )
    elsewhere = LeftOut(ANY, "older", "-", when="new")
    assert tree.reach(Allowed([both[0], elsewhere])).problems[0] == "func, line 3: imports older, which is not there"


def test_what_is_allowed_to_be_missing_is_not_kept(tree: Tree) -> None:
    """Where nothing else imports it, though it is installed."""
    tree.install("sdk", package("sdk", core="if everything:\n    from . import huge, used", huge="", used=""))
    tree.function("import sdk.core, sdk.used")

    found = tree.reach(Allowed([LeftOut("sdk.core", "sdk", "-", when="everything")]))

    assert not found.problems
    assert without_roots(found.kept) == {"sdk", "sdk.core", "sdk.used"}


def test_an_allowance_that_nothing_needs_is_a_problem(tree: Tree) -> None:
    """It would hide the next thing that is missing."""
    tree.install("sdk", package("sdk"))
    tree.function("import sdk")
    allowed = Allowed([LeftOut("sdk", "absent", "-")], [ByName("sdk", ("sdk.*",), "-")])

    assert tree.reach(allowed).problems == ["not needed any more: sdk -> absent", "not needed any more: sdk by name"]


def test_what_is_loaded_by_name_has_to_be_said(tree: Tree) -> None:
    """Which modules these are is not in the source; what is said of them is kept."""
    lazy = "from importlib import import_module\ndef __getattr__(name):\n    return import_module('.' + name, __name__)"
    tree.install("lazy", package("lazy", __init__=lazy, asked="", other="", __main__=""))
    tree.install("parts", package("parts", one="", two="", __main__=""))
    tree.function("import lazy.asked")

    assert tree.reach().problems == ["lazy, line 3: what is loaded by name is not known"]
    found = tree.reach(Allowed(by_name=[ByName("lazy", ("parts.*", "lazy.other"), "-")]))
    assert not found.problems
    assert without_roots(found.kept) == {"lazy", "lazy.asked", "lazy.other", "parts", "parts.one", "parts.two"}


def test_a_module_that_is_said_to_be_loaded_has_to_be_there(tree: Tree) -> None:
    """A wrong name would be a guess too."""
    tree.function("import importlib\nimportlib.import_module(name)")

    found = tree.reach(Allowed(by_name=[ByName("func", ("absent",), "-")]))

    assert found.problems == ["func: loads absent, which is not there"]


def test_machine_code_keeps_its_package(tree: Tree) -> None:
    """Nobody can read what it imports."""
    tree.install("fast", package("fast", python="", unused="", __main__=""))
    write(tree.packages / f"fast/machine{EXTENSION_SUFFIXES[0]}", "")
    tree.install("backend", {"backend.py": ""})
    tree.function("from fast.machine import f")

    assert without_roots(tree.reach().kept) == {"fast", "fast.machine", "fast.python", "fast.unused"}
    known = Allowed(by_name=[ByName("fast.machine", ("backend",), "-")])
    assert "backend" in tree.reach(known).kept
