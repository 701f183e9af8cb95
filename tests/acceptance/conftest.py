"""One stack for all acceptance tests; a new home for each."""

import itertools
import shutil
import tempfile
from pathlib import Path

import pytest

from harness import Login
from person import Person
from stack import Stack, missing_parts

STACK = pytest.StashKey()
numbers = itertools.count(1)


@pytest.fixture(scope="session")
def stack(request, binary):
    """The real registry and engines, with the program on their PATH."""
    missing = missing_parts()
    if missing:
        pytest.fail(f"cannot run here; missing: {', '.join(missing)}", pytrace=False)
    # Not below pytest's own directory, which an ordinary user may not enter.
    with tempfile.TemporaryDirectory(prefix="ghcr-login-stack-") as directory:
        with Stack(Path(directory)) as running:
            shutil.copy(binary, running.directory / "bin" / "ghcr-login")
            request.config.stash[STACK] = running
            yield running
            del request.config.stash[STACK]


def new_person(stack, ordinary):
    directory = stack.directory / f"person-{next(numbers)}"
    directory.mkdir()
    directory.chmod(0o711)
    login = Login(stack.directory / "bin" / "ghcr-login", directory, stack.own.ca)
    if ordinary:
        for path in (login.home, login.tmp):
            shutil.chown(path, "nobody", "nogroup")
    return Person(stack, login, ordinary)


@pytest.fixture
def person(stack):
    return new_person(stack, ordinary=False)


@pytest.fixture
def ordinary_person(stack):
    return new_person(stack, ordinary=True)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    """Attach the daemons' logs to the report of a failure."""
    report = (yield).get_result()
    stack = item.config.stash.get(STACK, None)
    if report.failed and stack:
        report.sections.append(("logs of the stack", stack.sandbox.log_tails()))
