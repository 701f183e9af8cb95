"""Through a proxy, as in companies: its own answers are told apart from the registry's."""

import socket
import ssl
import time

import pytest

import faults
from flavours import error
from harness import OTHER_TOKEN, TOKEN, USER, basic
from proxy import ConnectProxy
from wire import Answer, LoopbackServer

PROXY_USER = "clerk"
PROXY_PASSWORD = "proxy-Password-73"
PROXY_LOGIN = f"{PROXY_USER}:{PROXY_PASSWORD}"
SCHEMES = ["https", "http"]
NAME = "registry.localhost"     # leads here, but by this machine's own names no proxy is asked


class Setting:
    """A registry, a proxy before it, and the variable that names the proxy."""

    def __init__(self, login, server, proxy):
        self.login, self.server, self.proxy = login, server, proxy
        self.variable = f"{server.scheme}_proxy"
        login.protect(PROXY_PASSWORD)
        login.protect(basic(*PROXY_LOGIN.split(":"))[6:])

    def __call__(self, *args, url=None, env=None, timeout=5, retries=0, **how):
        env = env or {self.variable: url or self.proxy.url}
        return self.login.to(self.server, "--timeout", timeout, "--retries", retries, *args,
                             env=env, **how)

    def passed(self):
        """What went through the proxy."""
        return self.proxy.targets + self.proxy.forwarded


@pytest.fixture(scope="session")
def behind(ca):
    """The certificate of a registry behind a proxy."""
    return ca.issue(NAME, "127.0.0.1")


@pytest.fixture
def setting(login, registry, behind):
    """A function that makes a Setting."""
    proxies = []

    def make(scheme="https", **options):
        server = registry(certificate=behind if scheme == "https" else None)
        server.address = NAME
        proxies.append(ConnectProxy(server.port, **options))
        return Setting(login, server, proxies[-1])

    yield make
    for proxy in proxies:
        proxy.close()


def test_an_https_registry_goes_through_a_tunnel(setting):
    here = setting("https")
    here().succeeded()
    assert here.proxy.targets == [here.server.host]
    assert here.proxy.forwarded == []
    assert here.server.connections == 1
    assert b"authorization" not in here.proxy.received.lower()


def test_an_http_registry_is_asked_for_by_its_whole_url(setting):
    here = setting("http")
    here().succeeded()
    assert here.proxy.targets == []
    assert [url.partition("?")[0] for url in here.proxy.forwarded] == [
        f"http://{here.server.host}/{path}" for path in ("v2/", "token", "v2/")]


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_this_machine_needs_no_proxy(setting, certificate, registry, scheme, name):
    """docker and podman ask none either."""
    here = setting(scheme)
    if scheme == "https":
        here.server = registry(certificate=certificate)
    here.server.address = name
    here(env={variable: here.proxy.url
              for variable in (f"{scheme}_proxy", f"{scheme}_proxy".upper())}).succeeded()
    assert not here.passed() and not here.proxy.received


@pytest.mark.parametrize("password", [PROXY_PASSWORD, "proxy%2DPassword%2D73"])
@pytest.mark.parametrize("said", ["{}", "login: {} is locked", "%s"], ids=["plain", "in words", "hex"])
def test_a_proxy_that_repeats_its_password(setting, password, said):
    """Plain http goes through it in the open: what it says is taken for the registry's words."""
    said = said.format(PROXY_PASSWORD) if "{" in said else PROXY_PASSWORD.encode().hex()
    here = setting("http", answer=Answer(403, said.encode(), (("server", said),)))
    result = here(url=here.proxy.url_for(f"{PROXY_USER}:{password}"))
    assert result.status == 6 and "not shown" in result.stderr and said not in result.stderr, result


# Which proxy.

@pytest.mark.parametrize("scheme, variable", [("https", "https_proxy"), ("https", "HTTPS_PROXY"),
                                              ("http", "http_proxy"), ("http", "HTTP_PROXY")])
def test_the_variables_of_a_scheme(setting, scheme, variable):
    here = setting(scheme)
    here(env={variable: here.proxy.url}).succeeded()
    assert here.passed()


@pytest.mark.parametrize("scheme, env", [
    ("https", {"http_proxy": "http://127.0.0.1:1"}),
    ("http", {"https_proxy": "http://127.0.0.1:1"}),
    # As docker: Go does not read it.
    ("https", {"ALL_PROXY": "http://127.0.0.1:1", "all_proxy": "http://127.0.0.1:1"}),
    ("http", {"ALL_PROXY": "http://127.0.0.1:1", "all_proxy": "http://127.0.0.1:1"}),
    # In a CGI program this is a header of the request: "httpoxy".
    ("http", {"HTTP_PROXY": "http://127.0.0.1:1", "REQUEST_METHOD": "GET"})])
def test_a_variable_for_something_else(setting, scheme, env):
    here = setting(scheme)
    here(env=env).succeeded()


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("variable", ["no_proxy", "NO_PROXY"])
@pytest.mark.parametrize("hosts", ["{host}", "*", "registry.example,{host}"])
def test_no_proxy(setting, scheme, variable, hosts):
    here = setting(scheme)
    hosts = hosts.format(host=here.server.address)
    here(env={here.variable: here.proxy.url, variable: hosts}).succeeded()
    assert here.passed() == [] and not here.proxy.received


@pytest.mark.parametrize("hosts", ["registry.example", "127.0.0.2", ""])
def test_no_proxy_for_another_host(setting, hosts):
    here = setting("https")
    here(env={"https_proxy": here.proxy.url, "no_proxy": hosts}).succeeded()
    assert here.passed() == [here.server.host]


def test_no_proxy_for_a_domain(ghcr):
    """The registry's name is not there without the proxy, and that is what is said."""
    ghcr("-u", USER, "--timeout", "2", "--retries", "0",
         env={"GHCR_TOKEN": TOKEN, "no_proxy": ".example,ghcr.io"}).failed(5, "ghcr.io")
    assert ghcr.proxy.targets == []


# A proxy that wants a login of its own.

@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_right_login_for_the_proxy(setting, scheme):
    here = setting(scheme, login=PROXY_LOGIN)
    here(url=here.proxy.url_for(PROXY_LOGIN)).succeeded()
    assert here.passed() and here.proxy.refused == 0
    # It is the proxy's alone.
    assert b"proxy-authorization" not in here.server.received.lower()


@pytest.mark.parametrize("scheme", SCHEMES)
def test_an_encoded_login_for_the_proxy(setting, scheme):
    here = setting(scheme, login="cl@rk:p:ss/wörd-Of-9")
    here.login.protect("p:ss/wörd-Of-9")
    here(url=here.proxy.url_for("cl%40rk:p%3Ass%2Fw%C3%B6rd-Of-9")).succeeded()


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("given", [None, f"{PROXY_USER}:{PROXY_PASSWORD}-wrong", PROXY_USER],
                         ids=["none", "wrong", "no password"])
@pytest.mark.parametrize("more", [[], ["-v"]], ids=["quiet", "verbose"])
def test_407(setting, scheme, given, more):
    here = setting(scheme, login=PROXY_LOGIN)
    result = here(*more, url=here.proxy.url_for(given) if given else None)
    result.failed(5, "proxy", here.proxy.host, "407", "hint:", f"{scheme}_proxy")
    assert here.proxy.refused == 1
    assert PROXY_PASSWORD not in result.stderr
    assert here.server.connections == 0


def test_407_is_told_in_json(setting):
    here = setting("https", login=PROXY_LOGIN)
    result = here("--json", url=here.proxy.url_for(f"{PROXY_USER}:{PROXY_PASSWORD}-wrong"))
    assert result.status == 5, result
    assert result.json["error"]["class"] == "unreachable"
    assert "proxy" in result.json["error"]["message"]


# What else a proxy says for itself.

@pytest.mark.parametrize("status", [302, 400, 401, 403, 404, 405, 418, 451, 500])
def test_the_proxys_own_answer_to_connect(setting, status):
    """Even 401 and 403 say nothing about the credential: no one has seen it."""
    here = setting("https", answer=Answer(status, b"<html>No</html>"))
    here().failed(5, f"the proxy '{here.proxy.host}' answered {status}", "hint:")
    assert here.proxy.refused == 1 and here.server.connections == 0


def test_a_proxy_that_forwards_nothing(setting):
    """For http nobody can tell the proxy's 403 from the registry's; it is no refusal of a
    credential that was not sent."""
    here = setting("http", answer=Answer(403, b"<html>No</html>", (("content-type", "text/html"),)))
    here().failed(6, "403")
    assert TOKEN.encode() not in here.proxy.received


@pytest.mark.parametrize("status", [502, 503, 504, 429])
def test_a_proxy_in_passing_trouble_is_asked_again(setting, status):
    here = setting("https", answer=Answer(status))
    here(retries=1, timeout=4).failed(5, "proxy", str(status))
    assert here.proxy.refused == 2


@pytest.mark.parametrize("status", [403, 407])
def test_a_proxy_that_says_no_is_asked_once(setting, status):
    here = setting("https", answer=Answer(status))
    began = time.monotonic()
    here(retries=4, timeout=30).failed(5, "proxy", str(status))
    assert here.proxy.refused == 1 and time.monotonic() - began < 3


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_proxy_that_is_not_there(setting, scheme):
    here = setting(scheme)
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{unused.getsockname()[1]}"
        result = here(url=f"http://{PROXY_LOGIN}@{host}")
    result.failed(5, "proxy", host, "hint:", f"{scheme}_proxy")
    assert PROXY_USER not in result.stderr


def test_a_proxy_whose_name_is_not_there(setting):
    result = setting("https")(url=f"http://{PROXY_LOGIN}@proxy.invalid:3128")
    result.failed(5, "proxy", "'proxy.invalid'", "DNS", "hint:", "https_proxy")
    assert PROXY_USER not in result.stderr


@pytest.mark.parametrize("url", ["ftp://127.0.0.1:1", "http://127.0.0.1:port", "http://[::1:3128",
                                 "http://127.0.0.1:99999"])
def test_a_proxy_that_is_no_url(setting, url):
    result = setting("https")("-v", url=url, retries=4)
    result.failed(5, "the proxy's URL cannot be used", "hint:", "https_proxy")
    assert result.stderr.count(" -> ") == 1, "waiting mends no URL"


def silence(client):
    client.settimeout(10)
    try:
        while client.recv(4096):
            pass
    except TimeoutError:
        pass


FAULTS = {"closes": lambda client: client.close(), "is silent": silence,
          "talks something else": lambda client: client.sendall(b"220 smtp.example ESMTP\r\n\r\n")}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_proxy_that_does_not_answer_connect(setting, fault):
    here = setting("https", fault=fault)
    result = here(timeout=1, url=here.proxy.url_for(PROXY_LOGIN))
    result.failed(5, "proxy", here.proxy.host)
    assert PROXY_USER not in result.stderr
    assert result.took_less_than(2.5)


def test_a_proxy_that_is_a_portal(setting):
    """It lets CONNECT through, and then shows a page."""
    page = Answer(200, b"<html>Please log in</html>", (("content-type", "text/html"),))
    here = setting("https", fault=lambda client: client.sendall(page.encode()))
    result = here().failed(5, "hint: the far end of the proxy's tunnel does not speak TLS: the proxy "
                           "may be a portal that requires a login")
    assert "--plain-http" not in result.stderr and "proxy" in result.stderr, result


def test_the_certificate_of_a_tls_proxy(setting, certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.cert, certificate.key)
    here = setting("https")
    server = LoopbackServer(lambda client: context.wrap_socket(client, server_side=True))
    try:
        here(url=f"https://{PROXY_LOGIN}@127.0.0.1:{server.port}").failed(
            5, f"certificate of the proxy '127.0.0.1:{server.port}'")
    finally:
        server.stop()
    assert here.server.connections == 0


def test_tls_to_a_proxy_that_speaks_none(setting):
    here = setting("https")
    server = LoopbackServer(lambda client: client.recv(4096) and client.sendall(
        b"HTTP/1.1 400 Bad Request\r\n\r\n"))
    host = f"127.0.0.1:{server.port}"
    try:
        result = here(url=f"https://{PROXY_LOGIN}@{host}", retries=4)
    finally:
        server.stop()
    result.failed(5, f"the TLS handshake of the proxy '{host}' failed", "hint:", "http://")
    assert result.took_less_than(1)
    assert PROXY_USER not in result.stderr and "--plain-http" not in result.stderr


@pytest.mark.parametrize("scheme", ["socks5", "socks5h", "socks4"])
def test_a_socks_proxy_that_refuses(setting, scheme):
    here = setting("https", fault=None)
    server = LoopbackServer(lambda client: client.recv(64) and client.sendall(b"\x05\xff"))
    try:
        here(env={"https_proxy": f"{scheme}://127.0.0.1:{server.port}"}).failed(5, "proxy")
    finally:
        server.stop()


@pytest.mark.parametrize("endpoint", ["ping", "token", "ping2"])
def test_407_in_the_middle(setting, endpoint):
    """A proxy that forwards plain http may lose its patience with any of the requests."""
    here = setting("http")
    here.server.on(endpoint, faults.answer(407, b"<html>", [("proxy-authenticate", "Basic")]))
    here().failed(5, "is answered by a proxy at ", "(HTTP 407)",
                  "hint: the proxy requires a login: http_proxy=http://USER:PASSWORD@PROXY:PORT")


# Behind the proxy the registry says what it always says.

@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_bad_token_is_no_fault_of_the_proxys(setting, scheme):
    here = setting(scheme, login=PROXY_LOGIN)
    result = here(url=here.proxy.url_for(PROXY_LOGIN), token=OTHER_TOKEN)
    result.failed(4, "denied")
    assert "proxy" not in result.stderr


@pytest.mark.parametrize("fault, status", [
    (faults.answer(407), 5), (faults.answer(403, error("DENIED", "denied")), 6),
    (faults.answer(503), 5), (faults.reset(), 5)], ids=["407", "403", "503", "reset"])
def test_the_registrys_own_fault_behind_a_proxy(setting, fault, status):
    here = setting("https")
    here.server.on("ping", fault)
    result = here(timeout=3).failed(status, here.server.host)
    assert here.proxy.host not in result.stderr


def test_a_certificate_behind_a_proxy(setting, registry, ca):
    here = setting("https")
    here.server = registry(certificate=ca.issue(NAME, expired=True))
    here.server.address = NAME
    here.proxy.upstream = ("127.0.0.1", here.server.port)
    result = here().failed(5, "certificate", "expired", here.server.host)
    assert here.proxy.host not in result.stderr and not here.server.requests


# NO_PROXY as Go reads it, and so docker and podman.

@pytest.mark.parametrize("hosts", ["{host}:{port}", " other.example , * ", ".localhost",
                                   "*.localhost:{port}", "10.0.0.0/8, {host}"])
@pytest.mark.parametrize("variable", ["no_proxy", "NO_PROXY"])
def test_no_proxy_as_go_reads_it(setting, variable, hosts):
    here = setting("https")
    hosts = hosts.format(host=here.server.address, port=here.server.port)
    here(env={"https_proxy": here.proxy.url, variable: hosts}).succeeded()
    assert here.passed() == [] and not here.proxy.received


@pytest.mark.parametrize("hosts", ["{host}:1", "127.0.0.2", "10.0.0.0/8", "*.0.0.1.example"])
def test_what_no_proxy_does_not_cover(setting, hosts):
    here = setting("https")
    hosts = hosts.format(host=here.server.address)
    here(env={"https_proxy": here.proxy.url, "no_proxy": hosts}).succeeded()
    assert here.passed() == [here.server.host]


def test_no_proxy_for_what_is_below_a_domain(ghcr):
    """The name leads nowhere here but through the proxy, which is not asked."""
    result = ghcr("-u", USER, "--retries", "0", env={"GHCR_TOKEN": TOKEN, "no_proxy": "*.io"})
    assert result.status == 5 and ghcr.proxy.targets == [], result


def test_a_password_with_an_at_sign(setting):
    here = setting("https", login=f"{PROXY_USER}:p@ss@word-73")
    here.login.protect("p@ss@word-73")
    here(url=f"http://{PROXY_USER}:p@ss@word-73@{here.proxy.host}").succeeded()
    assert here.passed() == [here.server.host]


def test_a_proxy_that_takes_no_password(setting):
    answer = Answer(407, b"", (("proxy-authenticate", "Negotiate"), ("proxy-authenticate", "NTLM")))
    here = setting("https", answer=answer)
    here().failed(5, here.proxy.host, "407", "hint:", "Negotiate", "NTLM")


def test_the_proxy_is_named_as_it_is_configured(setting):
    here = setting("https", answer=Answer(403, b"no"))
    name = here.proxy.host.replace("127.0.0.1", "localhost")
    here(url=f"http://{name}").failed(5, f"the proxy '{name}' answered 403")


@pytest.mark.parametrize("mark", ["#", "/", "?"])
def test_a_password_that_is_no_url_is_not_shown(login, registry, mark):
    """As in Go, it ends the place of the proxy; and what stands in front of it is secret, too."""
    server = registry()
    login.protect("first-half-73")
    login("-u", USER, "--password-stdin", "--retries", "0", "registry.example.com",
          stdin=TOKEN.encode(),
          env={"https_proxy": f"http://me:first-half-73{mark}rest@proxy.example:1"}).failed(
              5, "proxy", "hint:")
    assert server.connections == 0
