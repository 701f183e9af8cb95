"""What is stored is watched: --expires-within, status --all, and images from standard input."""

import json
import os
import pty
import re
import tempfile
from datetime import datetime, timedelta, timezone

import pytest

import faults
from github_api import LOCKED_OUT, says
from harness import OTHER_TOKEN, STATELESS, TOKEN, USER, auth
from helpers import Helper
from proxy import ConnectProxy
from test_at_pull import AtPull

IMAGE = "ghcr.io/octo-org/app:1"
APP_USER = "ghu_" + "16C7e42F292c6912E7710c838347Ae178B4a"


def in_days(days):
    """A moment that many days and an hour from now: as JSON has it, and as GitHub says it."""
    moment = datetime.now(timezone.utc) + timedelta(days=days, hours=1)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ"), moment.strftime("%Y-%m-%d %H:%M:%S UTC")


def stored(ghcr, token=TOKEN):
    ghcr.login.protect(token)
    ghcr.login.write_config(json.dumps({"auths": {"ghcr.io": {"auth": auth(USER, token)}}}))


def watch(ghcr, *args, **how):
    return ghcr.login("status", "--cacert", ghcr.login.ca_file, *args,
                      env={"https_proxy": ghcr.proxy.url}, **how)


# One registry.

@pytest.mark.parametrize("days, within, status", [
    (5, 4, 0), (5, 5, 0), (5, 6, 10), (0, 1, 10), (-2, 1, 10), (300, 7, 0), (300, 365, 10)])
def test_the_end_of_one_token(ghcr, github, days, within, status):
    shown, said = in_days(days)
    github(expires=said)
    stored(ghcr)
    result = watch(ghcr, "--docker", "--expires-within", within)
    assert result.status == status, result
    assert f"token: expires {shown}\n" in result.stdout and ": accepted\n" in result.stdout
    assert result.stderr == "" or (status == 10 and shown in result.stderr), result
    if status:
        assert "hint: create a new token, and log in with it before then\n" in result.stderr
    told = watch(ghcr, "--docker", "--json", "--expires-within", within).json
    assert told["token"]["expires_at"] == shown and told["token"]["expiry"] == "known"
    assert told["verified"] is True
    if status:
        assert told["error"]["class"] == "expiring" and told["error"]["status"] == 10


UNKNOWN = {
    "of an app": (STATELESS, dict(token=STATELESS), "unknown"),
    "of an app's user": (APP_USER, dict(token=APP_USER, scopes=""), "unknown"),
    "GitHub does not know it": (TOKEN, dict(token=None), "unknown"),
    "GitHub says it in other words": (TOKEN, dict(expires="2027-01-02T03:04:05Z"), "unknown"),
    "it has none": (TOKEN, dict(), "none"),
}


@pytest.mark.parametrize("token, options, expiry", UNKNOWN.values(), ids=UNKNOWN)
def test_a_token_whose_end_is_not_known_or_has_none(ghcr, github, token, options, expiry):
    """It does not change the status, and is told."""
    ghcr.registry.token = token
    github(**options)
    stored(ghcr, token)
    result = watch(ghcr, "--docker", "--expires-within", "7")
    assert (result.status, result.stderr) == (0, ""), result
    words = {"none": "token: no expiry date\n", "unknown": "token: expiry unknown\n"}[expiry]
    assert words in result.stdout
    told = watch(ghcr, "--json", "--docker", "--expires-within", "7").json["token"]
    assert (told["expiry"], told["expires_at"]) == (expiry, None)


def test_a_registry_of_somebody_else(login, server):
    """Nobody can say: GitHub is not asked."""
    login.write_config(json.dumps({"auths": {server.host: {"auth": auth(USER, server.token)}}}))
    result = login("status", "--docker", "--plain-http", "--expires-within", "7", server.host)
    assert (result.status, result.stderr) == (0, ""), result
    assert "token: expiry unknown\n" in result.stdout


OUT_OF_REACH = {"limit": says(403, LOCKED_OUT), "outage": says(503, {}), "nonsense": says(200, [])}


@pytest.mark.parametrize("answer", OUT_OF_REACH.values(), ids=OUT_OF_REACH)
def test_an_api_out_of_reach(ghcr, github, answer):
    github().on("user", lambda exchange: exchange.reply(answer))
    stored(ghcr)
    result = watch(ghcr, "--json", "--docker", "--expires-within", "7", "--retries", "0")
    assert result.status == 5 and result.json["verified"] is True, result
    assert result.json["error"]["class"] == "unreachable"
    assert result.json["error"]["hint"] == "this says nothing about the token: try again later"
    assert result.json["token"]["expiry"] == "unknown"


def test_what_is_refused_is_not_expiring(ghcr, github):
    github(expires=in_days(1)[1])
    stored(ghcr, OTHER_TOKEN)
    assert watch(ghcr, "--docker", "--expires-within", "7").status == 4


@pytest.mark.parametrize("status, images", [(7, False), (10, True)])
def test_an_image_comes_before_the_end(ghcr, github, status, images):
    github(expires=in_days(1)[1])
    stored(ghcr)
    if images:
        ghcr.registry.images["octo-org/app:1"] = "private"
    result = watch(ghcr, "--docker", "--expires-within", "7", "--can-pull", IMAGE)
    assert result.status == status, result


def test_a_token_at_hand(ghcr, github):
    """What would not last is not stored."""
    github(expires=in_days(3)[1])
    for days, status in ((7, 10), (2, 0)):
        for more in ((), ("--dry-run",)):
            result = ghcr("-u", USER, "--expires-within", days, *more, env={"GHCR_TOKEN": TOKEN})
            assert result.status == status, result
            assert ghcr.login.config.exists() == (status == 0 and more == ()), result
            ghcr.login.config.unlink(missing_ok=True)


@pytest.mark.parametrize("args, words", [
    (("status", "--expires-within", "0"), "a whole number from 1"),
    (("status", "--expires-within", "7d"), "a whole number from 1"),
    (("status", "--expires-within", "7", "--no-verify"), "--no-verify does not ask the registry"),
    (("logout", "--expires-within", "7"), "cannot be used with 'logout'")])
def test_usage(login, args, words):
    login(*args).failed(2, words)


# Many registries.

@pytest.fixture
def several(login, registry):
    """A function that makes a home with so many entries, and a registry for each of them."""
    def make(count, **options):
        servers = [registry(certificate=None, token=f"password-number-{i:04d}", **options)
                   for i in range(count)]
        write(login, {server.host: server.token for server in servers})
        return servers
    return make


def write(login, tokens, user=USER, **more):
    for token in tokens.values():
        login.protect(token)
    login.write_config(json.dumps({**more, "auths": {
        host: {"auth": auth(user, token)} for host, token in tokens.items()}}))


def table(result):
    """The rows of the table, as words."""
    head, *rows = [line for line in result.stdout.splitlines() if not line.startswith("image ")]
    assert head.split() == ["REGISTRY", "USER", "TOKEN", "SOURCE", "RESULT", "EXPIRES"]
    assert all(len(line) <= 80 and line.isprintable() for line in result.stdout.splitlines())
    return [re.split("  +", row) for row in rows]


def run(login, *args, env=None, **how):
    """As somebody whose podman has a directory of their own for its file."""
    (login.home / "run").mkdir(mode=0o700, exist_ok=True)
    return login("status", *args, env={"XDG_RUNTIME_DIR": login.home / "run", **(env or {})}, **how)


def lines(text):
    """Standard input that is no secret."""
    file = tempfile.TemporaryFile()
    file.write(text if isinstance(text, bytes) else text.encode())
    file.seek(0)
    return file


def watch_all(login, *args, **how):
    return run(login, "--all", *args, **how)


def test_a_table(login, several):
    servers = several(3)
    servers[1].token = OTHER_TOKEN      # revoked
    result = watch_all(login)
    assert result.status == 4, result
    assert sorted(row[0] for row in table(result)) == [row[0] for row in table(result)]
    assert table(result) == sorted(
        [server.host, USER, "-", "~/.docker/config.json",
         "refused" if server is servers[1] else "accepted", "-"] for server in servers)
    assert result.stderr.startswith(f"ghcr-login: '{servers[1].host}' refused the credential of user")
    assert all(server.connections <= 2 for server in servers)   # TLS is tried first
    assert all(server.endpoints[:2] == ["ping", "token"] for server in servers)


def test_an_object_with_a_list(login, several):
    servers = several(2)
    servers[0].token = OTHER_TOKEN
    result = watch_all(login, "--json")
    said = result.json
    assert result.status == 4 and said["error"]["class"] == "rejected", result
    assert (said["result"], said["verified"], said["registry"]) == ("failed", False, None)
    first, second = sorted(servers, key=lambda server: server.host)
    found = {one["registry"]: one for one in said["credentials"]}
    assert list(found) == [first.host, second.host]
    good = found[servers[1].host]
    assert good == {"registry": servers[1].host, "namespace": None, "username": USER,
                    "tools": ["docker", "podman"], "path": str(login.config), "store": "file",
                    "key": servers[1].host, "result": "accepted", "verified": True,
                    "token": {"kind": None, "source": None, "expires_at": None, "scopes": None}}
    bad = found[servers[0].host]
    assert (bad["result"], bad["verified"]) == ("refused", False)
    assert bad["error"]["class"] == "rejected" and bad["error"]["status"] == 4


# Where credentials are kept.

def rows(result):
    """Of --json: (registry and namespace, tools, where, result)."""
    assert result.stdout.count("\n") == 1, result
    return [(f"{one['registry']}/{one['namespace']}" if one["namespace"] else one["registry"],
             "+".join(one["tools"]), one["store"], one["result"])
            for one in result.json["credentials"]]


def put(login, name, text):
    path = login.home / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text if isinstance(text, str) else json.dumps(text))
    path.chmod(0o600)
    login.mounted_files.add(path)
    return path


def test_files_helpers_and_the_variable(login, registry):
    names = ("in the file", "credHelpers", "credsStore", "variable", "podman's")
    servers = {name: registry(certificate=None, token=f"password-number-{name}") for name in names}
    host = {name: server.host for name, server in servers.items()}
    of = {name: auth(USER, server.token) for name, server in servers.items()}
    stored = {host[name]: (USER, servers[name].token) for name in ("credHelpers", "credsStore")}
    helper = Helper(login, stored=stored)
    login.write_config(json.dumps({
        "auths": {host["in the file"]: {"auth": of["in the file"]}, "bad key/": {}},
        "credHelpers": {host["credHelpers"]: helper.name, host["in the file"]: ""},
        "credsStore": helper.name}))
    put(login, "run/containers/auth.json", {"auths": {
        host["podman's"] + "/team": {"auth": of["podman's"]}}})
    variable = json.dumps({"auths": {host["variable"]: {"auth": of["variable"]}}})
    env = {**helper.environment, "DOCKER_AUTH_CONFIG": variable}
    result = watch_all(login, "--json", env=env)
    fake = f"helper:{helper.name}"
    assert sorted(rows(result)) == sorted([
        (host["in the file"], "docker", "file", "accepted"),
        (host["credHelpers"], "docker+podman", fake, "accepted"),
        (host["credsStore"], "docker", fake, "accepted"),
        (host["variable"], "docker", "file", "accepted"),
        (host["podman's"] + "/team", "podman", "file", "accepted"),
    ] + [(host["in the file"], "podman", None, "failed")]), result    # "" is a helper's name to it
    assert result.status == 9
    assert "'bad key/' is not the name of a registry" in result.stderr
    for server in servers.values():
        assert server.endpoints.count("token") == 1     # once, whoever uses it
    assert watch_all(login, "--json", "--docker", env=env).status == 0
    only = watch_all(login, "--json", "--podman", env=env)
    assert {tools for _, tools, _, _ in rows(only)} == {"podman"}


def test_a_record(login, server):
    at_pull = AtPull(login)
    assert at_pull.file(server).status == 0
    result = watch_all(login, env=at_pull.environment)
    assert result.status == 0 and "at pull: " in result.stdout, result
    told, = watch_all(login, "--json", env=at_pull.environment).json["credentials"]
    assert told["token"]["source"] == f"file:{at_pull.token}" and told["tools"] == ["docker", "podman"]
    at_pull.token.write_text(f"{OTHER_TOKEN}\n")
    assert watch_all(login, env=at_pull.environment).status == 4
    at_pull.token.unlink()
    assert watch_all(login, env=at_pull.environment).status == 3
    login.config.write_text("{}")
    result = watch_all(login, env=at_pull.environment)
    assert result.status == 3 and "no auth file names ghcr-login for it" in result.stderr, result


def test_spellings_of_one_registry(login, server):
    write(login, {server.host: server.token, f"https://{server.host}": server.token,
                  f"{server.host}/v2/": server.token})
    result = watch_all(login, "--json", "--docker")
    assert rows(result) == [(server.host, "docker", "file", "accepted")], result


def test_namespaces(login, registry):
    """Each has an entry of its own; the same credential is proved once."""
    server = registry(certificate=None)
    entries = {f"{server.host}{part}": {"auth": auth(USER, token)} for part, token in (
        ("", server.token), ("/team", server.token), ("/other", OTHER_TOKEN))}
    login.protect(OTHER_TOKEN)
    put(login, "run/containers/auth.json", {"auths": entries})
    result = watch_all(login, "--json")
    assert rows(result) == [(server.host, "podman", "file", "accepted"),
                            (f"{server.host}/other", "podman", "file", "refused"),
                            (f"{server.host}/team", "podman", "file", "accepted")], result
    assert server.endpoints.count("token") == 2


def test_a_file_that_cannot_be_read_is_one_row(login, several):
    """Not one for each registry that is looked for in it."""
    several(2)
    put(login, "run/containers/auth.json", "{")
    result = watch_all(login, "--no-verify")
    assert result.status == 8 and len(table(result)) == 3, result
    assert result.stderr.count("auth.json") == 1


def test_a_file_that_docker_ignores(login):
    """One entry spoils it for all: who ignores it is told where no source is."""
    login.protect(TOKEN)
    login.write_config(json.dumps({"auths": {"b.example": {"auth": auth(USER, TOKEN)},
                                             "c.example": {"auth": "!!"}}}))
    result = watch_all(login, "--docker", "--no-verify")
    assert result.status == 8 and table(result)[0][3:5] == ["docker", "unreadable"], result
    assert "docker ignores the credentials in" in result.stderr


@pytest.mark.parametrize("key", ["HTTPS://Ghcr.IO/", "a b", "", "x\x1b[31m.example"])
def test_a_key_that_nobody_finds(login, key):
    write(login, {key: TOKEN, "b.example": TOKEN})
    result = watch_all(login, "--docker", "--no-verify")
    assert [row[0] for row in table(result)] == ["b.example"], result
    assert "is not the name of a registry: skipped" in result.stderr


def test_nothing_is_stored(login):
    result = watch_all(login)
    assert (result.status, result.stdout) == (3, "") and "no credential is stored" in result.stderr
    assert "hint: store one: ghcr-login -u NAME REGISTRY\n" in result.stderr
    assert watch_all(login, "--json").json["credentials"] == []


def test_nobody_is_asked(login, several):
    servers = several(2)
    result = watch_all(login, "--no-verify")
    assert result.status == 0 and [row[4] for row in table(result)] == ["not checked"] * 2, result
    assert not any(server.connections for server in servers)


def test_quiet(login, several):
    several(1)
    result = watch_all(login, "--quiet")
    assert (result.status, result.stdout, result.stderr) == (0, "", "")


# Which status counts.

CLASSES = [8, 9, 4, 7, 5, 6, 10, 3]
NAMES = {3: "credential", 4: "rejected", 5: "unreachable", 6: "unproved", 7: "forbidden",
         8: "authfile", 9: "helper", 10: "expiring"}


@pytest.mark.parametrize("present", [
    *[[one] for one in CLASSES], *[list(pair) for pair in zip(CLASSES, CLASSES[1:])], CLASSES],
    ids=lambda present: "-".join(map(str, present)))
def test_the_worst_counts(ghcr, github, registry, present):
    """8, 9, 4, 7, 5, 6, 10, 3: an image of one registry for each."""
    login = ghcr.login
    github(expires=in_days(1)[1])
    fine = registry(images={"team/app:1": "public"})
    entries, helpers, images = {}, {}, [f"{fine.host}/team/app:1"]
    for status in present:
        server = registry(token=f"password-{status:08d}", images={"team/app:1": "private"})
        login.protect(server.token)
        entries[server.host] = {"auth": auth(USER, server.token)}
        images.append(f"{server.host}/team/app:1")
        if status == 4:
            server.token = OTHER_TOKEN
        if status == 5:
            server.on("ping", faults.answer(503))
        if status == 6:
            server.on("ping", faults.answer(200))
            server.on("manifest", faults.answer(200))
        if status == 7:
            server.images["team/app:1"] = "forbidden"
        if status == 8:
            put(login, "run/containers/auth.json", "{")
        if status == 9:
            helpers[server.host] = "not-there"
        if status == 10:
            entries["ghcr.io"] = {"auth": auth(USER, TOKEN)}
            ghcr.registry.images["team/app:1"] = "private"
            images.append("ghcr.io/team/app:1")
    login.write_config(json.dumps({"auths": entries, "credHelpers": helpers}))
    named = [fine.host] if 3 in present else []     # for which nothing is stored
    result = run(login, "--json", "--cacert", login.ca_file, "--retries", "0", "--can-pull", "-",
                 "--expires-within", "7", *named, stdin=lines("\n".join(images)),
                 env={"https_proxy": ghcr.proxy.url})
    expected = next(status for status in CLASSES if status in present)
    assert result.status == expected, result
    assert result.json["error"]["class"] == NAMES[expected]


def test_what_is_no_password_cannot_be_checked(login):
    login.write_config(json.dumps({"auths": {"b.example": {"identitytoken": "an-identity"}}}))
    result = watch_all(login)
    assert result.status == 6 and ("the credential for 'b.example' is an identity token, which cannot "
                                   "be checked here") in result.stdout + result.stderr, result


# How it is shown.

def test_a_crowded_table(login):
    """Whose file it is, where there is no room for its path."""
    login.protect(TOKEN)
    login.write_config(json.dumps({"auths": {
        "registry-with-a-long-name.team.example.com:5443": {"auth": auth("deploy-robot", TOKEN)},
        "b.example": {"identitytoken": "an-identity", "auth": auth(USER, TOKEN)}}}))
    put(login, "run/containers/auth.json", {"auths": {"c.example": {"auth": auth(USER, TOKEN)}}})
    shown = {row[0][:9]: row[2:4] for row in table(watch_all(login, "--no-verify"))}
    assert shown == {"registry-": ["-", "docker"], "b.example": ["identity", "docker"],
                     "c.example": ["-", "podman"]}


def test_long_names_fit(login, registry):
    long = "a-team-with-a-name-that-takes-all-of-a-line-and-more.example.com"
    put(login, "run/containers/auth.json", {"auths": {
        f"{long}:5000/team/and/its/part": {"auth": auth("robot$with-a-long-name+" + "x" * 60, TOKEN)},
        "ü.example": {"auth": auth("Ünïcödé-" * 8, TOKEN)},
        "b.example": {"auth": auth(USER, TOKEN)}}})
    login.protect(TOKEN)
    result = watch_all(login, "--no-verify")
    shown = table(result)
    assert [row[0].split(".")[0] for row in shown] == sorted(row[0].split(".")[0] for row in shown)
    assert all(len(row) == 6 for row in shown) and any(".." in row[0] for row in shown), result
    assert max(map(len, result.stdout.splitlines())) == 80
    names = {one["registry"] for one in watch_all(login, "--no-verify", "--json").json["credentials"]}
    assert f"{long}:5000" in names


@pytest.mark.parametrize("count", [12, 100])
def test_many(login, several, count):
    """Eight at a time, each once; no output has a secret (the harness looks)."""
    servers = several(count)
    servers[3].token = OTHER_TOKEN
    result = watch_all(login, "--json", "--docker")
    assert result.status == 4 and len(rows(result)) == count, result
    assert [one[0] for one in rows(result)] == sorted(server.host for server in servers)
    assert sum(one[3] == "accepted" for one in rows(result)) == count - 1
    for server in servers:
        assert server.endpoints.count("token") == 1
        assert len(server.clients) == 1     # one connection, but for the try with TLS


@pytest.mark.parametrize("silent", [1, 9])
def test_some_that_never_answer(login, several, silent):
    """They have their share of the time, and the others are asked all the same."""
    servers = several(12)
    for server in servers[:silent]:
        server.on("ping", faults.silence())
    result = watch_all(login, "--json", "--docker", "--timeout", "4", "--connect-timeout", "1")
    assert result.status == 5 and result.took_less_than(8), result
    ends = [end for _, _, _, end in rows(result)]
    assert (ends.count("failed"), ends.count("accepted")) == (silent, 12 - silent), result


def test_a_helper_that_hangs_leaves_time(login, several):
    servers = several(2)
    helper = Helper(login)
    config = json.loads(login.config.read_text())
    config["credHelpers"] = {"hanging.example": helper.name}
    login.write_config(json.dumps(config))
    helper.spoil(get="hang")
    result = watch_all(login, "--json", "--timeout", "4", env=helper.environment)
    assert result.status == 9 and result.took_less_than(8), result
    assert sum(end == "accepted" for _, _, _, end in rows(result)) == len(servers), result


def test_those_that_wait_are_told(login, several):
    several(3)[0].on("ping", faults.delay(4))
    result = watch_all(login)
    assert result.status == 0, result
    assert "2 of 3 registries have answered; waiting for the others" in result.stderr


def test_the_expiry_of_each(ghcr, github):
    moment, said = in_days(6)
    github(expires=said)
    ghcr.login.protect(TOKEN)
    write(ghcr.login, {"ghcr.io": TOKEN})
    args = ("--cacert", ghcr.login.ca_file, "--expires-within", "7")
    env = {"https_proxy": ghcr.proxy.url}
    result = watch_all(ghcr.login, *args, env=env)
    assert result.status == 10 and "expires in 6 days" in result.stderr, result
    assert table(result) == [["ghcr.io", USER, "classic", "~/.docker/config.json", "accepted",
                              "in 6 days"]]
    told, = watch_all(ghcr.login, "--json", *args, env=env).json["credentials"]
    assert told["token"]["expires_at"] == moment and told["token"]["expiry"] == "known"
    assert told["error"]["class"] == "expiring" and told["verified"] is True


@pytest.mark.parametrize("args", [("--plain-http",), ("--insecure",), ("--allow-realm", "a.example"),
                                  ("ghcr.io",)])
def test_what_cannot_be_meant_for_all(login, args):
    login("status", "--all", *args).failed(2, "--all")


# Images from standard input.

@pytest.fixture
def pull(login, several):
    """A function that tries images at two registries, of which the first has a login."""
    servers = several(2)
    for server in servers:
        server.images.update({"team/app:1": "private", "open/app:1": "public"})
    write(login, {servers[0].host: servers[0].token})

    def check(text, *args, **how):
        text = text.format(mine=servers[0].host, other=servers[1].host)
        return run(login, "--docker", "--can-pull", "-", *args, stdin=lines(text), **how)
    check.servers = servers
    return check


def test_what_is_stored_or_anybody(pull):
    result = pull("\ufeff# what compose says\n\n  {mine}/team/app:1\r\n{other}/open/app:1\n"
                  "{mine}/team/app:1\t# again\n")
    mine, other = pull.servers
    assert (result.status, result.stderr) == (0, ""), result
    assert {row[0]: row[4] for row in table(result)} == {mine.host: "accepted",
                                                        other.host: "anonymous"}
    assert f"image '{mine.host}/team/app:1': can be pulled" in result.stdout
    assert f"image '{other.host}/open/app:1': can be pulled" in result.stdout
    assert [server.endpoints.count("manifest") for server in pull.servers] == [1, 1]
    assert [len(server.clients) for server in pull.servers] == [1, 1]
    assert not any(request.basic for request in other.requests)


def test_each_is_told(pull):
    result = pull("{mine}/team/app:1\n{mine}/team/no:1\n{other}/team/app:1\n", "--json")
    mine, other = pull.servers
    assert result.status == 7, result
    assert {one["image"]: one["pull"] for one in result.json["images"]} == {
        f"{mine.host}/team/app:1": True, f"{mine.host}/team/no:1": False,
        f"{other.host}/team/app:1": False}
    assert "none is stored for" in result.stderr
    text = pull("{mine}/team/no:1\n").stdout
    assert f"image '{mine.host}/team/no:1': " in text and "(HTTP 40" in text


def test_the_hub_as_docker_names_it(login, registry, ca):
    """In every compose file; nobody has to log in for it."""
    digest = "sha256:" + "0123456789abcdef" * 4
    hub = registry("dockerhub", certificate=ca.issue("registry-1.docker.io"),
                   images={"library/postgres:latest": "public", "grafana/loki:3": "public",
                           f"library/redis:{digest}": "public"})
    with ConnectProxy(hub.port) as proxy:
        result = run(login, "--cacert", login.ca_file, "--can-pull", "-", "--json",
                     stdin=lines("postgres\ndocker.io/library/postgres:latest\ngrafana/loki:3\n"
                                 f"index.docker.io/redis:7@{digest}\n"),
                     env={"https_proxy": proxy.url})
    assert result.status == 0, result
    assert [one["pull"] for one in result.json["images"]] == [True] * 3
    told, = result.json["credentials"]
    assert (told["registry"], told["result"], told["tools"]) == ("docker.io", "none", [])
    assert sorted(request.path for request in hub.asked("manifest")) == [
        "/v2/grafana/loki/manifests/3", "/v2/library/postgres/manifests/latest",
        f"/v2/library/redis/manifests/{digest}"]


NO_LIST = {
    "nothing": (b"", "found no image name"),
    "comments": (b"# none\n\n", "found no image name"),
    "a scheme": (b"# one\nhttps://ghcr.io/a/b\n", "line 2 of standard input"),
    "a capital": (b"ghcr.io/Owner/app\n", "line 1 of standard input"),
    "a token": (TOKEN.encode(), "line 1 of standard input looks like a GitHub token\n"
                "hint: --can-pull - reads image names there: pass the token in another way"),
    "no host": (b"no_registry.example/app\n", "does not name a registry"),
    "NUL": (b"a\0b", "NUL"),
    "too many": (b"".join(b"image%d\n" % i for i in range(300)), "--can-pull accepts at most 256 images"),
}


@pytest.mark.parametrize("text, words", NO_LIST.values(), ids=NO_LIST)
def test_what_is_no_list(login, text, words):
    stdin = text if TOKEN.encode() in text else lines(text)
    login("status", "--can-pull", "-", stdin=stdin).failed(2, words)


@pytest.mark.parametrize("args", [("status", "--all", "--password-stdin"),
                                  ("-u", USER, "--can-pull", "-", "--password-stdin"),
                                  ("-u", USER, "--can-pull", "-", "-p", "-")])
def test_standard_input_is_one_thing(login, args):
    assert login(*args, stdin=b"x").status == 2


def test_somebody_who_looks_on_is_told_of_images(login, server):
    write(login, {server.host: server.token})
    server.images.update({f"team/app:{i}": "private" for i in range(3)})
    server.on("manifest", faults.delay(3.1), times=1)
    ours, theirs = pty.openpty()
    running = login.start("status", "--docker", "--can-pull", "-", stderr=theirs, stdin=lines(
        "".join(f"{server.host}/team/app:{i}\n" for i in range(3))))
    result = running.finish()
    said = os.read(ours, 4096).decode()
    os.close(ours)
    os.close(theirs)
    assert result.status == 0 and f"1 of 3 images of '{server.host}' checked" in said, (result, said)


@pytest.mark.parametrize("image, status", [("open/app:1", 0), ("team/app:1", 7)])
def test_a_login_with_a_list(login, several, image, status):
    mine, other = several(2)
    for server in (mine, other):
        server.images.update({"team/app:1": "private", "open/app:1": "public"})
    login.config.unlink()
    result = login("-u", USER, "--token-env", "MY_TOKEN", "--can-pull", "-", "--plain-http",
                   mine.host, env={"MY_TOKEN": mine.token},
                   stdin=lines(f"{mine.host}/team/app:1\n{other.host}/{image}\n"))
    assert result.status == status, result
    assert login.config.exists() == (status == 0)
    if status == 0:
        assert f"image '{other.host}/{image}': can be pulled" in result.stdout
    assert not any(request.basic for request in other.requests)
    assert mine.token.encode() not in bytes(other.received)


@pytest.mark.parametrize("command", ["status", "login"])
def test_what_loosens_the_rules_is_for_the_registry_named(login, registry, certificate, command):
    """Who mistrusts one certificate would not send every other credential to anybody."""
    mine, other = (registry(certificate=certificate, images={"team/app:1": "private"})
                   for _ in range(2))
    write(login, {mine.host: mine.token, other.host: other.token})
    how = ((), {}) if command == "status" else (("-u", USER, "--token-env", "MY_TOKEN"),
                                                {"MY_TOKEN": mine.token})
    result = login(command, *how[0], "--docker", "--can-pull", "-", "--insecure", "--retries", "0",
                   mine.host, env=how[1], stdin=lines(f"{mine.host}/team/app:1\n"
                                                      f"{other.host}/team/app:1\n"))
    assert result.status == 5 and "certificate" in result.stderr, result
    assert mine.asked("manifest") and not other.requests, result


@pytest.mark.parametrize("loose", [("--plain-http",), ("--insecure",), ("--allow-realm", "a.b")])
def test_a_list_alone_names_no_registry_for_them(login, loose):
    result = login("status", "--can-pull", "-", *loose, stdin=lines("postgres\n"))
    result.failed(2, "every stored credential")


def test_a_login_whose_token_comes_from_nowhere(login, server):
    login("-u", USER, "--can-pull", "-", server.host, stdin=lines("postgres\n")).failed(
        3, "standard input is used for something else")
