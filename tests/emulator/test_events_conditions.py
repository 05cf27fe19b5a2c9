"""Which events a rule's condition matches: OCI's own examples, and what it leaves open."""

from __future__ import annotations

import json
from typing import Any

import pytest

from infra.emulator.event_rules import Condition
from infra.emulator.wire import ApiError

EVENT: dict[str, Any] = {
    "cloudEventsVersion": "0.1",
    "eventType": "com.oraclecloud.objectstorage.deletebucket",
    "source": "objectstorage",
    "data": {
        "compartmentId": "ocid1.compartment.oc1..x",
        "resourceName": "my_bucket",
        "availabilityDomain": None,
        "freeformTags": {"Department": "Finance"},
        "additionalDetails": {"publicAccessType": "NoPublicAccess", "size": 1, "isFull": True, "zones": ["a", "b"]},
    },
}


@pytest.mark.parametrize(
    "condition",
    [
        {},
        {"eventType": "com.oraclecloud.objectstorage.deletebucket"},
        {"eventType": ["com.oraclecloud.objectstorage.createbucket", "com.oraclecloud.objectstorage.deletebucket"]},
        {"eventType": "com.oraclecloud.objectstorage.*bucket"},
        {"eventType": "*"},
        {"eventType": ["nothing", "*delete*"]},
        {"data": {"additionalDetails": {"publicAccessType": "NoPublicAccess"}}},
        {"data": {"resourceName": "my_*", "compartmentId": "ocid1.compartment.oc1..x"}},
        {"data": {"resourceName": ["another", "my_bucket"]}, "source": "objectstorage"},
        {"data": {"freeformTags": {"Department": ["Finance", "Sales"]}}},
        {"data": {"additionalDetails": {"size": 1, "isFull": True}}},
        {"data": {"additionalDetails": {"zones": ["b", "c"]}}},
        {"data": {"additionalDetails": {"size": "*"}}},
    ],
    ids=json.dumps,
)
def test_a_condition_matches(condition: dict[str, Any]) -> None:
    """Fields not mentioned are ignored, lists need one hit, an asterisk stands for any characters."""
    assert Condition.parse(json.dumps(condition)).matches(EVENT)


@pytest.mark.parametrize(
    "condition",
    [
        {"eventType": "com.oraclecloud.objectstorage.createbucket"},
        {"eventType": "com.oraclecloud.objectstorage.deletebucke"},
        {"eventType": "COM.ORACLECLOUD.OBJECTSTORAGE.DELETEBUCKET"},
        {"eventType": "comXoraclecloudXobjectstorageXdeletebucket"},
        {"resourceName": "my_bucket"},
        {"data": {"resourceName": "other"}},
        {"data": {"missing": "*"}},
        {"data": {"availabilityDomain": "*"}},
        {"data": {"additionalDetails": "*"}},
        {"data": {"additionalDetails": {"size": True}}},
        {"data": {"additionalDetails": {"isFull": 1}}},
        {"data": {"resourceName": {"deeper": "my_bucket"}}},
    ],
    ids=json.dumps,
)
def test_a_condition_does_not_match(condition: dict[str, Any]) -> None:
    """The nesting must be the event's, case matters, a dot is a dot, and an asterisk alone does not match null."""
    assert not Condition.parse(json.dumps(condition)).matches(EVENT)


@pytest.mark.parametrize("text", ["", "no json", "[]", '"text"', '{"eventType": []}', '{"event*": "x"}'])
def test_a_malformed_condition_is_invalid(text: str) -> None:
    """What is not a filter is refused when the rule is made, as OCI does."""
    with pytest.raises(ApiError) as raised:
        Condition.parse(text)
    assert (raised.value.status, raised.value.code) == (400, "InvalidParameter")


@pytest.mark.parametrize("condition", [{"data": None}, {"data": {"x": [None]}}, {"data": [{"x": 1}]}], ids=json.dumps)
def test_what_oci_does_not_document_is_refused(condition: dict[str, Any]) -> None:
    """The emulator does not guess at null and nested values in conditions."""
    with pytest.raises(ApiError) as raised:
        Condition.parse(json.dumps(condition))
    assert raised.value.status == 501
