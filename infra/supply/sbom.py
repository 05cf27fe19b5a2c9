"""Writes the bill of materials of the locked packages: `python -m infra.supply.sbom VENV FILE`.

VENV is an environment that was filled from the locks, by which it is also told which of them the image holds: what it
does not has the scope `excluded`. The file has no serial number and no time of its own, so that two
of the same lock are the same; with SOURCE_DATE_EPOCH it has that time.
"""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from infra.image.allowed import BY_NAME, LEFT_OUT
from infra.image.holding import held
from infra.image.packages import distributions
from infra.image.prune import SCRIPT, CannotPrune
from infra.image.reach import Allowed
from infra.supply.bill import bill, url
from infra.supply.locks import ROOT, RUNTIME, normalized, pins, title

FUNC_YAML = ROOT / "func.yaml"


def listed(*arguments: str) -> dict[str, Any]:
    """What cyclonedx-py finds, in version 1.6 of the format, which is also what is validated."""
    command = [sys.executable, "-m", "cyclonedx_py", *arguments, "--output-reproducible", "--spec-version", "1.6"]
    found: dict[str, Any] = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
    return found


def application() -> dict[str, str]:
    """The function, under the name and version that it is deployed with."""
    described = FUNC_YAML.read_text(encoding="utf-8")
    return dict(re.findall(r"^(name|version): (\S+)$", described, re.MULTILINE))


def in_image(environment: Path, locked: dict[str, str]) -> set[str]:
    """The package URLs of what the image holds. A package of another release than the locked one counts as missing."""
    (packages,) = environment.resolve().glob("lib/python*/site-packages")
    versions = {each.metadata["Name"]: each.version for each, _ in distributions(packages)}
    names = {name: normalized(name) for name, version in versions.items() if locked.get(normalized(name)) == version}
    script = environment.resolve() / "bin" / SCRIPT
    found = held(ROOT, packages, script, names, Allowed(LEFT_OUT, BY_NAME))
    return {url(name, locked[name]) for name in found}


def main(environment: str, file: str) -> int:
    """The number of packages, how many of them the image holds, and those of which no licence is known, are said."""
    needs = pins(RUNTIME.with_suffix(".in").read_text(encoding="utf-8"))
    try:
        kept = in_image(Path(environment), pins(RUNTIME.read_text(encoding="utf-8")))
    except CannotPrune as error:
        print(f"NOT WRITTEN: it cannot be told what the image holds:\n{error}", file=sys.stderr)
        return 1
    made = bill(
        listed("requirements", str(RUNTIME)),
        listed("environment", environment),
        application(),
        [url(*each) for each in needs.items()],
        kept,
    )
    text = json.dumps(made, indent=2, ensure_ascii=False) + "\n"
    if invalid := JsonStrictValidator(SchemaVersion.V1_6).validate_str(text):
        print(f"NOT WRITTEN: not a valid bill of materials: {invalid}", file=sys.stderr)
        return 1
    Path(file).parent.mkdir(parents=True, exist_ok=True)
    Path(file).write_text(text, encoding="utf-8")
    unlicensed = [each["name"] for each in made["components"] if "licenses" not in each]
    excluded = [each["name"] for each in made["components"] if each.get("scope") == "excluded"]
    number = len(made["components"])
    print(f"{file}: {number} packages of {title(RUNTIME)}, of which the image holds {number - len(excluded)}", end="")
    print(f"; without a known licence (not installed here, or silent): {', '.join(unlicensed)}" if unlicensed else "")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
