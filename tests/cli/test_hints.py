"""What a refusal and an odd token are told to people, by where the program runs."""

import re

import pytest

import faults
from flavours import error
from harness import FINE_GRAINED, OTHER_TOKEN, STATELESS, TOKEN, USER, auth
from proxy import ConnectProxy

# In two parts each, so that secret scanners do not bite.
MISTYPED = "ghp_" + "M7H4jxUDDWHP4kZ6A4dxlQYsQIWJuq11T4V5"
CUT = "ghp_" + "M7H4jxUDDWHP4kZ6A4dxlQYsQIWJuq"
OLD_INSTALLATION = "ghs_" + "16C7e42F292c6912E7710c838347Ae178B4a"
OAUTH = "gho_" + "16C7e42F292c6912E7710c838347Ae178B4a"
APP_USER = "ghu_" + "16C7e42F292c6912E7710c838347Ae178B4a"
REFRESH = "ghr_" + "1B4a2e77838347a7E420ce178F2E7c6912E169246c34E1ccbF66C46812d16D5B1A9Dc86A1498"
LEGACY = "0123456789abcdef0123" + "456789abcdef01234567"

ACTIONS = {"GITHUB_ACTIONS": "true"}
SSH = {"SSH_CONNECTION": "192.0.2.1 50000 192.0.2.2 22"}
NEW_TOKEN = "https://github.com/settings/tokens/new?scopes=read:packages"
DENIED = faults.answer(403, error("DENIED", "denied"))
IMAGE = "ghcr.io/octo-org/app:1"


def log_in(ghcr, token, *args, env=None, **how):
    return ghcr("-u", USER, *args, env={"GHCR_TOKEN": token, **(env or {})}, **how)


def warnings(result):
    return [line for line in result.stderr.splitlines() if line.startswith("warning: ")]


# What is no token at all: status 3, with that reason, and nothing is sent.

NO_TOKENS = {
    "variable": ("$GHCR_TOKEN", "not expanded"),
    "braces": ("${GHCR_TOKEN}", "not expanded"),
    "expression": ("${{ secrets.GHCR_TOKEN }}", "GitHub Actions expression"),
    "masked": ("***", "masked"),
    "password": ("correct-horse", "password"),
    "base64": (auth(USER, TOKEN), "base64"),
    "header": (f"Authorization: Bearer {TOKEN}", "Authorization header"),
    "bearer": (f"Bearer {TOKEN}", "Authorization header"),
    "basic": (f"Basic {auth(USER, TOKEN)}", "Authorization header"),
    "assignment": (f"GHCR_TOKEN={TOKEN}", "label"),
    "label": (f"token: {TOKEN}", "label"),
    "user": (f"{USER}:{TOKEN}", "user name in front"),
}


@pytest.mark.parametrize("value, word", NO_TOKENS.values(), ids=NO_TOKENS)
def test_what_is_no_token(ghcr, value, word):
    ghcr.login.protect(TOKEN)
    log_in(ghcr, value).failed(3, "'GHCR_TOKEN'", word, "hint: ")
    assert ghcr.registry.connections == 0 and ghcr.proxy.targets == []


@pytest.mark.parametrize("value", [value for value, _ in NO_TOKENS.values()], ids=NO_TOKENS)
def test_other_registries_have_other_passwords(login, registry, value):
    login.protect(TOKEN)
    login.to(registry(token=value)).succeeded()


# What only looks wrong is asked.

ODD = {"checksum": (MISTYPED, "invalid checksum"), "cut": (CUT, "too short"),
       "too much": (TOKEN + "x", "too long"), "JWT": (STATELESS.rpartition(".")[0], "is missing a part"),
       "unknown": ("x" * 44, "does not look like a GitHub token")}


@pytest.mark.parametrize("token, word", ODD.values(), ids=ODD)
def test_an_odd_token_is_warned_of_and_asked(ghcr, token, word):
    ghcr.registry.token = token
    result = log_in(ghcr, token, env=ACTIONS)
    assert result.status == 0 and result.stdout.startswith("Login Succeeded"), result
    assert word in warnings(result)[0] and len(warnings(result)) == 1
    assert ghcr.registry.endpoints == ["ping", "token", "ping2"]


@pytest.mark.parametrize("token, word", ODD.values(), ids=ODD)
def test_an_odd_token_that_is_refused(ghcr, token, word):
    result = log_in(ghcr, token)
    assert result.status == 4 and word in warnings(result)[0], result
    assert "hint: the token looks mistyped or truncated" in result.stderr


@pytest.mark.parametrize("token", [TOKEN, LEGACY, OAUTH, APP_USER])
def test_a_whole_token_is_not_warned_of(ghcr, token):
    ghcr.registry.token = token
    log_in(ghcr, token).succeeded()


@pytest.mark.parametrize("token, word", [(FINE_GRAINED, "fine-grained"), (REFRESH, "refresh")])
def test_a_kind_that_the_registry_does_not_take_is_asked_all_the_same(ghcr, token, word):
    ghcr.registry.token = token
    result = log_in(ghcr, token)
    assert result.status == 0 and word in warnings(result)[0], result


# A token that dies within hours, on a host that stays.

@pytest.mark.parametrize("token", [STATELESS, OLD_INSTALLATION], ids=["new", "old"])
@pytest.mark.parametrize("env, warned", [({}, True), (SSH, True), (ACTIONS, False)],
                         ids=["host", "ssh", "runner"])
def test_an_installation_token_that_is_stored(ghcr, token, env, warned):
    ghcr.registry.token = token
    result = log_in(ghcr, token, "--json", env=env)
    assert result.status == 0, result
    assert [("expire with its job" in each) for each in result.json["warnings"]] == [True] * warned
    assert len(warnings(result)) == warned


def test_nothing_is_said_where_nothing_is_stored(ghcr):
    result = log_in(ghcr, OLD_INSTALLATION)
    assert result.status == 4 and warnings(result) == [], result


# The next thing to do.

REFUSED = {
    "classic": (OTHER_TOKEN, ["expired or revoked", NEW_TOKEN], ["secrets.GITHUB_TOKEN",
                "permissions: packages: read", NEW_TOKEN], ["envs:", NEW_TOKEN]),
    "fine-grained": (FINE_GRAINED, ["not accept fine-grained", NEW_TOKEN],
                     ["not accept fine-grained", "permissions: packages: read"], ["not accept fine-grained"]),
    "installation": (OLD_INSTALLATION, ["expires with its job", NEW_TOKEN],
                     ["permissions: packages: read"], ["envs:", NEW_TOKEN]),
    "oauth": (OAUTH, ["gh auth refresh", NEW_TOKEN], ["gh auth refresh"], ["gh auth refresh"]),
    "app": (APP_USER, ["app's user token", NEW_TOKEN], ["app"], ["app"]),
    "refresh": (REFRESH, ["refresh token", "access token"], ["access token"], ["access token"]),
    "mistyped": (MISTYPED, ["mistyped or truncated"], ["set the secret again"], ["envs:"]),
}


@pytest.mark.parametrize("kind", REFUSED)
@pytest.mark.parametrize("place, env", enumerate([{}, ACTIONS, SSH]), ids=["host", "runner", "ssh"])
def test_the_hint_of_a_refusal(ghcr, kind, place, env):
    token, *words = REFUSED[kind]
    result = log_in(ghcr, token, "--json", env=env)
    assert result.status == 4, result
    for word in words[place]:
        assert word in result.json["error"]["hint"], result.json
    assert f"hint: {result.json['error']['hint']}\n" in result.stderr


def denied(message):
    return faults.answer(403, error("DENIED", f"permission_denied: {message}"))


MAY_NOT_PULL = {
    "scopes": (TOKEN, denied("The token provided does not match expected scopes."),
               ["read:packages", NEW_TOKEN]),
    "scopes of a job": (OLD_INSTALLATION, denied(
        "The token provided does not match expected scopes."), ["permissions: packages: read"]),
    "no classic": (TOKEN, denied(
        "`octo-org` forbids access via a personal access token (classic). Please use a GitHub App, "
        "OAuth App, or a personal access token with fine-grained permissions."),
        ["forbids classic", "owners"]),
    "job": (OLD_INSTALLATION, denied("read_package"), ["permissions: packages: read",
                                                       "Manage Actions access"]),
    "account": (TOKEN, denied("read_package"), ["Manage access"]),
    "app": (OLD_INSTALLATION, faults.answer(403, error(
        "DENIED", "installation not allowed to Read organization package")),
        ["Manage Actions access"]),
    "elsewhere": (OLD_INSTALLATION, denied("The requested installation does not exist"),
                  ["classic token"]),
    "app, plainly": (OLD_INSTALLATION, DENIED, ["Manage Actions access", "classic token"]),
    "single sign-on": (TOKEN, faults.answer(401, error("UNAUTHORIZED", "unauthorized")),
                       ["no access", "does not exist", "single sign-on", "--diagnose",
                        "https://github.com/settings/tokens"]),
    "fine-grained": (FINE_GRAINED, DENIED, ["fine-grained", NEW_TOKEN]),
    "plainly": (TOKEN, DENIED, ["right to read packages", "no access", "does not exist"]),
    "no such tag": (TOKEN, faults.answer(404, error("MANIFEST_UNKNOWN", "manifest unknown")),
                    ["tag '1'"]),
    "no such name": (TOKEN, faults.answer(404, error(
        "NAME_UNKNOWN", "repository name not known to registry")), ["name", "access"]),
}


@pytest.mark.parametrize("token, fault, words", MAY_NOT_PULL.values(), ids=MAY_NOT_PULL)
def test_the_hint_of_an_image_that_may_not_be_pulled(ghcr, token, fault, words):
    ghcr.registry.token = token
    ghcr.registry.on("manifest", fault)
    result = log_in(ghcr, token, "--can-pull", IMAGE, "--json")
    assert result.status == 7, result
    for word in words:
        assert word in result.json["error"]["hint"], result.json


@pytest.mark.parametrize("env, word", [
    ({}, "--token-env"), (ACTIONS, "env:"), (SSH, "envs:")], ids=["host", "runner", "ssh"])
@pytest.mark.parametrize("given", ["", "$GHCR_TOKEN"], ids=["empty", "not expanded"])
def test_a_secret_that_does_not_arrive(ghcr, given, env, word):
    result = log_in(ghcr, given, env=env).failed(3, "hint: ")
    if given == "":
        assert word in result.stderr or env == {}


@pytest.mark.parametrize("env, word", [
    ({}, "export"), (ACTIONS, "secrets.NAME"), (SSH, "envs:")], ids=["host", "runner", "ssh"])
def test_a_variable_that_is_not_set(login, registry, env, word):
    server = registry()
    login("-u", USER, "--token-env", "UNSET", "--cacert", login.ca_file, server.host,
          env=env).failed(3, "'UNSET' is not set", "hint: ", word)


# Annotations.

def annotation(result):
    lines = [line for line in result.stderr.splitlines() if line.startswith("::")]
    assert len(lines) == 1, result
    assert "::" not in result.stdout
    return lines[0]


@pytest.mark.parametrize("more", [[], ["-q"], ["--json"]])
def test_an_error_in_a_workflow_is_an_annotation(ghcr, more):
    result = log_in(ghcr, OTHER_TOKEN, *more, env=ACTIONS)
    assert result.status == 4
    shown = annotation(result)
    assert shown.startswith("::error title=ghcr-login::'ghcr.io' refused the credential of user")
    assert "%0Ahint: the secret contains a token" in shown


def test_a_usage_error_in_a_workflow(login):
    assert annotation(login("--no-such-option", env=ACTIONS)).endswith(
        "::unknown option '--no-such-option'")


@pytest.mark.parametrize("env", [{}, SSH, {"GITHUB_ACTIONS": "false"}])
def test_no_annotation_elsewhere(ghcr, env):
    assert "::" not in log_in(ghcr, OTHER_TOKEN, env=env).failed(4).stderr


def test_no_annotation_of_a_success(ghcr):
    log_in(ghcr, TOKEN, env=ACTIONS).succeeded()


def test_what_the_registry_says_is_no_command_to_the_runner(ghcr):
    """The runner obeys "::" at the start of a line, and "##[" anywhere in it."""
    ghcr.registry.on("token", faults.answer(403, error(
        "DENIED", "100%25 \\r\\n::add-mask::a ##[add-mask]b ###[stop-commands]c")))
    result = log_in(ghcr, OTHER_TOKEN, env=ACTIONS)
    assert result.status == 4
    assert "##[" not in result.stderr and "add-mask" in result.stderr
    assert not re.search(r"^\s*::(?!error title=ghcr-login::)", result.stderr, re.MULTILINE)
    assert "100%2525 ??::add-mask" in annotation(result)


# GitHub Enterprise.

@pytest.fixture
def enterprise(login, registry, ca):
    """A function that logs in to a registry of this name."""
    def run(name, token, *args, known=True, env=None):
        server = registry(certificate=ca.issue(name), token=token if known else TOKEN)
        with ConnectProxy(server.port) as proxy:
            return login("-u", USER, "--token-env", "A_TOKEN", "--cacert", ca.pem, *args, name,
                         env={"A_TOKEN": token, "https_proxy": proxy.url, **(env or {})})
    return run


def test_a_tenant_of_ghe_com(enterprise):
    enterprise("containers.acme.ghe.com", "hunter2").failed(3, "password")
    enterprise("containers.acme.ghe.com", OTHER_TOKEN, known=False).failed(
        4, "https://acme.ghe.com/settings/tokens/new?scopes=read:packages")


def test_a_name_that_may_be_an_enterprise_server(enterprise):
    """Another registry may be called so: nothing is refused, and a GitHub token gets advice."""
    name = "containers.git.example.com"
    enterprise(name, "hunter2 \"'").succeeded()
    enterprise(name, "x" * 44).succeeded()
    result = enterprise(name, FINE_GRAINED, "--json")
    assert result.status == 0 and result.json["token"]["kind"] == "fine-grained"
    assert "fine-grained" in warnings(result)[0]
    enterprise(name, OTHER_TOKEN, known=False).failed(
        4, "https://git.example.com/settings/tokens/new?scopes=read:packages")
    result = enterprise(name, "hunter2", known=False).failed(4, "check the user name and the token")
    assert "settings/tokens" not in result.stderr


@pytest.mark.parametrize("token", [FINE_GRAINED, MISTYPED, OLD_INSTALLATION])
def test_another_registry_gets_no_advice(login, registry, token):
    login.to(registry(token=token)).succeeded()
    assert "github" not in login.to(registry(), token=OTHER_TOKEN).failed(4).stderr.lower()
