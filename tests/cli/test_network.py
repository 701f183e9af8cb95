"""The network as it is: ports, addresses, portals, signals. Each fault is named as what it is.

Not one of them reads as a refused credential (status 4), and no refusal as one of them (5).
"""

import signal
import time

import pytest

import faults
from flavours import error
from harness import OTHER_TOKEN, PACE, TOKEN, USER
from wire import LoopbackServer

QUICK = ["--timeout", "5", "--retries", "0"]


# TLS and plain HTTP on each other's ports.

class Talker:
    """Says `words` to whoever connects, whatever it is told."""

    def __init__(self, words):
        self.received = bytearray()

        def serve(client):
            client.settimeout(5)
            self.received += client.recv(4096)
            client.sendall(words)
        self._server = LoopbackServer(serve)
        self.host = f"127.0.0.1:{self._server.port}"
        self.close = self._server.stop


GO_SAYS = b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n"


@pytest.fixture
def talker():
    started = []

    def start(words):
        started.append(Talker(words))
        return started[-1]

    yield start
    for one in started:
        one.close()


def test_tls_to_a_plain_port(bare_login, talker, ca):
    """Whoever names a CA wants TLS, on this machine too."""
    server = talker(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")
    result = bare_login(server, "--timeout", "20", "--cacert", ca.pem)
    result.failed(5, server.host, "TLS", "hint:", "--plain-http")
    assert result.took_less_than(2) and server.received[:1] == b"\x16"


def test_plain_http_to_a_tls_port(bare_login, talker):
    server = talker(GO_SAYS)
    bare_login(server, "--plain-http", *QUICK).failed(
        6, server.host, "400", "HTTP request to an HTTPS", "hint:", "omit --plain-http")


def test_plain_http_to_a_tls_port_that_hangs_up(bare_login, registry):
    server = registry()
    bare_login(server, "--plain-http", *QUICK).failed(5, server.host, "hint:", "omit --plain-http")
    assert not server.requests and TOKEN.encode() not in server.received


@pytest.mark.parametrize("words", [b"220 smtp.example ESMTP\r\n", b"SSH-2.0-OpenSSH_9.2\r\n",
                                   b"\0" * 512], ids=["SMTP", "SSH", "NUL"])
def test_a_port_that_speaks_something_else(bare_login, talker, words):
    bare_login(talker(words), "--plain-http", *QUICK).failed(
        6, "not HTTP", "hint: check that this is a registry, and that it speaks TLS on this port")


@pytest.mark.parametrize("words", [
    b"HTTP/1.1 401 x\r\ncontent-length: abc\r\n\r\n", b"HTTP/1.1 401 x\r\na\0b: c\r\n\r\n",
    b"HTTP/1.1 401 x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\n" * 20000],
    ids=["content-length", "NUL", "chunks", "endless 100"])
def test_malformed_http(bare_login, talker, words):
    """Waiting mends it no more than any other odd answer."""
    result = bare_login(talker(words), "--plain-http", "--timeout", "10")
    if b"chunked" in words:
        assert "the answer is malformed HTTP\n" in result.stderr
    assert result.status == 6 and "HTTP" in result.stderr and "broke" not in result.stderr, result
    assert result.took_less_than(2)


@pytest.mark.parametrize("line", [b"HTTp/1.shed", b"HTTP/22 200"])
def test_an_answer_without_a_status(bare_login, talker, line):
    """To libcurl the first is 200, which would prove a credential; without HTTP/2 it says no."""
    for interim in (b"", b"HTTP/1.1 100 Continue\r\n\r\n"):
        result = bare_login(talker(interim + line + b"\r\n\r\n"), "--plain-http", *QUICK)
        assert "malformed" in result.failed(6).stderr or "is not HTTP" in result.stderr, result


def test_a_portals_own_status(login, registry):
    server = registry()
    server.on("ping", faults.answer(511))
    login.to(server, *QUICK).failed(6, "HTTP 511", "hint:", "portal")


@pytest.mark.parametrize("status", [300, 304, 399, 600, 999])
def test_a_status_that_means_nothing(login, registry, status):
    server = registry()
    server.on("ping", faults.answer(status))
    assert "redirected" not in login.to(server, *QUICK).failed(6, f"HTTP {status}").stderr


def test_a_machine_that_is_not_let_in(login, registry):
    server = registry()
    server.on("ping", faults.answer(403, error("DENIED", "denied")))
    login.to(server, *QUICK).failed(6, "HTTP 403", "hint:", "no credential was sent")


# Addresses.

def test_an_ipv6_literal(login, registry, ca):
    server = registry(certificate=ca.issue("::1"), address="::1")
    login.to(server).succeeded()
    assert server.host == f"[::1]:{server.port}"
    assert server.endpoints == ["ping", "token", "ping2"] and server.connections == 1
    assert {request.headers["host"] for request in server.requests} == {server.host}
    assert login.entry(server.host) == f"{USER}:{TOKEN}"


def test_an_ipv6_literal_where_nobody_listens(login):
    login("-u", USER, "--password-stdin", *QUICK, "[::1]:1", stdin=TOKEN.encode()).failed(
        5, "[::1]:1", "cannot connect")


def test_a_name_that_is_not_there(login):
    login("-u", USER, "--password-stdin", *QUICK, "registry.invalid", stdin=TOKEN.encode()).failed(
        5, "registry.invalid", "DNS", "hint:")


# A captive portal.

@pytest.mark.parametrize("endpoint", ["ping", "token", "ping2"])
@pytest.mark.parametrize("status", [200, 403])
def test_a_portal_that_answers(login, registry, endpoint, status):
    """Also its 403: no registry refuses a credential with a web page."""
    server = registry()
    server.on(endpoint, faults.not_json(status))
    result = login.to(server, *QUICK)
    result.failed(6, server.host, "web page", f"HTTP {status} (Hotel Wifi)", "hint:", "portal")
    assert "Please log in to the network" not in result.stderr


@pytest.mark.parametrize("status", [200, 403])
def test_a_portal_that_answers_for_an_image(login, registry, status):
    server = registry(images={"octo/app:1": "private"})
    server.on("manifest", faults.not_json(status))
    login.to(server, *QUICK, "--can-pull", f"{server.host}/octo/app:1").failed(
        6, "manifest", "web page", "(Hotel Wifi)", "portal")
    assert not login.config.exists()


PAGES = {
    "400 No required SSL certificate was sent": "--cert-dir",
    "400 The SSL certificate error": "--cert-dir",
    "400 The plain HTTP request was sent to HTTPS port": "omit --plain-http",
}


@pytest.mark.parametrize("title, hint", PAGES.items(), ids=PAGES)
def test_what_nginx_says(login, registry, title, hint):
    server = registry()
    server.on("ping", faults.not_json(400, title))
    login.to(server, *QUICK).failed(6, f"({title})", "hint:", hint)


@pytest.mark.parametrize("endpoint", ["ping", "token", "ping2"])
def test_a_gateways_page(login, registry, endpoint):
    server = registry()
    server.on(endpoint, faults.not_json(502, "502 Bad Gateway"))
    login.to(server, *QUICK).failed(5, "HTTP 502 (502 Bad Gateway)", "try again")


@pytest.mark.parametrize("endpoint", ["token", "ping2"])
def test_a_refusal_with_a_page(login, registry, endpoint):
    """As nginx and Apache refuse a password, and portals everything: it proves nothing."""
    server = registry()
    server.on(endpoint, faults.not_json(401, "401 Authorization Required"))
    login.to(server, *QUICK).failed(6, server.host, "(401 Authorization Required)", "hint:")


@pytest.mark.parametrize("endpoint", ["ping", "token", "ping2"])
@pytest.mark.parametrize("url", ["http://portal.example/login?from=ghcr", "https://portal.example"])
def test_a_portal_that_redirects(login, registry, endpoint, url):
    server = registry()
    server.on(endpoint, faults.redirect(url))
    result = login.to(server, *QUICK).failed(6, "portal.example", "redirected", "hint:")
    assert "from=ghcr" not in result.stderr


def test_a_page_to_sign_in(login, registry):
    server = registry()
    server.on("ping", faults.redirect("/users/sign_in"))
    server.on("other", faults.not_json(title="Sign in"))
    login.to(server, *QUICK).failed(6, "a web page", "(Sign in)", "hint:", "captive portal")


def test_a_redirect_to_tls(login, registry):
    server = registry(certificate=None)
    server.on("ping", faults.redirect("https://registry.example/v2/", 301))
    login.to(server, *QUICK).failed(6, "redirected to 'https://registry.example'", "hint:",
                                    "omit --plain-http")


# Which of the two it was.

CREDENTIAL = {
    "token 401": ("token", faults.answer(401)), "token 403": ("token", faults.answer(
        403, error("DENIED", "denied"))),
    "ping2 403": ("ping2", faults.answer(403, error("DENIED", "denied"))),
}


@pytest.mark.parametrize("endpoint, fault", CREDENTIAL.values(), ids=CREDENTIAL)
def test_a_refusal_is_no_network_fault(login, registry, endpoint, fault):
    server = registry()
    server.on(endpoint, fault)
    login.to(server, *QUICK).failed(4, "refused the credential", "hint:")


@pytest.mark.parametrize("endpoint", ["token", "ping2"])
def test_where_it_was_refused(login, registry, endpoint):
    """A token server that took it says something of it."""
    server = registry()
    server.on(endpoint, faults.answer(401))
    result = login.to(server, *QUICK).failed(6 if endpoint == "ping2" else 4)
    assert ("the bearer token that it issued" in result.stderr) == (endpoint == "ping2")
    assert ("try again" in result.stderr) == (endpoint == "ping2")


@pytest.mark.parametrize("flavour", ["ghcr", "basic"])
def test_a_refusal_is_no_network_fault_at_all(login, registry, flavour):
    login.to(registry(flavour), *QUICK, token=OTHER_TOKEN).failed(4, "refused the credential")


# Signals.

@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("endpoint, fault", [
    ("ping", faults.silence()), ("ping", faults.drip(0.3)), ("token", faults.delay(30)),
    ("ping2", faults.silence()), ("manifest", faults.silence()),
    ("token", faults.answer(503, b"", [("retry-after", "30")]))],
    ids=["ping", "drip", "token", "ping2", "manifest", "between two tries"])
def test_a_signal_ends_it_at_once(login, registry, endpoint, fault, number):
    login.write_config('{"auths":{}}')
    server = registry(images={"octo/app:1": "private"})
    server.on("token", faults.delay(0), times=1 if endpoint == "manifest" else 0)
    server.on(endpoint, fault)
    before = signal.signal(number, lambda *_: None)     # not ignored, and so not inherited
    run = login.start("-u", USER, "--token-env", "A_TOKEN", "--cacert", login.ca_file,
                      "--can-pull", f"{server.host}/octo/app:1", server.host,
                      env={"A_TOKEN": TOKEN})
    signal.signal(number, before)
    end = time.monotonic() + 10 * PACE
    while endpoint not in server.endpoints and time.monotonic() < end:
        time.sleep(0.005)
    assert endpoint in server.endpoints
    time.sleep(0.05)
    began = time.monotonic()
    run.process.send_signal(number)
    result = run.finish(timeout=5)
    assert time.monotonic() - began < 1 * PACE
    assert result.status == -number and result.stdout == "", result
