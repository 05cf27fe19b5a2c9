"""The bill of materials, as a function of two lists of cyclonedx-py's: what is locked, and what is installed.

The lock knows the hashes; an environment that was filled from it knows licences, and which package needs which.
All three follow https://cyclonedx.org/docs/1.6/json/.
"""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import Any


def url(name: str, version: str) -> str:
    """The package URL of a release, which is also how the parts of the bill refer to each other."""
    return f"pkg:pypi/{name}@{version}"


def bill(
    locked: Mapping[str, Any],
    installed: Mapping[str, Any],
    application: Mapping[str, Any],
    needs: Iterable[str],
    held: AbstractSet[str],
) -> dict[str, Any]:
    """Every locked package once, whether or not it is installed here, and the same text for the same packages.

    `needs` are the package URLs of what the application itself asks for, `held` those of what its image holds: the
    others are locked and not deployed, for which the format has the scope `excluded`.
    """
    found = {each["purl"]: each for each in installed["components"]}
    components = [
        component(each, found.get(each["purl"], {})) | ({} if each["purl"] in held else {"scope": "excluded"})
        for each in locked["components"]
    ]
    root = {**application, "type": "application", "bom-ref": "application"}
    return {
        **locked,
        "metadata": {**locked["metadata"], "component": root},
        "components": components,
        "dependencies": [
            {"ref": "application", "dependsOn": sorted(needs)},
            *dependencies(installed, {each["purl"] for each in components}),
        ],
    }


def component(locked: Mapping[str, Any], installed: Mapping[str, Any]) -> dict[str, Any]:
    """A locked package with what only an installed one tells of itself."""
    told = {key: installed[key] for key in ("description", "licenses") if key in installed}
    references = [*locked["externalReferences"], *installed.get("externalReferences", [])]
    kept = {key: value for key, value in locked.items() if key != "description"}  # cyclonedx-py puts the line there
    return {**kept, **told, "bom-ref": locked["purl"], "externalReferences": references}


def dependencies(installed: Mapping[str, Any], purls: set[str]) -> list[dict[str, Any]]:
    """Which of these packages needs which other of them, as far as they are installed here."""
    purl_of = {each["bom-ref"]: each["purl"] for each in installed["components"]}
    needed: dict[str, set[str]] = {purl: set() for purl in purls}
    for each in installed["dependencies"]:
        needed.get(purl_of.get(each["ref"], ""), set()).update(purl_of[ref] for ref in each.get("dependsOn", []))
    return [
        {"ref": purl, **({"dependsOn": sorted(others)} if (others := needed[purl] & purls) else {})}
        for purl in sorted(purls)
    ]
