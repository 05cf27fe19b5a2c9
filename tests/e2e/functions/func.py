"""A function that does what its caller says: the tests' own, to look at how functions are run."""

import io
import json
import os
import subprocess
import sys
import time
from pathlib import Path

from fdk.context import InvokeContext
from fdk.response import Response


def handler(ctx: InvokeContext, data: io.BytesIO) -> Response:
    request = json.loads(data.getvalue() or b"{}")
    match request.get("do"):
        case "raise":
            raise RuntimeError("a secret that nobody outside should read")
        case "sleep":
            time.sleep(request["seconds"])
        case "die":
            os._exit(3)
        case "write":
            sys.stderr.write(request["text"] + "\n")
        case "leave behind":
            child = subprocess.Popen(["sleep", "60"], start_new_session=request["own_group"])
            sys.stderr.write(f"{child.pid}\n")
            time.sleep(request["seconds"])
        case "respond":
            return Response(ctx, request["body"], request.get("headers"), request["status"])
    answer = {
        "pid": os.getpid(),
        "environment": dict(os.environ),
        "folder": str(Path.cwd()),
        "headers": ctx.Headers(),
        "callId": ctx.CallID(),
        "deadline": ctx.Deadline(),
        "fnId": ctx.FnID(),
        "body": data.getvalue().decode(errors="replace"),
    }
    return Response(ctx, json.dumps(answer), {"Content-Type": "application/json"})
