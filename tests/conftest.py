"""Fixtures of the tests that drive the real binary against the loopback registry."""

import os
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "support"))

from certs import CertificateAuthority  # noqa: E402
from harness import TOKEN, USER, Login  # noqa: E402
from proxy import ConnectProxy  # noqa: E402
from registry import Registry  # noqa: E402


@pytest.fixture(scope="session")
def binary():
    """The program under test: a copy, where every user can reach it, whoever owns the checkout."""
    path = ROOT / os.environ.get("GHCR_LOGIN_BIN", "build/dev/ghcr-login")
    if not os.access(path, os.X_OK):
        pytest.fail(f"{path} is not there: build it, or set GHCR_LOGIN_BIN", pytrace=False)
    # Not /tmp, over which a test may mount something.
    with tempfile.TemporaryDirectory(prefix="ghcr-login-bin-", dir="/var/tmp") as directory:
        Path(directory).chmod(0o755)
        copy = Path(directory) / "ghcr-login"
        shutil.copy(path, copy)
        copy.chmod(0o755)
        yield copy


@pytest.fixture(scope="session")
def ca(tmp_path_factory):
    return CertificateAuthority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="session")
def certificate(ca):
    """The certificate of every registry that a test does not give its own."""
    return ca.issue("localhost", "127.0.0.1")


@pytest.fixture(scope="session")
def ghcr_certificate(ca):
    return ca.issue("ghcr.io")


@pytest.fixture
def login(binary, ca, tmp_path):
    return Login(binary, tmp_path, ca.pem)


@pytest.fixture
def registry(login, certificate):
    """A function that starts a registry; it is stopped when the test ends."""
    started = login.registries

    def start(flavour="ghcr", *, certificate=certificate, token=TOKEN, user=USER, **options):
        started.append(Registry(certificate, flavour, user=user, token=token, **options))
        return started[-1]

    yield start
    for one in started:
        one.close()


@pytest.fixture
def server(registry):
    """A registry that speaks plain HTTP: quick, and everybody may read its CA's certificate."""
    return registry(certificate=None)


@dataclass(frozen=True)
class Ghcr:
    """A registry that the program takes for ghcr.io; call it to run the program there."""

    registry: Registry
    proxy: ConnectProxy
    login: Login

    def __call__(self, *args, env=None, **how):
        env = {"https_proxy": self.proxy.url, **(env or {})}
        return self.login("--cacert", self.login.ca_file, *args, env=env, **how)


@pytest.fixture
def ghcr(login, registry, ghcr_certificate):
    server = registry(certificate=ghcr_certificate)
    with ConnectProxy(server.port) as proxy:
        yield Ghcr(server, proxy, login)
