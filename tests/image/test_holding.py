"""What of an environment's packages the image holds: what pruning would leave of them."""

from pathlib import Path

import pytest

from infra.image.allowed import LeftOut
from infra.image.holding import held
from infra.image.prune import CannotPrune
from infra.image.reach import Allowed
from tests.image.made_up import Tree, package, write

NAMES = {"fdk": "fdk", "sdk": "sdk", "Old.Tests": "old-tests"}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The function's code, where it is written."""
    write(tmp_path / "project" / "func.py", "import handlers.work")
    write(tmp_path / "project" / "handlers" / "work.py", "import sdk.core")
    write(tmp_path / "project" / "LICENSE", "As you like.")
    return tmp_path / "project"


def holding(tree: Tree, project: Path, *left_out: LeftOut) -> set[str]:
    return held(project, tree.packages, tree.packages / "bin" / "fdk", NAMES, Allowed(left_out))


def test_what_the_function_imports_is_held_and_nothing_else(tree: Tree, project: Path) -> None:
    """Of what is locked, by the names that locks have: the FDK, which starts it, is."""
    tree.install("sdk", package("sdk", core="", huge=""))
    tree.install("Old.Tests", package("old_tests"))

    assert holding(tree, project) == {"fdk", "sdk"}


def test_what_is_installed_besides_is_not_looked_at(tree: Tree, project: Path) -> None:
    """An environment has more than the image: what would be imported were it there is not there."""
    tree.install("sdk", package("sdk", core="try:\n    import faster\nexcept ImportError: ..."))
    tree.install("faster", package("faster", __init__="import old_tests"))
    tree.install("Old.Tests", package("old_tests"))

    assert holding(tree, project) == {"fdk", "sdk"}


def test_what_is_held_is_what_pruning_leaves(tree: Tree, project: Path) -> None:
    """Neither knows more than the other."""
    tree.install("sdk", package("sdk", core="import codec", other="import old_tests"))
    tree.install("codec", {"codec.py": ""})
    tree.install("Old.Tests", package("old_tests"))
    names = NAMES | {"codec": "codec"}
    told = held(project, tree.packages, tree.packages / "bin" / "fdk", names, Allowed())

    tree.function("import sdk.core")
    tree.prune()

    left = {each.name.partition("-")[0] for each in tree.packages.glob("*.dist-info")}
    assert told == left


def test_what_cannot_be_told_is_not_guessed(tree: Tree, project: Path) -> None:
    """As where an import leads nowhere; unless that is allowed."""
    tree.install("sdk", package("sdk", core="import absent"))

    with pytest.raises(CannotPrune, match="imports absent, which is not there"):
        holding(tree, project)
    assert holding(tree, project, LeftOut("sdk.core", "absent", "-")) == {"fdk", "sdk"}
