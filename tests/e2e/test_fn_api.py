"""The Fn HTTP API: what the `fn` command line asks for, and how a real server answers."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from infra.local.fn_server import FnServer
from infra.local.function import App, Function

APP = App("ocid1.fnapp.oc1.iad.tests", "tests", {"SHARED": "yes"})
FILE = Path(__file__).parent / "functions" / "func.py"
FIRST = Function("ocid1.fnfunc.oc1.iad.first", "first", APP, FILE, version="1.2.3", config={"OWN": "yes"})
SECOND = Function("ocid1.fnfunc.oc1.iad.second", "second", APP, FILE, environment={"TOKEN": "not for show"})


@pytest.fixture(scope="module")
def fn() -> Iterator[httpx.Client]:
    with FnServer([FIRST, SECOND]) as server, httpx.Client(base_url=server.url) as client:
        yield client


def test_fn_invoke_finds_its_way_by_names(fn: httpx.Client) -> None:
    """`fn invoke tests first`: app by name, function by name in it, POST to its annotation as text/plain."""
    (app,) = fn.get("/v2/apps", params={"name": "tests"}).json()["items"]
    (function,) = fn.get("/v2/fns", params={"app_id": app["id"], "name": "first"}).json()["items"]
    endpoint = function["annotations"]["fnproject.io/fn/invokeEndpoint"]

    answer = fn.post(endpoint, content=b'{"a": 1}', headers={"Content-Type": "text/plain"})

    assert answer.status_code == 200
    assert answer.json()["body"] == '{"a": 1}'
    assert answer.json()["headers"]["content-type"] == "text/plain"


def test_fn_list_shows_every_function_of_an_app(fn: httpx.Client) -> None:
    """`fn list apps` and `fn list functions tests`."""
    assert [app["name"] for app in fn.get("/v2/apps").json()["items"]] == ["tests"]
    functions = fn.get("/v2/fns", params={"app_id": APP.id}).json()["items"]
    assert [(function["name"], function["image"]) for function in functions] == [
        ("first", "first:1.2.3"),
        ("second", "second:0.0.1"),
    ]


def test_fn_inspect_shows_a_function_without_what_the_platform_adds(fn: httpx.Client) -> None:
    """Configuration is shown, credentials are not."""
    function = fn.get(f"/v2/fns/{SECOND.id}").json()

    assert function.pop("created_at") == function.pop("updated_at")
    assert function == {
        "id": SECOND.id,
        "name": "second",
        "app_id": APP.id,
        "image": "second:0.0.1",
        "memory": 128,
        "timeout": 30,
        "idle_timeout": 30,
        "config": {},
        "annotations": {"fnproject.io/fn/invokeEndpoint": str(fn.base_url.join(f"/invoke/{SECOND.id}"))},
    }
    assert fn.get(f"/v2/apps/{APP.id}").json()["config"] == {"SHARED": "yes"}


def test_a_name_that_nothing_has_finds_nothing(fn: httpx.Client) -> None:
    """Lists are empty, which `fn` turns into its own error."""
    assert fn.get("/v2/apps", params={"name": "nothing"}).json() == {"items": []}
    assert fn.get("/v2/fns", params={"app_id": APP.id, "name": "nothing"}).json() == {"items": []}


def test_fn_version_is_answered(fn: httpx.Client) -> None:
    """`fn version` prints it as the server's."""
    assert fn.get("/version").json() == {"version": "0.3.753"}


@pytest.mark.parametrize(
    ("method", "path", "status", "message"),
    [
        ("POST", "/invoke/nothing", 404, "Fn not found"),
        ("GET", f"/invoke/{FIRST.id}", 405, "Method Not Allowed"),
        ("GET", "/v2/fns/nothing", 404, "Fn not found"),
        ("GET", "/v2/apps/nothing", 404, "App not found"),
        ("GET", "/v2/fns", 400, "Missing AppID on Fn"),
        ("GET", "/nothing", 404, "Path not found: /nothing"),
        ("POST", "/v2/apps", 501, "The local Fn server does not model POST /v2/apps"),
        ("DELETE", f"/v2/fns/{FIRST.id}", 501, f"The local Fn server does not model DELETE /v2/fns/{FIRST.id}"),
        ("GET", "/v2/triggers", 501, "The local Fn server does not model GET /v2/triggers"),
    ],
)
def test_errors_are_messages(fn: httpx.Client, method: str, path: str, status: int, message: str) -> None:
    """As a real server words them; what is not modelled is refused, never ignored."""
    answer = fn.request(method, path)

    assert (answer.status_code, answer.json()) == (status, {"message": message})


def test_a_success_carries_the_function_s_headers_and_fn_s_own(fn: httpx.Client) -> None:
    """The function's content type and header, the call's id, the FDK's version and runtime."""
    request = {"do": "respond", "status": 200, "body": "{}", "headers": {"X-Own": "1", "Content-Type": "a/b"}}

    answer = fn.post(f"/invoke/{FIRST.id}", json=request)

    assert answer.headers["X-Own"] == "1"
    assert answer.headers["Content-Type"] == "a/b"
    assert len(answer.headers["Fn-Call-Id"]) == 26
    assert answer.headers["Fn-Fdk-Version"].startswith("fdk-python/")
    assert answer.headers["Fn-Fdk-Runtime"].startswith("python/3.")


def test_a_caller_cannot_forge_what_fn_says_of_a_call(fn: httpx.Client) -> None:
    """Id and deadline are the server's; every other header of the caller reaches the function."""
    forged = {"Fn-Call-Id": "mine", "Fn-Deadline": "2000-01-01T00:00:00Z", "Fn-Intent": "httprequest", "X-Mine": "yes"}

    answer = fn.post(f"/invoke/{FIRST.id}", json={}, headers=forged).json()

    assert answer["callId"] != "mine"
    assert not answer["deadline"].startswith("2000")
    assert answer["headers"]["fn-intent"] == "httprequest"
    assert answer["headers"]["x-mine"] == "yes"
