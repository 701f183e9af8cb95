"""Which file is taken: Docker's and Podman's own rules; and what is wrong with it."""

import json
import re
import socket
import subprocess

import pytest

from harness import TOKEN, USER
from people import ORDINARY, UNKNOWN, UNKNOWN_UID, give, owner, settle

# In these tables {home} and {work} are the person's home and working directory.
DOCKER = {
    "home": ([], {}, "{home}/.docker/config.json"),
    "DOCKER_CONFIG": ([], {"DOCKER_CONFIG": "{home}/else"}, "{home}/else/config.json"),
    "relative": ([], {"DOCKER_CONFIG": "else/where"}, "{work}/else/where/config.json"),
    "with a slash": ([], {"DOCKER_CONFIG": "{home}/else/"}, "{home}/else/config.json"),
    "empty": ([], {"DOCKER_CONFIG": ""}, "{home}/.docker/config.json"),
    "--config": (["--config", "{home}/flag"], {}, "{home}/flag/config.json"),
    "relative --config": (["--config", "."], {}, "{work}/config.json"),
    "--config beats it": (["--config", "flag"], {"DOCKER_CONFIG": "{home}/else"},
                          "{work}/flag/config.json"),
    "podman's are not docker's": ([], {"REGISTRY_AUTH_FILE": "{home}/a",
                                       "XDG_CONFIG_HOME": "{home}"}, "{home}/.docker/config.json"),
}
RUNTIME = {"XDG_RUNTIME_DIR": "{work}"}
FILE = {"REGISTRY_AUTH_FILE": "{home}/named.json"}
PODMAN = {
    "runtime": (["--podman"], RUNTIME, "{work}/containers/auth.json"),
    "REGISTRY_AUTH_FILE": (["--podman"], {**RUNTIME, **FILE}, "{home}/named.json"),
    "it beats DOCKER_CONFIG": (["--podman"], {**FILE, "DOCKER_CONFIG": "{home}/else"},
                               "{home}/named.json"),
    "empty": (["--podman"], {**RUNTIME, "REGISTRY_AUTH_FILE": "", "DOCKER_CONFIG": ""},
              "{work}/containers/auth.json"),
    "DOCKER_CONFIG": (["--podman"], {**RUNTIME, "DOCKER_CONFIG": "{home}/else"},
                      "{home}/else/config.json"),
    "--authfile": (["--podman", "--authfile", "{home}/flag.json"], RUNTIME, "{home}/flag.json"),
    "--authfile alone": (["--authfile", "flag.json"], {}, "{work}/flag.json"),
    "--authfile beats all": (["--authfile", "flag.json"], {**FILE, "DOCKER_CONFIG": "{home}/else"},
                             "{work}/flag.json"),
    "--persistent": (["--podman", "--persistent"], RUNTIME, "{home}/.config/containers/auth.json"),
    "--persistent alone": (["--persistent"], {}, "{home}/.config/containers/auth.json"),
    "XDG_CONFIG_HOME": (["--persistent"], {"XDG_CONFIG_HOME": "{home}/xdg"},
                        "{home}/xdg/containers/auth.json"),
    "empty XDG_CONFIG_HOME": (["--persistent"], {"XDG_CONFIG_HOME": ""},
                              "{home}/.config/containers/auth.json"),
}


@pytest.mark.parametrize("args, env, where", [*DOCKER.values(), *PODMAN.values()],
                         ids=[*(f"docker, {each}" for each in DOCKER),
                              *(f"podman, {each}" for each in PODMAN)])
def test_the_file_taken(someone, server, args, env, where):
    def fill(text):
        return text.format(home=someone.home, work=someone.work)

    env = {name: fill(value) for name, value in env.items()}
    result = someone.to(server, *map(fill, args), "--json", "-q", env=env)
    assert result.status == 0, result
    (said,) = result.json["files"]
    path = someone.work / fill(where)
    assert someone.work / said["path"] == path
    assert said["format"] == ("docker" if path.name == "config.json" else "podman")
    assert someone.entry(server.host, path) == f"{USER}:{TOKEN}"
    assert owner(path) == owner(someone.home)
    assert path.stat().st_mode & 0o777 == 0o600


# Where nothing is said: the user database, /run/containers/0, /run/user/UID.

RUN = "mount -t tmpfs tmpfs /run"
PASSWD_HOME = "mount -t tmpfs tmpfs /root"
FALLBACKS = {
    "root, HOME unset": ((), [], {"HOME": None}, "/root/.docker/config.json"),
    "root, HOME empty": ((), [], {"HOME": ""}, "/root/.docker/config.json"),
    "root, --persistent": ((), ["--persistent"], {"HOME": None},
                           "/root/.config/containers/auth.json"),
    "root, podman": ((), ["--podman"], {}, "/run/containers/0/auth.json"),
    "root, empty runtime": ((), ["--podman"], {"XDG_RUNTIME_DIR": ""},
                            "/run/containers/0/auth.json"),
    "user, podman": (ORDINARY, ["--podman"], {}, "/run/user/65534/containers/auth.json"),
    "unknown user, podman": (UNKNOWN, ["--podman"], {"HOME": None},
                             f"/run/user/{UNKNOWN_UID}/containers/auth.json"),
}


@pytest.mark.parametrize("user, args, env, where", FALLBACKS.values(), ids=FALLBACKS)
def test_where_nothing_is_said(ordinary, server, space, user, args, env, where):
    own = [f"install -d -m 700 -o {uid} -g {uid} /run/user/{uid}" for uid in (65534, UNKNOWN_UID)]
    mounts = space(RUN, PASSWD_HOME, *own)
    ordinary.through = user
    ordinary.to(server, *args, env=env, through=mounts.through).succeeded()
    stored = mounts.path(where)
    assert ordinary.entry(server.host, stored) == f"{USER}:{TOKEN}"
    assert owner(stored) == owner(stored.parent) == owner(stored.parent.parent)


# Nowhere to store: named before the registry hears anything.

NOWHERE = {
    "unknown user, no HOME": (UNKNOWN, [], {"HOME": None}, ("HOME is not set", "hint: set HOME")),
    "unknown user, empty HOME": (UNKNOWN, [], {"HOME": ""}, ("HOME is not set", "--config DIR")),
    "the same, --persistent": (UNKNOWN, ["--persistent"], {"HOME": None},
                               ("HOME is not set", "--authfile FILE")),
    "home of the database is missing": (ORDINARY, [], {"HOME": None},
                                        ("/nonexistent/.docker", "hint: '/' belongs to root: store",
                                         "--config DIR")),
    "HOME is missing": (ORDINARY, [], {"HOME": "/nowhere/at/all"},
                        ("/nowhere/at/all/.docker", "hint: '/' belongs to root: store",
                         "--config DIR")),
    "HOME is the root": (ORDINARY, [], {"HOME": "/"},
                         ("/.docker", "hint: '/' belongs to root: store", "--config DIR")),
    "root's own": (ORDINARY, ["--config", "/etc"], {},
                   ("/etc", "hint: '/etc' belongs to root: store", "--config DIR")),
    "a directory for a file": (ORDINARY, ["--authfile", "new/"], {}, ("'new/'", "directory")),
    "a dot for a file": (ORDINARY, ["--authfile", "new/."], {}, ("'new/.'", "directory")),
    "two dots for a file": (ORDINARY, ["--authfile", "new/.."], {}, ("'new/..'", "directory")),
    "a name without room": (ORDINARY, ["--authfile", "n" * 250], {}, ("name too long", "hint: ")),
    "no runtime directory": (ORDINARY, ["--podman"], {},
                             ("XDG_RUNTIME_DIR", "/run/user/65534", "--persistent")),
    "runtime is missing": (ORDINARY, ["--podman"], {"XDG_RUNTIME_DIR": "/run/user/none"},
                           ("XDG_RUNTIME_DIR", "'/run/user/none'", "--persistent")),
    "runtime of root": (ORDINARY, ["--podman"], {"XDG_RUNTIME_DIR": "/root"},
                        ("'/root'", "permission denied", "--authfile")),
    "runtime is a file": ((), ["--podman"], {"XDG_RUNTIME_DIR": "/etc/passwd"},
                          ("XDG_RUNTIME_DIR", "'/etc/passwd'")),
    "podman's of two": (ORDINARY, ["--docker", "--podman"], {"XDG_RUNTIME_DIR": "/nowhere"},
                        ("XDG_RUNTIME_DIR",)),
}


@pytest.mark.parametrize("user, args, env, words", NOWHERE.values(), ids=NOWHERE)
def test_nowhere_to_store(ordinary, server, space, user, args, env, words):
    ordinary.through = user
    env = {name: value and value.format(home=ordinary.home) for name, value in env.items()}
    ordinary.to(server, *args, env=env, through=space(RUN).through).failed(8, *words)
    assert server.connections == 0
    assert not ordinary.config.parent.exists() and not list(ordinary.work.iterdir())


UNWRITABLE = {
    "read-only file system": ("mount --bind '{home}' '{home}'\nmount -o remount,bind,ro '{home}'",
                              ("hint: the file system is read-only here (under systemd: ProtectHome=, "
                               "ProtectSystem=): allow it with ReadWritePaths=, or ",
                               "DOCKER_CONFIG=DIR docker pull")),
    "read-only, home to be made": ("mount -t tmpfs -o ro tmpfs '{home}'",
                                   ("read-only", "ProtectHome=")),
}


@pytest.mark.parametrize("args", [[], ["--podman", "--persistent"]], ids=["docker", "podman"])
@pytest.mark.parametrize("mounts, words", UNWRITABLE.values(), ids=UNWRITABLE)
def test_a_read_only_file_system(someone, server, space, mounts, words, args):
    mounted = space(mounts.format(home=someone.home))
    someone.to(server, *args, through=mounted.through).failed(8, str(someone.home), *words)
    assert server.connections == 0


def test_a_read_only_file_system_that_has_it_already(someone, server, space):
    someone.to(server).succeeded()
    mounted = space(UNWRITABLE["read-only file system"][0].format(home=someone.home))
    someone.to(server, through=mounted.through).succeeded()


# What a login under sudo, or somebody else, left in a home: owner and modes of .docker and of
# config.json in it, and which of the two is named with its owner.
LEFT = {
    "root's file": ("nobody", 0o700, "root", 0o600, "config.json", "sudo chown \""),
    "root's file, readable": ("nobody", 0o700, "root", 0o644, "config.json", "sudo chown \""),
    "root's file, all may write": ("nobody", 0o700, "root", 0o666, "config.json", "sudo chown \""),
    "root's directory": ("root", 0o755, "nobody", 0o600, ".docker", "sudo chown -R"),
    "root's directory and file": ("root", 0o700, "root", 0o600, ".docker", "sudo chown -R"),
    "another's file": ("nobody", 0o700, "daemon", 0o644, "config.json", "user daemon"),
    "another's directory": ("daemon", 0o755, "nobody", 0o600, ".docker", "user daemon"),
}


@pytest.mark.parametrize("left", LEFT.values(), ids=LEFT)
def test_what_sudo_left(ordinary, server, left):
    directory, directory_mode, file, mode, named, hint = left
    ordinary.write_config('{"auths":{}}', mode=mode)
    give(ordinary.config.parent, directory)
    give(ordinary.config, file)
    ordinary.config.parent.chmod(directory_mode)
    result = ordinary.to(server).failed(8, str(ordinary.config), "hint: ", hint)
    assert f"{named}'" in result.stderr.split("hint: ")[1]
    assert server.connections == 0


@pytest.mark.parametrize("left", ["", "config.json"], ids=["directory", "file"])
def test_the_hint_of_chown_mends_it(ordinary, server, left):
    """The command as it is told, with the user's numbers in it."""
    ordinary.write_config('{"auths":{}}')
    settle(ordinary)
    give(ordinary.config.parent / left, "root", "root")
    told = ordinary.to(server).failed(8).stderr
    (command,) = re.findall(r"\(sudo (chown .*)\), or store", told)
    user, group = owner(ordinary.home)
    subprocess.run(command.replace("$(id -u)", str(user)).replace("$(id -g)", str(group)),
                   shell=True, check=True)
    ordinary.to(server).succeeded()


def test_a_runtime_directory_that_all_share(ordinary, server):
    """As skopeo login has it, measured with 1.9.3."""
    shared = ordinary.work / "shared"
    shared.mkdir()
    shared.chmod(0o1777)
    ordinary.to(server, "--podman", env={"XDG_RUNTIME_DIR": str(shared)}).succeeded()
    assert ordinary.entry(server.host, shared / "containers/auth.json") == f"{USER}:{TOKEN}"


def test_root_stores_for_the_user_whose_home_it_is(ordinary, server):
    """sudo without -H: what root makes in the home belongs to the user."""
    ordinary.through = ()
    ordinary.to(server, "--docker", "--podman", "--persistent").succeeded()
    for path in (ordinary.config, ordinary.home / ".config/containers/auth.json"):
        assert owner(path) == owner(path.parent) == owner(ordinary.home)
    assert json.loads(ordinary.config.read_text())["auths"].keys() == {server.host}


# docker from snap: where that docker reads, and what this program says of it.

@pytest.fixture(params=["a link to snap", "snap's directory"])
def snap(login, request):
    """The environment with such a docker on PATH."""
    directory = login.directory / ("bin" if request.param == "a link to snap" else "snap/bin")
    directory.mkdir(parents=True)
    program = login.directory / "snap-program" / "snap"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    (directory / "docker").symlink_to(program)
    return {"PATH": f"{directory}:/usr/bin:/bin"}


def test_docker_from_snap_gets_its_own_file(login, server, snap):
    place = login.home / "snap/docker/current/.docker/config.json"
    (login.home / "snap/docker/1").mkdir(parents=True)
    (login.home / "snap/docker/current").symlink_to("1")
    login.mounted_files |= {place, place.resolve()}
    login.to(server, env=snap).succeeded()
    assert login.entry(server.host, place) == f"{USER}:{TOKEN}"
    assert not login.config.exists()
    said = login("status", "--no-verify", "--docker", server.host, env=snap)
    assert said.stdout == (f"{server.host}: docker uses '{server.host}' in '{place}' as {USER}: "
                           "not verified\n")
    login("status", "--no-verify", "--podman", server.host, env=snap).failed(3)
    assert login("logout", server.host, env=snap).status == 0
    assert json.loads(place.read_text()) == {"auths": {}}


def test_docker_from_snap_that_has_never_run(login, server, snap):
    directory = login.home / "snap/docker/current/.docker"
    result = login.to(server, env=snap)
    assert result.status == 0 and f"--config {directory}\n" in result.stderr, result
    assert login.entry(server.host) == f"{USER}:{TOKEN}" and not directory.exists()
    login("status", "--no-verify", "--docker", server.host, env=snap).failed(
        3, "docker finds no credential")


@pytest.mark.parametrize("how", ["--config", "DOCKER_CONFIG"])
def test_docker_from_snap_that_is_told_where(login, server, snap, how):
    (login.home / "snap/docker/current").mkdir(parents=True)
    args = ["--config", login.home / "x"] if how == "--config" else []
    login.to(server, *args, env={**snap, how: login.home / "x"} if not args else snap).succeeded()
    assert login.entry(server.host, login.home / "x/config.json") == f"{USER}:{TOKEN}"


@pytest.fixture
def socket_of_docker(ordinary):
    """One that only root may open."""
    path = ordinary.work / "docker.sock"
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(path))
        path.chmod(0o600)
        yield path


def test_who_needs_sudo_for_docker_is_told(ordinary, login, server, socket_of_docker):
    env = {"DOCKER_HOST": f"unix://{socket_of_docker}"}
    for _ in range(2):
        result = ordinary.to(server, env=env)
        assert result.status == 0 and result.stderr.count("warning: ") == 1, result
        assert f"'{socket_of_docker}', and 'sudo docker' reads root's file" in result.stderr
        assert "--for-user" in result.stderr
    result = ordinary("status", "--no-verify", server.host, env=env)
    assert result.stderr.count("'sudo docker' reads root's file") == 1, result
    login.to(server, env=env).succeeded()       # root may open it


@pytest.mark.parametrize("how", ["--config", "tcp", "may be opened", "--podman", "context"])
def test_who_needs_no_sudo(ordinary, server, socket_of_docker, how):
    env = {"DOCKER_HOST": f"unix://{socket_of_docker}"}
    args = {"--config": [how, ordinary.home / "x"], "--podman": [how, "--persistent"]}.get(how, [])
    if how == "tcp":
        env = {"DOCKER_HOST": "tcp://127.0.0.1:1"}
    if how == "may be opened":
        socket_of_docker.chmod(0o666)
    if how == "context":
        ordinary.write_config('{"currentContext":"x"}')
        give(ordinary.home)
    ordinary.to(server, *args, env=env).succeeded()
