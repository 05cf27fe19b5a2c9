"""Who may not do something in a service gets the same answer as if nothing were there."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from infra.emulator.identity import Credential
from infra.emulator.ocids import new_ocid
from infra.emulator.server import Emulator
from tests.emulator.signing import signed
from tests.emulator.tenant import ASHBURN, Tenant

NOT_FOUND = (404, "NotAuthorizedOrNotFound")
FUNCTION = new_ocid("fnfunc", ASHBURN)
COLLECTIONS = {
    "Rule": f"https://events.{ASHBURN}.oci.oraclecloud.com/20181201/rules",
    "Alarm": f"https://telemetry.{ASHBURN}.oraclecloud.com/20180401/alarms",
    "Topic": f"https://notification.{ASHBURN}.oci.oraclecloud.com/20181201/topics",
    "Subscription": f"https://notification.{ASHBURN}.oci.oraclecloud.com/20181201/subscriptions",
}


@dataclass(frozen=True)
class Operation:
    """One operation of an API, and how it is asked for."""

    name: str
    method: str
    noun: str
    path: str = ""


OPERATIONS = [
    *(Operation(f"Create{noun}", "POST", noun) for noun in COLLECTIONS),
    *(Operation(f"List{noun}s", "GET", noun, "?compartmentId={compartment}") for noun in COLLECTIONS),
    *(Operation(f"Get{noun}", "GET", noun, "/{id}") for noun in COLLECTIONS),
    *(Operation(f"Update{noun}", "PUT", noun, "/{id}") for noun in COLLECTIONS),
    *(Operation(f"Delete{noun}", "DELETE", noun, "/{id}") for noun in COLLECTIONS),
    Operation("PublishMessage", "POST", "Topic", "/{id}/messages"),
]
every_operation = pytest.mark.parametrize("operation", OPERATIONS, ids=[operation.name for operation in OPERATIONS])


class Caller:
    """Somebody with a token of their own, who sends requests to the services of one compartment."""

    def __init__(self, http: httpx.Client, credential: Credential, compartment_id: str) -> None:
        self._http, self._credential, self._compartment_id = http, credential, compartment_id

    def send(self, method: str, url: str, body: object = None) -> httpx.Response:
        content = None if body is None else json.dumps(body).encode()
        key_id, key = f"ST${self._credential.key_id}", self._credential.private_key_pem
        return self._http.send(signed(method, url, key_id, key, body=content))

    def ask(self, operation: Operation, made: dict[str, str]) -> httpx.Response:
        path = operation.path.format(compartment=self._compartment_id, id=made[operation.noun])
        body: object = {"body": "{}"}
        if operation.name != "PublishMessage":
            change: dict[str, Any] = {"freeformTags": {}}
            change |= {"description": "changed"} if operation.noun == "Topic" else {}
            body = {"POST": self.details(operation.noun, made["Topic"]), "PUT": change}.get(operation.method)
        return self.send(operation.method, COLLECTIONS[operation.noun] + path, body)

    def make(self) -> dict[str, str]:
        """One resource of each kind, silent; their OCIDs."""
        made: dict[str, str] = {}
        for noun in ("Topic", "Subscription", "Rule", "Alarm"):
            body = self.details(noun, made.get("Topic", ""))
            answer = self.send("POST", COLLECTIONS[noun], body).json()
            made[noun] = answer["topicId" if noun == "Topic" else "id"]
        return made

    def details(self, noun: str, topic_id: str) -> dict[str, Any]:
        own: dict[str, dict[str, Any]] = {
            "Topic": {"name": uuid.uuid4().hex},
            "Subscription": {"topicId": topic_id, "protocol": "ORACLE_FUNCTIONS", "endpoint": FUNCTION},
            "Rule": {
                "displayName": "rule",
                "isEnabled": False,
                "condition": "{}",
                "actions": {"actions": [{"actionType": "FAAS", "isEnabled": True, "functionId": FUNCTION}]},
            },
            "Alarm": {
                "displayName": "alarm",
                "metricCompartmentId": self._compartment_id,
                "namespace": "schedule",
                "query": "Heartbeat[1m].absent(3d)",
                "severity": "INFO",
                "destinations": [topic_id],
                "isEnabled": False,
            },
        }
        return {"compartmentId": self._compartment_id, **own[noun]}


@pytest.fixture(scope="module")
def principal_id() -> str:
    return new_ocid("fnfunc", ASHBURN)


@pytest.fixture(scope="module")
def known(emulator: Emulator, principal_id: str) -> Credential:
    return emulator.call(lambda cloud: cloud.identity.issue_token(ASHBURN, resource_id=principal_id))


@pytest.fixture(scope="module")
def foreign(emulator: Emulator) -> Credential:
    return emulator.call(lambda cloud: cloud.identity.issue_token(ASHBURN, tenancy_id=new_ocid("tenancy")))


@pytest.fixture
def http(tenant: Tenant) -> Iterator[httpx.Client]:
    with tenant.http() as client:
        yield client


@pytest.fixture
def caller(tenant: Tenant, http: httpx.Client, known: Credential) -> Caller:
    return Caller(http, known, tenant.compartment_id)


@every_operation
def test_a_denied_operation_is_answered_with_404(
    tenant: Tenant, caller: Caller, principal_id: str, operation: Operation
) -> None:
    """What `deny` names is refused, and nothing has happened; once allowed, the same request succeeds."""
    made = caller.make()
    tenant.emulator.call(lambda cloud: cloud.deny(operation.name, principal_id))
    refused = caller.ask(operation, made)
    tenant.emulator.call(lambda cloud: cloud.allow(operation.name, principal_id))
    assert (refused.status_code, refused.json()["code"]) == NOT_FOUND
    assert caller.ask(operation, made).is_success


@every_operation
def test_another_tenancy_sees_nothing(
    tenant: Tenant, caller: Caller, http: httpx.Client, foreign: Credential, operation: Operation
) -> None:
    """A principal of another tenancy can neither read nor change, whatever OCIDs it knows."""
    stranger = Caller(http, foreign, tenant.compartment_id)
    answer = stranger.ask(operation, caller.make())
    assert (answer.status_code, answer.json()["code"]) == NOT_FOUND


@pytest.mark.parametrize("noun", COLLECTIONS)
def test_nothing_is_made_in_an_unknown_compartment(caller: Caller, noun: str) -> None:
    """A compartment that is not the tenancy's answers like one that may not be seen."""
    details = {**caller.details(noun, caller.make()["Topic"]), "compartmentId": new_ocid("compartment")}
    answer = caller.send("POST", COLLECTIONS[noun], details)
    assert (answer.status_code, answer.json()["code"]) == NOT_FOUND
