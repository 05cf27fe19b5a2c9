"""Whatever a client sends as a body, the emulator answers as OCI would: it never breaks."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.emulator.operations import OPERATIONS, Operation, World, world

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([10**9, -(10**9), 10**30, 10**4000])
    | st.floats()
    # Unlike text(), characters() has lone surrogates.
    | st.text(st.characters(), max_size=20)
    | st.sampled_from(["", "DAYS", "YEARS", "PT1M", "[1m].absent()", "{", "*", "x" * 300]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(), max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
ALL = pytest.mark.parametrize("operation", OPERATIONS, ids=str)


@pytest.fixture(scope="module")
def one_world() -> Iterator[World]:
    with world() as built:
        yield built


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where a body can be changed: the way to each of its values, itself included."""
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in inner:
        yield from places(child, (*path, key))


def changed(body: Any, path: tuple[Any, ...], value: Any) -> Any:
    """`body` with another value at one place."""
    if not path:
        return value
    copied = copy.copy(body)
    copied[path[0]] = changed(body[path[0]], path[1:], value)
    return copied


@ALL
def test_each_operation_takes_its_own_body(operation: Operation) -> None:
    """What the other tests here change is right before they do."""
    with world() as built:
        answer = built.send(operation.method, operation.path, json.dumps(operation.body_in(built)).encode())
        assert answer.status_code in {200, 202}, answer.text


@ALL
def test_no_value_breaks_the_emulator(operation: Operation) -> None:
    """Any JSON in any place is taken or refused, and what was taken can be listed and lived with."""
    with world() as built:
        body = operation.body_in(built)
        collection = "/".join(operation.path.split("/")[:2])

        @settings(max_examples=40)
        @given(path=st.sampled_from(list(places(body))), value=JSON)
        def attempt(path: tuple[Any, ...], value: Any) -> None:
            answer = built.send(operation.method, operation.path, json.dumps(changed(body, path, value)).encode())
            assert answer.status_code < 500 or answer.status_code == 501
            if answer.is_success:
                built.go_on()
                found = built.send("GET", f"{collection}?compartmentId={body.get('compartmentId', '')}")
                assert found.status_code in ({501} if collection.endswith("/metrics") else {200, 404})

        attempt()


@ALL
@pytest.mark.parametrize(
    "value",
    ["[" * 20_000 + "]" * 20_000, '{"a":' * 500 + "1" + "}" * 500, '"\\ud800"', '{"\\udfff": "x"}', "NaN", "1e999"],
    ids=["deep", "less deep", "surrogate", "surrogate key", "nan", "infinite"],
)
def test_what_is_no_json_on_the_wire_is_refused(one_world: World, operation: Operation, value: str) -> None:
    """What Python's parser would take, or break at, is 400 before anything is stored."""
    body = json.dumps({**operation.body_in(one_world), "definedTags": {"cost": {"center": "HERE"}}})
    answer = one_world.send(operation.method, operation.path, body.replace('"HERE"', value).encode())
    assert (answer.status_code, answer.json()["code"]) == (400, "CannotParseRequest")


@pytest.mark.parametrize(
    ("path", "changes", "accepted"),
    [
        ("volumeBackups", {"retentionPeriod": {"retentionTimeUnit": "YEARS", "retentionTimeAmount": 100}}, True),
        ("volumeBackups", {"retentionPeriod": {"retentionTimeUnit": "YEARS", "retentionTimeAmount": 10**9}}, False),
        ("volumeBackups", {"retentionPeriod": {"retentionTimeUnit": ["DAYS"], "retentionTimeAmount": 1}}, False),
        ("alarms", {"query": f"Heartbeat[{'1' * 5000}m].absent()"}, False),
        ("alarms", {"query": f"Heartbeat[1m].absent({'1' * 5000}m)"}, False),
        ("rules", {"condition": "[" * 5000}, False),
        ("rules", {"condition": '{"a":' * 500 + "1" + "}" * 500}, False),
        ("rules", {"condition": '{"a": NaN}'}, False),
        ("topics/{topics}/messages", {"body": "[" * 20_000}, True),
        ("metrics", {"metricData": []}, False),
    ],
    ids=lambda value: str(value)[:60],
)
def test_values_have_bounds(one_world: World, path: str, changes: dict[str, object], accepted: bool) -> None:  # noqa: FBT001
    """A text or a number within a well-formed body is refused where it can mean nothing."""
    operation = next(op for op in OPERATIONS if op.method == "POST" and op.path.endswith(path))
    body = {**operation.body_in(one_world), **changes}
    answer = one_world.send(operation.method, operation.path, json.dumps(body).encode())
    assert answer.is_success if accepted else (answer.status_code, answer.json()["code"]) == (400, "InvalidParameter")


@pytest.mark.parametrize(
    ("milliseconds", "status"), [(0, 200), (2**31 - 1, 200), (2**31, 400), (10**30, 400), (-1, 400)]
)
def test_a_retry_duration_has_32_bits(one_world: World, milliseconds: int, status: int) -> None:
    """As in the types of OCI's SDKs; messages go on being sent."""
    policy = {"backoffRetryPolicy": {"maxRetryDuration": milliseconds, "policyType": "EXPONENTIAL"}}
    body = json.dumps({"deliveryPolicy": policy}).encode()
    assert one_world.send("PUT", "20181201/subscriptions/{subscriptions}", body).status_code == status
    one_world.go_on()


@pytest.mark.parametrize("query", ["limit=" + "1" * 5000, "limit=%D9%A3", "page=" + "W1tb" * 700])
def test_no_query_breaks_a_list(one_world: World, query: str) -> None:
    """Numbers without end, digits of other scripts and nested page tokens are refused."""
    answer = one_world.send("GET", f"20160918/volumes?{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, "InvalidParameter")


@pytest.mark.parametrize("path", [operation.path for operation in OPERATIONS if operation.method == "PUT"])
def test_a_single_resource_takes_no_query(one_world: World, path: str) -> None:
    """A query that were ignored would be a question that is not answered: 501, and without it 200."""
    assert one_world.send("GET", path).status_code == 200
    assert one_world.send("GET", f"{path}?foo=1").status_code == 501
    assert one_world.send("DELETE", f"{path}?foo=").status_code == 501


@ALL
def test_a_change_takes_no_query(one_world: World, operation: Operation) -> None:
    """Nor is anything made or changed by an operation with one."""
    body = json.dumps(operation.body_in(one_world)).encode()
    assert one_world.send(operation.method, f"{operation.path}?dryRun=true", body).status_code == 501
