"""Stands in for an FDK of another language: the handler `verbatim` answers each call with its body, which is HTTP.

The handler `silent` never has a socket. Each connection that is made to the other is told of in the log.
"""

import os
import sys
import time
from http.server import BaseHTTPRequestHandler
from socketserver import UnixStreamServer


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        super().setup()
        sys.stderr.write("connected\n")

    def do_POST(self) -> None:
        self.wfile.write(self.rfile.read(int(self.headers["Content-Length"])))


if sys.argv[2] == "silent":
    sys.stderr.write("no socket today\n")
    time.sleep(60)
UnixStreamServer(os.environ["FN_LISTENER"].removeprefix("unix:"), Handler).serve_forever()
