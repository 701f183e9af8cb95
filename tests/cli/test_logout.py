"""logout: exactly our entry, wherever it is, and nothing else."""

import json
import threading

import pytest

import faults
from harness import OTHER_TOKEN, TOKEN, USER, auth
from helpers import Helper

PODMAN = ".config/containers/auth.json"
GOOD, BAD = auth(USER, TOKEN), auth(USER, OTHER_TOKEN)
OTHER = {"auth": "YTpi"}


@pytest.fixture
def logout(login, server):
    def run(*args, **how):
        return login("logout", *args, server.host, **how)
    return run


def put(login, auths, path=None, **more):
    path = path or login.config
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({**more, "auths": auths}))
    login.mounted_files.add(path)
    return path


def auths(path):
    return json.loads(path.read_text())["auths"]


def test_the_line(login, server, logout):
    put(login, {server.host: {"auth": GOOD}, "other": OTHER})
    result = logout()
    assert (result.status, result.stderr) == (0, "")
    assert result.stdout == f"Logout Succeeded: {server.host}, removed from '{login.config}'\n"
    assert auths(login.config) == {"other": OTHER} and server.connections == 0


def test_absent_is_success_and_makes_nothing(login, server, logout):
    result = logout("--json")
    assert result.status == 0 and not login.config.parent.exists()
    assert (result.json["result"], result.json["changed"]) == ("absent", False)
    assert logout().stdout == f"Logout Succeeded: {server.host}, not in '{login.config}'\n"
    put(login, {"other": OTHER})
    before = login.config.stat()
    assert logout("--json").json["changed"] is False
    assert login.config.stat().st_mtime_ns == before.st_mtime_ns


def test_json(login, server, logout):
    put(login, {server.host: {"auth": GOOD}})
    said = logout("--json").json
    assert said["result"] == "removed" and said["changed"] is True
    assert said["files"] == [{"path": str(login.config), "format": "docker", "store": "file",
                              "changed": True}]
    assert logout("--json").json["result"] == "absent"


def test_every_other_byte_stays(login, server, logout):
    before = '{ "n" : 1e400, "auths":{\n "a":{"auth":"x"} ,"%s" : {"auth":"YTpi"}, "z":{}}}\t\n'
    login.write_config((before % server.host).replace("1e400", "1.50"))
    assert logout().status == 0
    assert login.config.read_text() == (
        '{ "n" : 1.50, "auths":{\n "a":{"auth":"x"}, "z":{}}}\t\n')


# What docker's logout takes away, and what it leaves though docker goes on using it.
SPELLINGS = ["HOST", "http://HOST", "https://HOST", "https://HOST/", "http://HOST/v2/",
             "https://HOST/v1/x"]


@pytest.mark.parametrize("format_, args", [("docker", []), ("podman", ["--persistent"])])
def test_every_spelling(login, server, logout, format_, args):
    path = login.config if format_ == "docker" else login.home / PODMAN
    put(login, {key.replace("HOST", server.host): {"auth": GOOD} for key in SPELLINGS}
        | {server.host + "0": OTHER, "x" + server.host: OTHER}, path)
    assert logout(*args).status == 0
    assert set(auths(path)) == {server.host + "0", "x" + server.host}


def test_docker_hub(login):
    hub = "https://index.docker.io/v1/"
    put(login, {key: OTHER for key in (hub, "docker.io", "https://registry-1.docker.io/v2/", "x")})
    assert login("logout", "docker.io").status == 0
    assert set(auths(login.config)) == {"x"}


def test_podman_s_namespaces_are_other_entries(login, server, logout):
    path = put(login, {f"{server.host}{end}": {"auth": GOOD} for end in ("", "/one", "/one/i")},
               login.home / PODMAN)
    assert logout("--persistent").stderr == ""
    assert set(auths(path)) == {f"{server.host}/one", f"{server.host}/one/i"}
    assert login("logout", "--persistent", f"{server.host}/one").status == 0
    assert set(auths(path)) == {f"{server.host}/one/i"}


def test_what_docker_would_still_find_is_warned_of(login, server, logout):
    put(login, {server.host: {"auth": GOOD}, f"{server.host}/owner": {"auth": GOOD}})
    assert logout().stderr == (
        f"warning: docker still finds '{server.host}/owner' in '{login.config}'\n")
    assert "still finds" in logout().stderr         # absent, but
    variable = json.dumps({"auths": {server.host: {"auth": GOOD}}})
    said = logout(env={"DOCKER_AUTH_CONFIG": variable}).stderr
    assert "in DOCKER_AUTH_CONFIG" in said and "28.3" in said


def test_what_podman_would_still_find(login, server, logout):
    put(login, {server.host: {"auth": GOOD}})
    put(login, {server.host: {"auth": GOOD}}, login.home / PODMAN)
    assert logout("--persistent").stderr == (
        f"warning: podman still finds '{server.host}' in '{login.config}'\n")


def test_what_podman_would_still_find_in_its_last_file(login, server, logout):
    put(login, {server.host: {"auth": GOOD}}, login.home / PODMAN)
    old = login.home / ".dockercfg"
    old.write_text(json.dumps({server.host: {"auth": GOOD}}))
    login.mounted_files.add(old)
    assert logout("--persistent").stderr == (
        f"warning: podman still finds '{server.host}' in '{old}'\n")


def test_both(login, server, logout):
    paths = [put(login, {server.host: {"auth": GOOD}, "x": OTHER}, path)
             for path in (login.config, login.home / PODMAN)]
    result = logout("--docker", "--persistent", "--json")
    assert [each["changed"] for each in result.json["files"]] == [True, True]
    assert [auths(path) for path in paths] == [{"x": OTHER}] * 2 and result.stderr == ""


def test_all(login, server):
    path = put(login, {server.host: {"auth": GOOD}, "": OTHER, 'a"b\\': OTHER, "\u20ac": OTHER,
                       "x" * 2000: OTHER}, psFormat="x")
    result = login("logout", "--all", "--json")
    assert (result.status, result.stderr) == (0, "")
    assert result.json["result"] == "removed" and result.json["registry"] is None
    assert json.loads(path.read_text()) == {"psFormat": "x", "auths": {}}
    assert login("logout", "--all", "--json").json["result"] == "absent"
    assert "all registries" in login("logout", "--all").stdout


# In a helper.

def test_from_a_helper(login, server, logout):
    helper = Helper(login, stored={key: (USER, TOKEN) for key in (
        server.host, f"https://{server.host}", f"http://{server.host}", "other")})
    put(login, {server.host: {}, "other": {}}, credsStore="fake")
    result = logout("--json", env=helper.environment)
    assert result.json["files"][0]["store"] == "helper:fake" and result.json["changed"] is True
    assert set(helper.stored) == {"other"} and auths(login.config) == {"other": {}}
    assert logout("--json", env=helper.environment).json["result"] == "absent"
    assert f"erase {server.host}" in helper.calls


def test_what_docker_ignored_goes_too(login, server, logout):
    """A plain entry beside a helper would come back to life without it."""
    helper = Helper(login)
    put(login, {server.host: {"auth": GOOD}}, credsStore="fake")
    assert logout("--json", env=helper.environment).json["changed"] is True
    assert auths(login.config) == {}


def test_all_from_helpers(login, server):
    helper = Helper(login, stored={server.host: (USER, TOKEN), "other": (USER, TOKEN)})
    second = Helper(login, "second", stored={"third": (USER, TOKEN)})
    put(login, {server.host: {}, "third": {}, "plain": OTHER}, credsStore="fake",
        credHelpers={"third": "second", "plain": ""})
    assert login("logout", "--all", env=helper.environment).status == 0
    assert set(helper.stored) == {"other"} and second.stored == {}
    assert auths(login.config) == {}


def test_all_where_only_credhelpers_names_it(login, server):
    """Docker and podman ask that helper without any entry in auths."""
    helper = Helper(login, stored={"third": (USER, TOKEN), "other": (USER, TOKEN)})
    path = put(login, {"plain": OTHER}, credHelpers={"third": "fake", "plain": ""})
    assert login("logout", "--all", "--json", env=helper.environment).json["changed"] is True
    assert set(helper.stored) == {"other"}
    assert json.loads(path.read_text()) == {"auths": {}, "credHelpers": {"third": "fake",
                                                                         "plain": ""}}
    assert login("logout", "--all", "--json", env=helper.environment).json["result"] == "absent"


@pytest.mark.parametrize("args", [[], ["--if-user", USER]])
def test_no_helper_asks_none(login, server, logout, args):
    helper = Helper(login, stored={server.host: ("another", TOKEN)})
    put(login, {server.host: {"auth": GOOD}}, credsStore="fake")
    assert logout("--no-helper", *args, env=helper.environment).status == 0
    assert auths(login.config) == {} and helper.calls == []


@pytest.mark.parametrize("fault", ["get", "erase"])
def test_a_helper_that_does_not_work(login, server, logout, fault):
    helper = Helper(login, stored={server.host: (USER, TOKEN)})
    helper.spoil(**{fault: "refuse"})
    path = put(login, {server.host: {}}, credsStore="fake")
    logout(env=helper.environment).failed(9, str(path), "the vault is locked", "hint: ")
    assert logout("--no-helper", env=helper.environment).status == 0
    assert auths(path) == {} and helper.stored == {server.host: (USER, TOKEN)}


# Only if.

def test_if_user(login, server, logout):
    put(login, {server.host: {"auth": GOOD}})
    result = logout("--if-user", "somebody")
    assert result.status == 0, result
    assert result.stdout.endswith(f"kept in '{login.config}' (it is another user's)\n")
    assert logout("--if-user", "somebody", "--json").json["result"] == "unchanged"
    assert logout("--if-user", USER, "--json").json["result"] == "removed"
    assert logout("--if-user", USER, "--json").json["result"] == "absent"


def test_if_user_looks_at_each_spelling(login, server, logout):
    put(login, {server.host: {"auth": GOOD}, f"https://{server.host}/": OTHER})
    result = logout("--if-user", USER)
    assert auths(login.config) == {f"https://{server.host}/": OTHER}
    assert "docker still finds" in result.stderr


@pytest.mark.parametrize("user, left", [(USER, False), ("somebody", True)])
def test_if_user_of_a_helper(login, server, logout, user, left):
    helper = Helper(login, stored={server.host: (USER, TOKEN)})
    put(login, {server.host: {}}, credsStore="fake")
    assert logout("--if-user", user, env=helper.environment).status == 0
    assert bool(helper.stored) is left and bool(auths(login.config)) is left


def test_if_user_leaves_what_others_have_beside_a_helper(login, server, logout):
    """Docker passes them by, and podman takes them."""
    helper = Helper(login, stored={server.host: ("alice", TOKEN)})
    others = {server.host: {"auth": OTHER}, f"https://{server.host}": {"auth": GOOD}}
    put(login, others, credsStore="fake")
    assert logout("--if-user", "alice", env=helper.environment).status == 0
    assert helper.stored == {} and auths(login.config) == others


def test_if_user_leaves_the_sign_of_what_others_have_in_a_helper(login, server, logout):
    """--all goes by the signs."""
    other = f"https://{server.host}"
    helper = Helper(login, stored={server.host: ("bob", TOKEN), other: ("alice", TOKEN)})
    put(login, {server.host: {}, other: {}}, credsStore="fake")
    assert logout("--if-user", "bob", env=helper.environment).status == 0
    assert set(helper.stored) == set(auths(login.config)) == {other}
    assert login("logout", "--all", env=helper.environment).status == 0
    assert helper.stored == {}


def test_if_user_as_podman_reads_docker_s_file(login, server, logout):
    """It knows no user and password by themselves: that entry is nobody's to it."""
    bob = auth("bob", TOKEN)
    other = f"https://{server.host}"
    put(login, {server.host: {"auth": bob}, other: {"username": "bob", "password": TOKEN}})
    login.secret_file(login.config.read_bytes(), name=login.config.relative_to(login.directory))
    result = logout("--podman", "--if-user", "bob", env={"DOCKER_CONFIG": login.config.parent})
    assert result.status == 0 and set(auths(login.config)) == {other}, result


def test_if_user_of_an_entry_above(login, server):
    path = put(login, {server.host: {"auth": GOOD}}, login.home / PODMAN)
    result = login("logout", "--persistent", "--if-user", USER, "--json", f"{server.host}/owner")
    assert result.json["result"] == "absent" and set(auths(path)) == {server.host}


@pytest.mark.parametrize("condition", [["--if-user", USER], ["--if-refused", "--plain-http"]],
                         ids=["user", "refused"])
def test_podman_s_view_of_docker_s_file_is_judged(login, server, logout, condition):
    """DOCKER_CONFIG is podman's too, who knows no credsStore: its helper has nothing to say."""
    helper = Helper(login, stored={server.host: ("somebody", TOKEN)})
    put(login, {server.host: {"auth": BAD}}, credsStore=helper.name)
    result = logout("--podman", *condition, "--json",
                    env={**helper.environment, "DOCKER_CONFIG": login.config.parent})
    assert result.json["result"] == "removed" and auths(login.config) == {}, result
    assert helper.calls == []


def test_if_refused(login, server, logout):
    put(login, {server.host: {"auth": BAD}})
    assert logout("--if-refused", "--plain-http", "--json").json["result"] == "removed"
    put(login, {server.host: {"auth": GOOD}})
    result = logout("--if-refused", "--plain-http")
    assert result.stdout.endswith("(it is good)\n") and auths(login.config)
    put(login, {})
    asked = server.connections
    assert logout("--if-refused", "--plain-http", "--json").json["result"] == "absent"
    assert server.connections == asked


@pytest.mark.parametrize("endpoint, fault, status", [
    ("token", faults.answer(503), 5), ("ping", faults.answer(200), 6),
    ("token", faults.answer(403, headers=[("Retry-After", "60")]), 5)],
    ids=["busy", "open", "limited"])
def test_if_refused_where_that_cannot_be_told(login, server, logout, endpoint, fault, status):
    put(login, {server.host: {"auth": BAD}})
    put(login, {server.host: {"auth": BAD}}, login.home / PODMAN)
    server.on(endpoint, fault)
    result = logout("--if-refused", "--plain-http", "--retries", "0", "--docker", "--persistent",
                    "--json")
    assert result.status == status and result.json["changed"] is False
    assert auths(login.config) and auths(login.home / PODMAN)


@pytest.mark.parametrize("kind", ["identity", "registry"])
def test_what_is_no_password(login, server, logout, kind):
    """It cannot be asked about; the user is docker's all the same."""
    put(login, {server.host: {"auth": GOOD, f"{kind}token": "x"}})
    logout("--if-refused", "--plain-http").failed(
        6, f"{kind} token for '{server.host}', which cannot be verified")
    assert "another user's" in logout("--if-user", "somebody").stdout
    assert logout("--if-user", USER, "--json").json["result"] == "removed"


def test_a_login_meanwhile_outlives_a_logout_if_refused(login, server, logout):
    """While the registry refuses the old token somebody stores a good one."""
    put(login, {server.host: {"auth": BAD}})
    inside, go_on = threading.Event(), threading.Event()

    def refuse(exchange):
        inside.set()
        go_on.wait(10)
        faults.answer(401)(exchange)

    server.on("token", refuse)
    running = login.start("logout", "--if-refused", "--plain-http", "--json", server.host)
    assert inside.wait(10)
    put(login, {server.host: {"auth": GOOD}})
    go_on.set()
    result = running.finish()
    assert result.json["changed"] is False, result
    assert login.entry(server.host) == f"{USER}:{TOKEN}"


# The promises of the file.

def test_dry_run(login, server, logout):
    put(login, {server.host: {"auth": GOOD}})
    before = login.config.read_bytes()
    said = logout("--dry-run", "--json").json
    assert said["changed"] is True and said["dry_run"] is True
    assert "would be removed from" in logout("--dry-run").stdout
    assert login.config.read_bytes() == before
    helper = Helper(login, stored={server.host: (USER, TOKEN)})
    put(login, {server.host: {}}, credsStore="fake")
    assert logout("--dry-run", "--json", env=helper.environment).json["changed"] is True
    assert helper.stored and f"erase {server.host}" not in helper.calls


def test_links_and_modes_stay(login, server, logout):
    real = put(login, {server.host: {"auth": GOOD}}, login.home / "real/config.json")
    real.chmod(0o640)
    login.config.parent.mkdir()
    login.config.symlink_to(real)
    assert logout().status == 0
    assert login.config.is_symlink() and auths(real) == {}
    assert real.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("text", ["{", "[]", '{"auths":[]}', '{"auths":{"a":{},"a":{}}}'])
def test_malformed(login, logout, text):
    login.write_config(text)
    for more in ([], ["--if-user", "x"], ["--dry-run"]):
        logout(*more).failed(8)
    login("logout", "--all").failed(8)
    assert login.config.read_text() == text


def test_a_file_that_may_not_be_changed(login, server, logout):
    put(login, {server.host: {"auth": GOOD}})
    login.config.parent.chmod(0o500)
    logout(unprivileged=True).failed(8, "hint: ")
    assert login("logout", "other.example", unprivileged=True).status == 0
    login.config.parent.chmod(0o700)


def test_through_a_mount(login, server, logout, space):
    put(login, {server.host: {"auth": GOOD}})
    behind = login.directory / "behind.json"
    behind.write_bytes(login.config.read_bytes())
    login.mounted_files.add(behind)
    mounted = space(f"mount --bind '{behind}' '{login.config}'")
    before = behind.read_bytes()
    logout(through=mounted.through).failed(8, "mount its directory")
    assert behind.read_bytes() == before


def test_many_at_once(login):
    hosts = [f"h{i}.example" for i in range(12)]
    put(login, {host: OTHER for host in [*hosts, "stays.example"]})
    running = [login.start("logout", host, may_store=True) for host in hosts]
    for each in running:
        each.process.wait(20)       # before anybody looks for what is left behind
    assert [each.finish().status for each in running] == [0] * len(hosts)
    assert auths(login.config) == {"stays.example": OTHER}


CONTRADICTIONS = {
    "--all and a registry": ["--all", "ghcr.io"],
    "--all and --if-user": ["--all", "--if-user", "x"],
    "--all and --if-refused": ["--all", "--if-refused"],
    "--if-user without a name": ["--if-user", ""],
    "a user": ["-u", "x"],
    "a token": ["--password-stdin"],
    "--no-verify": ["--no-verify"],
    "--can-pull": ["--can-pull", "x/y"],
}


@pytest.mark.parametrize("args", CONTRADICTIONS.values(), ids=CONTRADICTIONS)
def test_contradictions(login, args):
    login("logout", *args).failed(2)


@pytest.mark.parametrize("named", ["registry.hub.docker.com", "docker.io"])
@pytest.mark.parametrize("stored", ["registry.hub.docker.com", "https://registry-1.docker.io/v2/"])
def test_every_name_of_docker_hub_is_found(login, named, stored):
    """docker stores the name as it was typed, and finds only one of them."""
    login.write_config(json.dumps({"auths": {stored: {"auth": auth("a", "b")}}}))
    result = login("logout", named)
    assert result.status == 0 and result.stdout.startswith("Logout Succeeded"), result
    assert json.loads(login.config.read_bytes()) == {"auths": {}}


def test_the_paths_of_an_api_are_found(login):
    """docker goes on using them, whatever their path; podman's are namespaces."""
    login.write_config(json.dumps({"auths": {"reg.example/": OTHER, "reg.example/v2/": OTHER,
                                             "reg.example/owner": OTHER}}))
    assert login("logout", "reg.example").status == 0
    assert json.loads(login.config.read_bytes()) == {"auths": {"reg.example/owner": OTHER}}


def test_a_logout_that_kept_the_entry_does_not_say_that_it_succeeded(login):
    login.write_config(json.dumps({"auths": {"x.example": {"auth": OTHER["auth"]}}}))
    result = login("logout", "--if-user", "nobody-else", "x.example")
    assert result.status == 0 and "kept in" in result.stdout, result
    assert result.stdout.startswith("Not logged out: x.example"), result


def test_a_namespace_is_told(login):
    path = put(login, {"x.example/user": OTHER}, login.home / PODMAN)
    result = login("logout", "--persistent", "x.example/user")
    assert result.stdout == f"Logout Succeeded: x.example/user, removed from '{path}'\n"
    result = login("logout", "--persistent", "--json", "x.example/user")
    assert [(file["key"], file["changed"]) for file in result.json["files"]] == [
        ("x.example/user", False)]


def test_what_stands_above_a_namespace_is_no_logout(login):
    path = put(login, {"x.example": OTHER}, login.home / PODMAN)
    result = login("logout", "--persistent", "x.example/user/image")
    assert (result.status, result.stdout) == (
        0, f"Not logged out: x.example/user/image, not in '{path}'\n")
    assert result.stderr == f"warning: podman still finds 'x.example' in '{path}'\n"
    assert login("logout", "--persistent", "--json", "x.example/user").json["result"] == "absent"


@pytest.mark.parametrize("named", ["harbor.example.com", "Harbor.Example.COM"])
@pytest.mark.parametrize("stored", ["Harbor.Example.COM", "https://HARBOR.example.com/v2/"])
def test_another_case_of_the_host_is_found(login, named, stored):
    put(login, {stored: OTHER, "x.example": OTHER})
    result = login("logout", named)
    assert result.status == 0 and "removed from" in result.stdout, result
    assert set(auths(login.config)) == {"x.example"}
