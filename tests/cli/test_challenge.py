"""The challenge decides where the password goes: how it is read, and where nothing is sent."""

from dataclasses import replace

import pytest

import faults
from flavours import FLAVOURS, GHCR
from harness import TOKEN, USER, basic
from proxy import ConnectProxy


def secrets_in(received):
    """Credentials of any form in what a server received."""
    return [word for word in (b"authorization", TOKEN.encode(), basic(USER, TOKEN)[6:].encode())
            if word in received.lower() or word in received]


REALMS = {
    "another host": "https://other.localhost:{other}/token",
    "a host of the Internet": "https://auth.example.com:{other}/token",
    "another host's plain http": "http://other.localhost:{other}/token",
    "user in the address": "https://someone@127.0.0.1:{own}/token",
    "password in the address": "https://someone:else@127.0.0.1:{own}/token",
    "relative": "/token",
    "file": "file:///etc/hostname",
    "ftp": "ftp://127.0.0.1:{other}/token",
    "not a URL": "ghcr.io",
    "empty": "",
}


@pytest.mark.parametrize("realm", REALMS.values(), ids=REALMS)
def test_a_realm_that_gets_no_password(login, registry, realm):
    server, other = registry(), registry()
    server.realm = realm.format(own=server.port, other=other.port)
    result = login.to(server).failed(6, server.host)
    if realm in (REALMS["relative"], REALMS["file"]):
        assert f"the realm '{server.realm}' in the challenge of '{server.host}'" in result.stderr
    if "@" not in realm and realm:
        assert f"'{server.realm}'" in result.stderr, result     # it is shown as it is
    assert server.endpoints == ["ping"]
    assert not secrets_in(server.received)
    assert (other.connections, other.received) == (0, b"")


@pytest.mark.parametrize("realm", ["https://127.0.0.1:{other}/token",
                                   "http://127.0.0.1:{other}/token"], ids=["https", "http"])
def test_another_port_of_the_own_host(login, registry, realm):
    """docker_auth beside the registry; its http realm is asked over https all the same."""
    server, other = registry(), registry()
    server.realm = realm.format(other=other.port)
    server.issued = other.issued
    login.to(server).succeeded()
    assert (server.endpoints, other.endpoints) == (["ping", "ping2"], ["token"])
    assert other.handshakes == 1


@pytest.mark.parametrize("realm", ["http://127.0.0.1/token", "http://127.0.0.1:80/token",
                                   "http://127.0.0.1:{own}/token"],
                         ids=["no port", "80", "its own"])
def test_an_http_realm_of_the_own_host(login, registry, realm):
    """Harbor behind what ends TLS (harbor #3933): the credential goes over https."""
    server = registry("harbor")
    server.realm = realm.replace("/token", "/service/token").format(own=server.port)
    login.to(server).succeeded()
    assert server.endpoints == ["ping", "token", "ping2"]
    assert server.handshakes == server.connections == 1


INNER = ["https://localhost:3000/v2/token", "http://gitea:3000/v2/token", "https://10.1.2.3/t",
         "https://harbor.local/service/token", "https://gitlab.corp.internal/jwt/auth",
         "https://registry.ns.svc/token"]


@pytest.mark.parametrize("realm", INNER)
def test_an_inner_realm_is_a_mistake_of_the_registry(ghcr, realm):
    ghcr.registry.realm = realm
    result = ghcr("-u", USER, env={"GHCR_TOKEN": TOKEN})
    result.failed(6, f"'{realm}'", "nothing was sent", "hint:", "external URL")
    assert "--allow-realm" not in result.stderr
    assert ghcr.proxy.targets == ["ghcr.io:443"]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("location", ["/token/?{query}", "https://{host}/token/?{query}"],
                         ids=["relative", "absolute"])
def test_a_redirect_within_the_token_server(login, registry, status, location):
    server = registry("ecr-public")     # whose token address ends in a slash

    def redirect(exchange):
        query = exchange.request.target.partition("?")[2]
        faults.redirect(location.format(host=server.host, query=query), status)(exchange)

    server.realm = f"https://{server.host}/token"
    server.on("other", redirect)
    login.to(server).succeeded()
    assert server.endpoints == ["ping", "other", "token", "ping2"]
    assert server.asked("token")[0].basic == (USER, TOKEN)


def test_a_redirect_is_followed_once(login, registry):
    server = registry()
    server.on("token", faults.redirect("/token"))
    login.to(server).failed(6, "redirected")
    assert server.endpoints == ["ping", "token", "token"]


@pytest.mark.parametrize("location", ["http://{host}/token", "https://localhost:{port}/token",
                                      "https://someone@{host}/token", "//localhost:{port}/token"],
                         ids=["http", "another name", "user", "no scheme"])
def test_a_redirect_to_another_origin(login, registry, location):
    server = registry()
    server.on("token", faults.redirect(location.format(host=server.host, port=server.port)))
    login.to(server).failed(6, "redirected")
    assert server.endpoints == ["ping", "token"]


def test_both_hosts_are_named(login, registry):
    server, other = registry(), registry()
    server.realm = f"https://{other.at('other.localhost')}/token"
    login.to(server).failed(6, server.host, "other.localhost", "hint:", "external URL",
                            "add --allow-realm other.localhost")


def test_a_realm_that_the_user_allows(login, registry, ca):
    server, other = registry(), registry(certificate=ca.issue("other.localhost"))
    server.realm = f"https://{other.at('other.localhost')}/token"
    server.issued = other.issued
    login.to(server, "--allow-realm", other.at("other.localhost")).succeeded()
    assert (server.endpoints, other.endpoints) == (["ping", "ping2"], ["token"])


@pytest.mark.parametrize("variable", ["http_proxy", "HTTP_PROXY"])
def test_a_plain_realm_on_this_machine_stays_there(login, registry, variable):
    """It is let pass because nobody can listen; a proxy would be somebody."""
    plain = registry(certificate=None)
    server = registry(realm=f"http://{plain.host}/token")
    server.issued = plain.issued
    with ConnectProxy(server.port) as proxy:
        login.to(server, "--allow-realm", plain.host, env={variable: proxy.url}).succeeded()
        assert proxy.forwarded == []
        assert not secrets_in(proxy.received)
    assert plain.endpoints == ["token"]


@pytest.mark.parametrize("host", ["https://localhost", "localhost/token", ""])
def test_what_cannot_be_allowed(login, registry, host):
    server = registry()
    login.to(server, "--allow-realm", host).failed(2, "--allow-realm must be HOST or HOST:PORT", "hint:",
                                                     "only the host")
    assert not server.requests


@pytest.mark.parametrize("host", ["evil.example", "ghcr.io.evil.example", "api.ghcr.example", "io"])
def test_ghcr_names_another_host(ghcr, host):
    ghcr.registry.realm = f"https://{host}/token"
    ghcr("-u", USER, env={"GHCR_TOKEN": TOKEN}).failed(6, "ghcr.io", host)
    assert ghcr.registry.endpoints == ["ping"]
    assert ghcr.proxy.targets == ["ghcr.io:443"]


def test_ghcr_through_a_proxy(ghcr):
    ghcr("-u", USER, env={"GHCR_TOKEN": TOKEN}).succeeded()
    assert ghcr.proxy.targets == ["ghcr.io:443"]
    assert not secrets_in(ghcr.proxy.received)
    assert ghcr.registry.endpoints == ["ping", "token", "ping2"]


@pytest.mark.parametrize("endpoint", ["ping", "token", "ping2"])
@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_redirects_are_not_followed(login, registry, endpoint, status):
    server, other = registry(), registry()
    server.on(endpoint, faults.redirect(f"https://{other.host}/v2/", status))
    login.to(server).failed(6, f"the authenticated /v2/ of '{server.host}'" if endpoint == "ping2"
                            else server.host)
    assert (other.connections, other.received) == (0, b"")


def test_a_netrc_is_not_read(login, registry):
    (login.home / ".netrc").write_text("machine 127.0.0.1 login someone password else\n")
    server = registry()
    login.to(server).succeeded()
    assert "authorization" not in server.asked("ping")[0].headers
    assert server.asked("token")[0].basic == (USER, TOKEN)


# A challenge may be written in many ways.

CHALLENGES = {
    "any case": ('bearer REALM="{realm}",SERVICE="{service}"',),
    "no quotes": ('Bearer realm="{realm}", service={service}',),
    "blanks round =": ('Bearer realm = "{realm}" , service\t=\t"{service}"',),
    "empty elements": (', ,Bearer realm="{realm}",,service="{service}",',),
    "quoted pairs": ('Bearer realm="{realm}",service="g\\hcr.io"',),
    "after another scheme": ('Negotiate, Bearer realm="{realm}",service="{service}"',),
    "after Basic in one line": ('Basic realm="x", Bearer realm="{realm}",service="{service}"',),
    "in a second line": ("Negotiate", 'Bearer realm="{realm}",service="{service}"'),
    "a scope without quotes": ('Bearer realm="{realm}",service="{service}",scope=repository:a/b:pull',),
    "a scope that does not end": ('Bearer realm="{realm}",service="{service}",scope="repository:a:pull',),
    "a missing quote": ('Bearer realm="{realm}",service="{service}",'
                        'scope="repository:a:pull,error="invalid_token"',),
    "a missing comma": ('Bearer realm="{realm}" service="{service}"',),
    "nothing in quotes": ('Bearer realm={realm},service={service}',),
    "an empty value": ('Bearer scope=,realm="{realm}",service="{service}",error=',),
    "many parameters": ('Bearer ' + "".join(f"p{i}=x," for i in range(40))
                        + 'realm="{realm}",service="{service}"',),
    "the same parameter twice": ('Bearer realm="{realm}",service="{service}",scope=a,scope=b',),
    "a fault in another field": ("@", 'Bearer realm="{realm}",service="{service}"'),
    "unknown parameters": ('Bearer x=y,realm="{realm}",service="{service}",error="a,b=\\"c\\""',),
}


@pytest.mark.parametrize("lines", CHALLENGES.values(), ids=CHALLENGES)
def test_challenges_that_are_understood(login, registry, lines):
    server = registry(replace(GHCR, challenges=lines))
    login.to(server).succeeded()
    assert server.endpoints == ["ping", "token", "ping2"]
    assert server.asked("token")[0].query["service"] == ["ghcr.io"]


def test_a_challenge_in_two_lines(login, registry):
    """RFC 9112 section 5.2: a line that begins with a blank goes on with the last."""
    line = 'Bearer realm="{realm}",\r\n\t service="{service}"\r\n ,Basic\r\nx-more: Basic'
    server = registry(replace(GHCR, challenges=(line,)))
    login.to(server).succeeded()
    assert server.asked("token")[0].query["service"] == ["ghcr.io"]


def test_the_query_of_a_realm_is_kept(login, registry):
    challenge = 'Bearer realm="{realm}?a=b%20c",service="s,\\"t"'
    server = registry(replace(GHCR, challenges=(challenge,)))
    login.to(server).succeeded()
    query = server.asked("token")[0].query
    assert query == {"a": ["b c"], "service": ['s,"t'], "account": [USER],
                     "client_id": ["ghcr-login"]}


@pytest.mark.parametrize("line", ["Basic realm=/", 'Basic realm="a",realm="b"', "Basic realm=two words",
                                  'Basic realm="open'])
def test_of_basic_the_parameters_do_not_matter(login, registry, line):
    server = registry(replace(FLAVOURS["basic"], challenges=(line,)))
    login.to(server).succeeded()


def test_an_empty_service(login, registry):
    server = registry(replace(GHCR, challenges=('Bearer realm="{realm}",service=',)))
    login.to(server).succeeded()
    assert not server.asked("token")[0].query.get("service")


@pytest.mark.parametrize("line, words", [
    ('Bearer realm="{realm}",realm="https://evil.example/token"', ""),
    ('Bearer service="{service}"', ""),
    ('Bearer realm="{realm}', "has a realm or service that is malformed or too long"),
    ("Bearer", ""), ("", "")],
    ids=["two realms", "no realm", "open quote", "bare", "blank"])
def test_challenges_that_are_refused(login, registry, line, words):
    server = registry(replace(GHCR, challenges=(line,)))
    login.to(server).failed(6, words)
    assert server.endpoints == ["ping"]
