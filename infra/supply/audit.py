"""Looks up what is known against each locked package: `python -m infra.supply.audit [options of pip-audit]`.

pip-audit takes silence for good news: it leaves out a package that the service does not know, and a service that
answers without advisories has nothing against anyone. Here either is a failure.
"""

import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from infra.supply.locks import LOCKS, title

# A release with a well-known hole. A service that does not know of this one is not asked about others.
VULNERABLE, ADVISORY = "jinja2==2.10", "CVE-2019-10906"
CLEAN = "No known vulnerabilities found"
"""How pip-audit sums up that it found nothing."""


class PipAudit(Protocol):
    """Runs pip-audit with these arguments and this text on its standard input."""

    def __call__(self, arguments: Sequence[str], stdin: str = "") -> subprocess.CompletedProcess[str]: ...


def pip_audit(arguments: Sequence[str], stdin: str = "") -> subprocess.CompletedProcess[str]:
    """The one beside this interpreter. It reads the locks as they are: pip resolves nothing, builds nothing."""
    command = [sys.executable, "-m", "pip_audit", "--disable-pip", "--progress-spinner", "off", *arguments]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)


def audit(run: PipAudit, locks: Sequence[Path], options: Sequence[str], say: Callable[[str], None]) -> bool:
    """Whether the service answered for every package of every lock, and knows nothing against any."""
    asked = run([*options, "--no-deps", "--format", "json", "--requirement", "/dev/stdin"], stdin=VULNERABLE)
    if ADVISORY not in asked.stdout:
        say("NOT AUDITED: the service of advisories cannot be reached from here, or has none: asked about")
        say(f"{VULNERABLE}, it does not name {ADVISORY}. {advice(options)}")
        if why := reason(asked):
            say("pip-audit said:")
            say(why)
        return False
    unclean = [lock for lock in locks if not is_clean(run, lock, options, say)]
    return not unclean


def is_clean(run: PipAudit, lock: Path, options: Sequence[str], say: Callable[[str], None]) -> bool:
    """Whether the service answered for every package of this lock, and knows nothing against any."""
    asked = run([*options, "--strict", "--requirement", str(lock)])
    if asked.returncode == 0:
        say(f"{title(lock)}: {last_words(asked)}")
    elif asked.stdout.strip():  # its table of what it found, which it prints when it has asked about everything
        say(f"{title(lock)}: VULNERABLE\n{asked.stdout.strip()}")
    else:
        say(f"{title(lock)}: NOT AUDITED: {reason(asked) or 'pip-audit does not say why'}")
    return asked.returncode == 0


def advice(options: Sequence[str]) -> str:
    """What to try next; not what has just been tried."""
    if any("osv" in option for option in options):
        return "Ask from a machine that reaches one."
    return "Ask another one (ARGS='-s osv'), or from a machine that reaches one."


def reason(asked: subprocess.CompletedProcess[str]) -> str:
    """Why it was not looked up; empty where pip-audit says that all is well, which it is not then."""
    words = last_words(asked)
    return "" if words.startswith(CLEAN) else words


def last_words(asked: subprocess.CompletedProcess[str]) -> str:
    """The line in which pip-audit sums up what it found, or why it stopped."""
    said = f"{asked.stdout}\n{asked.stderr}".strip()
    return said.splitlines()[-1] if said else f"nothing; its exit status is {asked.returncode}"


if __name__ == "__main__":
    sys.exit(not audit(pip_audit, LOCKS, sys.argv[1:], print))
