"""Where the secret goes: every system call of a login that holds it."""

import base64
import os
import re
import shutil

import pytest

from harness import TOKEN, USER, auth

BYTE = re.compile(r"\\x([0-9a-f]{2})")
READS = {"read", "recvfrom", "recvmsg", "pread64", "readv"}


@pytest.fixture
def trace(tmp_path_factory):
    if os.geteuid() != 0:
        pytest.skip("needs root: the program is not dumpable")
    if not shutil.which("strace"):
        pytest.skip("needs strace")
    return tmp_path_factory.mktemp("trace") / "calls"


def recording(path):
    return ("strace", "-f", "-xx", "-yy", "-s", "1000000", "-o", str(path))


def calls_with(trace, secret):
    """[(call, what its first argument is)] of each call in which `secret` is to be seen."""
    shown = "".join(f"\\x{byte:02x}" for byte in secret.encode())
    found = []
    for line in trace.read_text(encoding="utf-8").splitlines():
        if shown in line:
            _, call, first = re.match(r"(\d+)\s+(?:<\.\.\. )?(\w+)(?:\(([^,)]*)| resumed>)",
                                      line).groups()
            first = BYTE.sub(lambda byte: chr(int(byte.group(1), 16)), first or "")
            found.append((call, first))
    return found


def writes_with(trace, secret):
    return [found for found in calls_with(trace, secret) if found[0] not in READS]


def _is_temporary(name):
    return "/.docker/.config.json.ghcr-login." in name


def _check_stored(trace):
    """The auth value goes into the temporary file once; it is read back from the file."""
    value = auth(USER, TOKEN)
    written = [first for call, first in writes_with(trace, value)
               if "TCP" not in first]
    assert len(written) == 1 and _is_temporary(written[0]), written
    read = [first for call, first in calls_with(trace, value) if call in READS]
    assert all("/.docker/config.json" in first for first in read), read


def test_over_tls_nobody_is_told_but_the_file(login, registry, trace):
    server = registry()
    login.to(server, through=recording(trace)).succeeded()
    _check_stored(trace)
    assert [call for call, _ in calls_with(trace, TOKEN)] == ["read"]     # standard input
    assert not [first for _, first in writes_with(trace, auth(USER, TOKEN)) if "TCP" in first]
    for secret in (*server.issued, f"{USER}:{TOKEN}", base64.b64encode(TOKEN.encode()).decode()):
        assert not calls_with(trace, secret)


def test_in_clear_only_the_registry_is_told(login, registry, trace):
    server = registry(certificate=None)
    login.to(server, through=recording(trace)).succeeded()
    _check_stored(trace)
    assert [call for call, _ in calls_with(trace, TOKEN)] == ["read"]
    sent = [first for _, first in writes_with(trace, auth(USER, TOKEN)) if "TCP" in first]
    sent += [first for bearer in server.issued for _, first in writes_with(trace, bearer)]
    assert len(sent) == 2       # for the token, and with it
    assert all(f"->127.0.0.1:{server.port}]" in first for first in sent), sent
