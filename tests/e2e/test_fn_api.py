"""The Fn HTTP API: what the `fn` command line asks for, and how a real server answers."""

import logging
import socket
import time
from collections.abc import Iterator, Mapping
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
def fn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with (
        FnServer([FIRST, SECOND, verbatim(tmp_path_factory.mktemp("packages"))]) as server,
        httpx.Client(base_url=server.url) as client,
    ):
        yield client


def verbatim(packages: Path) -> Function:
    """A function in an application of its own; what its caller posts is, byte for byte, what its FDK answers."""
    fdk = packages / "bin" / "fdk"
    fdk.parent.mkdir()
    fdk.symlink_to(FILE.parent / "verbatim_fdk.py")
    app = App("ocid1.fnapp.oc1.iad.verbatim", "verbatim")
    return Function("ocid1.fnfunc.oc1.iad.verbatim", "verbatim", app, FILE, handler="verbatim", packages=packages)


def said(fn: httpx.Client, status: str, body: str = "", **headers: str) -> httpx.Response:
    """The server's answer where the FDK's is this."""
    lines = [f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items()]
    http = f"HTTP/1.1 {status}\r\n{''.join(lines)}Content-Length: {len(body)}\r\n\r\n{body}"
    return fn.post("/invoke/ocid1.fnfunc.oc1.iad.verbatim", content=http.encode())


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
    assert [app["name"] for app in fn.get("/v2/apps").json()["items"]] == ["tests", "verbatim"]
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


@pytest.mark.parametrize(
    ("path", "query", "names"),
    [("/v2/apps", {}, ["tests", "verbatim"]), ("/v2/fns", {"app_id": APP.id}, ["first", "second"])],
)
def test_a_list_comes_in_the_pages_that_are_asked_for(
    fn: httpx.Client, path: str, query: Mapping[str, str], names: list[str]
) -> None:
    """By name, and each full page with the cursor of the next; a size that is none is 30."""
    first = fn.get(path, params={**query, "per_page": "1"}).json()
    second = fn.get(path, params={**query, "per_page": "1", "cursor": first["next_cursor"]}).json()
    third = fn.get(path, params={**query, "per_page": "1", "cursor": second["next_cursor"]}).json()
    assert [[item["name"] for item in page["items"]] for page in (first, second)] == [names[:1], names[1:]]
    assert third == {"items": []}
    for size in ("0", "-1", "many", "1000"):
        page = fn.get(path, params={**query, "per_page": size}).json()
        assert ([item["name"] for item in page["items"]], page.keys()) == (names, {"items"})
    wrong = fn.get(path, params={**query, "cursor": "x"})
    assert (wrong.status_code, wrong.json()) == (500, {"message": "internal server error"})


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
        ("GET", "/v2/nothing", 404, "Path not found: /v2/nothing"),
        ("GET", "/v2/apps/", 404, "Path not found: /v2/apps/"),
        ("POST", "/v2/apps", 501, "The local Fn server does not model POST /v2/apps"),
        ("DELETE", f"/v2/fns/{FIRST.id}", 501, f"The local Fn server does not model DELETE /v2/fns/{FIRST.id}"),
        ("GET", "/v2/triggers", 501, "The local Fn server does not model GET /v2/triggers"),
        ("GET", "/v2/triggers/x", 501, "The local Fn server does not model GET /v2/triggers/x"),
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


def test_headers_pass_byte_for_byte_in_both_directions(fn: httpx.Client) -> None:
    """HTTP leaves their encoding open, and a function may answer in UTF-8 what Latin-1 does not have."""
    request = {"do": "respond", "status": 200, "body": "{}", "headers": {"X-Own": "é €"}}
    pids = []
    for sent in ("é €".encode(), b"\xe9"):
        answer = fn.post(f"/invoke/{FIRST.id}", json={}, headers=[(b"X-Mine", sent)])
        pids.append(answer.json()["pid"])
        assert answer.json()["headers"]["x-mine"] == ("é" if sent == b"\xe9" else "é €")
    assert pids[0] == pids[1]

    answer = fn.post(f"/invoke/{FIRST.id}", json=request)

    assert answer.status_code == 200
    assert (b"x-own", "é €".encode()) in answer.headers.raw


def test_what_concerns_one_connection_does_not_reach_the_function(fn: httpx.Client) -> None:
    """RFC 9110, 7.6.1; also where the caller sends its body in chunks."""
    hop = ["keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer"]

    seen = fn.post(
        f"/invoke/{FIRST.id}", content=iter([b"{", b"}"]), headers={**dict.fromkeys(hop, "x"), "X-End": "yes"}
    ).json()

    assert seen["body"] == "{}"
    assert seen["headers"]["x-end"] == "yes"
    assert not seen["headers"].keys() & {*hop, "transfer-encoding"}


def test_what_concerns_the_function_s_connection_does_not_reach_the_caller(fn: httpx.Client) -> None:
    """Neither do chunks: the body has a length."""
    hop = ["Keep-Alive", "Proxy-Authenticate", "Proxy-Connection", "Trailer", "Upgrade"]
    lines = [f"{name}: x\r\n" for name in (*hop, "X-End")]
    http = f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n{''.join(lines)}\r\n2\r\n{{}}\r\n0\r\n\r\n"

    answer = fn.post("/invoke/ocid1.fnfunc.oc1.iad.verbatim", content=http)

    assert (answer.status_code, answer.text, answer.headers["X-End"]) == (200, "{}", "x")
    assert not {name.lower() for name in (*hop, "Transfer-Encoding")} & answer.headers.keys()


@pytest.mark.parametrize(
    ("body", "expected"), [('{"a": 1}', "application/json; charset=utf-8"), ("hello", "text/plain; charset=utf-8")]
)
def test_an_answer_without_a_content_type_gets_one(fn: httpx.Client, body: str, expected: str) -> None:
    """By how it begins; the Python FDK never leaves it out, but others do."""
    answer = said(fn, "200 OK", body)

    assert (answer.text, answer.headers["Content-Type"]) == (body, expected)
    assert said(fn, "200 OK", body, Content_Type="a/b").headers["Content-Type"] == "a/b"


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("502 Bad Gateway", (502, "function failed")),
        ("504 Gateway Timeout", (504, "Timed out")),
        ("201 Created", (502, "invalid function response")),
        ("404 Not Found", (502, "invalid function response")),
        ("500 Internal Server Error", (502, "invalid function response")),
    ],
)
def test_an_fdk_has_three_statuses(fn: httpx.Client, status: str, expected: tuple[int, str]) -> None:
    """Any other is a fault of its own; a failure has the id of its call, and nothing of what the FDK said."""
    answer = said(fn, status, "details", X_Own="1")

    assert (answer.status_code, answer.json()["message"]) == expected
    assert len(answer.headers["Fn-Call-Id"]) == 26
    assert "X-Own" not in answer.headers


def test_a_caller_that_hangs_up_leaves_no_trace(fn: httpx.Client, caplog: pytest.LogCaptureFixture) -> None:
    """With half of its body sent: nothing is called, and the server says nothing of it."""
    caplog.set_level(logging.WARNING)
    head = f"POST /invoke/{FIRST.id} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n12345"
    with socket.create_connection((fn.base_url.host, fn.base_url.port or 0)) as caller:
        caller.sendall(head.encode())
        time.sleep(0.05)  # the server has it, and waits for the rest

    assert fn.post(f"/invoke/{FIRST.id}", json={}).status_code == 200
    assert caplog.records == []
