"""Every known kind of registry: what is asked, what it answers, what we say.

Where the realm is on another host, the registry goes by its real name, behind a proxy that
brings all names to one loopback registry whose certificate has them.
"""

import shutil
from dataclasses import dataclass, replace

import pytest

from flavours import FLAVOURS
from harness import OTHER_TOKEN, TOKEN, USER, basic
from proxy import ConnectProxy
from wire import Answer

HINT = "check the user name and the token"


@dataclass(frozen=True)
class Row:
    """What a registry says of a wrong password, and the service it is asked for."""

    flavour: str
    words: tuple = ("HTTP 401", "unauthorized: authentication required")
    service: str = "{host}"     # "" where the challenge has none


BEARER = [
    Row("ghcr", ("HTTP 403", "denied: denied"), "ghcr.io"),
    Row("lscr", ("HTTP 403", "denied: denied"), "ghcr.io"),
    Row("dockerhub", ("HTTP 401", "incorrect username or password"), "registry.docker.io"),
    Row("gitlab", ("HTTP 403", "denied: access forbidden"), "container_registry"),
    Row("quay", service="quay.io"),
    Row("acr"),
    Row("harbor", service="harbor-registry"),
    Row("gitea", service=""),
    Row("gitea-new", service="container_registry"),
    Row("ecr-public"),
    Row("artifactory"),
    Row("google"),
    Row("pulp", ("HTTP 401", "Invalid username/password.")),
]
BASIC = [
    Row("basic"),
    Row("ecr", ("HTTP 401", "Not Authorized")),
    Row("nexus"),
    Row("artifactory-basic"),
    Row("zot"),
]


def test_every_flavour_has_a_row():
    rows = {row.flavour for row in BEARER + BASIC}
    assert set(FLAVOURS) - rows == {"open", "zot-open", "artifactory-open", "no-challenge",
                                     "negotiate"}


@pytest.mark.parametrize("row", BEARER, ids=lambda row: row.flavour)
def test_bearer(login, registry, row):
    server = registry(row.flavour)
    result = login.to(server)
    result.succeeded()
    ping, token, ping2 = server.requests
    assert (ping.target, ping2.target) == ("/v2/", "/v2/")
    assert token.path == server.flavour.token_path
    service = [row.service.format(host=server.host)] if row.service else []
    assert token.query.get("service", []) == service
    assert (token.query["account"], token.query["client_id"]) == ([USER], ["ghcr-login"])
    assert set(token.query) <= {"service", "account", "client_id"}
    assert token.headers["authorization"] == basic(USER, TOKEN)
    assert list(server.issued) == [ping2.bearer]
    assert all("cookie" not in request.headers for request in server.requests)
    assert result.stdout.startswith(f"Login Succeeded: {server.host} as {USER}")


@pytest.mark.parametrize("row", BASIC, ids=lambda row: row.flavour)
def test_basic(login, registry, row):
    server = registry(row.flavour)
    login.to(server).succeeded()
    assert [request.headers.get("authorization") for request in server.requests] == [
        None, basic(USER, TOKEN)]
    assert login.entry(server.host) == f"{USER}:{TOKEN}"


@pytest.mark.parametrize("row", BEARER + BASIC, ids=lambda row: row.flavour)
def test_what_is_said_of_a_wrong_password(login, registry, row):
    server = registry(row.flavour)
    login.to(server, token=OTHER_TOKEN).failed(
        4, f"'{server.host}' refused the credential of user '{USER}'", *row.words, "hint:", HINT)
    assert not login.config.exists()


@pytest.mark.parametrize("row", BEARER + BASIC, ids=lambda row: row.flavour)
def test_what_is_said_of_a_wrong_user(login, registry, row):
    """GHCR takes any name; the others do not."""
    server = registry(row.flavour)
    result = login.to(server, user="somebody-else")
    if server.flavour.any_user:
        result.succeeded()
    else:
        result.failed(4, "user 'somebody-else'", row.words[0])


# Nothing to prove with.

@pytest.mark.parametrize("flavour, words", [
    ("open", ("asks for no authentication", "nothing can be proved", "hint:")),
    ("no-challenge", ("401 without a challenge",)),
    ("negotiate", ("neither Bearer nor Basic",))])
def test_what_is_said_where_nothing_can_be_proved(login, registry, flavour, words):
    server = registry(flavour)
    login.to(server).failed(6, server.host, *words)
    assert server.endpoints == ["ping"] and b"uthorization" not in server.received


def test_google_refuses_a_bearer_without_a_challenge(login, registry):
    """A rejected credential: 401 and no WWW-Authenticate, after the first had one."""
    server = registry("google")
    server.on("ping2", lambda exchange: exchange.reply(Answer(401, b"")))
    login.to(server).failed(6, server.host, "HTTP 401")
    assert not login.config.exists()


def test_google_refuses_at_the_token_address(login, registry):
    server = registry(replace(FLAVOURS["google"], refused=Answer(401, b"")))
    login.to(server, token=OTHER_TOKEN).failed(4, server.host, "HTTP 401", HINT)


def test_harbor_gives_a_token_that_it_does_not_take(login, registry):
    """System robot accounts: 200 at the token address, and then 401. No success."""
    server = registry("harbor")
    server.on("ping2", lambda exchange: exchange.reply(Answer(401, b"")))
    login.to(server).failed(6, "HTTP 401", "robot account")
    assert not login.config.exists()


def test_harbor_names_an_http_realm(login, registry):
    server = registry("harbor")
    server.realm = "http://harbor.example/service/token"
    result = login.to(server, "--allow-realm", "harbor.example")
    result.failed(6, server.host, "plain http", "nothing was sent", "hint:", "external_url")
    assert server.endpoints == ["ping"] and b"uthorization" not in server.received


def test_pulps_first_answer_is_no_refusal(login, registry):
    server = registry("pulp")
    login.to(server).succeeded()
    server.on("ping", lambda exchange: exchange.reply(Answer(400, b'{"detail":"Bad query."}')))
    login.to(server).failed(6, "HTTP 400", "Bad query.")


# Under their own names.

@dataclass(frozen=True)
class Named:
    """A registry, the name by which it is logged in to, its API's, the realm's, and the key."""

    flavour: str
    name: str
    api: str
    realm: str
    key: str = ""

    def __str__(self):
        return self.name


NAMED = [
    Named("dockerhub", "docker.io", "registry-1.docker.io", "auth.docker.io",
          "https://index.docker.io/v1/"),
    Named("gitlab", "registry.gitlab.com", "registry.gitlab.com", "gitlab.com"),
    Named("gitlab", "registry.git.example", "registry.git.example", "git.example"),
    Named("gitlab", "git.example:5050", "git.example:5050", "git.example"),
    Named("lscr", "lscr.io", "lscr.io", "ghcr.io"),
    Named("quay", "registry.digitalocean.com", "registry.digitalocean.com",
          "api.digitalocean.com"),
    Named("quay", "rg.fr-par.scw.cloud", "rg.fr-par.scw.cloud", "api.scaleway.com"),
    Named("ghcr", "containers.github.example", "containers.github.example", "github.example"),
    Named("ghcr", "containers.octo.ghe.com", "containers.octo.ghe.com", "octo.ghe.com"),
    Named("quay", "quay.io", "quay.io", "quay.io"),
    Named("acr", "octo.azurecr.io", "octo.azurecr.io", "octo.azurecr.io"),
    Named("google", "europe-docker.pkg.dev", "europe-docker.pkg.dev", "europe-docker.pkg.dev"),
    Named("ecr-public", "public.ecr.aws", "public.ecr.aws", "public.ecr.aws"),
]


def host_of(place):
    return place.partition(":")[0]


def target_of(place):
    return place if ":" in place else f"{place}:443"


@pytest.fixture
def named(login, registry, ca):
    """A function that logs in to a registry by its own name; returns it, the proxy, the result."""
    proxies = []

    def run(one, *args, realm=None, token=TOKEN, names=()):
        names = {host_of(one.api), host_of(one.realm), *names}
        server = registry(one.flavour, certificate=ca.issue(*sorted(names)))
        path = server.flavour.token_path
        server.realm = realm or f"https://{one.realm}{path}"
        proxies.append(ConnectProxy(server.port))
        result = login("-u", USER, "--password-stdin", "--cacert", ca.pem, *args, one.name,
                       stdin=token.encode(), env={"https_proxy": proxies[-1].url})
        return server, proxies[-1], result

    yield run
    for proxy in proxies:
        proxy.close()


@pytest.mark.parametrize("one", NAMED, ids=str)
def test_by_name(named, login, one):
    server, proxy, result = named(one)
    result.succeeded()
    assert server.endpoints == ["ping", "token", "ping2"]
    assert [request.headers["host"] for request in server.requests] == [
        one.api, one.realm, one.api]
    targets = [target_of(one.api), target_of(one.realm)]
    assert proxy.targets == targets[:1 if targets[0] == targets[1] else 2]
    assert login.entry(one.key or one.name) == f"{USER}:{TOKEN}"
    assert b"uthorization" not in proxy.received


def test_certs_d_of_docker_hub(login, registry, ca):
    """By the name that images have, as podman has it; not by its API's."""
    directory = login.home / ".config/containers/certs.d/docker.io"
    directory.mkdir(parents=True)
    shutil.copy(ca.pem, directory / "ca.crt")
    server = registry("dockerhub", certificate=ca.issue("registry-1.docker.io", "auth.docker.io"),
                      realm="https://auth.docker.io/token")
    with ConnectProxy(server.port) as proxy:
        login("-u", USER, "--password-stdin", "docker.io", stdin=TOKEN.encode(),
              env={"https_proxy": proxy.url}).succeeded()


@pytest.mark.parametrize("one", NAMED, ids=str)
def test_a_wrong_password_by_name(named, login, one):
    _, _, result = named(one, token=OTHER_TOKEN)
    result.failed(4, f"'{one.name}' refused the credential", "hint:")
    assert not login.config.exists()


# The same registries, but the realm is one that is nobody's.
ASTRAY = [
    ("docker.io", "registry-1.docker.io", "auth.docker.io.evil.example"),
    ("lscr.io", "lscr.io", "ghcr.io.evil.example"),
    ("ghcr.io", "ghcr.io", "lscr.io"),
    ("registry.gitlab.com", "registry.gitlab.com", "gitlab.example"),
    ("registry.digitalocean.com", "registry.digitalocean.com", "api.digitalocean.com.example"),
    ("rg.a.b.scw.cloud", "rg.a.b.scw.cloud", "api.scaleway.com"),
    ("rg.fr-par.scw.cloud", "rg.fr-par.scw.cloud", "api.evil.example"),
    ("containers.octo.ghe.com", "containers.octo.ghe.com", "other.ghe.com"),
    ("containers.octo.ghe.com", "containers.octo.ghe.com", "ghe.com"),
    ("quay.io", "quay.io", "authquay.io"),
]


# Token servers in the registry's own domain, as they are met.
NEIGHBOURS = [
    ("registry.cn-hangzhou.aliyuncs.com", "dockerauth.cn-hangzhou.aliyuncs.com"),
    ("acme-registry.cn-beijing.cr.aliyuncs.com", "dockerauth-ee.cn-beijing.aliyuncs.com"),
    ("registry.corp.example", "gitlab.corp.example"), ("registry.suse.com", "scc.suse.com"),
    ("octo.registry.depot.dev", "api.depot.dev"), ("docker.m.daocloud.io", "auth.m.daocloud.io"),
    ("registry2.balena-cloud.com", "api.balena-cloud.com"),
    ("registry.corp.internal", "gitlab.corp.internal"), ("registry.octo.co.uk", "id.octo.co.uk"),
    # and two in another
    ("registry.rancher.com", "scc.suse.com"), ("nvcr.io", "authn.nvidia.com"),
]


@pytest.mark.parametrize("name, realm", NEIGHBOURS)
def test_a_realm_in_the_same_domain(named, login, name, realm):
    server, proxy, result = named(Named("ghcr", name, name, realm))
    result.succeeded()
    assert server.endpoints == ["ping", "token", "ping2"]
    assert proxy.targets == [target_of(name), target_of(realm)]


@pytest.mark.parametrize("name, api, realm", ASTRAY)
def test_a_realm_astray(named, login, name, api, realm):
    server, proxy, result = named(Named("ghcr", name, api, realm))
    result.failed(6, api, f"'{realm}'", "nothing was sent", "hint:", f"--allow-realm {realm}")
    assert server.endpoints == ["ping"]
    assert proxy.targets == [target_of(api)]
    assert not login.config.exists()


@pytest.mark.parametrize("one", NAMED[:7], ids=str)
def test_an_http_realm_by_name(named, one):
    server, proxy, result = named(one, realm=f"http://{host_of(one.realm)}/token")
    if one.realm.partition(":")[0] == one.api.partition(":")[0]:    # its own is asked over https
        assert proxy.targets == [target_of(one.api)], result
        return
    result.failed(6, "plain http", "nothing was sent", "hint:")
    assert server.endpoints == ["ping"] and proxy.targets == [target_of(one.api)]
