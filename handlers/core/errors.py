"""Everything that can go wrong, as one tree.

```
Fault
├── Rejected            the payload or the configuration is wrong: sending the same again cannot help
├── TagMalformed        a source's own tag names no usable destinations
├── KeyMissing          KMS_KEY_IDS is set and does not say which key copies in a region are to have
└── ApiFault            Oracle's API said no, or said nothing
    ├── Refused         the answer stands: permission, not found, wrong state, invalid parameter
    │   ├── Missing         404 NotAuthorizedOrNotFound
    │   ├── Outrun          409 Conflict, 412 NoEtagMatch: somebody changed the resource first
    │   └── TokenSpent      409 InvalidatedRetryToken: this retry token stands for something else by now
    └── Passing         401, 429, 5xx, a time-out or a broken connection: the same call may work later
```
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with the input: the field's path, and what to do about it. Never the field's value."""

    field: str
    message: str


class Fault(Exception):  # noqa: N818 - the field says faults, and the tree reads better so
    """The root: every exception that the handlers raise on purpose."""


class Rejected(Fault):
    """The input cannot be acted upon. Raised before anything is changed."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(f"{problem.field}: {problem.message}" for problem in problems))
        self.problems = problems


class TagMalformed(Fault):
    """The tag `backup-copy-destinations` of a source cannot be followed."""


class KeyMissing(Fault):
    """A copy would end under another key than the configuration promises."""


class ApiFault(Fault):
    """A call to Oracle's API that did not do what it was asked.

    `code` is the API's own error code, or `Timeout` or `ConnectionFailed` where there was no answer, `FailedMetrics`
    where some points were not taken, `TokenIncomplete` where the function's token does not name its tenancy; `status`
    is the HTTP status, 0 where there was none; `retry_after` is how many seconds the API asked to wait, if it did.
    See https://docs.oracle.com/iaas/Content/API/References/apierrors.htm
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        status: int = 0,
        opc_request_id: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.status, self.opc_request_id = code, message, status, opc_request_id
        self.retry_after = retry_after

    def bare(self) -> Self:
        """The fault without where it was raised: kept as it is, it would keep all that there was, in a circle."""
        self.__cause__ = self.__context__ = None
        return self.with_traceback(None)


class Refused(ApiFault):
    """The API refused, and will again until somebody changes something."""


class Missing(Refused):
    """The resource does not exist, or the function may not see or use it: the API does not tell which."""


class Outrun(Refused):
    """Somebody else changed the resource between our reading and our writing."""


class TokenSpent(Refused):
    """The retry token was used with other details, or for a resource that is gone."""


class Passing(ApiFault):
    """A fault that may pass by itself."""
