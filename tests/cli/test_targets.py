"""Odd things where the auth file should be: links, attributes, what is no file or no text."""

import json
import os
import socket
import stat
import struct

import pytest

from conftest import needs_root
from harness import OTHER_TOKEN, TOKEN, USER
from people import give, owner, settle

EMPTY = '{"auths":{}}'


def link(login, *chain):
    """Make the auth file a link to the first name, that one a link to the second, and so on."""
    login.config.parent.mkdir()
    at = login.config
    for target in chain:
        target = target.format(home=login.home, work=login.work)
        at.symlink_to(target)
        at = at.parent / target
    return at


# Chains of links; the last name is the real file's. {home} and {work} are the person's.
CHAINS = {
    "absolute": ["{home}/real.json"],
    "relative": ["../real.json"],
    "beside it": ["real.json"],
    "three": ["one.json", "../two.json", "{work}/real.json"],
    "through a directory and back": ["../../work/../home/real.json"],
    "ten": [*(f"{each}.json" for each in range(9)), "real.json"],
}


@pytest.mark.parametrize("dangling", [False, True], ids=["", "dangling"])
@pytest.mark.parametrize("chain", CHAINS.values(), ids=CHAINS)
def test_links_stay_and_the_real_file_is_replaced(someone, server, chain, dangling):
    real = link(someone, *chain)
    if not dangling:
        real.write_text('{"psFormat":"x"}')
        real.chmod(0o600)
    settle(someone)
    links = {path: os.readlink(path) for path in someone.files() if path.is_symlink()}
    assert len(links) == len(chain)
    someone.to(server).succeeded()
    assert {path: os.readlink(path) for path in links} == links
    assert json.loads(real.read_text()).get("psFormat") == (None if dangling else "x")
    assert someone.entry(server.host, real) == f"{USER}:{TOKEN}"
    assert stat.S_ISREG(real.lstat().st_mode) and owner(real) == owner(someone.home)


def test_a_dangling_link_into_a_directory_that_is_not_there(someone, server):
    real = link(someone, "{home}/synced/docker/real.json")
    settle(someone)
    someone.to(server, may_store=True).succeeded()
    assert someone.entry(server.host, real) == f"{USER}:{TOKEN}"
    for made in (real.parent, real.parent.parent):
        assert stat.S_IMODE(made.stat().st_mode) == 0o700 and owner(made) == owner(someone.home)


@pytest.mark.parametrize("exists", [True, False], ids=["", "dangling"])
def test_a_link_across_file_systems(someone, server, space, exists):
    secrets = someone.work / "secrets"
    secrets.mkdir()
    link(someone, "{work}/secrets/real.json")
    settle(someone)
    fill = f"install -m 600 -o {owner(someone.home)[0]} /dev/null '{secrets}/real.json'"
    mounted = space(f"mount -t tmpfs -o mode=777 tmpfs '{secrets}'", fill if exists else ":")
    someone.to(server, through=mounted.through).succeeded()
    assert someone.config.is_symlink()
    assert someone.entry(server.host, mounted.path(secrets / "real.json")) == f"{USER}:{TOKEN}"
    assert [path.name for path in mounted.path(secrets).iterdir()] == ["real.json"]


LOOPS = {
    "itself": ["config.json"],
    "two": ["other.json", "config.json"],
    "too long": [*(f"{each}.json" for each in range(41)), "real.json"],
}


@pytest.mark.parametrize("chain", LOOPS.values(), ids=LOOPS)
def test_links_without_an_end(someone, server, chain):
    someone.config.parent.mkdir()
    names = [someone.config, *(someone.config.parent / name for name in chain)]
    for name, target in zip(names, chain):
        name.symlink_to(target)
    settle(someone)
    someone.to(server).failed(8, str(someone.config), "symbolic links")
    assert server.connections == 0


def test_a_link_into_a_directory_that_may_not_be_written(ordinary, server):
    """The file itself may be written, but not replaced."""
    real = link(ordinary, "{work}/kept/real.json")
    real.parent.mkdir()
    real.write_text(EMPTY)
    settle(ordinary)
    real.parent.chmod(0o555)
    ordinary.to(server).failed(8, str(real.parent), "permission denied", "hint: ")
    assert server.connections == 0
    assert real.read_text() == EMPTY


def test_the_other_name_of_a_hard_link_keeps_the_old_text(someone, server):
    someone.write_config(EMPTY)
    other = someone.home / "other.json"
    os.link(someone.config, other)
    settle(someone)
    result = someone.to(server)
    assert result.status == 0 and "hard links" in result.stderr, result
    assert other.read_text() == EMPTY
    assert someone.config.stat().st_nlink == other.stat().st_nlink == 1


# What is no file.

def make_device(path):
    try:
        os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 3))      # null
    except PermissionError:
        pytest.skip("needs root that may make devices")


def make_socket(path):
    with socket.socket(socket.AF_UNIX) as listener:
        os.chdir(path.parent)       # a socket's name is short
        listener.bind(path.name)


NO_FILES = {
    "FIFO": (os.mkfifo, "not a regular file"),
    "device": (make_device, "not a regular file"),
    "link to /dev/zero": (lambda path: path.symlink_to("/dev/zero"), "not a regular file"),
    "link to a terminal": (lambda path: path.symlink_to("/dev/tty"), ""),
    "socket": (make_socket, ""),
    "directory": (os.mkdir, "directory"),
    "link to a directory": (lambda path: path.symlink_to("/"), "directory"),
}


@pytest.mark.parametrize("make, words", NO_FILES.values(), ids=NO_FILES)
def test_what_is_no_file(someone, server, monkeypatch, make, words):
    monkeypatch.chdir("/")      # and back there afterwards
    someone.config.parent.mkdir()
    make(someone.config)
    settle(someone)
    result = someone.to(server).failed(8, words)
    assert result.took_less_than(5)
    assert server.connections == 0


# Text that is none, or is spoiled, in the file of either engine, for everybody.

TEXTS = {
    "0 bytes": ("", 0), "a blank": (" ", 0), "line endings": ("\r\n\n", 0), "null": ("null", 8),
    "BOM": ("\ufeff" + EMPTY, 8), "BOM alone": ("\ufeff", 8), "trailing text": (EMPTY + "x", 8),
    "trailing NUL": (EMPTY + "\0", 8), "NUL alone": ("\0", 8), "cut off": (EMPTY[:-1], 8),
}


@pytest.mark.parametrize("args, file", [([], ".docker/config.json"),
                                        (["--persistent"], ".config/containers/auth.json")],
                         ids=["docker", "podman"])
@pytest.mark.parametrize("text, status", TEXTS.values(), ids=TEXTS)
def test_texts(someone, server, args, file, text, status):
    path = someone.home / file
    path.parent.mkdir(parents=True)
    path.write_bytes(text.encode())
    settle(someone)
    result = someone.to(server, *args)
    assert result.status == status, result
    if status == 0:
        assert someone.entry(server.host, path) == f"{USER}:{TOKEN}"
    else:
        assert path.read_bytes() == text.encode() and server.connections == 0


# Owner, group, mode, attributes.

def acl(*entries):
    """What the kernel calls system.posix_acl_access; see acl(5)."""
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)


NOBODY_ID = 0xffffffff
ACL = acl((1, 6, NOBODY_ID), (2, 4, 1), (4, 0, NOBODY_ID), (16, 4, NOBODY_ID), (32, 0, NOBODY_ID))


def test_attributes_and_acls_are_kept(someone, server):
    someone.write_config(EMPTY)
    settle(someone)
    os.setxattr(someone.config, "user.origin", b"by hand\0\xff")
    os.setxattr(someone.config, "system.posix_acl_access", ACL)
    before = someone.config.stat()
    result = someone.to(server)
    assert result.status == 0 and result.stderr.count("\n") == 1, result
    assert f"chmod 600 '{someone.config}'" in result.stderr
    after = someone.config.stat()
    assert after.st_ino != before.st_ino
    assert (after.st_mode, after.st_uid, after.st_gid) == (
        before.st_mode, before.st_uid, before.st_gid)
    assert os.getxattr(someone.config, "user.origin") == b"by hand\0\xff"
    assert os.getxattr(someone.config, "system.posix_acl_access") == ACL


def test_root_keeps_the_owner(login, server):
    needs_root()
    login.write_config(EMPTY, mode=0o640)
    give(login.config, "nobody", "daemon")
    before = owner(login.config)
    assert login.to(server).status == 0
    assert owner(login.config) == before
    assert stat.S_IMODE(login.config.stat().st_mode) == 0o640


def test_a_group_one_does_not_belong_to_is_not_swapped_for_ones_own(ordinary, server):
    """What that group might do is granted to no other."""
    ordinary.write_config(EMPTY, mode=0o660)
    settle(ordinary)
    give(ordinary.config, "nobody", "daemon")
    os.setxattr(ordinary.config, "system.posix_acl_access", ACL)
    ordinary.to(server).succeeded()
    assert owner(ordinary.config) == owner(ordinary.home)
    assert stat.S_IMODE(ordinary.config.stat().st_mode) & 0o077 == 0
    assert os.listxattr(ordinary.config) == []


def test_a_read_only_file_that_has_it_already(ordinary, server):
    ordinary.to(server).succeeded()
    ordinary.config.chmod(0o400)
    ordinary.config.parent.chmod(0o500)
    before = ordinary.config.stat()
    said = ordinary.to(server, "--json").json
    assert (said["result"], said["changed"]) == ("unchanged", False)
    assert ordinary.config.stat() == before
    server.token = OTHER_TOKEN
    ordinary.to(server).failed(8, "permission denied")
    assert ordinary.config.stat() == before
