"""The floor: what the FDK alone takes to answer."""

import io

from fdk.context import InvokeContext
from fdk.response import Response


def handler(ctx: InvokeContext, data: io.BytesIO | None = None) -> Response:
    return Response(ctx, "{}", {"Content-Type": "application/json"})
