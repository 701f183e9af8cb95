"""What the other login tools talk to: one server that plays a daemon and registries of any name.

    python3 peer_stub.py LOG

Plain http. As dockerd (127.0.0.1:2375) it lets everybody log in, and notes with which credential
a client would have an image pulled; POST /stop ends it. As a registry (REGISTRIES: this machine's,
and that of the names that /etc/hosts brings to 127.0.0.2) it asks for Basic and takes all but the
password "wrong". A line of LOG is JSON: [USER, SECRET].
"""

import base64
import json
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

DAEMON = ("127.0.0.1", 2375)
REGISTRIES = (("127.0.0.1", 5999), ("127.0.0.2", 80), ("127.0.0.2", 8443))


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, value, **headers):
        body = json.dumps(value).encode()
        self.send_response(status)
        for name, text in headers.items():
            self.send_header(name.replace("_", "-"), text)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def note(self, user, secret):
        with open(self.server.log, "a", encoding="utf-8") as log:
            log.write(json.dumps([user, secret]) + "\n")

    def log_message(self, *_):
        """No noise."""


class Daemon(Handler):
    def do_GET(self):
        answers = {"/info": {"IndexServerAddress": "https://index.docker.io/v1/"},
                   "/version": {"ApiVersion": "1.41", "MinAPIVersion": "1.24"}}
        path = "/" + self.path.rpartition("/")[2]
        self.answer(200, answers.get(path, "OK"), Api_Version="1.41", Ostype="linux")

    do_HEAD = do_GET

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/stop":
            os._exit(0)
        if self.path.endswith("/auth"):
            self.answer(200, {"Status": "Login Succeeded", "IdentityToken": ""})
            return
        known = json.loads(base64.urlsafe_b64decode(self.headers.get("X-Registry-Auth") or "e30="))
        if known.get("username"):
            self.note(known["username"], known["password"])
        self.answer(404, {"message": "nothing is pulled here"})


class Registry(Handler):
    def do_GET(self):
        _, _, value = self.headers.get("Authorization", "").partition(" ")
        user, _, secret = base64.b64decode(value).decode().partition(":")
        if not user or secret == "wrong":
            self.answer(401, {"errors": [{"code": "UNAUTHORIZED", "message": "who is it?"}]},
                        WWW_Authenticate='Basic realm="stub"')
        elif self.path == "/v2/":
            self.answer(200, {})
        else:
            self.note(user, secret)
            self.answer(404, {"errors": [{"code": "MANIFEST_UNKNOWN", "message": "none here"}]})

    do_HEAD = do_GET


def main():
    for address, handler in ((DAEMON, Daemon), *((each, Registry) for each in REGISTRIES)):
        server = ThreadingHTTPServer(address, handler)
        server.log = sys.argv[1]
        threading.Thread(target=server.serve_forever).start()


if __name__ == "__main__":
    main()
