"""HTTP/1.1 as the loopback servers speak it: requests in, answers out, every byte kept.

http.server is not used: it adds headers of its own, and the faults we need (half an
answer, a reset, a header that never ends) are made below the level it works at.
"""

import base64
import binascii
import contextlib
import socket
import socketserver
import ssl
import struct
import threading
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import parse_qs, urlsplit

HEAD_MAX = 64 * 1024
BODY_MAX = 1024 * 1024


@dataclass(frozen=True)
class Answer:
    """A response as data. Header names go out as they are written here."""

    status: int
    body: bytes = b""
    headers: tuple = ()

    def encode(self, without_body=False):
        try:
            reason = HTTPStatus(self.status).phrase
        except ValueError:
            reason = "Unknown"
        lines = [f"HTTP/1.1 {self.status} {reason}"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        if not any(name.lower() == "content-length" for name, _ in self.headers):
            lines.append(f"content-length: {len(self.body)}")
        head = "\r\n".join(lines) + "\r\n\r\n"
        return head.encode("utf-8") + (b"" if without_body else self.body)


@dataclass(frozen=True)
class Request:
    """A request as it came in, and the number of the connection that carried it."""

    method: str
    target: str
    headers: dict
    body: bytes
    connection: int
    endpoint: str = "other"

    @property
    def path(self):
        return urlsplit(self.target).path

    @property
    def query(self):
        """Parameter name -> list of values; a list, so that a repeated one is seen."""
        return parse_qs(urlsplit(self.target).query, keep_blank_values=True)

    @property
    def authorization(self):
        """The scheme in lower case and what follows it, or two empty strings."""
        scheme, _, value = self.headers.get("authorization", "").partition(" ")
        return scheme.lower(), value.strip()

    @property
    def basic(self):
        """(user, password) of HTTP Basic, or None."""
        scheme, value = self.authorization
        if scheme != "basic":
            return None
        try:
            decoded = base64.b64decode(value, validate=True).decode("utf-8")
        except (binascii.Error, UnicodeDecodeError):
            return "", ""
        user, _, password = decoded.partition(":")
        return user, password

    @property
    def bearer(self):
        scheme, value = self.authorization
        return value if scheme == "bearer" else None


class Connection:
    """One accepted connection. `stopping` is an event that ends every wait."""

    def __init__(self, sock, number, received, stopping):
        self.number = number
        self.sent = 0
        self._socket = sock
        self._received = received
        self._stopping = stopping
        self._buffer = b""

    def read_request(self):
        """Return the next Request, or None when the client is done."""
        while b"\r\n\r\n" not in self._buffer:
            if len(self._buffer) > HEAD_MAX or not self._fill():
                return None
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        first, *fields = head.decode("latin-1").split("\r\n")
        method, _, rest = first.partition(" ")
        target = rest.rpartition(" ")[0]
        headers = {}
        for field in fields:
            name, _, value = field.partition(":")
            # Repeated fields are joined, so that a second Authorization cannot hide.
            name = name.strip().lower()
            headers[name] = ", ".join(filter(None, [headers.get(name), value.strip()]))
        length = headers.get("content-length", "0")
        length = min(int(length), BODY_MAX) if length.isdigit() else 0
        while len(self._buffer) < length:
            if not self._fill():
                return None
        body, self._buffer = self._buffer[:length], self._buffer[length:]
        return Request(method, target, headers, body, self.number)

    def send(self, data):
        self._socket.sendall(data)
        self.sent += len(data)

    def pause(self, seconds):
        """Wait; return False when the server is being stopped."""
        return not self._stopping.wait(seconds)

    def wait_for_hangup(self, seconds):
        """Say nothing until the client goes away, but not for ever."""
        self._socket.settimeout(0.1)
        for _ in range(int(seconds * 10)):
            try:
                if not self._fill():
                    return
            except TimeoutError:
                pass
            if self._stopping.is_set():
                return

    def close(self):
        # TLS says that it ends (RFC 8446 6.1), as real servers do; the client's word is not awaited.
        # shutdown() before close(), which alone leaves the client waiting as long as another
        # reference to the descriptor lives.
        try:
            if isinstance(self._socket, ssl.SSLSocket):
                self._socket.settimeout(0)
                with contextlib.suppress(ssl.SSLWantReadError):
                    self._socket.unwrap()
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._socket.close()

    def reset(self):
        """Drop the connection with RST: a linger time of zero does that."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()

    def _fill(self):
        data = self._socket.recv(65536)
        self._received += data
        self._buffer += data
        return bool(data)


class LoopbackServer(socketserver.ThreadingTCPServer):
    """Calls `serve(socket)` in a thread of its own for every connection, until stop()."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 1024

    def __init__(self, serve, port=0, address="127.0.0.1"):
        self._serve = serve
        self.address_family = socket.AF_INET6 if ":" in address else socket.AF_INET
        super().__init__((address, port), None)
        self.port = self.server_address[1]
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self):
        self.shutdown()
        self.server_close()

    def finish_request(self, request, client_address):
        request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            self._serve(request)
        except OSError:
            # The client went away, or did not like our certificate; it says so itself.
            pass


class Exchange:
    """One request and the answer it would normally get; what a fault has to play with."""

    def __init__(self, connection, request, normal):
        self.connection = connection
        self.request = request
        self.normal = normal

    def encoded(self):
        return self.normal().encode(without_body=self.request.method == "HEAD")

    def reply(self, answer):
        self.connection.send(answer.encode(without_body=self.request.method == "HEAD"))
