"""The auth file is a mount of its own, as in a container, or on a disk that is full."""

import fcntl
import os

import pytest

from harness import OTHER_TOKEN, TOKEN, USER
from people import give, owner, settle

EMPTY = '{"auths":{}}'
BIND = "mount --bind '{source}' '{target}'"
READ_ONLY = BIND + "\nmount -o remount,bind,ro '{target}'"
COPY = ".config.json.ghcr-login-copy-{inode}"


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
        8, str(someone.config), "busy", "hint: ", "--in-place", "bind mount")
    assert server.connections == 0
    assert source.read_text() == EMPTY


def test_in_place_writes_through_a_bind_mount(someone, server, space):
    mounted, source = bind(someone, space, '{"psFormat":"x"}\n')
    before = source.stat()
    for token in (TOKEN, OTHER_TOKEN):
        server.token = token
        someone.to(server, "--in-place", through=mounted.through).succeeded()
        assert someone.entry(server.host, source) == f"{USER}:{token}"
    after = source.stat()
    assert (after.st_ino, after.st_mode, after.st_uid) == (
        before.st_ino, before.st_mode, before.st_uid)
    assert names(someone.config.parent) == ["config.json"]
    assert someone.config.read_text() == "not this one"


def test_other_names_of_what_is_written_through_hold_it_too(someone, server, space):
    mounted, source = bind(someone, space)
    other = source.parent / "other"
    os.link(source, other)
    someone.mounted_files.add(other)
    someone.to(server, "--in-place", through=mounted.through).succeeded()
    assert someone.entry(server.host, other) == f"{USER}:{TOKEN}"


def test_in_place_cuts_off_what_was_longer(someone, server, space):
    long = '{"auths":{"HOST":{"auth":"YTpi","identitytoken":"' + "x" * 5000 + '"}}}'
    mounted, source = bind(someone, space, long.replace("HOST", server.host))
    someone.to(server, "--in-place", through=mounted.through).succeeded()
    assert len(source.read_text()) < 1000
    assert someone.entry(server.host, source) == f"{USER}:{TOKEN}"


def test_in_place_replaces_what_can_be_replaced(someone, server):
    someone.write_config(EMPTY)
    settle(someone)
    before = someone.config.stat().st_ino
    someone.to(server, "--in-place").succeeded()
    assert someone.config.stat().st_ino != before


@pytest.mark.parametrize("mount", [BIND, READ_ONLY], ids=["", "read-only"])
def test_a_bind_mount_that_has_it_already(someone, server, space, mount):
    someone.to(server).succeeded()
    mounted, source = bind(someone, space, someone.config.read_text(), mount)
    before = version(source)
    someone.to(server, through=mounted.through).succeeded()
    assert version(source) == before


@pytest.mark.parametrize("args", [[], ["--in-place"]], ids=["", "--in-place"])
def test_a_read_only_bind_mount(someone, server, space, args):
    mounted, source = bind(someone, space, mount=READ_ONLY)
    result = someone.to(server, *args, through=mounted.through)
    result.failed(8, str(someone.config), "hint: ")
    assert ("read-only" if args else "busy") in result.stderr
    assert server.connections == 0
    assert source.read_text() == EMPTY


def test_a_link_to_a_bind_mount(someone, server, space):
    mounted, source = bind(someone, space)
    other = someone.home / "link.json"
    other.symlink_to(someone.config)
    env = {"REGISTRY_AUTH_FILE": other}
    someone.to(server, "--podman", env=env, through=mounted.through).failed(8, "--in-place")
    someone.to(server, "--podman", "--in-place", env=env, through=mounted.through).succeeded()
    assert someone.entry(server.host, source) == f"{USER}:{TOKEN}"
    assert other.is_symlink()


def test_a_mounted_directory_is_nothing_odd(someone, server, space):
    """As `-v secrets:/root/.docker` has it: the file in there can be replaced."""
    source = someone.home / "mounted"
    source.mkdir()
    (source / "config.json").write_text(EMPTY)
    someone.mounted_files = {source / "config.json"}
    someone.config.parent.mkdir()
    settle(someone)
    mounted = space(BIND.format(source=source, target=someone.config.parent))
    someone.to(server, through=mounted.through).succeeded()
    assert someone.entry(server.host, source / "config.json") == f"{USER}:{TOKEN}"
    assert names(source) == ["config.json"]


# What a run leaves that was killed while it wrote through: half a file, and the whole copy.

def test_the_copy_of_a_killed_run_is_used_and_goes(someone, server, space):
    (someone.home / "copy").write_text('{"auths":{"other.example":{"auth":"YTpi"}}}')
    mounted, source = bind(someone, space, '\0"auths":{"other.exam')
    copy = someone.config.parent / COPY.format(inode=source.stat().st_ino)
    (someone.home / "copy").rename(copy)
    result = someone.to(server, "--in-place", through=mounted.through)
    assert result.status == 0 and "half written" in result.stderr, result
    assert someone.entry("other.example", source) == "a:b"
    assert someone.entry(server.host, source) == f"{USER}:{TOKEN}"
    assert names(someone.config.parent) == ["config.json"]


def test_the_copy_of_what_is_not_mounted_now_stays(someone, server, space):
    """A run between two mounts of the file must not take its only whole text for litter."""
    source = someone.home / "mounted.json"
    source.write_text('\0"auths":{"other.exam')
    source.chmod(0o600)
    someone.write_config(EMPTY)
    copy = someone.config.parent / COPY.format(inode=source.stat().st_ino)
    copy.write_text('{"auths":{"other.example":{"auth":"YTpi"}}}')
    copy.chmod(0o600)
    settle(someone)
    someone.mounted_files = {source, copy}
    someone.to(server).succeeded()
    assert copy.exists()
    server.token = OTHER_TOKEN
    mounted = space(BIND.format(source=source, target=someone.config))
    result = someone.to(server, "--in-place", through=mounted.through)
    assert result.status == 0 and "half written" in result.stderr, result
    assert someone.entry("other.example", source) == "a:b"
    assert names(someone.config.parent) == ["config.json"]


def test_what_others_may_write_through_need_not_be_ours(ordinary, server, space):
    mounted, source = bind(ordinary, space)
    give(source, "root", "root")
    source.chmod(0o666)
    ordinary.to(server, "--in-place", through=mounted.through).succeeded()
    assert ordinary.entry(server.host, source) == f"{USER}:{TOKEN}"
    assert owner(source) == (0, 0)


def test_a_mounted_file_that_is_locked(someone, server, space):
    mounted, source = bind(someone, space)
    with open(source, "rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        someone.to(server, "--in-place", "--timeout", "2", through=mounted.through).failed(
            8, str(someone.config), "locked by another process", "hint: ")
    assert source.read_text() == EMPTY


# A full disk: a small tmpfs over HOME, filled to the last byte.

def fill(home, text=None, size="64k"):
    """Mount a tmpfs with a config.json of this text, and leave no room in it."""
    lines = [f"mount -t tmpfs -o size={size},mode=777 tmpfs '{home}'"]
    if text is not None:
        lines += [f"install -d -m 777 '{home}/.docker'",
                  f"printf '%s' '{text}' >'{home}/.docker/config.json'",
                  f"chmod 666 '{home}/.docker/config.json'",
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
    someone.to(server, through=mounted.through).failed(8, str(someone.config), "no space left")
    assert config.read_text() == text
    assert (config.stat().st_ino, config.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert names(config.parent) == ["config.json"]


def test_a_full_disk_gets_no_first_file(someone, server, space):
    mounted = space(*fill(someone.home))
    someone.to(server, through=mounted.through).failed(8, str(someone.config), "no space left")
    assert not list(mounted.path(someone.home).rglob("*.json*"))


def test_a_disk_that_fills_while_the_file_is_written_through(someone, server, space):
    """The file is put back as it was, and the copy goes. The file is on a disk of its own."""
    disk = someone.work / "disk"
    disk.mkdir()
    someone.write_config("not this one")
    settle(someone)
    mounted = space(*fill(disk, LONG), BIND.format(source=disk / ".docker/config.json",
                                                   target=someone.config))
    someone.to(server, "--in-place", through=mounted.through).failed(
        8, str(someone.config), "no space left")
    assert mounted.path(someone.config).read_text() == LONG
    assert names(someone.config.parent) == ["config.json"]


def test_a_full_disk_that_has_room_again(someone, server, space):
    mounted = space(*fill(someone.home, EMPTY))
    someone.to(server, through=mounted.through).failed(8)
    os.unlink(mounted.path(someone.home / "filler"))
    someone.to(server, through=mounted.through).succeeded()
    stored = mounted.path(someone.config)
    assert someone.entry(server.host, stored) == f"{USER}:{TOKEN}"
    assert names(stored.parent) == ["config.json"]
