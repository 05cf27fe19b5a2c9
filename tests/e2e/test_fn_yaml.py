"""`func.yaml`: what `fn deploy` registers of this folder."""

from pathlib import Path

import yaml

from infra.local.function import App, Function

ROOT = Path(__file__).parents[2]
APP = App("ocid1.fnapp.oc1.iad.tests", "tests")


def deployed(**config: str) -> Function:
    return Function.deployed(ROOT / "func.yaml", app=APP, region="us-ashburn-1", config=config, environment={})


def test_func_yaml_describes_what_fn_deploys() -> None:
    """Name, limits, and the code that the entry point starts."""
    function = deployed()

    assert function.id.startswith("ocid1.fnfunc.oc1.iad.")
    assert (function.image, function.memory, function.timeout) == ("cross-region-backup:0.1.0", 256, 300)
    assert (function.file, function.handler) == (ROOT / "func.py", "handler")


def test_a_function_in_an_image_has_its_packages_from_there() -> None:
    """Where the image has them: the entry point's places, taken from the root of a tree."""
    tree = Path("/somewhere/image")
    function = Function.deployed(
        ROOT / "func.yaml", app=APP, region="us-ashburn-1", config={}, environment={}, tree=tree
    )

    assert (function.file, function.packages) == (tree / "function" / "func.py", tree / "python")


def test_func_yaml_has_only_fields_that_fn_knows() -> None:
    """The command line reads schema version 20180708 and silently drops all others."""
    described = yaml.safe_load((ROOT / "func.yaml").read_text())

    assert described["schema_version"] == 20180708
    known = {"name", "version", "runtime", "entrypoint", "memory", "timeout"}
    assert described.keys() == {"schema_version", *known}


def test_empty_configuration_is_none_at_all() -> None:
    """As on a real server, where setting a key to nothing removes it; what is set elsewhere stands above the file."""
    assert deployed(DESTINATION_REGIONS="us-phoenix-1", KMS_KEY_IDS="").config == {
        "DESTINATION_REGIONS": "us-phoenix-1"
    }
