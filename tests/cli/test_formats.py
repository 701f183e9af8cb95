"""One login for docker, for podman or for both: whose keys, which files, what is contradictory."""

import json
import os

import pytest

from harness import TOKEN, USER, auth
from people import settle
from proxy import ConnectProxy

HUB = "https://index.docker.io/v1/"


@pytest.fixture
def hub(login, registry, ca):
    """A registry that the program takes for Docker Hub; call it to run the program there."""
    server = registry("dockerhub", certificate=ca.issue("registry-1.docker.io"))
    with ConnectProxy(server.port) as proxy:
        def run(*args, env):
            return login("-u", USER, "--token-env", "A_TOKEN", "--cacert", login.ca_file, *args,
                         env={"A_TOKEN": TOKEN, "https_proxy": proxy.url, **env})
        yield run


@pytest.mark.parametrize("name", ["docker.io", "index.docker.io", HUB])
@pytest.mark.parametrize("args, env, file, key", [
    ([], {}, ".docker/config.json", HUB),
    (["--persistent"], {}, ".config/containers/auth.json", "docker.io"),
    (["--podman"], {"DOCKER_CONFIG": "d"}, "d/config.json", HUB),
], ids=["docker", "podman", "podman in docker's file"])
def test_docker_hub_has_a_key_of_its_own_in_each_format(login, hub, name, args, env, file, key):
    env = {variable: login.home / value for variable, value in env.items()}
    hub(*args, name, env=env).succeeded()
    stored = json.loads((login.home / file).read_text())
    assert stored == {"auths": {key: {"auth": auth(USER, TOKEN)}}}


NAMESPACES = {
    "namespace": ("/owner", "/owner"),
    "repository": ("/owner/image", "/owner/image"),
    "slash at the end": ("/owner/", "/owner"),
    "slash alone": ("/", ""),
}


@pytest.mark.parametrize("given, stored", NAMESPACES.values(), ids=NAMESPACES)
def test_podman_keeps_a_credential_per_namespace(login, server, given, stored):
    login("-u", USER, "--password-stdin", "--plain-http", "--persistent", server.host + given,
          stdin=TOKEN.encode()).succeeded()
    auths = json.loads((login.home / ".config/containers/auth.json").read_text())["auths"]
    assert auths == {server.host + stored: {"auth": auth(USER, TOKEN)}}


def test_a_namespace_is_told_in_every_line(login, server):
    file = login.home / "auth.json"
    name = f"{server.host}/owner"
    args = ("--authfile", file, "--plain-http", name)
    result = login("-u", USER, "--password-stdin", *args, stdin=TOKEN.encode()).succeeded()
    assert result.stdout.startswith(f"Login Succeeded: {name} as {USER}, "), result
    result = login("-u", USER, "--password-stdin", "--json", *args, stdin=TOKEN.encode())
    assert [each["key"] for each in result.json["files"]] == [name]
    said = login("status", "--no-verify", *args)
    assert said.stdout == f"{name}: podman uses '{name}' in '{file}' as {USER}: not verified\n"
    login("status", "--no-verify", *args[:2], "x.example/owner").failed(
        3, "podman finds no credential for 'x.example/owner'",
        "hint: store one: ghcr-login -u NAME x.example/owner\n")


def test_a_namespace_that_only_one_of_two_has(login, server):
    result = login("-u", USER, "--password-stdin", "--docker", "--persistent", "--plain-http",
                   f"{server.host}/owner", stdin=TOKEN.encode())
    assert result.status == 0 and result.stdout == (
        f"Login Succeeded: {server.host} as {USER}, token from standard input, stored in "
        f"'{login.config}', stored in '{login.home / '.config/containers/auth.json'}' for "
        f"'{server.host}/owner'\n"), result


def test_namespaces_stand_beside_their_registry(login, server):
    file = login.home / "auth.json"
    for end, user in (("", "a"), ("/one", "b"), ("/one/image", "c"), ("/two", "d"), ("/one", "e")):
        login("-u", user, "--password-stdin", "--plain-http", "--authfile", file, "-q",
              server.host + end, stdin=TOKEN.encode())
    assert {key: login.entry(key, file) for key in json.loads(file.read_text())["auths"]} == {
        server.host + end: f"{user}:{TOKEN}"
        for end, user in (("", "a"), ("/one", "e"), ("/one/image", "c"), ("/two", "d"))}


@pytest.mark.parametrize("args, env", [
    ([], {}), (["--docker", "--persistent"], {}), (["--podman"], {"DOCKER_CONFIG": "x"})],
    ids=["docker", "both", "podman in docker's file"])
def test_docker_knows_no_namespaces(login, server, args, env):
    """It would take such an entry for the whole registry: so that is what is stored, and told."""
    result = login("-u", USER, "--password-stdin", "--plain-http", *args, f"{server.host}/owner",
                   stdin=TOKEN.encode(), env=env)
    assert result.status == 0 and "'owner'" in result.stderr, result
    assert result.stderr.count("one credential for all of") == 1
    file = login.work / "x/config.json" if env else login.config
    assert json.loads(file.read_text())["auths"].keys() == {server.host}


# Both in one run. The runtime directory is the person's working directory.

def to_both(person, server, *args, **how):
    return person.to(server, "--docker", "--podman", "--json", *args,
                     env={"XDG_RUNTIME_DIR": person.work}, **how)


def files(result):
    return [(file["path"], file["format"], file["changed"]) for file in result.json["files"]]


def test_both_in_one_run(someone, server):
    podman = someone.work / "containers/auth.json"
    someone.write_config('{"psFormat":"x"}')
    settle(someone)
    for changed in (True, False):
        result = to_both(someone, server)
        assert (result.status, result.stderr) == (0, "")
        assert result.json["changed"] is changed
        assert files(result) == [(str(someone.config), "docker", changed),
                                 (str(podman), "podman", changed)]
    assert someone.entry(server.host) == someone.entry(server.host, podman) == f"{USER}:{TOKEN}"
    assert server.endpoints == ["ping", "token", "ping2"] * 2


def test_one_of_both_had_it_already(someone, server):
    someone.to(server).succeeded()
    result = to_both(someone, server)
    assert result.json["result"] == "stored" and result.json["changed"] is True
    assert [changed for _, _, changed in files(result)] == [False, True]


def test_both_are_one_file_under_docker_config(login, server):
    result = login.to(server, "--docker", "--podman", "--json", env={"DOCKER_CONFIG": login.home})
    assert files(result) == [(str(login.home / "config.json"), "docker", True)]


def test_the_words_name_both(login, server):
    result = login.to(server, "--docker", "--persistent").succeeded()
    assert str(login.config) in result.stdout and ".config/containers/auth.json" in result.stdout


SPOILED = {
    "malformed": lambda path: path.write_text("{"),
    "a directory": lambda path: path.mkdir(),
    "a helper's": lambda path: path.write_text('{"credHelpers":{"HOST":"x"}}'),
}


@pytest.mark.parametrize("file", ["config", "auth"])
@pytest.mark.parametrize("spoil", SPOILED.values(), ids=SPOILED)
def test_neither_is_stored_where_one_cannot_be(someone, server, spoil, file):
    paths = {"config": someone.config, "auth": someone.work / "containers/auth.json"}
    for path in paths.values():
        path.parent.mkdir()
    spoil(paths[file])
    if paths[file].is_file():
        paths[file].write_text(paths[file].read_text().replace("HOST", server.host))
    settle(someone)
    result = to_both(someone, server)
    assert result.status in (8, 9)
    assert str(paths[file]) in result.stderr
    assert result.json["changed"] is False and not any(each[2] for each in files(result))
    assert server.connections == 0
    (other,) = set(paths.values()) - {paths[file]}
    assert not other.exists()


def test_the_second_fails_late(someone, server, space):
    """There is room for a trial, but not for the file; what was stored before is named."""
    full = someone.work / "containers"
    full.mkdir()
    file = full / "auth.json"
    long = '{"auths":{},"x":"' + "x" * os.sysconf("SC_PAGESIZE") + '"}'
    mounted = space(f"mount -t tmpfs -o size=32k,mode=777 tmpfs '{full}'",
                    f"printf '%s' '{long}' >'{file}'; chmod 600 '{file}'",
                    f"chown --reference='{someone.home}' '{file}'",
                    f"dd if=/dev/zero of='{full}/filler' bs=1k 2>/dev/null || true",
                    f"truncate --size=-$(getconf PAGESIZE) '{full}/filler'")
    result = to_both(someone, server, through=mounted.through, may_store=True)
    assert result.status == 8, result
    assert "No space left" in result.stderr and str(file) in result.stderr
    assert f"the entry is in '{someone.config}' only" in result.stderr
    assert result.json["result"] == "failed" and result.json["changed"] is True
    assert files(result) == [(str(someone.config), "docker", True), (str(file), "podman", False)]
    assert someone.entry(server.host) == f"{USER}:{TOKEN}"
    assert mounted.path(file).read_text() == long
    assert sorted(path.name for path in mounted.path(full).iterdir()) == ["auth.json", "filler"]


def test_a_full_disk_is_told_before_any_network(someone, server, space):
    full = someone.work / "containers"
    full.mkdir()
    mounted = space(f"mount -t tmpfs -o size=16k,mode=777 tmpfs '{full}'",
                    f"dd if=/dev/zero of='{full}/filler' bs=1k 2>/dev/null || true")
    result = to_both(someone, server, through=mounted.through)
    assert result.status == 8 and "No space left" in result.stderr, result
    assert server.connections == 0
    assert [path.name for path in mounted.path(full).iterdir()] == ["filler"]


CONTRADICTIONS = {
    "different files": (["--persistent", "--authfile", "a.json"], "--persistent and --authfile"),
    "Docker's directory for podman": (["--podman", "--config", "d"], "add --docker"),
    "for its persistent file": (["--persistent", "--config", "d"], "add --docker"),
    "for a file": (["--authfile", "a.json", "--config", "d"], "add --docker"),
    "empty --config": (["--config", ""], "--config"),
    "empty --authfile": (["--authfile", ""], "--authfile"),
    "--config without a value": (["--config"], "--config requires an argument (DIR)"),
}


@pytest.mark.parametrize("args, path", [
    (["--config=a", "--config", "b"], "b/config.json"), (["--authfile=a", "--authfile", "b"], "b"),
    (["--config", "a", "--config", "a"], "a/config.json"),
], ids=["--config", "--authfile", "the same"])
def test_the_last_of_two_counts(login, server, args, path):
    """As in docker and podman."""
    login.to(server, *args).succeeded()
    assert login.entry(server.host, login.work / path) == f"{USER}:{TOKEN}"
    assert not (login.work / "a").exists() or path.startswith("a")


@pytest.mark.parametrize("args, words", CONTRADICTIONS.values(), ids=CONTRADICTIONS)
def test_contradictions(ordinary, server, args, words):
    ordinary("-u", USER, "--token-env", "A_TOKEN", server.host, "--plain-http", *args,
             env={"A_TOKEN": TOKEN}).failed(2, words)
    assert server.connections == 0


def test_docker_s_directory_may_be_given_for_both(login, server):
    login.to(server, "--docker", "--persistent", "--config", "d").succeeded()
    assert login.entry(server.host, login.work / "d/config.json") == f"{USER}:{TOKEN}"
