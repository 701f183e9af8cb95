#!/usr/bin/python3
"""A container registry on the loopback interface that answers as GHCR does.

    with Registry(certificate, user="octocat", token="...") as registry:
        registry.on("token", faults.answer(503), times=2)
        ... a client logs in to registry.host ...
        assert registry.endpoints == ["ping", "token", "token", "token", "ping2"]

How other registries answer is in flavours.py, what can go wrong in faults.py. The
endpoints are "ping" (/v2/ without credentials), "token", "ping2" (/v2/ with them),
"manifest" and "other". Run as a program it is a throwaway registry for a demonstration.
"""

import argparse
import base64
import json
import os
import secrets
import signal
import socket
import ssl
import threading
import time
from dataclasses import replace
from pathlib import Path

from certs import CertificateAuthority
from closing import Closing
from flavours import FLAVOURS, UNAUTHORIZED, error
from wire import Answer, Connection, Exchange, LoopbackServer

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
TLS_HANDSHAKE = b"\x16"       # the first byte of a TLS connection
MANIFEST = json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": []}).encode()


class Registry(Closing):
    """One registry on a free port of `address`, running from creation until close().

    With a Certificate it speaks TLS, without one plain HTTP. `images` maps "name:tag" to
    "public", "private" (any good credential) or "forbidden" (the token lacks the scope).
    `realm` replaces the token address in the challenge; by default it is on the host
    that the client asked for, as at every registry that has one name only.
    """

    def __init__(self, certificate=None, flavour="ghcr", *, user="octocat", token="secret",
                 images=None, realm=None, client_ca=None, port=0, address="127.0.0.1"):
        self.flavour = FLAVOURS[flavour] if isinstance(flavour, str) else flavour
        self.user, self.token = user, token
        self.images = dict(images or {})
        self.realm = realm
        self.scheme = "https" if certificate else "http"
        self.requests = []           # every Request, in order of arrival
        self.received = bytearray()  # every byte from every client, TLS taken off
        self.issued = {}             # bearer -> scope it was issued for
        self.clients = []            # every Connection on which a request could come
        self.connections = 0         # TCP connections accepted
        self.handshakes = 0          # TLS handshakes completed
        self._context = _tls_context(certificate, client_ca)
        self._faults = {}
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self.address = f"[{address}]" if ":" in address else address
        self._server = LoopbackServer(self.serve, port, address)
        self.port = self._server.port

    def close(self):
        self._stopping.set()
        self._server.stop()

    @property
    def host(self):
        return self.at(self.address)

    def at(self, name):
        """This registry under another name, with its port."""
        return f"{name}:{self.port}"

    @property
    def endpoints(self):
        return [request.endpoint for request in self.requests]

    def asked(self, endpoint):
        """All requests to one endpoint."""
        return [request for request in self.requests if request.endpoint == endpoint]

    def on(self, endpoint, fault, times=None):
        """Play `fault` for the next `times` requests to `endpoint`; None is for ever.

        Faults for the same endpoint are played one after the other.
        """
        self._faults.setdefault(endpoint, []).append([fault, times])

    # What the connections do.

    def serve(self, sock):
        with self._lock:
            self.connections += 1
            number = self.connections
        first = sock.recv(1, socket.MSG_PEEK)
        if self._context:
            if first != TLS_HANDSHAKE:
                # A client that talks plain HTTP to this port must not go unseen.
                self.received += sock.recv(4096, socket.MSG_PEEK)
            sock = _handshake(self._context, sock)
            with self._lock:
                self.handshakes += 1
        elif first == TLS_HANDSHAKE:
            return
        connection = Connection(sock, number, self.received, self._stopping)
        self.clients.append(connection)
        while True:
            request = connection.read_request()
            if request is None:
                break
            request = replace(request, endpoint=self._endpoint(request))
            with self._lock:
                self.requests.append(request)
                fault = self._next_fault(request.endpoint)
            exchange = Exchange(connection, request, lambda asked=request: self.answer(asked))
            if fault:
                fault(exchange)
            else:
                exchange.reply(exchange.normal())
            if request.headers.get("connection", "").lower() == "close":
                break
        connection.close()

    def _endpoint(self, request):
        if request.path == self.flavour.token_path:
            return "token"
        if request.path == "/v2/":
            return "ping2" if "authorization" in request.headers else "ping"
        if request.path.startswith("/v2/") and "/manifests/" in request.path:
            return "manifest"
        return "other"

    def _next_fault(self, endpoint):
        queue = self._faults.get(endpoint, [])
        while queue and queue[0][1] == 0:
            queue.pop(0)
        if not queue:
            return None
        if queue[0][1] is not None:
            queue[0][1] -= 1
        return queue[0][0]

    # What the registry says when nothing is wrong.

    def answer(self, request):
        """The normal answer, with the headers that all answers of this registry have."""
        find = {"token": self._token, "ping": self._ping, "ping2": self._ping,
                "manifest": self._manifest}.get(request.endpoint)
        found = find(request) if find else Answer(404, error("NAME_UNKNOWN", "not found"))
        own = {name.lower() for name, _ in found.headers}
        common = tuple((name, value) for name, value in self.flavour.headers
                       if name.lower() not in own)
        last = (("date", time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime())),
                ("content-length", str(len(found.body))))
        if self.flavour.request_id:
            last += ((self.flavour.request_id, _request_id()),)
        return replace(found, headers=common + found.headers + last)

    def _ping(self, request):
        if self.flavour.open or self._admitted(request):
            return self.flavour.welcome
        return self._challenge(request)

    def _challenge(self, request, scope="repository:user/image:pull"):
        host = request.headers.get("host", self.host)
        realm = self.realm
        if realm is None:
            realm = f"{self.scheme}://{host}{self.flavour.token_path}"
        names = {"host": host, "realm": realm, "service": self.flavour.service.format(host=host)}
        lines = tuple(("www-authenticate",
                       line.format(**names).replace("repository:user/image:pull", scope))
                      for line in self.flavour.challenges)
        return replace(self.flavour.unauthorized,
                       headers=self.flavour.unauthorized.headers + lines)

    def _admitted(self, request):
        if request.basic:
            return self.flavour.takes("basic") and self._knows(request.basic)
        return self.flavour.takes("bearer") and request.bearer in self.issued

    def _knows(self, credential):
        user, password = credential
        if not user or password != self.token:
            return False
        return self.flavour.any_user or user == self.user

    def _token(self, request):
        if not self.flavour.takes("bearer"):
            return Answer(404, error("NAME_UNKNOWN", "not found"))
        if request.method != "GET":
            return self.flavour.post
        scope = " ".join(request.query.get("scope", []))
        if request.basic is None:
            return self._anonymous(request, scope)
        if not request.basic[0] and self.flavour.any_user:
            return Answer(401, UNAUTHORIZED)
        if not self._knows(request.basic):
            return self.flavour.refused
        return self._grant(secrets.token_urlsafe(48), scope)

    def _anonymous(self, request, scope):
        name, _, actions = scope.removeprefix("repository:").rpartition(":")
        seen = [kind for image, kind in self.images.items() if image.rpartition(":")[0] == name]
        if actions == "pull" and "public" in seen:
            plain = f"v1:{name}:{time.time_ns()}"
            return self._grant(base64.b64encode(plain.encode()).decode(), scope)
        if self.flavour.ghost and not request.authorization[0]:
            return self._grant(secrets.token_urlsafe(48), scope)
        if not scope or seen and actions == "pull":
            return Answer(401, UNAUTHORIZED)
        return Answer(403, error("DENIED", "requested access to the resource is denied"))

    def _grant(self, bearer, scope):
        self.issued[bearer] = scope
        return Answer(200, self.flavour.granted.replace("@", bearer).encode())

    def _manifest(self, request):
        name, _, tag = request.path.removeprefix("/v2/").rpartition("/manifests/")
        scope = f"repository:{name}:pull"
        kind = self.images.get(f"{name}:{tag}")
        is_open = self.flavour.open and (kind == "public" or not self.flavour.guarded)
        if not is_open and not self._admitted(request):
            rejected = "authorization" in request.headers and self.flavour.bad_bearer
            return rejected or self._challenge(request, scope)
        if request.bearer and scope not in self.issued[request.bearer].split():
            return self._challenge(request, scope)
        if kind == "forbidden":
            return Answer(403, error("DENIED", "permission_denied: The token provided does not "
                                               "match expected scopes."))
        if kind is None:
            return Answer(404, error("MANIFEST_UNKNOWN", "manifest unknown"))
        if OCI_INDEX not in request.headers.get("accept", ""):
            return Answer(404, error("MANIFEST_UNKNOWN", "OCI index found, but Accept header "
                                                         "does not support OCI indexes"))
        return Answer(200, MANIFEST, (("content-type", OCI_INDEX),))


def _tls_context(certificate, client_ca):
    if certificate is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.cert, certificate.key)
    context.set_alpn_protocols(["http/1.1"])
    if client_ca:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(client_ca)
    return context


def _handshake(context, sock):
    """Speak TLS from now on; a client that we refuse learns why before we hang up."""
    sock = context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
    try:
        sock.do_handshake()
    except ssl.SSLError:
        # Closed with something unread, the connection would be reset, and the alert lost.
        sock.shutdown(socket.SHUT_WR)
        sock.settimeout(1)
        while sock.recv(4096):
            pass
        sock.close()
        raise
    return sock


def _request_id():
    return ":".join(secrets.token_hex(4)[:n].upper() for n in (4, 5, 7, 7, 8))


def main():
    parser = argparse.ArgumentParser(description="A throwaway registry on 127.0.0.1.")
    parser.add_argument("--user", required=True)
    parser.add_argument("--token-file", type=Path, required=True)
    parser.add_argument("--flavour", choices=sorted(FLAVOURS), default="ghcr")
    parser.add_argument("--tls-dir", type=Path, help="speak TLS; make ca.pem and the rest here")
    parser.add_argument("--ready-file", type=Path, help="holds HOST:PORT once it can be asked")
    parser.add_argument("--image", action="append", default=[], metavar="NAME:TAG")
    options = parser.parse_args()

    certificate = None
    if options.tls_dir:
        certificate = CertificateAuthority(options.tls_dir).issue("localhost", "127.0.0.1")
    token = options.token_file.read_text(encoding="utf-8").removesuffix("\n")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with Registry(certificate, options.flavour, user=options.user, token=token,
                  images=dict.fromkeys(options.image, "private")) as registry:
        print(registry.host, flush=True)
        if options.ready_file:
            # Renamed into place, so that nobody can read half of it.
            partial = options.ready_file.with_suffix(".partial")
            partial.write_text(f"{registry.host}\n", encoding="utf-8")
            os.replace(partial, options.ready_file)
        stop.wait()


if __name__ == "__main__":
    main()
