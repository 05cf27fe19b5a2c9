"""IAM policy statements, read as OCI would: who may do what, where, and on which condition.

https://docs.oracle.com/iaas/Content/Identity/Concepts/policysyntax.htm
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

_STATEMENT = re.compile(
    r"Allow (?P<subject>dynamic-group [\w-]+|service \w+|any-user) to \{(?P<permissions>[A-Z_]+(?:, [A-Z_]+)*)\}"
    r" in (?P<place>tenancy|compartment id ocid1\.compartment\.[\w.-]+)(?: where (?P<condition>.+))?"
)
_TEST = re.compile(r"([a-z.-]+) = '([^']*)'")
_GROUP = re.compile(r"(all|any) \{(.*)\}")
_COMMA = re.compile(r", (?![^{}]*\})")  # not one of a group within

Request = Mapping[str, str]


@dataclass(frozen=True)
class Statement:
    """One statement. Only single permissions are read: an aggregate verb such as `manage` is refused."""

    subject: str
    permissions: frozenset[str]
    compartment: str | None
    condition: str

    @classmethod
    def parse(cls, text: str) -> "Statement":
        found = _STATEMENT.fullmatch(text)
        assert found, f"not a statement that names its permissions one by one: {text}"
        return cls(
            subject=found["subject"],
            permissions=frozenset(found["permissions"].split(", ")),
            compartment=None if found["place"] == "tenancy" else found["place"].removeprefix("compartment id "),
            condition=found["condition"] or "",
        )

    @property
    def variables(self) -> set[str]:
        """What its condition looks at."""
        return {name for name, _ in _TEST.findall(self.condition)}

    def permits(self, subject: str, permission: str, compartment: str, request: Request) -> bool:
        """Whether it lets this subject have the permission in this compartment, for such a request."""
        return (
            self.subject == subject
            and permission in self.permissions
            and self.compartment in {None, compartment}
            and _is_true(self.condition, request)
        )


def _is_true(condition: str, request: Request) -> bool:
    """A condition on a variable that the request does not have is false, as in OCI."""
    if not condition:
        return True
    if group := _GROUP.fullmatch(condition):
        quantifier = {"all": all, "any": any}[group[1]]
        return quantifier([_is_true(each, request) for each in _COMMA.split(group[2])])
    test = _TEST.fullmatch(condition)
    assert test, f"not a condition that is read: {condition}"
    return request.get(test[1]) == test[2]


def permitted(statements: Iterable[Statement], subject: str, compartment: str, request: Request) -> set[str]:
    """All that this subject may do in this compartment, with such a request."""
    return {
        permission
        for each in statements
        for permission in each.permissions
        if each.permits(subject, permission, compartment, request)
    }
