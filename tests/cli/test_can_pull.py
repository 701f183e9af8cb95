"""--can-pull: may this credential pull that image, and if it may not, what is known of why."""

import re

import pytest

import faults
from flavours import error
from harness import OTHER_TOKEN, TOKEN, USER, basic, pulls
from proxy import ConnectProxy

IMAGES = {"octo/app:1": "private", "octo/app:latest": "private", "octo/public:1": "public",
          "octo/forbidden:1": "forbidden"}
DIGEST = "sha256:" + "0123456789abcdef" * 4
KINDS = ["ghcr", "dockerhub", "gitlab", "quay", "acr", "harbor", "gitea", "basic", "ecr", "nexus"]
NORMALLY = faults.delay(0)
DENIED = faults.answer(403, error("DENIED", "denied"))


def pull_arguments(server, *names):
    return [word for name in names for word in ("--can-pull", f"{server.host}/{name}")]


@pytest.fixture
def ask(login, registry):
    """A function that logs in to a new registry and asks for these images."""
    def run(flavour, *names, more=(), prepare=None, **how):
        server = registry(flavour, images=IMAGES)
        if prepare:
            prepare(server)
        return server, login.to(server, *pull_arguments(server, *names), *more, **how)
    return run


# What may be pulled.

@pytest.mark.parametrize("flavour", KINDS)
@pytest.mark.parametrize("name", ["octo/app:1", "octo/app", "octo/public:1"])
def test_an_image_that_may_be_pulled(ask, login, flavour, name):
    server, result = ask(flavour, name)
    result.succeeded(pulls(f"{server.host}/{name}"))
    path, _, tag = name.partition(":")
    bearer = server.flavour.takes("bearer")
    assert server.endpoints == (["ping", "token", "ping2", "token", "manifest"] if bearer
                                else ["ping", "ping2", "manifest"])
    manifest = server.requests[-1]
    assert (manifest.method, manifest.path) == ("HEAD", f"/v2/{path}/manifests/{tag or 'latest'}")
    assert server.connections == 1
    assert login.entry(server.host) == f"{USER}:{TOKEN}"


def test_what_is_sent(ask):
    server, result = ask("ghcr", "octo/app:1")
    result.succeeded(pulls(f"{server.host}/octo/app:1"))
    first, second = server.asked("token")
    assert "scope" not in first.query
    assert second.query == {**first.query, "scope": ["repository:octo/app:pull"]}
    assert second.headers["authorization"] == basic(USER, TOKEN)
    manifest = server.asked("manifest")[0]
    assert server.issued[manifest.bearer] == "repository:octo/app:pull"
    accept = [each.strip() for each in manifest.headers["accept"].split(",")]
    assert sorted(accept) == [
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.oci.image.index.v1+json", "application/vnd.oci.image.manifest.v1+json"]


@pytest.mark.parametrize("version, asked", [
    (":1@" + DIGEST, DIGEST), ("@" + DIGEST, DIGEST), ("", "latest"), (":1.0_x-y", "1.0_x-y")],
    ids=["both", "digest", "neither", "tag"])
def test_the_version_that_is_asked_for(login, registry, version, asked):
    server = registry(images={f"octo/app:{asked}": "private"})
    server.on("manifest", faults.answer(200))
    image = f"{server.host}/octo/app{version}"
    login.to(server, "--can-pull", image).succeeded(pulls(image))
    assert server.asked("manifest")[0].path == f"/v2/octo/app/manifests/{asked}"


@pytest.mark.parametrize("flavour", ["ghcr", "dockerhub", "basic"])
def test_several_images(ask, flavour):
    server, result = ask(flavour, "octo/app:1", "octo/public:1", more=["--json"])
    # A program that is made slow, by valgrind, says after some seconds that it waits.
    assert result.status == 0 and re.sub("^ghcr-login: waiting for .*\n", "", result.stderr) == "", result
    assert result.json["images"] == [
        {"image": f"{server.host}/octo/app:1", "pull": True},
        {"image": f"{server.host}/octo/public:1", "pull": True}]
    assert [request.path for request in server.asked("manifest")] == [
        "/v2/octo/app/manifests/1", "/v2/octo/public/manifests/1"]
    assert server.connections == 1
    if flavour != "basic":
        scopes = [request.query.get("scope") for request in server.asked("token")]
        assert scopes == [None, ["repository:octo/app:pull"], ["repository:octo/public:pull"]]


# A bad credential is told before anything about an image.

@pytest.mark.parametrize("flavour", KINDS)
def test_a_bad_token_comes_first(ask, login, flavour):
    server, result = ask(flavour, "octo/app:1", token=OTHER_TOKEN)
    result.failed(4, server.host)
    assert "octo/app" not in result.stderr
    assert not server.asked("manifest")
    assert all("scope" not in request.query for request in server.asked("token"))
    assert not login.config.exists()


# A good credential that may not: status 7, and nothing is stored.

@pytest.mark.parametrize("flavour", KINDS)
def test_no_right(ask, login, flavour):
    server, result = ask(flavour, "octo/forbidden:1")
    result.failed(7, "credential is good", f"{server.host}/octo/forbidden:1", "may not pull",
                  "403", "does not match expected scopes", "hint:", "read packages")
    assert [request.method for request in server.asked("manifest")] == ["HEAD", "GET"]
    assert not login.config.exists()


@pytest.mark.parametrize("flavour", KINDS)
@pytest.mark.parametrize("name", ["octo/app:none", f"octo/app@{DIGEST}"], ids=["tag", "digest"])
def test_no_such_version(ask, login, flavour, name):
    server, result = ask(flavour, name)
    result.failed(7, "credential is good", f"{server.host}/{name}", "not found", "404",
                  "manifest unknown", "hint:", "digest" if "@" in name else "tag 'none'")
    assert not login.config.exists()


HIDDEN = {
    "token 403": ("token", 1, DENIED, "does not exist"),
    "token 401": ("token", 1, faults.answer(401, error("UNAUTHORIZED", "authentication required")),
                  "does not exist"),
    "manifest 403": ("manifest", 0, DENIED, "does not exist"),
    "manifest 404": ("manifest", 0, faults.answer(
        404, error("NAME_UNKNOWN", "repository name not known to registry")), "name"),
}


@pytest.mark.parametrize("endpoint, before, fault, absent", HIDDEN.values(), ids=HIDDEN)
def test_a_hidden_package_has_two_causes(ask, login, endpoint, before, fault, absent):
    """It may not be there, or not for this account: both are said."""
    def prepare(server):
        if before:
            server.on(endpoint, NORMALLY, times=before)
        server.on(endpoint, fault)
    server, result = ask("ghcr", "octo/hidden:1", prepare=prepare)
    result.failed(7, "credential is good", f"{server.host}/octo/hidden:1", "hint:", "access",
                  absent)
    assert not login.config.exists()


@pytest.mark.parametrize("names, pulls", [
    (["octo/app:1", "octo/forbidden:1"], [True, False]),
    (["octo/forbidden:1", "octo/app:1"], [False, False]),
    (["octo/app:none"], [False])], ids=["the second", "the first", "no such tag"])
def test_json_of_a_pull_that_fails(ask, login, names, pulls):
    server, result = ask("ghcr", *names, more=["--json"])
    assert result.status == 7, result
    found = result.json
    assert (found["result"], found["changed"], found["verified"]) == ("failed", False, True)
    assert found["images"] == [{"image": f"{server.host}/{name}", "pull": pull}
                               for name, pull in zip(names, pulls)]
    assert (found["error"]["class"], found["error"]["status"]) == ("forbidden", 7)
    assert not login.config.exists()


def test_what_was_stored_stays(ask, login):
    login.write_config('{"auths":{"127.0.0.1:1":{"auth":"YTpi"}}}')
    before = login.config.read_bytes()
    ask("ghcr", "octo/forbidden:1")[1].failed(7)
    assert login.config.read_bytes() == before


# The registry's own trouble is no verdict on the right.

TROUBLE = {
    "token 503": ("token", 1, faults.answer(503), 5),
    "token 404": ("token", 1, faults.answer(404), 6),
    "token 429": ("token", 1, faults.rate_limited(), 5),
    "token reset": ("token", 1, faults.reset(), 5),
    "token html": ("token", 1, faults.not_json(), 6),
    "token redirect": ("token", 1, faults.redirect("https://127.0.0.1:1/"), 6),
    "manifest 503": ("manifest", 0, faults.answer(503), 5),
    "manifest 429": ("manifest", 0, faults.rate_limited(), 5),
    "manifest reset": ("manifest", 0, faults.reset(), 5),
    "manifest silence": ("manifest", 0, faults.silence(), 5),
    "token 403 of a firewall": ("token", 1, faults.answer(403, b"error code: 1020"), 6),
    "manifest 403 of a firewall": ("manifest", 0, faults.answer(403, b"Forbidden"), 6),
    "manifest 403, empty": ("manifest", 0, faults.answer(403), 6),
    "manifest redirect": ("manifest", 0, faults.redirect("https://127.0.0.1:1/"), 6),
    "manifest 400": ("manifest", 0, faults.answer(400), 6),
    "manifest 204": ("manifest", 0, faults.answer(204), 6),
}


@pytest.mark.parametrize("endpoint, before, fault, status", TROUBLE.values(), ids=TROUBLE)
def test_trouble_while_an_image_is_asked_for(ask, login, endpoint, before, fault, status):
    def prepare(server):
        if before:
            server.on(endpoint, NORMALLY, times=before)
        server.on(endpoint, fault)
    server, result = ask("ghcr", "octo/app:1", more=["--timeout", "1", "--json"], prepare=prepare)
    assert result.status == status and result.json["error"]["status"] == status, result
    assert f"{server.host}/octo/app:1" in result.stderr or f"reach '{server.host}'" in result.stderr
    assert result.json["verified"] is True, "the credential itself was taken"
    assert not login.config.exists()


def test_a_passing_fault_is_waited_out(ask):
    server, result = ask("ghcr", "octo/app:1",
                         prepare=lambda server: server.on("manifest", faults.answer(503), times=2))
    result.succeeded(pulls(f"{server.host}/octo/app:1"))
    assert server.endpoints.count("manifest") == 3


# What cannot be asked for is a usage error, and nothing is sent.

@pytest.mark.parametrize("image", [
    "ghcr.io/octo/app:1", "127.0.0.1:1/octo/app:1", "127.0.0.1/octo/app:1", "octo/app:1", "app",
    "docker.io/octo/app", "{host}/octo/App:1", "{host}/octo/app:", "{host}/octo/app:-x",
    "{host}/octo/app@sha256:12", "{host}/octo/app@", "{host}/", "{host}", "", "{host}/octo//app",
    "{host}/octo/app:a:b", "{host}/octo/app:" + "t" * 129, "{host}/" + "a" * 256,
    "https://{host}/octo/app", "{host}/octo/app:1\n", "{host}/../app"])
def test_an_image_that_is_a_usage_error(login, registry, image):
    server = registry(images=IMAGES)
    login.to(server, "--can-pull", image.format(host=server.host)).failed(2, "image")
    assert server.connections == 0 and not server.received
    assert not login.config.exists()


def test_one_bad_image_among_good_ones(login, registry):
    server = registry(images=IMAGES)
    login.to(server, *pull_arguments(server, "octo/app:1"), "--can-pull", "ghcr.io/octo/app:1",
             ).failed(2, "ghcr.io/octo/app:1", "hint:", server.host)
    assert server.connections == 0


def test_another_registrys_image_is_no_mistake_in_the_password(ghcr):
    result = ghcr("-u", USER, "--can-pull", "docker.io/library/app", env={"GHCR_TOKEN": TOKEN})
    result.failed(2, "docker.io/library/app", "ghcr.io")
    assert ghcr.proxy.targets == [] and ghcr.registry.connections == 0


# Under the names themselves.

def test_ghcr(ghcr):
    ghcr.registry.images.update(IMAGES)
    ghcr("-u", USER, "--can-pull", "ghcr.io/octo/app:1", env={"GHCR_TOKEN": TOKEN}).succeeded(
        pulls("ghcr.io/octo/app:1"))
    assert ghcr.proxy.targets == ["ghcr.io:443"]
    ghcr("-u", USER, "--can-pull", "ghcr.io/octo/none:1", env={"GHCR_TOKEN": TOKEN}).failed(7)


@pytest.mark.parametrize("image, path", [
    ("app", "library/app/manifests/latest"), ("app:2", "library/app/manifests/2"),
    ("octo/app:1", "octo/app/manifests/1"), ("docker.io/app", "library/app/manifests/latest"),
    ("docker.io/octo/app:1", "octo/app/manifests/1"),
    ("index.docker.io/octo/app:1", "octo/app/manifests/1"),
    (f"app@{DIGEST}", f"library/app/manifests/{DIGEST}")])
def test_short_names_at_docker_hub(login, registry, ca, image, path):
    server = registry("dockerhub", certificate=ca.issue("registry-1.docker.io", "auth.docker.io"),
                      realm="https://auth.docker.io/token")
    server.on("manifest", faults.answer(200))
    with ConnectProxy(server.port) as proxy:
        login("-u", USER, "--password-stdin", "--cacert", ca.pem, "--can-pull", image, "docker.io",
              stdin=TOKEN.encode(), env={"https_proxy": proxy.url}).succeeded(pulls(image))
    name = path.partition("/manifests/")[0]
    assert server.asked("token")[1].query["scope"] == [f"repository:{name}:pull"]
    assert server.asked("manifest")[0].path == f"/v2/{path}"
    assert login.entry("https://index.docker.io/v1/") == f"{USER}:{TOKEN}"


# Where /v2/ is open, and the images are not.

OPEN = ["zot-open", "artifactory-open"]


@pytest.mark.parametrize("flavour", OPEN)
def test_an_image_proves_where_v2_is_open(ask, login, flavour):
    server, result = ask(flavour, "octo/public:1", "octo/app:1")
    result.succeeded(*(pulls(f"{server.host}/octo/{name}") for name in ("public:1", "app:1")))
    bearer = server.flavour.takes("bearer")
    assert server.endpoints == ["ping", "manifest", "manifest", *["token"] * bearer, "manifest",
                                *["token"] * bearer, "manifest"]
    assert all("authorization" not in each.headers for each in server.requests[:3])
    assert login.entry(server.host) == f"{USER}:{TOKEN}"


@pytest.mark.parametrize("flavour", OPEN)
def test_a_wrong_password_where_v2_is_open(ask, login, flavour):
    ask(flavour, "octo/app:1", token=OTHER_TOKEN)[1].failed(4, "refused the credential")
    assert not login.config.exists()


@pytest.mark.parametrize("flavour", OPEN)
def test_what_only_public_images_prove(ask, login, flavour):
    ask(flavour, "octo/public:1")[1].failed(6, "nothing can be proved", "hint:", "--can-pull")
    assert not login.config.exists()


@pytest.mark.parametrize("status", [200, 404])
@pytest.mark.parametrize("flavour", OPEN)
def test_a_web_page_is_no_proof(ask, login, flavour, status):
    """Of a portal, where nothing but the image could prove the credential."""
    page = faults.answer(status, b"<html>", [("content-type", "text/html")])

    def prepare(server):
        server.on("manifest", NORMALLY, times=1)
        server.on("manifest", page)
    ask(flavour, "octo/app:1", prepare=prepare)[1].failed(6, "octo/app:1", f"HTTP {status}")
    assert not login.config.exists()


@pytest.mark.parametrize("flavour", OPEN)
def test_without_an_image_where_v2_is_open(ask, flavour):
    server, result = ask(flavour)
    result.failed(6, "nothing can be proved", "hint:", "--can-pull IMAGE")
    assert "not needed" not in result.stderr and server.endpoints == ["ping"]


def test_an_image_that_is_not_there_where_v2_is_open(ask):
    ask("zot-open", "octo/none:1")[1].failed(7, "was not found", "HTTP 404")


@pytest.mark.parametrize("name", ["octo/openldap:1", "octo/firewall:1", "octo/vpn-server:1"])
def test_an_image_whose_name_is_repeated(ask, name):
    """What a registry says in it is said of the image, and not of a service in trouble."""
    detail = ',"detail":[{"Type":"repository","Name":"%s","Action":"pull"}]' % name[:-2]
    _, result = ask("quay", name, prepare=lambda server: server.on(
        "manifest", faults.answer(401, error("UNAUTHORIZED", "authentication required", detail))))
    result.failed(7, name, "may not pull")
