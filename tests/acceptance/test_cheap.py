"""What a login costs: one connection, five round trips, one CA. See scripts/bench.sh, too."""

import re
import shutil
import time

import pytest

from bench_registry import FAR_ADDRESS, far_connections, mounted, start_relay, write_hosts
from harness import USER
from stack import SYSTEM_TRUST

LOGIN = ["ghcr-login", "-u", USER]
ROUND_TRIP_MS = 200     # so long that a busy machine does not make one more
BUNDLE = f"{SYSTEM_TRUST}/ca-certificates.crt"
READ = re.compile(r"read\(\d+<([^>]*)>.* = (\d+)$", re.MULTILINE)


@pytest.fixture(scope="module")
def far(stack):
    """What is mounted where ghcr.io is far away."""
    start_relay(stack.sandbox, ROUND_TRIP_MS)
    return {write_hosts(stack.directory, FAR_ADDRESS): "/etc/hosts"}


@pytest.fixture
def log_in(stack, person):
    """A function that logs in, with these mounts, through this command; it returns the seconds."""
    token = stack.new_token()
    person.login.protect(token)

    def run(mounts, through=()):
        command = mounted(mounts, [*through, *LOGIN])
        environment = stack.environment(person.home, GHCR_TOKEN=token)
        began = time.monotonic()
        done = stack.run(command, env=environment)
        seconds = time.monotonic() - began
        assert done.returncode == 0, done.stderr
        person.login.check_leaks({"stdout": done.stdout.encode(), "stderr": done.stderr.encode()},
                                 {person.config})
        return seconds

    return run


@pytest.fixture
def read_by(log_in, stack):
    """A function that returns {file: bytes read} of a login with these mounts."""
    def run(mounts):
        trace = stack.directory / "trace"
        log_in(mounts, ["strace", "-f", "-y", "-s", "0", "-e", "trace=read,pread64",
                        "-o", trace])
        found = {}
        for path, count in READ.findall(trace.read_text()):
            found[path] = found.get(path, 0) + int(count)
        assert any("libcurl" in path for path in found), "strace has not seen it all"
        return {path: count for path, count in found.items()
                if path.startswith((str(SYSTEM_TRUST), "/usr/share/ca-certificates"))}

    return run


def test_one_connection_with_the_real_registry(log_in, stack, far):
    connections, requests = far_connections(stack.sandbox), len(stack.traffic())
    log_in(far)
    assert far_connections(stack.sandbox) - connections == 1
    asked = stack.traffic()[requests:]
    assert [each[3].partition("?")[0] for each in asked] == ["/v2/", "/token", "/v2/"]
    assert len({connection for connection, *_ in asked}) == 1


def test_five_round_trips_from_cold(log_in, far):
    """TCP, TLS 1.3 and three requests. The quickest of several: what is slower is the machine."""
    near_seconds = min(log_in({}) for _ in range(5))
    far_seconds = min(log_in(far) for _ in range(3))
    assert 4.5 < (far_seconds - near_seconds) * 1000 / ROUND_TRIP_MS < 5.5


def test_one_ca_is_read_where_the_hashed_directory_has_it(read_by):
    read = read_by({})
    assert len(read) == 1, read
    assert BUNDLE not in read
    assert sum(read.values()) < 8192, read


def test_the_bundle_is_read_where_the_directory_does_not_know_the_ca(read_by, stack, person):
    trust = person.login.directory / "trust"
    shutil.copytree(stack.directory / "trust", trust, symlinks=True)
    (link,) = [path for path in trust.iterdir()
               if path.is_symlink() and path.readlink().name == "throwaway.pem"]
    link.unlink()
    (trust / "throwaway.pem").unlink()
    read = read_by({trust: SYSTEM_TRUST})
    assert read[BUNDLE] >= (trust / "ca-certificates.crt").stat().st_size
