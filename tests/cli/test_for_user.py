"""--for-user: root stores for the account that pulls, with that account's rights."""

import json
import os
import pwd
import stat
import subprocess
import tempfile
from pathlib import Path

import pytest

from conftest import needs_namespaces, needs_root
from harness import TOKEN, USER, Login
from helpers import Helper
from people import ORDINARY, Space, give, owner

NOBODY = pwd.getpwnam("nobody")


@pytest.fixture
def theirs(binary, login):
    """Root's login for nobody, whose home in the user database is a new directory."""
    needs_namespaces()
    # Not below pytest's own directory, which an ordinary user may not enter.
    directory = Path(tempfile.mkdtemp(prefix="ghcr-login-"))
    directory.chmod(0o755)
    root = Login(binary, directory, login.ca_file)
    root.registries = login.registries
    home = directory / "theirs"
    home.mkdir(mode=0o700)
    give(home)
    users = directory / "passwd"
    users.write_text("".join(
        line if not line.startswith("nobody:") else
        f"nobody:x:{NOBODY.pw_uid}:{NOBODY.pw_gid}::{home}:/bin/sh\n"
        for line in Path("/etc/passwd").read_text().splitlines(keepends=True)))
    users.chmod(0o644)
    with Space(f"mount --bind '{users}' /etc/passwd", "mount -t tmpfs tmpfs /run",
               "mkdir -p /run/user") as space:
        root.through = space.through
        root.space = space
        root.theirs = home
        root.config = home / ".docker/config.json"
        root.mounted_files = {root.config, home / ".config/containers/auth.json"}
        yield root
    subprocess.run(["rm", "-rf", directory], check=True)


def test_files_are_theirs_in_their_home(theirs, server):
    result = theirs.to(server, "--for-user", "nobody").succeeded()
    assert f"stored in '{theirs.config}'" in result.stdout
    for path in (theirs.config, theirs.config.parent):
        assert owner(path) == (NOBODY.pw_uid, NOBODY.pw_gid)
    assert stat.S_IMODE(theirs.config.stat().st_mode) == 0o600
    assert not (theirs.home / ".docker").exists()
    assert theirs.entry(server.host) == f"{USER}:{TOKEN}"


def test_privileges_are_gone_before_a_file_is_touched(theirs, server):
    """Where only root could go they cannot be led by a link."""
    secret = theirs.directory / "root-only"
    secret.mkdir(mode=0o700)
    (secret / "config.json").write_text("{}")
    theirs.config.parent.mkdir()
    theirs.config.symlink_to(secret / "config.json")
    result = theirs.to(server, "--for-user", "nobody")
    assert result.status == 8 and "Permission denied" in result.stderr, result
    assert (secret / "config.json").read_text() == "{}" and server.connections == 0


def test_what_is_kept_of_root_in_the_process(theirs, server):
    """strace sees which user asks for each file of theirs, and that no way back is left."""
    trace = theirs.directory / "trace"
    theirs.mounted_files.add(trace)
    result = theirs.to(server, "--for-user", "nobody",
                       through=(*theirs.through, "strace", "-f", "-o", trace, "-e",
                                "trace=setresuid,setresgid,setgroups,setuid,openat,mkdir,rename"))
    assert result.status == 0, result
    lines = [line.split(None, 1)[1] for line in trace.read_text().splitlines()]
    became = next(i for i, line in enumerate(lines) if line.startswith("setresuid("))
    touched = [i for i, line in enumerate(lines) if str(theirs.theirs) in line]
    assert touched and min(touched) > became
    assert lines[became + 1].startswith("setuid(0)") and "EPERM" in lines[became + 1]
    assert any(line.startswith("setgroups(") for line in lines[:became])
    trace.unlink()


def test_a_token_file_that_only_root_may_read(theirs, server):
    file = theirs.secret_file(TOKEN.encode() + b"\n", mode=0o400)
    theirs("-u", USER, "--token-file", file, "--plain-http", "--for-user", "nobody",
           server.host).succeeded()
    assert theirs.entry(server.host) == f"{USER}:{TOKEN}"


def test_root_s_places_are_not_theirs(theirs, server):
    elsewhere = theirs.directory / "elsewhere"
    env = {name: elsewhere for name in ("DOCKER_CONFIG", "XDG_CONFIG_HOME", "REGISTRY_AUTH_FILE",
                                        "XDG_RUNTIME_DIR")}
    result = theirs.to(server, "--for-user", "nobody", "--docker", "--persistent", "--json",
                       env={**env, "DOCKER_AUTH_CONFIG": "{}"})
    assert [each["path"] for each in result.json["files"]] == [
        str(theirs.config), str(theirs.theirs / ".config/containers/auth.json")]
    assert not elsewhere.exists()


def test_podman_s_runtime_directory(theirs, server):
    theirs.to(server, "--for-user", "nobody", "--podman").failed(8, "XDG_RUNTIME_DIR", "hint: ")
    runtime = theirs.space.path(f"/run/user/{NOBODY.pw_uid}")
    runtime.mkdir(mode=0o700)
    os.chown(runtime, NOBODY.pw_uid, NOBODY.pw_gid)
    theirs.to(server, "--for-user", "nobody", "--podman").succeeded()
    assert owner(runtime / "containers/auth.json") == (NOBODY.pw_uid, NOBODY.pw_gid)


def environment_of_helper(login, helper):
    """What a helper of theirs is given, as a function that returns a dict of all calls."""
    seen = login.secret_file(b"", name="helpers/environment")
    program = helper.directory / "docker-credential-fake"
    program.write_text(program.read_text().replace(
        "action, request", f"with open({str(seen)!r}, 'a') as out:\n"
        "    print(json.dumps(dict(os.environ)), file=out)\naction, request", 1))
    give(helper.directory)
    return lambda: {name: value for line in seen.read_text().splitlines()
                    for name, value in json.loads(line).items()}


def test_a_helper_runs_as_them_and_sees_nothing_of_root_s(theirs, server):
    helper = Helper(theirs)
    given = environment_of_helper(theirs, helper)
    theirs.config.parent.mkdir()
    theirs.config.write_text('{"credsStore":"fake"}')
    give(theirs.config.parent)
    theirs.to(server, "--for-user", "nobody",
              env={**helper.environment, "VAULT_PASSWORD": "hunter22", "GNUPGHOME": "/root/x",
                   "LC_SECRET": "hunter22", "LC_ALL": "C.UTF-8", "LC_TIME": "C"})
    assert helper.stored == {server.host: (USER, TOKEN)} and helper.users == {NOBODY.pw_uid}
    shown = str(given())
    assert "hunter22" not in shown and "/root" not in shown and str(theirs.theirs) in shown
    assert (given()["LC_ALL"], given()["LC_TIME"]) == ("C.UTF-8", "C")


def test_roots_password_at_the_proxy_is_not_theirs(theirs, server):
    """Their processes can read /proc/PID/environ of a helper of theirs."""
    helper = Helper(theirs)
    given = environment_of_helper(theirs, helper)
    theirs.config.parent.mkdir()
    theirs.config.write_text('{"credsStore":"fake"}')
    give(theirs.config.parent)
    env = {**helper.environment, "https_proxy": "http://proxy-user:hunter22@127.0.0.1:9",
           "ALL_PROXY": "proxy-user:hunter22@127.0.0.1:9", "HTTPS_PROXY": "http://127.0.0.1:9",
           "NO_PROXY": "a.example"}
    theirs.to(server, "--for-user", "nobody", env=env)
    for command in ("status", "logout"):
        theirs(command, "--plain-http", "--docker", "--for-user", "nobody", server.host, env=env)
    assert "erase" in {call.split()[0] for call in helper.calls}
    assert "hunter22" not in str(given()) and "https_proxy" not in given()
    assert given()["HTTPS_PROXY"] == "http://127.0.0.1:9" and given()["NO_PROXY"] == "a.example"
    # Who stores for himself has a helper that may need it.
    theirs.to(server, "--config", theirs.config.parent, env=env)
    assert given()["https_proxy"] == env["https_proxy"]


def test_status_and_logout(theirs, server):
    theirs.to(server, "--for-user", "nobody").succeeded()
    for name in ("--docker", "--json"):
        result = theirs("status", "--plain-http", name, "--for-user", "nobody", server.host)
        assert result.status == 0 and str(theirs.config) in result.stdout
    assert theirs("status", server.host).status == 3       # root has none
    result = theirs("logout", "--for-user", "nobody", "--json", server.host)
    assert result.json["changed"] is True
    assert json.loads(theirs.config.read_text()) == {"auths": {}}
    assert owner(theirs.config) == (NOBODY.pw_uid, NOBODY.pw_gid)


def test_root_by_name_is_at_home(theirs, server):
    """sudo may leave HOME as somebody else's."""
    home = pwd.getpwnam("root").pw_dir
    result = theirs.to(server, "--for-user", "root", "--dry-run", "--json",
                       env={"HOME": theirs.theirs})
    assert result.json["files"][0]["path"] == f"{home}/.docker/config.json"


@pytest.mark.parametrize("command", ["login", "status", "logout"])
def test_root_that_may_not_change(theirs, server, command):
    cannot = ("setpriv", "--bounding-set=-setuid,-setgid", "--inh-caps=-setuid,-setgid")
    args = ["-u", USER, "--password-stdin"] if command == "login" else []
    result = theirs(command, *args, "--plain-http", "--for-user", "nobody", server.host,
                    stdin=TOKEN.encode(), through=cannot)
    assert result.status == 8 and "cannot become the user 'nobody'" in result.stderr
    assert server.requests == []


@pytest.mark.parametrize("name", ["no-such-user", "", "-1", "x" * 300])
def test_nobody_of_that_name(login, name):
    login("-u", USER, "--password-stdin", "--for-user", name, stdin=TOKEN.encode()).failed(
        2, "--for-user")


@pytest.mark.parametrize("command", ["login", "status", "logout"])
def test_only_root_may(login, command):
    needs_root()
    login.directory.chmod(0o755)
    run = subprocess.run([*ORDINARY, login.binary, command, "--for-user", "root"],
                         env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True,
                         stdin=subprocess.DEVNULL, check=False)
    assert run.returncode == 2 and "only root may use --for-user" in run.stderr
