"""--diagnose: what GitHub's API knows of the token, as warnings, in --json and as the hint."""

from datetime import datetime, timedelta, timezone

import pytest

import faults
from flavours import error
from github_api import LOCKED_OUT, NO_CLASSIC, SSO, SSO_URL, GitHubApi, says
from harness import FINE_GRAINED, OTHER_TOKEN, STATELESS, TOKEN, USER, pulls
from proxy import ConnectProxy

# In two parts, so that secret scanners do not bite.
APP_USER = "ghu_" + "16C7e42F292c6912E7710c838347Ae178B4a"
ODD_APP = STATELESS.rpartition(".")[0]
IMAGE = "ghcr.io/octo-org/app:1"
DENIED = faults.answer(403, error("DENIED", "denied"))
NEW_TOKEN = "https://github.com/settings/tokens/new?scopes=read:packages"


def diagnose(ghcr, *args, token=TOKEN, user=USER, env=None, **how):
    return ghcr("-u", user, "--diagnose", *args, env={"GHCR_TOKEN": token, **(env or {})}, **how)


def warnings(result):
    return [line.removeprefix("warning: ") for line in result.stderr.splitlines()
            if line.startswith("warning: ")]


def in_days(days, zone="UTC"):
    moment = datetime.now(timezone.utc) + timedelta(days=days, hours=1)
    return moment, moment.strftime(f"%Y-%m-%d %H:%M:%S {zone}")


# A login that succeeds.

def test_nothing_to_say(ghcr, github):
    api = github(scopes="read:packages, repo")
    result = diagnose(ghcr, "--json")
    assert (result.status, result.stderr) == (0, ""), result
    assert result.json["token"] == {"kind": "classic", "source": "env:GHCR_TOKEN",
                                    "expires_at": None, "owner": USER,
                                    "scopes": ["read:packages", "repo"]}
    assert ghcr.proxy.targets == ["ghcr.io:443", "api.github.com:443"]
    request, = api.requests
    assert (request.method, request.target, request.bearer) == ("GET", "/user", TOKEN)
    assert request.headers["accept"] == "application/vnd.github+json"
    assert request.headers["x-github-api-version"] == "2022-11-28"
    assert request.headers["user-agent"].startswith("ghcr-login/")
    assert ghcr.login.entry("ghcr.io") == f"{USER}:{TOKEN}"


FACTS = {
    "all": ("read:packages, repo", 300, ["owner octocat", "scopes read:packages, repo", "expires"]),
    "no expiry date": ("read:packages", None, ["owner octocat", "scopes read:packages",
                                               "no expiry date"]),
    "no scopes field": (None, None, ["owner octocat", "no expiry date"]),
}


@pytest.mark.parametrize("scopes, days, facts", FACTS.values(), ids=FACTS)
def test_a_line_for_each_fact(ghcr, github, scopes, days, facts):
    moment, text = in_days(days) if days else (None, None)
    github(scopes=scopes, expires=text)
    result = diagnose(ghcr)
    shown = moment.strftime(" %Y-%m-%dT%H:%M:%SZ") if moment else ""
    first, *said = result.stdout.splitlines()
    assert result.status == 0 and first.startswith("Login Succeeded: ghcr.io as octocat"), result
    assert said == [f"token: {fact}{shown if fact == 'expires' else ''}" for fact in facts]


def test_no_scopes_at_all(ghcr, github):
    github(scopes="")
    assert "token: scopes none" in diagnose(ghcr).stdout.splitlines()


def test_insecure_is_for_the_registry_alone(login, ghcr, github):
    """The token itself goes to GitHub's API; its certificate is checked."""
    api = github()
    result = login("-u", USER, "--diagnose", "--insecure",
                   env={"GHCR_TOKEN": TOKEN, "https_proxy": ghcr.proxy.url})
    assert result.status == 0 and "certificate does not verify" in result.stderr, result
    assert not api.requests and TOKEN.encode() not in api.received


def test_the_api_is_not_asked_unasked(ghcr, github):
    api = github()
    ghcr("-u", USER, env={"GHCR_TOKEN": TOKEN}).succeeded()
    assert api.connections == 0


@pytest.mark.parametrize("scopes, warned", [
    ("read:packages", False), ("write:packages", False), ("repo, write:packages", False),
    ("repo", True), ("", True), ("delete:packages", True), (None, False)])
def test_scopes(ghcr, github, scopes, warned):
    github(scopes=scopes)
    result = diagnose(ghcr, "--json")
    assert result.status == 0, result
    assert ["lacks read:packages" in each for each in warnings(result)] == [True] * warned
    assert result.json["warnings"] == warnings(result)
    found = None if scopes is None else [each for each in scopes.split(", ") if each]
    assert result.json["token"]["scopes"] == found


@pytest.mark.parametrize("token", [FINE_GRAINED, APP_USER], ids=["fine-grained", "app"])
def test_a_kind_without_scopes_lacks_none(ghcr, github, token):
    """GitHub sends the field with such tokens too, empty."""
    ghcr.registry.token = token
    github(token=token, scopes="")
    result = diagnose(ghcr, "--json", token=token)
    assert result.status == 0 and "lacks read:packages" not in result.stderr, result
    assert result.json["token"]["scopes"] is None


@pytest.mark.parametrize("days, zone, words", [
    (7, "UTC", "the token expires in 7 days ("), (1, "+0000", "expires in 1 day ("),
    (0, "UTC", "expires within a day"), (300, "-0000", "expires in 300 days")])
def test_expiry(ghcr, github, days, zone, words):
    moment, text = in_days(days, zone)
    github(expires=text)
    result = diagnose(ghcr, "--json")
    shown = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert result.status == 0 and result.json["token"]["expires_at"] == shown, result
    warning, = warnings(result)
    assert words in warning and shown in warning


@pytest.mark.parametrize("user, warned", [(USER, False), ("OctoCat", False), ("hubot", True)])
def test_owner(ghcr, github, user, warned):
    github()
    result = diagnose(ghcr, "--json", user=user)
    assert result.status == 0 and result.json["token"]["owner"] == USER, result
    assert [f"'{USER}', not to 'hubot'" in each for each in warnings(result)] == [True] * warned


def test_an_installation_token_is_nobodys(ghcr, github):
    """The API says so with 403, and that is no trouble."""
    ghcr.registry.token = STATELESS
    github(token=STATELESS)
    result = diagnose(ghcr, "--json", token=STATELESS, env={"GITHUB_ACTIONS": "true"})
    assert (result.status, result.stderr) == (0, ""), result
    assert result.json["token"] == {"kind": "installation", "source": "env:GHCR_TOKEN",
                                    "expires_at": None, "scopes": None}


def test_a_token_that_only_the_registry_knows(ghcr, github):
    github(token=None)
    result = diagnose(ghcr)
    assert result.status == 0 and "rejects the token" in warnings(result)[0], result


ORGANISATION = {
    "single sign-on": (says(403, SSO, ("x-github-sso", f"required; url={SSO_URL}")),
                       ["single sign-on", SSO_URL]),
    "single sign-on, somewhere": (says(403, SSO, ("x-github-sso", "required")),
                                  ["single sign-on"]),
    "no classic tokens": (says(403, NO_CLASSIC), ["forbids classic"]),
}


@pytest.mark.parametrize("answer, words", ORGANISATION.values(), ids=ORGANISATION)
def test_the_organisation_of_an_image(ghcr, github, answer, words):
    ghcr.registry.images["octo-org/app:1"] = "private"
    api = github(packages=answer)
    result = diagnose(ghcr, "--can-pull", IMAGE)
    assert result.status == 0, result
    assert all(word in warnings(result)[0] for word in words)
    assert [request.target for request in api.requests] == [
        "/user", "/orgs/octo-org/packages?package_type=container&per_page=1"]


def test_ones_own_image(ghcr, github):
    ghcr.registry.images[f"{USER}/app:1"] = "private"
    api = github()
    diagnose(ghcr, "--can-pull", f"ghcr.io/{USER}/app:1").succeeded(
        pulls(f"ghcr.io/{USER}/app:1"), f"token: owner {USER}", "token: scopes read:packages",
        "token: no expiry date")
    assert [request.path for request in api.requests] == ["/user"]


def test_the_organisation_of_a_namespace(ghcr, github):
    api = github(packages=says(403, NO_CLASSIC))
    result = diagnose(ghcr, "--persistent", "ghcr.io/octo-org")
    assert result.status == 0 and "forbids classic" in warnings(result)[0], result
    assert api.endpoints == ["user", "packages"]


# A login that fails: the most that is known becomes the hint.

REFUSED = {
    "unknown everywhere": (OTHER_TOKEN, dict(token=None), ["rejects the token", NEW_TOKEN]),
    "valid at GitHub": (OTHER_TOKEN, dict(token=OTHER_TOKEN), ["API accepts the token",
                                                              "--wait-for-token"]),
    "fine-grained": (FINE_GRAINED, dict(token=FINE_GRAINED, scopes=None), ["not accept fine-grained"]),
    "mistyped": ("ghp_" + "M7H4jxUDDWHP4kZ6A4dxlQYsQIWJuq11T4V5", dict(token=None),
                 ["mistyped or truncated"]),
    "odd but valid": ("ghp_" + "M7H4jxUDDWHP4kZ6A4dxlQYsQIWJuq11T4V5", dict(
        token="ghp_" + "M7H4jxUDDWHP4kZ6A4dxlQYsQIWJuq11T4V5"), ["API accepts the token"]),
    "alive app": (STATELESS, dict(token=STATELESS), ["API accepts the token"]),
    "alive app of an odd form": (ODD_APP, dict(token=ODD_APP), ["API accepts the token"]),
    "dead app": (STATELESS, dict(token=None), ["expires with its job", NEW_TOKEN]),
}


@pytest.mark.parametrize("token, options, words", REFUSED.values(), ids=REFUSED)
def test_a_refusal(ghcr, github, token, options, words):
    api = github(**options)
    result = diagnose(ghcr, "--json", token=token)
    assert result.status == 4 and len(api.requests) == 1, result
    for word in words:
        assert word in result.json["error"]["hint"], result.json


MAY_NOT = {
    "scope": (dict(scopes="repo"), ["read:packages", NEW_TOKEN]),
    "single sign-on": (dict(packages=ORGANISATION["single sign-on"][0]),
                       ["single sign-on", SSO_URL]),
    "single sign-on, somewhere": (dict(packages=ORGANISATION["single sign-on, somewhere"][0]),
                                  ["single sign-on", "https://github.com/settings/tokens"]),
    "no classic tokens": (dict(packages=says(403, NO_CLASSIC)), ["forbids classic"]),
    "unknown": (dict(), ["access"]),
}


@pytest.mark.parametrize("options, words", MAY_NOT.values(), ids=MAY_NOT)
@pytest.mark.parametrize("fault", [DENIED, faults.answer(404)], ids=["403", "404"])
def test_an_image_that_may_not_be_pulled(ghcr, github, options, words, fault):
    github(**options)
    ghcr.registry.on("manifest", fault)
    result = diagnose(ghcr, "--json", "--can-pull", IMAGE)
    assert result.status == 7, result
    for word in words:
        assert word in result.json["error"]["hint"], result.json
    assert result.json["token"]["owner"] == USER


def test_an_image_of_others_and_the_token_of_another(ghcr, github):
    """The account may be the cause: the registry itself would never say."""
    github(owner="hubot")
    ghcr.registry.on("manifest", DENIED)
    result = diagnose(ghcr, "--can-pull", IMAGE)
    assert result.status == 7 and "'hubot', not to 'octocat'" in warnings(result)[0], result


@pytest.mark.parametrize("fault", [faults.answer(503), faults.answer(200), faults.reset()])
def test_the_api_is_not_asked_where_the_registry_said_nothing(ghcr, github, fault):
    api = github()
    ghcr.registry.on("ping", fault)
    assert diagnose(ghcr, "--retries", "0").status in (5, 6)
    assert api.connections == 0


# What is wrong with the API is a warning and no more.

TROUBLE = {
    "rate limit": (says(403, {}, ("x-ratelimit-remaining", "0")),
                   "--diagnose is incomplete: GitHub's API answered HTTP 403: its rate limit is reached"),
    "locked out": (says(403, LOCKED_OUT), "too many failed logins"),
    "not found": (says(404, {}), "HTTP 404"),
    "no JSON": (says(200, []), "HTTP 200"),
    "redirect": (says(301, {}, ("location", "https://evil.example/user")), "HTTP 301"),
}


@pytest.mark.parametrize("token", [TOKEN, OTHER_TOKEN], ids=["good", "refused"])
@pytest.mark.parametrize("answer, word", TROUBLE.values(), ids=TROUBLE)
def test_trouble_with_the_api(ghcr, github, answer, word, token):
    api = github()
    api.on("user", lambda exchange: exchange.reply(answer))
    result = diagnose(ghcr, token=token)
    assert result.status == (0 if token == TOKEN else 4), result
    warning, = warnings(result)
    assert word in warning and "--diagnose" in warning
    assert len(api.requests) == 1 and ghcr.proxy.targets[-1] == "api.github.com:443"


@pytest.mark.parametrize("fault", [faults.answer(503), faults.reset(), faults.rate_limited()])
def test_the_api_is_asked_twice_at_most(ghcr, github, fault):
    api = github()
    api.on("user", fault)
    result = diagnose(ghcr)
    assert result.status == 0 and len(warnings(result)) == 1, result
    assert len(api.requests) == 2


def test_an_api_that_is_silent_leaves_time_to_store(ghcr, github):
    github().on("user", faults.silence())
    result = diagnose(ghcr, "--timeout", "2")
    assert result.status == 0 and "no answer in time" in warnings(result)[0], result
    assert ghcr.login.entry("ghcr.io") == f"{USER}:{TOKEN}"


def test_an_api_whose_certificate_does_not_verify(ghcr, github, ca):
    api = github(name="evil.example")
    ghcr.proxy.routes["api.github.com:443"] = api.port
    result = diagnose(ghcr)
    assert result.status == 0 and "certificate" in warnings(result)[0], result
    assert api.requests == []


def test_an_api_that_repeats_the_token(ghcr, github):
    api = github(owner=TOKEN, scopes=TOKEN, expires=TOKEN)
    result = diagnose(ghcr, "--json", "-v")
    assert result.status == 0 and result.json["token"]["scopes"] is None
    assert len(api.requests) == 1


def test_another_registry(login, registry):
    server = registry()
    result = login.to(server, "--diagnose")
    assert result.status == 0 and "not a registry of GitHub's" in warnings(result)[0], result
    assert server.endpoints == ["ping", "token", "ping2"]


@pytest.mark.parametrize("name, host, path", [
    ("containers.acme.ghe.com", "api.acme.ghe.com", "/user"),
    ("containers.git.example.com", "git.example.com", "/api/v3/user")])
def test_enterprise(login, registry, ca, name, host, path):
    """The token goes to the API host of that registry alone."""
    server = registry(certificate=ca.issue(name))
    with GitHubApi(ca.issue(host), token=TOKEN, scopes="repo") as api, \
            ConnectProxy(server.port) as proxy:
        proxy.routes[f"{host}:443"] = api.port
        result = login("-u", USER, "--token-env", "A_TOKEN", "--cacert", ca.pem, "--diagnose",
                       "--json", name, env={"A_TOKEN": TOKEN, "https_proxy": proxy.url})
        assert result.status == 0 and result.json["token"]["owner"] == USER, result
        assert proxy.targets == [f"{name}:443", f"{host}:443"]
        assert [request.target for request in api.requests] == [path]


def test_what_is_no_token_of_githubs_goes_to_no_api(login, registry, ca):
    """Another registry may be called containers.HOST, and its password is not HOST's business."""
    name = "containers.git.example.com"
    server = registry(certificate=ca.issue(name), token="hunter2")
    with GitHubApi(ca.issue("git.example.com"), token=TOKEN) as api, \
            ConnectProxy(server.port) as proxy:
        proxy.routes["git.example.com:443"] = api.port
        result = login("-u", USER, "--token-env", "A_TOKEN", "--cacert", ca.pem, "--diagnose",
                       name, env={"A_TOKEN": "hunter2", "https_proxy": proxy.url})
        assert result.status == 0, result
        assert "does not look like a GitHub token" in warnings(result)[0], result
        assert proxy.targets == [f"{name}:443"] and api.connections == 0
