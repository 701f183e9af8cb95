"""What does not come in time is named by what was under way, and never takes longer than it may."""

import socket

import pytest

import faults
from conftest import own_address
from harness import TOKEN, USER
from proxy import ConnectProxy

ONCE = ["--timeout", "1", "--retries", "0"]


class Mute:
    """Accepts connections and says nothing, or, where `is_full`, does not even accept them."""

    def __init__(self, is_full=False):
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        self._socket.listen(0 if is_full else 16)
        self.port = self._socket.getsockname()[1]
        self.host = f"127.0.0.1:{self.port}"
        self._others = []
        for _ in range(4 if is_full else 0):
            self._others.append(socket.socket())
            self._others[-1].setblocking(False)
            self._others[-1].connect_ex(("127.0.0.1", self.port))

    def close(self):
        for each in (self._socket, *self._others):
            each.close()


@pytest.fixture
def mute():
    """A function that makes a Mute."""
    made = []

    def make(**options):
        made.append(Mute(**options))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_the_connection(bare_login, mute):
    result = bare_login(mute(is_full=True), *ONCE)
    result.failed(5, "connection timed out", "hint: the host is down, a firewall drops the packets, or "
                  "a proxy is required (https_proxy); --connect-timeout sets the limit")
    assert result.took_less_than(1.8)


def test_the_limit_of_the_connection(bare_login, mute):
    result = bare_login(mute(is_full=True), "--connect-timeout", "1", "--retries", "0")
    result.failed(5, "connection timed out", "hint:", "--connect-timeout")
    assert result.took_less_than(1.8)


def test_tls(bare_login, mute):
    bare_login(mute(), *ONCE).failed(
        5, "TLS handshake timed out", "a firewall may block TLS; --connect-timeout sets the limit")


def test_tls_behind_a_proxy(login, mute):
    with ConnectProxy(mute().port) as proxy:
        login("-u", USER, "--password-stdin", *ONCE, stdin=TOKEN.encode(),
              env={"https_proxy": proxy.url}).failed(5, "'ghcr.io'", "TLS handshake timed out")


def test_the_first_answer(bare_login, mute):
    bare_login(mute(), "--plain-http", *ONCE).failed(5, "no answer in time", "--timeout")


@pytest.mark.parametrize("endpoint", ["token", "ping2"])
def test_a_later_answer(login, registry, endpoint):
    """On a connection that is there already."""
    server = registry()
    server.on(endpoint, faults.silence())
    login.to(server, *ONCE).failed(5, "no answer in time")
    assert server.connections == 1


def test_the_address(login, space):
    """A name server that never answers has longer limits of its own than we have."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as name_server:
        name_server.bind((own_address(3), 53))
        resolver = login.directory / "resolv.conf"
        resolver.write_text(f"nameserver {own_address(3)}\n")
        through = space(f"mount --bind '{resolver}' /etc/resolv.conf").through
        result = login("-u", USER, "--password-stdin", *ONCE, "registry.example", through=through,
                       stdin=TOKEN.encode())
    result.failed(5, "registry.example", "timed out resolving the host name (DNS)",
                  "hint: this machine's resolver does not answer; --connect-timeout sets the limit")
    assert result.took_less_than(1.8)


@pytest.mark.parametrize("endpoint", ["ping", "token"])
def test_a_silent_try_leaves_time_for_another(login, registry, endpoint):
    server = registry()
    server.on(endpoint, faults.silence(), times=1)
    result = login.to(server, "--timeout", "4", "--connect-timeout", "1").succeeded()
    assert result.seconds > 1.9 and result.took_less_than(4)
    assert server.connections == 2


def test_a_single_try_has_all_the_time(login, registry):
    server = registry()
    server.on("token", faults.delay(1.5))
    login.to(server, "--timeout", "2", "--connect-timeout", "1", "--retries", "0").succeeded()
