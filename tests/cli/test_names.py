"""Names are looked up in files and by DNS: the process that asks reaches no name service."""

import socket
import subprocess
import threading
from ipaddress import ip_address

import pytest

import dns_server
from conftest import own_address
from harness import TOKEN, USER

NAME = "registry.test"
SERVER = own_address(53)
# What nscd is asked for hosts: for its table, or for one of them (nscd-client.h).
HOSTS = {4, 5, 6, 7, 13, 14}


class Service:
    """A socket at which nothing is ever answered; what it is asked is kept."""

    def __init__(self, path):
        self.asked = []
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(str(path))
        path.chmod(0o666)
        self._socket.listen()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            with client:
                self.asked.append(client.recv(12))

    def types(self):
        """What nscd's clients wanted."""
        return {int.from_bytes(each[4:8], "little") for each in self.asked}

    def close(self):
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


@pytest.fixture
def dns():
    """A name server that knows the registry; the names that it was asked for."""
    asked = []
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind((SERVER, 53))

    def serve():
        while True:
            try:
                packet, client = server.recvfrom(512)
            except OSError:
                return
            if not packet:
                return
            asked.append(dns_server.read_question(packet)[0])
            server.sendto(dns_server.answer(packet, {NAME: [ip_address("127.0.0.1")]}), client)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield asked
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
        last.sendto(b"", (SERVER, 53))
    thread.join(10)
    server.close()


@pytest.fixture
def services(tmp_path_factory):
    """nscd and systemd-resolved, and the mounts that bring them."""
    place = tmp_path_factory.mktemp("services")
    place.chmod(0o755)
    nscd, resolved = Service(place / "nscd"), Service(place / "resolved")
    (place / "nsswitch").write_text(
        "passwd: files\ngroup: files\nhosts: resolve [!UNAVAIL=return] files myhostname dns\n")
    (place / "resolv").write_text(f"nameserver {SERVER}\noptions timeout:2 attempts:1\n")
    run = "/run/nscd", "/run/systemd/resolve"
    mounts = ["mount -t tmpfs -o mode=755 tmpfs /run", f"mkdir -p {' '.join(run)}",
              "touch /run/nscd/socket /run/systemd/resolve/io.systemd.Resolve",
              f"mount --bind {place / 'nscd'} /run/nscd/socket",
              f"mount --bind {place / 'resolved'} /run/systemd/resolve/io.systemd.Resolve",
              f"mount --bind {place / 'nsswitch'} /etc/nsswitch.conf",
              f"mount --bind {place / 'resolv'} /etc/resolv.conf"]
    yield nscd, resolved, mounts
    nscd.close()
    resolved.close()


def test_with_nscd_and_resolved(someone, server, space, services, dns):
    nscd, resolved, mounts = services
    inside = space(*mounts)
    someone("-u", USER, "--token-env", "T_TOKEN", "--plain-http", f"{NAME}:{server.port}",
          env={"T_TOKEN": TOKEN}, through=inside.through).succeeded()
    assert NAME in dns
    assert not nscd.types() & HOSTS
    assert not resolved.asked


def test_a_name_with_several_addresses(someone, server, space, tmp_path):
    """libc puts them in order by what the kernel's routing table says."""
    hosts = tmp_path / "hosts"
    hosts.write_text(f"127.0.0.1 {NAME}\n::1 {NAME}\n127.0.0.2 {NAME}\n")
    inside = space(f"mount --bind {hosts} /etc/hosts")
    someone("-u", USER, "--token-env", "T_TOKEN", "--plain-http", "--timeout", "20",
            f"{NAME}:{server.port}", env={"T_TOKEN": TOKEN}, through=inside.through).succeeded()


def test_others_would_ask_nscd(space, services, dns):
    """A control: the services are where they are looked for."""
    nscd, _, mounts = services
    inside = space(*mounts)
    found = subprocess.run([*inside.through, "getent", "ahosts", NAME], timeout=60, check=True,
                           stdout=subprocess.PIPE, text=True)
    assert found.stdout.startswith("127.0.0.1"), found
    assert nscd.types() & HOSTS
