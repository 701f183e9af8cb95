"""Root, and somebody who is not.

A test that this user, or the root of this container, cannot run is skipped. What that is, is tried:
root may lack capabilities, be held by seccomp, or be root of a user namespace alone.
"""

import contextlib
import functools
import os
import subprocess
import tempfile
from pathlib import Path

import pytest

from github_api import GitHubApi
from harness import TOKEN, USER, Login
from people import ORDINARY, Space, give


CAP_SYS_PTRACE = 19


@functools.cache
def _try(*argv):
    """What a command that fails says."""
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          check=False)
    return None if done.returncode == 0 else done.stderr.strip() or f"status {done.returncode}"


def needs_root():
    """For a test that becomes another user."""
    error = _try(*ORDINARY, "true")
    if error:
        pytest.skip(f"needs root: {error}")


def needs_namespaces():
    """For a test that makes mounts, or a network or a table of processes of its own."""
    needs_root()    # that of a user namespace may make some mounts
    error = _try("unshare", "--mount", "--net", "--pid", "--fork", "sh", "-c",
                 "mount -t tmpfs tmpfs /tmp && ip link set lo up")
    if error:
        pytest.skip(f"needs root that may make namespaces (in a container: --privileged): {error}")


def can_trace():
    """Whether the program, which nobody may trace, can be looked into all the same."""
    held = int(Path("/proc/self/status").read_text().split("CapEff:")[1].split()[0], 16)
    return held >> CAP_SYS_PTRACE & 1 == 1


def needs_tracing():
    if not can_trace():
        pytest.skip("needs root that may trace: the program is not dumpable")


def mount_bindfs(back, at, *options):
    """Mount a directory a second time. Needs root and FUSE."""
    needs_namespaces()
    done = subprocess.run(["bindfs", *options, back, at], capture_output=True, text=True,
                          check=False)
    if done.returncode != 0 and _try("sh", "-c", ": <>/dev/fuse"):
        pytest.skip("needs /dev/fuse")
    assert done.returncode == 0, done.stderr


def own_address(last):
    """A loopback address at whose low ports nothing of another process listens."""
    return f"127.{53 + os.getpid() % 200}.{os.getpid() // 200 % 250}.{last}"


@contextlib.contextmanager
def person(login, through, *ids):
    """A login by somebody who is not root, in a home of their own."""
    needs_root()
    # Not below pytest's own directory, which an ordinary user may not enter.
    with tempfile.TemporaryDirectory(prefix="ghcr-login-") as directory:
        Path(directory).chmod(0o755)
        made = Login(login.binary, directory, login.ca_file, through=through)
        made.registries = login.registries
        for path in (made.home, made.work, made.tmp):
            give(path, *ids)
        yield made


@pytest.fixture
def ordinary(login):
    """A login by somebody who is not root."""
    with person(login, ORDINARY) as made:
        yield made


@pytest.fixture(params=["root", "ordinary"])
def someone(request, login):
    """A login by root, and by somebody who is not."""
    if request.param == "root":
        return login
    return request.getfixturevalue("ordinary")


@pytest.fixture
def space():
    """A function that makes a Space with these mounts."""
    needs_namespaces()
    made = []

    def make(*setup):
        made.append(Space(*setup))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def bare_login(login):
    """A function that logs in to a server with no arguments but those given: no --cacert."""
    def run(server, *args, **how):
        how.setdefault("stdin", f"{TOKEN}\n".encode())
        return login("-u", USER, "--password-stdin", *args, server.host, **how)
    return run


@pytest.fixture
def github(ghcr, ca):
    """A function that starts GitHub's API beside ghcr.io, under the name api.github.com."""
    def start(token=TOKEN, name="api.github.com", **options):
        api = GitHubApi(ca.issue(name), token=token, **options)
        ghcr.login.registries.append(api)       # to be stopped, and its token to be looked for
        ghcr.proxy.routes[f"{name}:443"] = api.port
        return api
    return start
