"""An HTTPS forward proxy on the loopback interface, which makes any host be our registry.

    with ConnectProxy(registry.port) as proxy:
        ... a client with https_proxy=proxy.url asks https://ghcr.io/v2/ ...
        assert proxy.targets == ["ghcr.io:443"]

This is how a test reaches what holds for ghcr.io alone, without touching DNS, /etc/hosts
or the network: the registry's certificate is issued for ghcr.io, and the client's TLS
goes through the tunnel unbroken.
"""

import select
import socket
import threading

from wire import LoopbackServer

HEAD_MAX = 64 * 1024


class ConnectProxy:
    """Answers every CONNECT with a tunnel to 127.0.0.1:`port`, and refuses all else."""

    def __init__(self, port):
        self.upstream = ("127.0.0.1", port)
        self.targets = []            # HOST:PORT of every CONNECT
        self.received = bytearray()  # what clients said to the proxy itself
        self._stopping = threading.Event()
        self._server = LoopbackServer(self.serve)
        self.url = f"http://127.0.0.1:{self._server.port}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._stopping.set()
        self._server.stop()

    def serve(self, client):
        head = b""
        while b"\r\n\r\n" not in head and len(head) < HEAD_MAX:
            data = client.recv(4096)
            if not data:
                return
            head += data
        head, end, early = head.partition(b"\r\n\r\n")
        self.received += head + end
        method, target, *_ = head.decode("latin-1").split(" ")
        if method != "CONNECT":
            client.sendall(b"HTTP/1.1 405 Method Not Allowed\r\ncontent-length: 0\r\n\r\n")
            return
        self.targets.append(target)
        with socket.create_connection(self.upstream) as server:
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
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
