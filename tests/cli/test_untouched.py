"""When the auth file must stay as it is: the harness compares every byte of it."""

import os

import pytest

from conftest import needs_root
from harness import OTHER_TOKEN


def test_a_refused_token_leaves_the_file(login, registry):
    login.write_config('{"auths":{"other.example":{"auth":"YTpi"}}}')
    before = login.config.stat()
    login.to(registry(), token=OTHER_TOKEN).failed(4)
    assert login.config.stat().st_ino == before.st_ino
    assert login.config.stat().st_mtime_ns == before.st_mtime_ns


MALFORMED = {
    "cut off": '{"auths":{"other.example":{"auth":"c2VjcmV0OnNlY3JldA=="',
    "not JSON": "auths = yes\n",
    "trailing text": '{"auths":{}}\ntrailing',
    "two values": '{"auths":{}}{}',
    "trailing comma": '{"auths":{},}',
    "comment": '{"auths":{}} // mine',
    "byte-order mark": "\ufeff{}",
    "bad UTF-8": b'{"psFormat":"\xff"}',
    "duplicate keys": '{"auths":{"a.example":{}},"auths":{"b.example":{}}}',
    "duplicate hosts": '{"auths":{"HOST":{"auth":"YTpi"},"HOST":{"auth":"Yzpk"}}}',
    "duplicate keys, deep": '{"plugins":{"x":{"a":"1","a":"2"}}}',
    "an array": "[]",
    "a string": '"auths"',
    "auths is an array": '{"auths":[]}',
    "auths is a string": '{"auths":"x"}',
    "NUL bytes": b"{}\0\0",
}


@pytest.mark.parametrize("content", MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_file_stays_as_it_is(login, registry, content):
    server = registry()
    if isinstance(content, str):
        content = content.replace("HOST", server.host).encode()
    login.write_config(content)
    before = login.config.stat()
    result = login.to(server)
    result.failed(8, str(login.config))
    # The text near the error may be somebody's password.
    assert "c2VjcmV0" not in result.stderr and "trailing\n" not in result.stderr
    assert login.config.read_bytes() == content
    assert login.config.stat().st_ino == before.st_ino
    assert server.connections == 0


def test_a_directory_in_its_place(login, registry):
    server = registry()
    login.config.mkdir(parents=True)
    login.to(server).failed(8, str(login.config), "directory")
    assert server.connections == 0


def test_a_file_where_the_directory_should_be(login, registry):
    server = registry()
    (login.home / ".docker").write_text("")
    login.to(server).failed(8, ".docker")
    assert server.connections == 0


def test_an_unreadable_file(login, registry):
    server = registry()
    login.write_config('{"auths":{}}', mode=0o000)
    login.to(server, unprivileged=True).failed(8, str(login.config), "permission denied")
    assert server.connections == 0
    login.config.chmod(0o600)
    assert login.config.read_text() == '{"auths":{}}'


def test_an_unreadable_directory(login, registry):
    server = registry()
    login.write_config('{"auths":{}}')
    login.config.parent.chmod(0)
    try:
        login.to(server, unprivileged=True).failed(8, ".docker", "permission denied")
    finally:
        login.config.parent.chmod(0o700)
    assert server.connections == 0


@pytest.mark.parametrize("exists", [True, False], ids=["file", "no file"])
def test_a_directory_that_cannot_be_written(login, registry, exists):
    """Seen before anything is sent: a token must not be spent on a login that cannot end."""
    server = registry()
    login.config.parent.mkdir()
    if exists:
        login.write_config('{"auths":{}}')
    login.config.parent.chmod(0o500)
    login.to(server, unprivileged=True).failed(8, str(login.home), "permission denied")
    assert server.connections == 0


def test_root_that_may_not_act_as_the_owner(login, registry):
    """Seen before anything is sent, too."""
    needs_root()
    server = registry()
    os.chown(login.home, 1234, 1234)
    login.home.chmod(0o777)
    cannot = ("setpriv", "--bounding-set=-setuid,-setgid", "--inh-caps=-setuid,-setgid")
    login.to(server, through=cannot).failed(8, "cannot act as user 1234, who owns the directory: ",
                                             "hint: give root CAP_SETUID and CAP_SETGID, or run as that user")
    assert server.connections == 0
    assert not login.config.parent.exists()


def test_a_home_that_cannot_be_written(login, registry):
    server = registry()
    login.home.chmod(0o500)
    login.to(server, unprivileged=True).failed(8, str(login.home), "permission denied")
    assert server.connections == 0
