"""The function itself, as OCI Functions offers it to callers.

https://docs.oracle.com/iaas/api/#/en/functions/20181201/Function/InvokeFunction
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from handlers.cloud.request import FUNCTIONS, Request, Service

if TYPE_CHECKING:
    from handlers.cloud.api import Api

FUNCTION = "/functions/{id}"


class FunctionItself:
    """The port `Itself`. `api` is asked for a service once there is something to hand on."""

    def __init__(self, function_id: str, api: Callable[[Service], Api]) -> None:
        self._id, self._api = function_id, api
        self._endpoint = cache(self._ask_for_endpoint)

    def invoke(self, payload: Mapping[str, Any]) -> str | None:
        """Detached: it is answered when the call has been accepted, which may then take longer than this one."""
        headers = {"fn-invoke-type": "detached"}
        path = f"{FUNCTION}/actions/invoke"
        request = Request("InvokeFunction", "POST", path, self._id, headers=headers, body=payload, has_answer=False)
        return self._api(self._endpoint()).call(request, lambda _, headers: headers.get("opc-request-id"))

    def _ask_for_endpoint(self) -> Service:
        """Where the function is invoked: a host of its own, which only the service can tell, and once is enough."""
        request = Request("GetFunction", "GET", FUNCTION, self._id)
        endpoint = self._api(FUNCTIONS).call(request, lambda function, _: _checked(function["invokeEndpoint"]))
        return Service(FUNCTIONS.name, endpoint, FUNCTIONS.base_path)


def _checked(endpoint: object) -> str:
    """What is sent there is signed in the function's name."""
    if not isinstance(endpoint, str) or not endpoint.startswith("https://"):
        raise TypeError("not an https address")
    return endpoint
