"""What is sent, to whom, in which order, and what becomes of every answer."""

import gzip
import socket
from dataclasses import replace

import pytest

import faults
from flavours import FLAVOURS, error
from harness import FINE_GRAINED, OTHER_TOKEN, STATELESS, TOKEN, USER, basic, pulls
from proxy import ConnectProxy

BEARER = [name for name, flavour in FLAVOURS.items()
          if flavour.takes("bearer") and not flavour.open]
BASIC = [name for name, flavour in FLAVOURS.items()
         if flavour.takes("basic") and not flavour.open and name not in BEARER]


def test_the_requests_of_a_login(login, registry):
    server = registry()
    login.to(server).succeeded()

    assert server.endpoints == ["ping", "token", "ping2"]
    assert (server.connections, server.handshakes) == (1, 1)
    ping, token, ping2 = server.requests
    assert [request.method for request in server.requests] == ["GET"] * 3
    assert ping.target == ping2.target == "/v2/"
    assert token.query == {"service": ["ghcr.io"], "account": [USER], "client_id": ["ghcr-login"]}
    assert "authorization" not in ping.headers
    assert token.headers["authorization"] == basic(USER, TOKEN)
    assert [ping2.bearer] == list(server.issued)
    for request in server.requests:
        assert request.headers["host"] == server.host
        assert request.headers["user-agent"].startswith("ghcr-login")
        assert request.body == b"" and "cookie" not in request.headers


@pytest.mark.parametrize("token", [TOKEN, FINE_GRAINED, STATELESS],
                         ids=["classic", "fine-grained", "stateless"])
def test_the_header_is_one_line_however_long_the_token(login, registry, token):
    server = registry(token=token)
    login.to(server).succeeded()
    assert server.asked("token")[0].headers["authorization"] == basic(USER, token)


@pytest.mark.parametrize("user", ["first.last@example.com", "a+b c&d=e%20/?#", "\u00e4\u00f6"],
                         ids=["address", "reserved", "not ASCII"])
def test_the_account_is_encoded(login, registry, user):
    server = registry(user=user)
    login.to(server, user=user).succeeded()
    assert server.asked("token")[0].query["account"] == [user]


@pytest.mark.parametrize("flavour", BEARER)
def test_every_bearer_registry(login, registry, flavour):
    server = registry(flavour)
    login.to(server).succeeded()
    assert server.endpoints == ["ping", "token", "ping2"]
    assert server.connections == 1
    query = server.asked("token")[0].query
    assert "scope" not in query
    if flavour == "gitea":
        assert "service" not in query
    else:
        assert query["service"] == [server.flavour.service.format(host=server.host)]
    assert server.asked("ping2")[0].bearer in server.issued
    assert login.entry(server.host) == f"{USER}:{TOKEN}"


@pytest.mark.parametrize("flavour", BASIC)
def test_every_basic_registry(login, registry, flavour):
    server = registry(flavour)
    login.to(server).succeeded()
    assert server.endpoints == ["ping", "ping2"]
    assert server.connections == 1
    assert server.asked("ping2")[0].headers["authorization"] == basic(USER, TOKEN)
    assert login.entry(server.host) == f"{USER}:{TOKEN}"


@pytest.mark.parametrize("flavour", BEARER + BASIC)
def test_a_wrong_password_is_refused_everywhere(login, registry, flavour):
    server = registry(flavour)
    login.to(server, token=OTHER_TOKEN).failed(4, server.host)
    assert server.endpoints == (["ping", "ping2"] if flavour in BASIC else ["ping", "token"])
    assert not login.config.exists()


@pytest.mark.parametrize("flavour, word", [
    ("open", "no authentication"), ("no-challenge", "challenge"), ("negotiate", "")])
@pytest.mark.parametrize("token", [TOKEN, OTHER_TOKEN], ids=["right", "wrong"])
def test_what_proves_nothing_is_no_success(login, registry, flavour, word, token):
    server = registry(flavour)
    login.to(server, token=token).failed(6, word)
    assert all("authorization" not in request.headers for request in server.requests)
    assert not login.config.exists()


# Answers that are not as they should be: endpoint, fault, exit status.

HTML = {"content-type": "text/html"}.items()
ANSWERS = {
    "ping 200 of a portal": ("ping", faults.not_json(), 6),
    "ping 403": ("ping", faults.answer(403, b"<html>", HTML), 6),
    "ping 404": ("ping", faults.answer(404), 6),
    "ping silence": ("ping", faults.silence(), 5),
    "ping reset": ("ping", faults.reset(), 5),
    "ping closed": ("ping", faults.close(), 5),
    "ping 503": ("ping", faults.answer(503), 5),
    "ping 429": ("ping", faults.rate_limited(), 5),
    "ping drips": ("ping", faults.drip(0.2), 5),
    "token 401": ("token", faults.answer(401), 4),
    "token 403": ("token", faults.answer(403), 6),
    "token 403 of a firewall": ("token", faults.answer(403, b"<html>", HTML), 6),
    "token 404": ("token", faults.answer(404), 6),
    "token 204": ("token", faults.answer(204), 6),
    "token 200 html": ("token", faults.not_json(), 6),
    "token 200 empty": ("token", faults.answer(200), 6),
    "token 200 []": ("token", faults.answer(200, b"[]"), 6),
    "token 200 {}": ("token", faults.answer(200, b"{}"), 6),
    "token is empty": ("token", faults.answer(200, b'{"token":""}'), 6),
    "token is null": ("token", faults.answer(200, b'{"token":null}'), 6),
    "token is a number": ("token", faults.answer(200, b'{"token":7}'), 6),
    "token has a line end": ("token", faults.answer(200, b'{"token":"a\\r\\nX-Evil: 1"}'), 6),
    "token cut short": ("token", faults.answer(200, b'{"token":"abc'), 6),
    "token with text before it": ("token", faults.answer(200, b'x{"token":"abc"}'), 6),
    "token 10 MB": ("token", faults.big_body(), 6),
    "token 429": ("token", faults.rate_limited(), 5),
    "token 500": ("token", faults.answer(500), 5),
    "token 503": ("token", faults.answer(503, b"<html>", HTML), 5),
    "token reset": ("token", faults.reset(), 5),
    "token closed half way": ("token", faults.close_midway(), 5),
    "token silence": ("token", faults.silence(), 5),
    "ping2 404": ("ping2", faults.answer(404), 6),
    "ping2 204": ("ping2", faults.answer(204), 6),
    "ping2 503": ("ping2", faults.answer(503), 5),
    "ping2 silence": ("ping2", faults.silence(), 5),
}


@pytest.mark.parametrize("endpoint, fault, status", ANSWERS.values(), ids=ANSWERS)
def test_odd_answers(login, registry, endpoint, fault, status):
    server = registry()
    server.on(endpoint, fault)
    result = login.to(server, "--timeout", "1")
    result.failed(status, server.host)
    assert result.took_less_than(4)
    assert server.endpoints[-1] == endpoint
    assert not login.config.exists()


ENDLESS = [(endpoint, fault, 6) for endpoint in ("ping", "token", "ping2")
           for fault in (faults.endless_headers, faults.endless_line, faults.endless_body)]
# The last answer proves the credential by its status; its body is of no interest.
ENDLESS[-1] = ("ping2", faults.endless_body, 0)


@pytest.mark.parametrize("endpoint, fault, status", ENDLESS)
def test_it_hangs_up_on_what_does_not_end(login, registry, endpoint, fault, status):
    server = registry()
    server.on(endpoint, fault())
    result = login.to(server, "--timeout", "5", "--retries", "0")
    assert result.status == status and server.host in result.stdout + result.stderr, result
    assert result.took_less_than(2)
    assert max(client.sent for client in server.clients) < faults.ENDLESS_MAX


@pytest.mark.parametrize("status", [401, 403])
def test_a_bearer_that_is_not_taken(login, registry, status):
    """The token was given and then refused: no proof, and never a success."""
    server = registry()
    server.on("ping2", faults.answer(status))
    login.to(server).failed(6, server.host)
    assert server.endpoints == ["ping", "token", "ping2"] + ["ping2"] * (status == 401)
    assert not login.config.exists()


def test_clocks_that_differ_by_a_second(login, registry):
    """"token is not valid yet": the same bearer is good a little later."""
    server = registry()
    server.on("ping2", faults.answer(401), times=1)
    login.to(server).succeeded()
    assert server.endpoints == ["ping", "token", "ping2", "ping2"]


# Answers that read like a refusal and say nothing about the credential: whose, the status, the
# body, header fields, and what the error names.
ADDRESS = error("DENIED", "client with IP '192.0.2.7' is not allowed access. Refer "
                          "https://aka.ms/acr/firewall to grant access.")
NO_REFUSALS = {
    "Cloudflare": ("token", 403, b"error code: 1020", [("Server", "cloudflare")], "cloudflare"),
    "a load balancer's page": ("token", 403, b"<html><head><title>403 Forbidden</title></head>",
                               [("Server", "awselb/2.0")], "awselb/2.0"),
    "empty": ("token", 403, b"", [], "firewall"),
    "plain text": ("token", 403, b"Forbidden\n", [], "Forbidden"),
    "an API gateway": ("token", 403, b'{"message":"Forbidden"}', [], "Forbidden"),
    "ACR's firewall": ("token", 403, ADDRESS, [], "this machine's address"),
    "Harbor's LDAP": ("token", 401, error("UNAUTHORIZED", "failed to ping LDAP server"), [],
                      "directory service"),
    "an address that is blocked": ("token", 403, error("DENIED", "your IP 203.0.113.9 is blocked"), [],
                                   "this machine's address"),
    "a network policy": ("token", 403, error("DENIED", "access from IP 10.0.0.1 is not permitted by "
                                                       "network policy"), [], "this machine's address"),
    "an allowlist": ("token", 403, error("DENIED", "source address is not in the allowlist"), [],
                     "this machine's address"),
    "a country": ("token", 403, error("DENIED", "access from your country is restricted"), [],
                  "this machine's address"),
    "Cloudflare with a 401": ("token", 401, b"error code: 1020", [], "this machine's address"),
    "a directory that is not found": ("token", 401,
                                      error("UNAUTHORIZED", "lookup ad.corp: no such host"), [],
                                      "directory service"),
    "a directory that does not answer": ("token", 401, error("UNAUTHORIZED", "authentication backend: "
                                                             "i/o timeout"), [], "directory service"),
    "a directory that is down": ("token", 401,
                                 error("UNAUTHORIZED", "directory service unavailable"), [],
                                 "directory service"),
    "a network that is not let in": ("token", 403, error("DENIED", "public network access is disabled"),
                                     [], "this machine's address"),
    "a service behind it": ("token", 401, error("UNAUTHORIZED", "internal server error"), [],
                            "a service that it uses"),
    "a gateway": ("token", 401, b"Jwt is missing", [("Server", "istio-envoy")], "istio-envoy"),
    "another code": ("token", 403, error("FORBIDDEN", "forbidden"), [], "the registry forbids it"),
    "a page that asks for a login": ("token", 401, b"<html><title>Sign in</title>", [], "Sign in"),
    "a skewed clock": ("ping2", 401, error("UNAUTHORIZED", "token is not valid yet"), [],
                       "accepted at first"),
    "a firewall behind the token": ("ping2", 403, b"blocked", [], "firewall"),
}


@pytest.mark.parametrize("endpoint, status, body, headers, word", NO_REFUSALS.values(),
                         ids=NO_REFUSALS)
def test_no_refusal_of_the_credential(login, registry, endpoint, status, body, headers, word):
    server = registry(certificate=None)
    login.to(server).succeeded()
    before = login.config.read_bytes()
    server.on(endpoint, faults.answer(status, body, headers))
    login.to(server).failed(6, server.host, word)
    result = login("logout", "--if-refused", "--plain-http", "--json", server.host)
    assert result.status == 6 and result.json["changed"] is False, result
    assert login.config.read_bytes() == before


@pytest.mark.parametrize("flavour", ["ghcr", "basic"])
def test_what_was_refused_outright_is_removed(login, registry, flavour):
    server = registry(flavour, certificate=None)
    login.to(server).succeeded()
    server.token = "another"
    result = login("logout", "--if-refused", "--plain-http", "--json", server.host)
    assert result.json["result"] == "removed", result


def test_a_denial_after_a_grant_removes_nothing(login, registry):
    server = registry(certificate=None)
    login.to(server).succeeded()
    server.on("ping2", faults.answer(403, error("DENIED", "denied")))
    result = login("logout", "--if-refused", "--plain-http", "--json", server.host)
    assert result.status == 4 and result.json["changed"] is False, result
    assert login.entry(server.host) == f"{USER}:{TOKEN}"


def test_ecr_and_a_token_of_another_region(login, registry):
    server = registry("ecr")
    server.on("ping2", faults.answer(400))
    login.to(server).failed(6, "another region", "hint:", "aws ecr get-login-password")


@pytest.mark.parametrize("body", [b'{"access_token":"%s"}', b'{"token":"%s","access_token":""}',
                                  b'{"token":null,"access_token":"%s"}',
                                  b'{"access_token":"another","token":"%s"}'])
def test_either_member_serves(login, registry, body):
    server = registry()
    server.issued["bearer-of-this-test"] = ""
    server.on("token", faults.answer(200, body % b"bearer-of-this-test"))
    login.to(server).succeeded()


# What docker reads, although it should not be sent so.
AS_DOCKER_READS = {
    "expires_in as text": b'{"token":"%s","expires_in":"300","issued_at":1790000000}',
    "expires_in as a float": b'{"token":"%s","expires_in":300.5}',
    "the last of two": b'{"token":"another","token":"%s"}',
    "bad UTF-8 elsewhere": b'{"issuer":"caf\xe9 \xed\xa0\x80","token":"%s"}',
    "more than 64 KB": b'{"padding":"' + b"x" * 100_000 + b'","token":"%s"}',
}


@pytest.mark.parametrize("body", AS_DOCKER_READS.values(), ids=AS_DOCKER_READS)
@pytest.mark.parametrize("encoding", [None, "gzip"])
def test_token_answers_as_docker_reads_them(login, registry, body, encoding):
    server = registry()
    server.issued["bearer-of-this-test"] = ""
    text = body.replace(b"%s", b"bearer-of-this-test")
    headers = [("content-encoding", encoding)] if encoding else []
    server.on("token", faults.answer(200, gzip.compress(text) if encoding else text, headers))
    login.to(server).succeeded()
    assert all("accept-encoding" not in request.headers for request in server.requests)


@pytest.mark.parametrize("encoding", ["UTF-8", "aws-chunked"])
def test_an_encoding_that_nobody_knows(login, registry, encoding):
    """docker takes the body as it is."""
    server = registry()
    server.issued["bearer-of-this-test"] = ""
    server.on("token", faults.answer(200, b'{"token":"bearer-of-this-test"}',
                                     [("content-encoding", encoding)]))
    login.to(server).succeeded()


def test_an_encoding_that_is_none(login, registry):
    server = registry()
    server.on("token", faults.answer(200, b"no gzip", [("content-encoding", "gzip")]))
    login.to(server).failed(6, server.host, "the answer has an unsupported encoding")


@pytest.mark.parametrize("endpoint", ["ping", "token", "ping2"])
@pytest.mark.parametrize("fault", [faults.answer(503), faults.rate_limited(), faults.reset()],
                         ids=["503", "429", "reset"])
def test_a_passing_fault_is_waited_out(login, registry, endpoint, fault):
    server = registry()
    server.on(endpoint, fault, times=1)
    login.to(server).succeeded()
    assert server.endpoints.count(endpoint) == 2


def test_a_refusal_is_asked_once(login, registry):
    server = registry()
    login.to(server, token=OTHER_TOKEN).failed(4)
    assert server.endpoints.count("token") == 1


# No connection at all, or none that can be trusted.

def test_nobody_listens(login):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{unused.getsockname()[1]}"
        login("-u", USER, "--password-stdin", "--timeout", "1", host,
              stdin=TOKEN.encode()).failed(5, host)


def test_a_certificate_that_nobody_signed(login, registry):
    server = registry()
    login("-u", USER, "--password-stdin", server.host, stdin=TOKEN.encode()).failed(
        5, server.host, "certificate")
    assert server.handshakes == 0 or not server.received
    assert not server.requests


@pytest.mark.parametrize("options", [
    {"names": ["127.0.0.1"], "expired": True}, {"names": ["registry.example"]},
], ids=["expired", "for another name"])
def test_a_certificate_that_is_not_good(login, registry, ca, options):
    names = options.pop("names")
    server = registry(certificate=ca.issue(*names, **options))
    login.to(server).failed(5, server.host, "certificate")
    assert not server.requests and not server.received


def test_a_registry_without_tls_gets_nothing(login, registry):
    server = registry(certificate=None)
    with ConnectProxy(server.port) as proxy:
        login("-u", USER, "--password-stdin", "--timeout", "1", "ghcr.io", stdin=TOKEN.encode(),
              env={"https_proxy": proxy.url}).failed(5, "ghcr.io")
    assert not server.requests and not server.received


def test_plain_http_when_asked_for(login, registry):
    server = registry(certificate=None)
    login.to(server).succeeded()
    assert login.entry(server.host) == f"{USER}:{TOKEN}"


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
@pytest.mark.parametrize("flavour", ["ghcr", "basic"])
def test_a_registry_on_this_machine_without_tls(login, registry, flavour, name):
    """As docker has it; nothing leaves the machine."""
    server = registry(flavour, certificate=None)
    host = f"{name}:{server.port}"
    result = login("-u", USER, "--password-stdin", host, stdin=TOKEN.encode()).succeeded()
    assert result.took_less_than(5)
    assert login.entry(host) == f"{USER}:{TOKEN}"
    assert login("status", host).status == 0


def test_tls_that_was_asked_for_is_not_given_up(login, registry):
    server = registry(certificate=None)
    result = login("-u", USER, "--password-stdin", "--retries", "0", "--cacert", login.ca_file,
                   server.host, stdin=TOKEN.encode())
    result.failed(5, "TLS handshake failed", "--plain-http")
    assert not server.requests and not server.received


GRANTED = {
    "text behind it": (200, '{"token":"@"}\n-- 3 ms'), "another case": (200, '{"Token":"@"}'),
    "created": (201, '{"token":"@"}'), "accepted": (202, '{"access_token":"@"}'),
    "half a surrogate pair": (200, '{"token":"@","who":"\\ud800"}'),
    "a number out of range": (200, '{"token":"@","expires_in":1e999}'),
}


@pytest.mark.parametrize("status, text", GRANTED.values(), ids=GRANTED)
def test_a_token_that_docker_reads(login, registry, status, text):
    server = registry(replace(FLAVOURS["ghcr"], granted=text))
    server.on("token", lambda exchange: exchange.reply(replace(exchange.normal(), status=status)))
    login.to(server).succeeded()
    assert list(server.issued) == [server.asked("ping2")[0].bearer]


@pytest.mark.parametrize("status", [301, 302, 307, 308])
@pytest.mark.parametrize("flavour", ["ghcr", "basic"])
@pytest.mark.parametrize("location", ["/v2", "{scheme}://{host}/v2"])
def test_a_redirect_of_the_ping(login, registry, flavour, location, status):
    """Within the origin docker follows it, with and without the credential."""
    server = registry(flavour)
    server.on("ping", faults.redirect(location.format(scheme=server.scheme, host=server.host),
                                      status))
    server.on("other", lambda exchange: exchange.reply(server.answer(replace(
        exchange.request, endpoint="ping"))))
    login.to(server).succeeded()
    paths = [request.path for request in server.requests]
    assert paths == ["/v2/", "/v2", *(["/token"] if flavour == "ghcr" else []), "/v2"]


@pytest.mark.parametrize("flavour", ["ghcr", "basic"])
def test_a_redirect_of_a_manifest_within_the_origin(login, registry, flavour):
    """It is followed with the credential, and proves the right as the first address would."""
    server = registry(flavour)
    server.on("manifest", faults.redirect(f"{server.scheme}://{server.host}/v2/elsewhere"))
    server.on("other", faults.answer(200))
    image = f"{server.host}/octo/app:1"
    login.to(server, "--can-pull", image).succeeded(pulls(image))
    first, last = server.requests[-2:]
    assert (first.endpoint, last.path) == ("manifest", "/v2/elsewhere")
    assert last.headers["authorization"] == first.headers["authorization"]


@pytest.mark.parametrize("named, realm", [("127.0.0.1", "localhost"), ("localhost", "127.0.0.1")])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_realm_on_this_machine_by_another_name(login, registry, certificate, scheme, named, realm):
    server = registry(certificate=certificate if scheme == "https" else None)
    server.realm = f"{scheme}://{server.at(realm)}/token"
    server.address = named
    login.to(server).succeeded()
    assert server.endpoints == ["ping", "token", "ping2"]
