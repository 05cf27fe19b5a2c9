"""The audit: nothing passes for clean of which nothing is known."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import CompletedProcess

from infra.supply.audit import ADVISORY, CLEAN, VULNERABLE, audit
from infra.supply.locks import LOCKS, title

REPORT = json.dumps({"dependencies": [{"name": "jinja2", "vulns": [{"id": "PYSEC-2019-217", "aliases": [ADVISORY]}]}]})


@dataclass
class FakePipAudit:
    """Answers as pip-audit does: what it found on standard output, its summary on standard error."""

    of_the_vulnerable: str = REPORT
    why: str = "Found 1 known vulnerability in 1 package"
    found: dict[Path, str] = field(default_factory=dict)
    asked: list[list[str]] = field(default_factory=list)

    def __call__(self, arguments: Sequence[str], stdin: str = "") -> CompletedProcess[str]:
        self.asked.append(list(arguments))
        if stdin:
            assert stdin == VULNERABLE
            return CompletedProcess(arguments, 1, self.of_the_vulnerable, self.why)
        if (lock := Path(arguments[-1])) not in self.found:
            return CompletedProcess(arguments, 0, "", CLEAN)
        found = self.found[lock]
        return CompletedProcess(arguments, 1, found, "Found 1" if found else "Traceback\nServiceError")


def audited(run: FakePipAudit, *options: str) -> tuple[bool, str]:
    said: list[str] = []
    return audit(run, LOCKS, options, said.append), "\n".join(said)


def test_locks_of_which_nothing_bad_is_known_are_clean() -> None:
    """Each is asked about strictly: a package that the service does not know is a failure."""
    run = FakePipAudit()
    clean, said = audited(run, "-s", "osv")

    assert clean
    assert [arguments[-1] for arguments in run.asked[1:]] == [str(lock) for lock in LOCKS]
    assert all("--strict" in arguments for arguments in run.asked[1:])
    assert all(arguments[:2] == ["-s", "osv"] for arguments in run.asked)
    assert said.splitlines() == [f"{title(lock)}: {CLEAN}" for lock in LOCKS]


def test_one_bad_lock_is_enough_and_the_others_are_looked_at() -> None:
    """What is known against it is said, as pip-audit found it."""
    run = FakePipAudit(found={LOCKS[0]: "oci 2.189.0 CVE-1"})
    clean, said = audited(run)

    assert not clean
    assert len(run.asked) == 1 + len(LOCKS)
    assert said.startswith(f"{title(LOCKS[0])}: VULNERABLE\noci 2.189.0 CVE-1\n{title(LOCKS[1])}: {CLEAN}\n")
    assert said.count(CLEAN) == len(LOCKS) - 1


def test_a_lock_that_is_not_looked_up_to_its_end_is_not_clean() -> None:
    """A package that the service does not know, or a service that breaks in between: nothing is found then."""
    clean, said = audited(FakePipAudit(found={LOCKS[-1]: ""}))

    assert not clean
    assert said.endswith(f"{title(LOCKS[-1])}: NOT AUDITED: ServiceError")


def test_a_service_without_advisories_is_not_believed() -> None:
    """It finds nothing against anyone, also nothing against what everybody knows to be vulnerable."""
    run = FakePipAudit(of_the_vulnerable='{"dependencies": []}', why=CLEAN)
    clean, said = audited(run)

    assert not clean
    assert said.startswith("NOT AUDITED: ")
    assert CLEAN not in said
    assert len(run.asked) == 1


def test_what_was_just_tried_is_not_advised() -> None:
    """Another service is, as long as there is one; and then another place to ask from."""
    for options, advised in ((), True), (("-s", "osv"), False), (("--vulnerability-service=osv",), False):
        _, said = audited(FakePipAudit(of_the_vulnerable="", why="No route to host"), *options)
        assert ("-s osv" in said) is advised
        assert "from a machine that reaches one" in said


def test_a_service_that_cannot_be_reached_is_a_failure() -> None:
    """It is said why, as far as pip-audit says anything."""
    assert audited(FakePipAudit(of_the_vulnerable="", why="…\nNo route to host"))[1].endswith("\nNo route to host")
    clean, said = audited(FakePipAudit(of_the_vulnerable="", why=""))

    assert not clean
    assert said.endswith("nothing; its exit status is 1")
