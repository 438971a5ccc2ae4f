# SPDX-License-Identifier: Apache-2.0
"""In the backend's place: answers one request on port 8000 with 500, from the background, and ends. It listens on return."""

import http.server
import os
import sys

WAIT_SECONDS = 120


class Broken(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_error(500)

    def log_message(self, *_):
        pass


server = http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Broken)
server.timeout = WAIT_SECONDS
if os.fork() == 0:
    os.setsid()
    null = os.open(os.devnull, os.O_RDWR)
    for number in range(3):
        os.dup2(null, number)
    server.handle_request()
    os._exit(0)
