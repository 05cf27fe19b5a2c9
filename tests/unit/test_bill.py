"""The bill of materials: every locked package with its hashes, and what is known of it besides."""

from typing import Any

from infra.supply.bill import bill, url

YARL, IDNA, COLORAMA = url("yarl", "1.25.1"), url("idna", "3.20"), url("colorama", "0.4.6")
MIT = [{"license": {"id": "MIT"}}]


def locked_as(purl: str, line: int) -> dict[str, Any]:
    """As cyclonedx-py lists a line of a requirements file."""
    hashes = [{"alg": "SHA-256", "content": f"{line:064}"}]
    return {
        "bom-ref": f"requirements-L{line}",
        "description": f"requirements line {line}: …",
        "externalReferences": [{"type": "distribution", "url": "https://index/", "hashes": hashes}],
        "purl": purl,
    }


def installed_as(purl: str, ref: str) -> dict[str, Any]:
    """As cyclonedx-py lists a package of an environment."""
    references = [{"type": "website", "url": "https://site/"}]
    return {"bom-ref": ref, "description": "A package", "licenses": MIT, "purl": purl, "externalReferences": references}


LOCKED: dict[str, Any] = {
    "specVersion": "1.6",
    "metadata": {"tools": {}},
    "components": [locked_as(YARL, 1), locked_as(IDNA, 2), locked_as(COLORAMA, 3)],
    "dependencies": [{"ref": "requirements-L1"}],
}
INSTALLED: dict[str, Any] = {
    "components": [
        installed_as(YARL, "yarl==1.25.1"),
        installed_as(IDNA, "idna==3.20"),
        installed_as(url("mypy", "2.4.1"), "mypy==2.4.1"),
    ],
    "dependencies": [
        {"ref": "yarl==1.25.1", "dependsOn": ["idna==3.20", "mypy==2.4.1"]},
        {"ref": "mypy==2.4.1", "dependsOn": ["idna==3.20"]},
    ],
}


def made(installed: dict[str, Any] = INSTALLED) -> dict[str, Any]:
    return bill(LOCKED, installed, {"name": "cross-region-backup", "version": "0.1.0"}, [YARL], {YARL})


def test_what_is_locked_is_in_the_bill_and_nothing_else() -> None:
    """Also what is not installed here; not what is installed besides."""
    assert [each["purl"] for each in made()["components"]] == [YARL, IDNA, COLORAMA]


def test_a_package_has_its_hashes_and_its_licence() -> None:
    """And the description of its authors in place of a line's number."""
    yarl = made()["components"][0]

    assert yarl["licenses"] == MIT
    assert yarl["description"] == "A package"
    assert [each["type"] for each in yarl["externalReferences"]] == ["distribution", "website"]
    assert yarl["externalReferences"][0]["hashes"][0]["content"] == f"{1:064}"


def test_a_package_that_is_not_installed_has_its_hashes() -> None:
    """Its licence is not known, and not made up."""
    colorama = made()["components"][2]

    assert colorama.keys() == {"bom-ref", "purl", "externalReferences", "scope"}
    assert colorama["externalReferences"] == LOCKED["components"][2]["externalReferences"]


def test_what_the_image_does_not_hold_is_out_of_scope() -> None:
    """It is locked, and known with its hashes, but not deployed; where nothing is said, it is `required`."""
    assert {each["purl"]: each.get("scope") for each in made()["components"]} == {
        YARL: None,
        IDNA: "excluded",
        COLORAMA: "excluded",
    }


def test_another_release_tells_nothing_of_a_locked_one() -> None:
    """An environment that has fallen behind has licences of other releases."""
    other = {"components": [installed_as(url("yarl", "1.0"), "yarl==1.0")], "dependencies": []}

    assert all("licenses" not in each for each in made(other)["components"])


def test_it_is_known_who_needs_whom() -> None:
    """Between what is in the bill, beginning with the function itself."""
    found = made()

    assert found["metadata"]["component"] == {
        "type": "application",
        "bom-ref": "application",
        "name": "cross-region-backup",
        "version": "0.1.0",
    }
    assert found["dependencies"] == [
        {"ref": "application", "dependsOn": [YARL]},
        {"ref": COLORAMA},
        {"ref": IDNA},
        {"ref": YARL, "dependsOn": [IDNA]},
    ]
