"""The auth file is a mount of its own, as in a container, or on a disk that is full."""

import os

import pytest

from harness import TOKEN, USER
from people import settle

EMPTY = '{"auths":{}}'
BIND = "mount --bind '{source}' '{target}'"
READ_ONLY = BIND + "\nmount -o remount,bind,ro '{target}'"


def bind(person, space, text=EMPTY, mount=BIND):
    """Mount a file in HOME over the auth file; return the mounts and the file."""
    source = person.home / "mounted.json"
    source.write_text(text)
    source.chmod(0o600)
    person.mounted_files = {source}
    person.write_config("not this one")
    settle(person)
    return space(mount.format(source=source, target=person.config)), source


def version(path):
    """All but when it was last read."""
    status = path.stat()
    return (status.st_ino, status.st_mode, status.st_uid, status.st_gid, status.st_size,
            status.st_mtime_ns, status.st_ctime_ns)


def names(path):
    return sorted(each.name for each in path.iterdir())


def test_a_bind_mount_is_named_before_any_network(someone, server, space):
    """Without it the registry would be asked for nothing: rename(2) says EBUSY."""
    mounted, source = bind(someone, space)
    someone.to(server, through=mounted.through).failed(
        8, str(someone.config), "busy", "hint: ", "mount point", "mount its directory",
        "--config DIR", "ghcr-login exec")
    assert server.connections == 0
    assert source.read_text() == EMPTY


@pytest.mark.parametrize("mount", [BIND, READ_ONLY], ids=["", "read-only"])
def test_a_bind_mount_that_has_it_already(someone, server, space, mount):
    someone.to(server).succeeded()
    mounted, source = bind(someone, space, someone.config.read_text(), mount)
    before = version(source)
    someone.to(server, through=mounted.through).succeeded()
    assert version(source) == before


def test_a_read_only_bind_mount(someone, server, space):
    mounted, source = bind(someone, space, mount=READ_ONLY)
    someone.to(server, through=mounted.through).failed(8, str(someone.config), "busy", "hint: ")
    assert server.connections == 0
    assert source.read_text() == EMPTY


def test_a_link_to_a_bind_mount(someone, server, space):
    mounted, source = bind(someone, space)
    other = someone.home / "link.json"
    other.symlink_to(someone.config)
    env = {"REGISTRY_AUTH_FILE": other}
    someone.to(server, "--podman", env=env, through=mounted.through).failed(8, "mount point")
    assert source.read_text() == EMPTY
    assert other.is_symlink()


def test_a_mounted_directory_is_nothing_odd(someone, server, space):
    """As `-v secrets:/root/.docker` has it: the file in there can be replaced."""
    source = someone.home / "mounted"
    source.mkdir()
    (source / "config.json").write_text(EMPTY)
    (source / "config.json").chmod(0o600)
    someone.mounted_files = {source / "config.json"}
    someone.config.parent.mkdir()
    settle(someone)
    mounted = space(BIND.format(source=source, target=someone.config.parent))
    someone.to(server, through=mounted.through).succeeded()
    assert someone.entry(server.host, source / "config.json") == f"{USER}:{TOKEN}"
    assert names(source) == ["config.json"]


# A full disk: a small tmpfs over HOME, filled to the last byte.

def fill(home, text=None, size="64k"):
    """Mount a tmpfs with a config.json of this text, and leave no room in it."""
    lines = [f"mount -t tmpfs -o size={size},mode=777 tmpfs '{home}'"]
    if text is not None:
        lines += [f"install -d -m 777 '{home}/.docker'",
                  f"printf '%s' '{text}' >'{home}/.docker/config.json'",
                  f"chmod 600 '{home}/.docker/config.json'",
                  f"chown nobody '{home}/.docker' '{home}/.docker/config.json'"]
    return [*lines, f"dd if=/dev/zero of='{home}/filler' bs=1k 2>/dev/null || true"]


# One byte more needs another page.
LONG = '{"auths":{"other.example":{"auth":"YTpi"}},"psFormat":"@"}'
LONG = LONG.replace("@", "x" * (os.sysconf("SC_PAGESIZE") - len(LONG)))


@pytest.mark.parametrize("text", [EMPTY, LONG], ids=["short", "one page"])
def test_a_full_disk_changes_nothing(someone, server, space, text):
    mounted = space(*fill(someone.home, text))
    config = mounted.path(someone.config)
    before = config.stat()
    someone.to(server, through=mounted.through).failed(
        8, str(someone.config), "no space left", "hint: free some space", "--config DIR")
    assert config.read_text() == text
    assert (config.stat().st_ino, config.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert names(config.parent) == ["config.json"]


def test_a_full_disk_gets_no_first_file(someone, server, space):
    mounted = space(*fill(someone.home))
    someone.to(server, through=mounted.through).failed(
        8, str(someone.config), "no space left", "hint: free some space", "--config DIR")
    assert not list(mounted.path(someone.home).rglob("*.json*"))


def test_a_full_disk_that_has_room_again(someone, server, space):
    mounted = space(*fill(someone.home, EMPTY))
    someone.to(server, through=mounted.through).failed(8)
    os.unlink(mounted.path(someone.home / "filler"))
    someone.to(server, through=mounted.through).succeeded()
    stored = mounted.path(someone.config)
    assert someone.entry(server.host, stored) == f"{USER}:{TOKEN}"
    assert names(stored.parent) == ["config.json"]
