"""A forward proxy on the loopback interface, which makes any host be our registry.

    with ConnectProxy(registry.port) as proxy:
        ... a client with https_proxy=proxy.url asks https://ghcr.io/v2/ ...
        assert proxy.targets == ["ghcr.io:443"]

This is how a test reaches what holds for ghcr.io alone, without touching DNS, /etc/hosts
or the network: the registry's certificate is issued for ghcr.io, and the client's TLS
goes through the tunnel unbroken. A company's proxy may want a login of its own, answer for
itself, or say nothing:

    ConnectProxy(registry.port, login="clerk:proxy-password")
    ConnectProxy(registry.port, answer=Answer(403, b"<html>"))
    ConnectProxy(registry.port, fault=lambda client: client.close())
"""

import base64
import select
import socket
import threading

from closing import Closing
from wire import Answer, LoopbackServer

HEAD_MAX = 64 * 1024
WANTS_LOGIN = Answer(407, b"<html>Proxy login</html>", (("content-type", "text/html"),
                                                       ("proxy-authenticate", 'Basic realm="p"')))


class ConnectProxy(Closing):
    """Tunnels every CONNECT, and forwards every request for http, to 127.0.0.1:`port`."""

    def __init__(self, port, *, login=None, answer=None, fault=None):
        self.upstream = ("127.0.0.1", port)
        self.routes = {}             # HOST:PORT -> port on 127.0.0.1, for other hosts
        self.targets = []            # HOST:PORT of every CONNECT that was let through
        self.forwarded = []          # the URL of every other request that was
        self.refused = 0             # requests that were not
        self.received = bytearray()  # what clients said to the proxy itself
        self._login, self._answer, self._fault = login, answer, fault
        self._stopping = threading.Event()
        self._server = LoopbackServer(self.serve)
        self.host = f"127.0.0.1:{self._server.port}"
        self.url = f"http://{self.host}"

    def close(self):
        self._stopping.set()
        self._server.stop()

    def url_for(self, login):
        """The proxy's URL with a login in it."""
        return f"http://{login}@{self.host}"

    def serve(self, client):
        head = b""
        while b"\r\n\r\n" not in head and len(head) < HEAD_MAX:
            data = client.recv(4096)
            if not data:
                return
            head += data
        head, end, early = head.partition(b"\r\n\r\n")
        self.received += head + end
        refusal = self._answer or (None if self._knows(head) else WANTS_LOGIN)
        if self._fault or refusal:
            self.refused += 1
        if self._fault:
            self._fault(client)
        elif refusal:
            client.sendall(refusal.encode())
        else:
            self._pass_on(client, head, early)

    def _knows(self, head):
        if self._login is None:
            return True
        wanted = b"proxy-authorization: basic " + base64.b64encode(self._login.encode())
        return any(line.lower() == wanted.lower() for line in head.split(b"\r\n"))

    def _pass_on(self, client, head, early):
        method, target, *_ = head.decode("latin-1").split(" ")
        port = self.routes.get(target, self.upstream[1])
        with socket.create_connection((self.upstream[0], port)) as server:
            if method == "CONNECT":
                self.targets.append(target)
                client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            else:
                self.forwarded.append(target)
                early = _origin_form(head) + early
            server.sendall(early)
            self._relay(client, server)

    def _relay(self, client, server):
        other = {client: server, server: client}
        while not self._stopping.is_set():
            for source in select.select([client, server], [], [], 0.1)[0]:
                data = source.recv(65536)
                if not data:
                    return
                other[source].sendall(data)


def _origin_form(head):
    """The request as its target must see it: one request on this connection, and no more."""
    first, *fields = head.split(b"\r\n")
    method, url, version = first.split(b" ")
    path = b"/" + url.split(b"/", 3)[3]
    kept = [field for field in fields if not field.lower().startswith(b"proxy-")]
    return b"\r\n".join([b" ".join((method, path, version)), *kept, b"connection: close"]) + (
        b"\r\n\r\n")
