"""One home on several hosts: bindfs mounts of one directory stand in for them.

flock(2) is local to each mount, as on NFS; record locks are forwarded to the directory behind it
where bindfs is told to, as NFS does to its server.
"""

import base64
import json
import os
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from conftest import mount_bindfs
from harness import TOKEN, USER

HOSTS, LOGINS = 4, 16
ROUNDS = int(os.environ.get("GHCR_LOGIN_HOSTS_ROUNDS", "3"))
FORWARDED = ["--multithreaded", "--enable-lock-forwarding"]
LOCK = ".config.json.ghcr-login-lock"
OLD_LEFTOVER, NEW_LEFTOVER = ".config.json.ghcr-login.aaaaaa", ".config.json.ghcr-login.bbbbbb"


@pytest.fixture
def hosts(tmp_path):
    """Mount a directory as often as there are hosts; return it and the mounts."""
    mounted = []

    def mount(*options, count=HOSTS, mode=0o700):
        back = tmp_path / "back"
        back.mkdir(mode=mode)
        for number in range(count):
            at = tmp_path / f"host{number}"
            at.mkdir()
            mount_bindfs(back, at, *options, "-o", "attr_timeout=0,entry_timeout=0")
            mounted.append(at)
        return back, list(mounted)

    yield mount
    for at in mounted:
        subprocess.run(["umount", "--lazy", at], check=True)


def start(login, directory, registry, *args):
    """Start a login that asks nobody, so that all the time goes into storing."""
    return subprocess.Popen([login.binary, "-u", USER, "--password-stdin", "--no-verify",
                             "--config", directory, *args, registry], text=True,
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            env={"HOME": str(login.home), "PATH": os.environ["PATH"]})


def store(login, directory, registry, *args):
    process = start(login, directory, registry, *args)
    out, err = process.communicate(TOKEN)
    return process.returncode, out, err


def auths(back):
    return json.loads((back / "config.json").read_bytes())["auths"]


@pytest.mark.parametrize("mode", [0o700, 0o755], ids=oct)
def test_sixteen_at_once_over_four_mounts(login, hosts, mode):
    back, mounts = hosts(*FORWARDED, mode=mode)
    for number in range(ROUNDS):
        names = [f"r{number}-{each}.example" for each in range(LOGINS)]
        with ThreadPoolExecutor(LOGINS) as pool:
            runs = list(pool.map(lambda each: store(login, mounts[each % HOSTS], names[each]),
                                 range(LOGINS)))
        assert [run for run in runs if run[0] != 0 or "warning" in run[2]] == []
        found = auths(back)
        assert [name for name in names if name not in found] == [], f"round {number}"
        assert {base64.b64decode(each["auth"]).decode() for each in found.values()} == {
            f"{USER}:{TOKEN}"}
        assert sorted(os.listdir(back)) == [LOCK, "config.json"]
    assert (back / LOCK).stat().st_mode & 0o777 == 0o600


def test_two_mounts_wait_for_each_other(login, hosts):
    """The side file is locked through one mount, and the directory is not."""
    back, mounts = hosts(*FORWARDED, count=2)
    assert store(login, mounts[0], "first.example")[0] == 0
    holder = subprocess.Popen(["python3", "-c", "import fcntl, sys\n"
                               "lock = open(sys.argv[1], 'r+')\n"
                               "fcntl.lockf(lock, fcntl.LOCK_EX)\n"
                               "print(flush=True)\nsys.stdin.read()", mounts[0] / LOCK],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    holder.stdout.readline()
    status, _, err = store(login, mounts[1], "second.example", "--timeout", "1")
    assert status == 8 and "locked by another process" in err and LOCK in err, err
    assert "second.example" not in auths(back)
    waiting = start(login, mounts[1], "second.example")
    holder.communicate()
    assert waiting.communicate(TOKEN)[1] == "" and waiting.returncode == 0
    assert "second.example" in auths(back)


def test_what_another_host_is_writing_stays(login, hosts):
    """Only what is older than any run gets is taken for what a killed one left."""
    back, mounts = hosts(*FORWARDED, count=1)
    for name in (OLD_LEFTOVER, NEW_LEFTOVER):
        (back / name).write_text("x")
    long_ago = time.time() - 660
    os.utime(back / OLD_LEFTOVER, (long_ago, long_ago))
    status, _, err = store(login, mounts[0], "first.example")
    assert (status, err) == (0, "")
    assert sorted(os.listdir(back)) == [LOCK, NEW_LEFTOVER, "config.json"]
    # On a local file system the lock tells that nobody is at work.
    assert store(login, back, "second.example")[0] == 0
    assert sorted(os.listdir(back)) == [LOCK, "config.json"]


def test_without_forwarded_locks_nothing_is_claimed_that_was_not_read_back(login, hosts):
    """Nothing can protect the entries there; but each run has seen its own."""
    back, mounts = hosts("--multithreaded")
    with ThreadPoolExecutor(LOGINS) as pool:
        runs = list(pool.map(
            lambda each: store(login, mounts[each % HOSTS], f"h{each}.example"), range(LOGINS)))
    assert {run[0] for run in runs} <= {0, 8}, runs
    assert auths(back)


def test_a_file_system_where_chmod_is_denied(login, hosts):
    """As drvfs and CIFS have it: every mode is the same, and none can be changed."""
    back, mounts = hosts("-p", "0777", "--chmod-deny", count=1)
    (back / "config.json").write_text('{"psFormat":"x"}')
    status, _, err = store(login, mounts[0], "first.example")
    assert status == 0 and "(mode 0777)" in err, err
    assert "first.example" in auths(back)
    (back / "config.json").unlink()
    status, _, err = store(login, mounts[0], "second.example")
    assert status == 0 and "(mode 0777)" in err, err
    assert auths(back).keys() == {"second.example"}


@pytest.mark.parametrize("option", ["--delete-deny", "--rename-deny"])
def test_a_file_system_where_nothing_goes_again(login, hosts, option):
    """It is refused by the first trial: each login would leave the old file there, and its token."""
    back, mounts = hosts(option, count=1)
    (back / "config.json").write_text("{}")
    status, _, err = store(login, mounts[0], "first.example")
    assert status == 8 and "cannot write to the directory" in err and "--config DIR" in err, err
    held = {name: (back / name).read_text() for name in os.listdir(back)}
    assert held.pop("config.json") == "{}"
    # What was tried with is empty; where it cannot go, it stays.
    assert list(held.values()) == ([""] if option == "--delete-deny" else [])
