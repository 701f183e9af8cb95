"""Root, and somebody who is not."""

import os
import tempfile
from pathlib import Path

import pytest

from github_api import GitHubApi
from harness import TOKEN, USER, Login
from people import ORDINARY, Space, give


def needs_root():
    if os.geteuid() != 0:
        pytest.skip("needs root")


def own_address(last):
    """A loopback address at whose low ports nothing of another process listens."""
    return f"127.{53 + os.getpid() % 200}.{os.getpid() // 200 % 250}.{last}"


@pytest.fixture
def ordinary(binary, login):
    """A login by somebody who is not root, in a home of their own."""
    needs_root()
    # Not below pytest's own directory, which an ordinary user may not enter.
    with tempfile.TemporaryDirectory(prefix="ghcr-login-") as directory:
        Path(directory).chmod(0o755)
        person = Login(binary, directory, login.ca_file, through=ORDINARY)
        person.registries = login.registries
        for path in (person.home, person.work, person.tmp):
            give(path)
        yield person


@pytest.fixture(params=["root", "ordinary"])
def someone(request, login):
    """A login by root, and by somebody who is not."""
    if request.param == "root":
        return login
    return request.getfixturevalue("ordinary")


@pytest.fixture
def space():
    """A function that makes a Space with these mounts."""
    needs_root()
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
