"""A made-up tree for each test."""

from pathlib import Path

import pytest

from tests.image.made_up import Tree


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path / "image")
