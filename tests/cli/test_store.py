"""What the auth file holds afterwards: the entry, and every byte that was there before."""

import fcntl
import json
import os
import stat

import pytest

from harness import FINE_GRAINED, OTHER_TOKEN, PACE, STATELESS, TOKEN, USER, auth


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_a_fresh_file(login, registry):
    server = registry()
    login.to(server).succeeded()
    assert json.loads(login.config.read_bytes()) == {
        "auths": {server.host: {"auth": auth(USER, TOKEN)}}}
    assert mode(login.config) == 0o600
    assert mode(login.config.parent) == 0o700


@pytest.mark.parametrize("umask", [0o000, 0o077, 0o777])
def test_modes_do_not_depend_on_the_umask(login, registry, umask):
    login.to(registry(), umask=umask).succeeded()
    assert mode(login.config) == 0o600
    assert mode(login.config.parent) == 0o700


@pytest.mark.parametrize("args, env, where", [
    (["--config", "some/where"], {}, "some/where/config.json"),
    ([], {"DOCKER_CONFIG": "elsewhere"}, "elsewhere/config.json"),
    (["--config", "flag"], {"DOCKER_CONFIG": "elsewhere"}, "flag/config.json"),
    ([], {"DOCKER_CONFIG": ""}, "../home/.docker/config.json"),
], ids=["--config", "DOCKER_CONFIG", "both", "empty DOCKER_CONFIG"])
def test_docker_s_directory(login, registry, args, env, where):
    server = registry()
    if env.get("DOCKER_CONFIG"):
        env = {"DOCKER_CONFIG": str(login.work / env["DOCKER_CONFIG"])}
    login.to(server, *args, env=env).succeeded()
    assert login.entry(server.host, login.work / where) == f"{USER}:{TOKEN}"


@pytest.mark.parametrize("user, token", [
    (USER, FINE_GRAINED), (USER, STATELESS),
    *((USER, "t" * (length - len(USER) - 1)) for length in (53, 54, 55, 107, 108, 109)),
], ids=["93", "520", "53 bytes", "54 bytes", "55 bytes", "107 bytes", "108 bytes", "109 bytes"])
def test_a_token_is_stored_whole_on_one_line(login, registry, user, token):
    server = registry(token=token)
    login.to(server, user=user).succeeded()
    stored = json.loads(login.config.read_bytes())["auths"][server.host]["auth"]
    assert stored == auth(user, token)
    assert f'"{stored}"'.encode() in login.config.read_bytes()


def test_the_port_stays_and_the_host_is_lower_case(login, registry):
    server = registry()
    login("-u", USER, "--password-stdin", "--cacert", login.ca_file, server.at("LocalHost"), "-q",
          stdin=TOKEN.encode())
    assert login.entry(server.at("localhost")) == f"{USER}:{TOKEN}"


# Other content. HOST is replaced by the registry's host. Where the entry is new, the file
# must be the old one with one piece inserted; where it replaces one, all around that stays.

NEW_ENTRY = {
    "empty object": "{}",
    "empty object with blanks": " {\n }\n\n",
    "empty auths": '{"auths":{}}',
    "empty auths, indented": '{\n\t"auths": {}\n}\n',
    "another registry": '{"auths":{"other.example":{"auth":"YTpi"}}}',
    "tabs": '{\n\t"auths": {\n\t\t"other.example": {\n\t\t\t"auth": "YTpi"\n\t\t}\n\t}\n}',
    "four blanks": '{\n    "auths": {\n        "other.example": {\n            "auth": "YTpi"\n'
                   '        }\n    }\n}\n',
    "CR LF": '{\r\n  "auths": {\r\n    "other.example": {}\r\n  }\r\n}\r\n',
    "unknown keys, odd order": '{"zeta":[1,2,{"x":null}],"auths":{"b.example":{"auth":"YTpi",'
                               '"email":"a@b","odd":true}},"alpha":{"auths":{"HOST":{}}}}',
    "numbers": '{"a":1.0,"b":1e5,"c":-0,"d":0.1,"e":12345678901234567,"auths":{}}',
    "escapes": '{"HttpHeaders":{"a":"\\u003c\\/\\u00e4\u00e4\\ud83d\\ude00"},"auths":{}}',
    "no auths": '{"detachKeys":"ctrl-e,e"}',
    "the same host elsewhere": '{"credHelpers":{"x.example":"HOST"},"auths":{"HOST.example":{},'
                               '"x.HOST":{"auth":"YTpi"}}}',
}


@pytest.mark.parametrize("before", NEW_ENTRY.values(), ids=NEW_ENTRY)
def test_a_new_entry_is_inserted(login, registry, before):
    server = registry()
    before = before.replace("HOST", server.host)
    login.write_config(before)
    login.to(server).succeeded()

    old, new = before.encode(), login.config.read_bytes()
    front = len(os.path.commonprefix([old, new]))
    back = len(os.path.commonprefix([old[::-1], new[::-1]]))
    # Blanks between two empty braces may go when something comes between them.
    assert front + back >= len(old) or old.strip() == b"{\n }", (old, new)
    expected = json.loads(before)
    expected.setdefault("auths", {})[server.host] = {"auth": auth(USER, TOKEN)}
    assert json.loads(new) == expected
    assert list(json.loads(new))[:len(json.loads(old))] == list(json.loads(old))


ENTRIES = {
    "another token": '{"auth":"b2N0b2NhdDpvbGQ="}',
    "indented": '{\n\t\t\t"auth": "b2N0b2NhdDpvbGQ="\n\t\t}',
    "identity token": '{"auth":"b2N0b2NhdDo=","identitytoken":"stale"}',
    "user and password": '{"username":"octocat","password":"old","email":"a@b"}',
    "helper's marker": "{}",
}


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=ENTRIES)
def test_an_old_entry_is_replaced_whole(login, registry, entry):
    server = registry()
    front = ('{"zeta": 1.0,\n "auths": {"a.example": {"auth": "YTpi"}, "' + server.host + '": ')
    back = ',\n"z.example": {"identitytoken":"stays"} }, "psFormat" :"x" }\n\n'
    login.write_config(front + entry + back)
    login.to(server).succeeded()

    text = login.config.read_text()
    assert text.startswith(front) and text.endswith(back)
    assert json.loads(text[len(front):-len(back)]) == {"auth": auth(USER, TOKEN)}


@pytest.mark.parametrize("content", [b"", b"\n", b" \t\r\n \n"], ids=["0 bytes", "lf", "blanks"])
def test_an_empty_file_counts_as_absent(login, registry, content):
    server = registry()
    login.write_config(content)
    login.to(server).succeeded()
    assert json.loads(login.config.read_bytes()) == {
        "auths": {server.host: {"auth": auth(USER, TOKEN)}}}


# What is no auth file, and what the hint says of it.
SPOILED = {
    "a byte-order mark": (b'\xef\xbb\xbf{"auths":{}}', "byte-order mark"),
    "a line end within an auth": (b'{"auths":{"x.example":{"auth":"YTpi\nYTpi"}}}', "base64 -w0"),
    "a line end of Windows": (b'{"auths":{"x.example":{"auth":"YTpi\r\nYTpi"}}}', "base64 -w0"),
    "else": (b'{"auths":{\n}', "nothing was changed; repair the file or move it away\n"),
}


@pytest.mark.parametrize("content, hint", SPOILED.values(), ids=SPOILED)
def test_what_spoiled_the_file_is_hinted_at(login, registry, content, hint):
    server = registry()
    login.write_config(content)
    login.to(server).failed(8, str(login.config), "is not valid JSON", "hint: nothing was changed",
                            hint)
    assert login.config.read_bytes() == content and server.connections == 0


def test_a_directory_in_place_of_the_file(login, registry):
    """docker makes one where the source of a bind mount is missing."""
    server = registry()
    login.config.mkdir(parents=True)
    login.to(server).failed(8, str(login.config), "is a directory", "hint: docker creates", "rmdir")
    assert not list(login.config.iterdir()) and server.connections == 0


@pytest.mark.parametrize("old", [0o600, 0o640, 0o644, 0o400])
def test_the_mode_is_never_wider_than_it_was(login, registry, old):
    login.write_config("{}", mode=old)
    assert login.to(registry()).status == 0
    assert mode(login.config) & ~old & 0o077 == 0
    assert mode(login.config) & 0o400


@pytest.mark.parametrize("old", [0o644, 0o640, 0o666, 0o604, 0o620])
def test_a_file_that_others_can_read_is_named(login, registry, old):
    """Also when the credential is there already, and by status."""
    login.write_config("{}", mode=old)
    server = registry()
    for _ in range(2):
        result = login.to(server)
        assert result.status == 0 and result.stderr.count("\n") == 1, result
        assert f"(mode {old:04o})" in result.stderr
        assert f"chmod 600 '{login.config}'" in result.stderr
        assert mode(login.config) == old
    result = login("status", "--no-verify", server.host)
    assert result.status == 0 and f"chmod 600 '{login.config}'" in result.stderr, result
    login.config.chmod(0o600)
    login.to(server).succeeded()
    assert login("status", "--no-verify", server.host).stderr == ""


def test_who_may_read_the_directory_cannot_hold_a_login_up(login, registry):
    """Anybody may lock what they can open; the lock file is the owner's alone."""
    login.write_config("{}")
    login.config.parent.chmod(0o755)
    directory = os.open(login.config.parent, os.O_RDONLY)
    try:
        fcntl.flock(directory, fcntl.LOCK_EX)
        login.to(registry(), "--timeout", "5").succeeded()
    finally:
        os.close(directory)
    assert os.listdir(login.config.parent) == ["config.json"]


@pytest.mark.parametrize("target", ["/absolute", "../relative", "../dir/deeper"])
def test_a_link_stays_a_link(login, registry, target):
    server = registry()
    login.config.parent.mkdir()
    real = login.home / target.removeprefix("/").removeprefix("../")
    real.parent.mkdir(exist_ok=True)
    real.write_text('{"psFormat":"x"}')
    real.chmod(0o600)
    login.config.symlink_to(real if target.startswith("/") else target)
    login.to(server).succeeded()
    assert login.config.is_symlink() and not real.is_symlink()
    assert json.loads(real.read_bytes())["psFormat"] == "x"
    assert login.entry(server.host) == f"{USER}:{TOKEN}"


def test_a_directory_may_be_a_link(login, registry):
    server = registry()
    (login.home / "real").mkdir()
    (login.home / ".docker").symlink_to("real")
    login.to(server).succeeded()
    assert (login.home / ".docker").is_symlink()
    assert login.entry(server.host, login.home / "real" / "config.json") == f"{USER}:{TOKEN}"


def test_the_same_again_writes_nothing(login, registry):
    server = registry()
    login.to(server).succeeded()
    login.config.write_bytes(login.config.read_bytes() + b"\n  ")
    before, directory = login.config.stat(), login.config.parent.stat()
    login.to(server).succeeded()
    after = login.config.stat()
    assert (after.st_ino, after.st_mtime_ns, after.st_ctime_ns) == (
        before.st_ino, before.st_mtime_ns, before.st_ctime_ns)
    assert login.config.parent.stat().st_mtime_ns == directory.st_mtime_ns
    assert server.endpoints == ["ping", "token", "ping2"] * 2


def test_a_read_only_file_that_already_holds_it(login, registry):
    server = registry()
    login.to(server).succeeded()
    login.config.chmod(0o400)
    login.config.parent.chmod(0o500)
    login.to(server, unprivileged=True).succeeded()


def test_a_new_token_replaces_the_old_one(login, registry):
    server = registry()
    login.to(server).succeeded()
    server.token = OTHER_TOKEN
    login.to(server).succeeded()
    assert login.entry(server.host) == f"{USER}:{OTHER_TOKEN}"
    assert json.loads(login.config.read_bytes()).keys() == {"auths"}


def test_logins_at_once_keep_all_entries(login, registry):
    servers = [registry() for _ in range(8)]
    runs = [login.start("-u", USER, "--token-env", "A_TOKEN", "--cacert", login.ca_file,
                        server.host, env={"A_TOKEN": TOKEN}) for server in servers]
    statuses = []
    for run in runs:
        statuses.append(run.process.wait(timeout=20 * PACE))
    for run in runs:
        run.finish()
    assert statuses == [0] * 8
    for server in servers:
        assert login.entry(server.host) == f"{USER}:{TOKEN}"


def test_what_makes_docker_refuse_the_whole_file_is_warned_of(login, server):
    login.config.parent.mkdir(mode=0o700)
    login.config.write_text('{"auths":{"o.example":{"auth":"%%%"}}}')
    result = login.to(server)
    assert result.status == 0 and login.entry(server.host)
    assert 'docker ignores the credentials in' in result.stderr and "'o.example'" in result.stderr


@pytest.mark.parametrize("reader, more", [
    ("docker", '"features":{"buildkit":true}'), ("docker", '"experimental":false'),
    ("podman", '"credHelpers":{"o.example":1}')])
def test_a_member_that_its_reader_cannot_read_is_warned_of(login, server, reader, more):
    """It has nothing to do with the entry, which is lost with it all the same."""
    path = login.home / f"{reader}/config.json"
    path.parent.mkdir()
    path.write_text("{%s}" % more)
    how = ["--config", path.parent] if reader == "docker" else ["--authfile", path]
    result = login.to(server, *how)
    name = more.split('"')[1]
    assert result.status == 0 and f"{reader} ignores" in result.stderr, result
    assert f"'{name}'" in result.stderr
    login("status", "--plain-http", *how, server.host).failed(
        8, reader, f"'{name}'", "hint: correct or remove that member")
