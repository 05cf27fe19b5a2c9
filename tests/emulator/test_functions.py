"""OCI Functions behind proxy, TLS and signatures: how the unmodified SDK finds a function and calls it."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import httpx
import oci
import pytest
from oci.functions import FunctionsManagementClient

from infra.emulator.block_volume.limits import Limits
from infra.emulator.faults.fault import Answer
from infra.emulator.faults.operation import operation_of
from infra.emulator.functions import LARGEST_BODY
from infra.emulator.ocids import new_ocid
from infra.emulator.server import Emulator
from tests.emulator.invoking import NOWHERE, Told, detach, endpoint, get, invoke, invoked, outcomes, post
from tests.emulator.tenant import ASHBURN, PHOENIX, Tenant, refusal


def test_a_function_is_shown_with_its_endpoint_and_what_is_known_of_it(tenant: Tenant, told: Told) -> None:
    """Nothing is made up: memory that nobody told of is left out."""
    answer = get(tenant, told.id)
    shown = answer.data
    assert (shown.id, shown.display_name, shown.lifecycle_state) == (told.id, "told", "ACTIVE")
    assert (shown.timeout_in_seconds, shown.memory_in_mbs) == (300, None)
    assert shown.invoke_endpoint.endswith(f".{ASHBURN}.functions.oci.oraclecloud.com")
    assert answer.headers["etag"] == get(tenant, told.id).headers["etag"]
    assert endpoint(tenant, told.id) == shown.invoke_endpoint


def test_a_function_can_be_registered_with_nothing_but_its_address(tenant: Tenant) -> None:
    """As `--function` does; what a function cannot be shown with here is refused."""
    function_id = new_ocid("fnfunc", ASHBURN)
    tenant.emulator.register_function(function_id, NOWHERE)
    assert get(tenant, function_id).data.display_name is None
    with pytest.raises(ValueError, match="failureDestination"):
        tenant.emulator.register_function(function_id, NOWHERE, failureDestination={"kind": "NONE"})


def test_a_synchronous_call_is_answered_with_the_functions_own_answer(tenant: Tenant, told: Told) -> None:
    """Body, headers, and the call's id, which Fn gives it."""
    told.answers = [(200, {"fn-call-id": "01CALL", "content-type": "text/x-own", "x-own": "1"}, b"done")]
    answer = invoke(tenant, told.id, b"\x00\xff bytes", fn_intent="httprequest", opc_request_id="mine")
    assert (answer.status, answer.data.content) == (200, b"done")
    assert [answer.headers[name] for name in ("fn-call-id", "content-type", "x-own")] == ["01CALL", "text/x-own", "1"]
    ((headers, body),) = told.calls
    assert (body, headers["fn-intent"]) == (b"\x00\xff bytes", "httprequest")
    assert headers["opc-request-id"] == answer.headers["opc-request-id"]
    assert answer.headers["opc-request-id"].startswith("mine/")


@pytest.mark.parametrize("invoke_type", ["sync", "detached"])
@pytest.mark.parametrize("given", ["é €".encode(), b"\xe9"], ids=["UTF-8", "Latin-1"])
def test_headers_pass_byte_for_byte_in_both_directions(
    tenant: Tenant, told: Told, invoke_type: str, given: bytes
) -> None:
    """HTTP leaves their encoding open; to either end a strange one is no reason to fail."""
    as_latin_1 = given.decode("latin-1")
    told.answers = [(200, {"x-own": as_latin_1, "fn-call-id": as_latin_1}, b"{}")]
    url = f"{endpoint(tenant, told.id)}/20181201/functions/{told.id}/actions/invoke"
    request = tenant.signed("POST", url, b"{}")
    headers = [*request.headers.raw, (b"fn-invoke-type", invoke_type.encode()), (b"opc-request-id", given)]
    with tenant.http() as client:
        answer = client.send(httpx.Request("POST", url, headers=headers, content=b"{}"))
    tenant.emulator.settle()
    ((seen, _),) = told.calls
    assert seen["opc-request-id"].startswith(f"{as_latin_1}/")
    if invoke_type == "sync":
        assert answer.status_code == 200
        assert {(b"x-own", given), (b"fn-call-id", given)} <= set(answer.headers.raw)
    else:
        assert answer.status_code == 202
        assert outcomes(tenant, told.id) == ["functions.delivered"]


@pytest.mark.parametrize("version", ["20181201", "20260325"])
def test_both_versions_of_the_api_are_served(tenant: Tenant, told: Told, version: str) -> None:
    """The one of Oracle's pages, and the one that the SDK calls."""
    url = f"{endpoint(tenant, told.id)}/{version}/functions/{told.id}/actions/invoke"
    assert post(tenant, url).text == "hello"
    with tenant.http() as client:
        management = f"https://functions.{ASHBURN}.oci.oraclecloud.com/{version}/functions/{told.id}"
        assert client.send(tenant.signed("GET", management)).json()["id"] == told.id


def test_every_call_of_the_api_is_in_the_diary(tenant: Tenant, told: Told) -> None:
    """Under the service's name, at whichever of its hosts."""
    detach(tenant, told.id)
    found, called = tenant.happened("api.call")[-2:]
    assert [(each["service"], each["region"], each["method"], each["status"]) for each in (found, called)] == [
        ("functions", ASHBURN, "GET", 200),
        ("functions", ASHBURN, "POST", 202),
    ]


def test_an_unknown_function_is_404_to_find_and_to_invoke(tenant: Tenant, told: Told) -> None:
    """So is one of another region, and one at the endpoint of another function."""
    unknown = new_ocid("fnfunc", ASHBURN)
    assert refusal(lambda: get(tenant, unknown)) == (404, "NotAuthorizedOrNotFound")
    assert refusal(lambda: get(tenant, told.id, PHOENIX)) == (404, "NotAuthorizedOrNotFound")
    own = endpoint(tenant, told.id)
    other = new_ocid("fnfunc", ASHBURN)
    tenant.emulator.register_function(other, NOWHERE)
    for url in (
        f"{own}/20181201/functions/{unknown}/actions/invoke",
        f"{own}/20181201/functions/{other}/actions/invoke",
        f"{own.replace(ASHBURN, PHOENIX)}/20181201/functions/{told.id}/actions/invoke",
    ):
        answer = post(tenant, url)
        assert (answer.status_code, answer.json()["code"]) == (404, "NotAuthorizedOrNotFound")
    assert told.calls == []


@pytest.mark.parametrize("operation", ["GetFunction", "InvokeFunction"])
def test_who_may_not_gets_404(tenant: Tenant, told: Told, operation: str) -> None:
    """Each of the two permissions can be taken away, and given back; nothing is called without."""
    tenant.emulator.call(lambda cloud: cloud.deny(operation))
    try:
        assert refusal(lambda: detach(tenant, told.id)) == (404, "NotAuthorizedOrNotFound")
    finally:
        tenant.emulator.call(lambda cloud: cloud.allow(operation))
    assert (told.calls, invoked(tenant, told.id)) == ([], [])
    assert detach(tenant, told.id).status == 202


def test_a_call_with_another_body_than_the_signed_one_is_401(tenant: Tenant, told: Told) -> None:
    """A signature is verified at a function's endpoint as everywhere."""
    url = f"{endpoint(tenant, told.id)}/20181201/functions/{told.id}/actions/invoke"
    request = tenant.signed("POST", url, b'{"a": 1}')
    with tenant.http() as client:
        answer = client.send(httpx.Request("POST", url, headers=request.headers, content=b'{"a": 2}'))
    assert (answer.status_code, answer.json()["code"]) == (401, "NotAuthenticated")
    assert told.calls == []


@pytest.mark.parametrize("invoke_type", ["sync", "detached"])
def test_a_body_of_6_mb_is_taken_and_a_larger_one_is_not(tenant: Tenant, told: Told, invoke_type: str) -> None:
    """Both types have the same limit."""
    answer = refusal(lambda: invoke(tenant, told.id, b" " * (LARGEST_BODY + 1), fn_invoke_type=invoke_type))
    assert answer == (413, "FunctionInvokeRequestContentTooLarge")
    assert told.calls == []
    invoke(tenant, told.id, b" " * LARGEST_BODY, fn_invoke_type=invoke_type)
    tenant.emulator.settle()
    assert [len(body) for _, body in told.calls] == [LARGEST_BODY]


@pytest.mark.parametrize(
    ("status", "said", "expected"),
    [
        (502, "function failed", (502, "FunctionInvokeExecutionFailed")),
        (502, "error receiving function response", (502, "FunctionInvokeExecutionFailed")),
        (502, "invalid function response", (502, "FunctionInvokeInvalidResponse")),
        (502, "Container failed to initialize, please ensure …", (502, "FunctionInvokeContainerInitFail")),
        (504, "Timed out", (504, "FunctionInvokeTimeout")),
        (429, "too many", (429, "TooManyRequests")),
        (404, "Fn not found", (502, "FunctionInvokeInvalidResponse")),
    ],
)
def test_a_synchronous_call_that_failed_says_how(
    tenant: Tenant, told: Told, status: int, said: str, expected: tuple[int, str]
) -> None:
    """What an Fn server answers becomes OCI's code."""
    told.answers = [(status, {"fn-call-id": "01CALL"}, json.dumps({"message": said}).encode())]
    with pytest.raises(oci.exceptions.ServiceError) as caught:
        invoke(tenant, told.id)
    assert (caught.value.status, caught.value.code, caught.value.headers["fn-call-id"]) == (*expected, "01CALL")


@pytest.mark.parametrize("body", [b"no JSON", b"[]", b""])
def test_a_failure_without_a_message_is_one_too(tenant: Tenant, told: Told, body: bytes) -> None:
    """Whatever stands in for the function."""
    told.answers = [(502, {}, body)]
    assert refusal(lambda: invoke(tenant, told.id)) == (502, "FunctionInvokeExecutionFailed")


def test_an_answer_of_more_than_6_mb_is_502(tenant: Tenant, told: Told) -> None:
    """The function has done its work all the same."""
    told.answers = [(200, {}, b" " * (LARGEST_BODY + 1))]
    assert refusal(lambda: invoke(tenant, told.id)) == (502, "FunctionInvokeResponseBodyTooLarge")


def test_an_answer_that_is_not_what_its_headers_say_is_502(tenant: Tenant, told: Told) -> None:
    """As any other that is none; of a detached call the diary knows."""
    told.answers = [(200, {"content-encoding": "gzip"}, b"plain")] * 2
    assert refusal(lambda: invoke(tenant, told.id)) == (502, "FunctionInvokeInvalidResponse")
    detach(tenant, told.id)
    tenant.emulator.settle()
    assert outcomes(tenant, told.id) == ["functions.failed", "functions.dropped"]


def test_a_function_that_cannot_be_reached_is_503_or_a_detached_call_in_vain(tenant: Tenant) -> None:
    """A detached one is accepted before that is known."""
    function_id = new_ocid("fnfunc", ASHBURN)
    tenant.emulator.register_function(function_id, NOWHERE)
    assert refusal(lambda: invoke(tenant, function_id)) == (503, "FunctionInvokeServiceUnavailable")
    assert detach(tenant, function_id).status == 202
    tenant.emulator.settle()
    assert outcomes(tenant, function_id) == ["functions.failed", "functions.dropped"]


def test_a_synchronous_call_has_an_end(limited: Any, told: Told) -> None:
    """A function that does not answer is given up: 504."""
    tenant = limited(Limits())
    told.may_answer.clear()
    with told.listening() as url:
        tenant.emulator.register_function(told.id, url)
        tenant.emulator.call(lambda cloud: setattr(cloud.delivery, "_longest_call", 0.2))
        assert refusal(lambda: invoke(tenant, told.id)) == (504, "FunctionInvokeTimeout")
        told.may_answer.set()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"fn_invoke_type": "later"}, 400),
        ({"fn_intent": "guess"}, 400),
        ({"is_dry_run": "perhaps"}, 400),
        ({"is_dry_run": "true"}, 501),
        ({"is_dry_run": "false"}, 200),
    ],
)
def test_headers_have_their_values(tenant: Tenant, told: Told, headers: dict[str, str], status: int) -> None:
    """What a dry run is answered with is not known, so that it is refused."""
    url = f"{endpoint(tenant, told.id)}/20181201/functions/{told.id}/actions/invoke"
    assert post(tenant, url, b"{}", **headers).status_code == status
    assert len(told.calls) == (status == 200)


def test_the_sdks_dry_run_is_refused(tenant: Tenant, told: Told) -> None:
    """However it writes the header."""
    assert refusal(lambda: invoke(tenant, told.id, is_dry_run=True)) == (501, "NotImplemented")
    assert told.calls == []


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/20181201/functions"),
        ("PUT", "/20181201/functions/x"),
        ("POST", "/20260325/functions/x/actions/invoke"),
        ("GET", "/20260325/applications"),
        ("GET", "/20200101/functions/x"),
    ],
)
def test_the_rest_of_functions_is_not_modelled(tenant: Tenant, method: str, path: str) -> None:
    """501, as is a call at the host of management, which is no endpoint of any function."""
    body = None if method == "GET" else b"{}"
    with tenant.http() as client:
        answer = client.send(tenant.signed(method, f"https://functions.{ASHBURN}.oci.oraclecloud.com{path}", body))
    assert (answer.status_code, answer.json()["code"]) == (501, "NotImplemented")


def test_functions_meet_faults_by_their_names(tenant: Tenant, told: Told) -> None:
    """After the work too: the call is made, and its caller does not learn of it."""
    fault = Answer(503, "FunctionInvokeServiceUnavailable", after_work=True)
    tenant.emulator.call(lambda cloud: cloud.faults.script(fault, operation="InvokeFunction", region=ASHBURN))
    assert refusal(lambda: detach(tenant, told.id)) == (503, "FunctionInvokeServiceUnavailable")
    tenant.emulator.settle()
    assert len(told.calls) == 1
    tenant.emulator.call(lambda cloud: cloud.faults.script(Answer(429, "TooManyRequests"), operation="GetFunction"))
    client = tenant.connect(FunctionsManagementClient, retry_strategy=oci.retry.NoneRetryStrategy())
    assert refusal(lambda: client.get_function(told.id)) == (429, "TooManyRequests")
    assert operation_of("POST", "/20181201/functions/x/actions/change") is None


def test_the_cloud_ends_while_a_synchronous_call_goes_on(told: Told, tmp_path: Path) -> None:
    """Its caller gets no answer, and nobody waits for the function."""
    told.may_answer.clear()
    with Emulator([ASHBURN], speed=None, directory=tmp_path) as emulator, told.listening() as url:
        tenant = Tenant(emulator, emulator.compartment_id)
        emulator.register_function(told.id, url)
        address = f"{endpoint(tenant, told.id)}/20181201/functions/{told.id}/actions/invoke"
        request = tenant.signed("POST", address, b"{}")
        ended: list[bool] = []

        def call() -> None:
            with tenant.http() as client, pytest.raises(httpx.TransportError):
                client.send(request)
            ended.append(True)

        caller = threading.Thread(target=call)
        caller.start()
        while not told.calls:
            threading.Event().wait(0.01)
        emulator.__exit__()
        caller.join(5)
        told.may_answer.set()
    assert ended == [True]
