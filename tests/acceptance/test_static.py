"""The static executable: alone in an empty root it logs in, and sooner than the dynamic one."""

import itertools
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bench_registry import BenchRegistry, mounted, start_relay
from harness import USER
from stack import ADDRESS, PATH

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "build" / "static" / "ghcr-login"
AARCH64 = ROOT / "build" / "static-aarch64" / "ghcr-login"
# What is released comes from Debian 12; later versions of OpenSSL are longer.
SIZE_MAX = 6_000_000 if "(bookworm)" in Path("/etc/os-release").read_text() else 9_500_000
ADDRESS_6 = "2001:db8::1"
NAME_SERVERS = (f"127.0.0.{number}" for number in itertools.count(53))
# Where common systems keep their roots: src/registry/trust.c has them all, a few are tried.
BUNDLES = ["etc/ssl/certs/ca-certificates.crt", "etc/ssl/ca-bundle.pem",
           "etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "etc/ssl/cert.pem"]


@pytest.fixture(scope="module")
def program():
    if not os.access(PROGRAM, os.X_OK):
        pytest.fail(f"{PROGRAM} is not there: run scripts/build-static.sh", pytrace=False)
    return PROGRAM


class EmptyRoot:
    """A root with the program, /etc/hosts, /etc/resolv.conf and a CA bundle, and nothing else."""

    def __init__(self, stack, person, program):
        self.stack, self.login = stack, person.login
        self.directory = person.login.directory / "root"
        self.login.protect(token := stack.new_token())
        self.token = token
        shutil.copy(program, self.write("ghcr-login", ""))
        self.write("etc/hosts", f"{ADDRESS} ghcr.io\n")
        self.write("etc/resolv.conf", "")

    def write(self, name, text):
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def trust(self, name=BUNDLES[0]):
        shutil.copy(self.stack.ghcr.ca, self.write(name, ""))

    def ask(self, *servers):
        """Names come from these name servers alone."""
        self.write("etc/hosts", "127.0.0.1 localhost\n")
        self.write("etc/resolv.conf", "options timeout:1\n" + "".join(
            f"nameserver {each}\n" for each in servers))

    def run(self, *args, config="root/.docker/config.json", **environment):
        environment = {"HOME": "/root", "GHCR_TOKEN": self.token, **environment}
        done = self.stack.run([shutil.which("chroot", path=PATH), self.directory, "/ghcr-login", "-u", USER, *args],
                              env={name: text for name, text in environment.items() if text})
        self.login.check_leaks({"stdout": done.stdout.encode(), "stderr": done.stderr.encode()},
                               {self.directory / config})
        return done

    def succeeds(self, *args, config="root/.docker/config.json", said="", **environment):
        done = self.run(*args, config=config, **environment)
        assert done.returncode == 0 and re.fullmatch(said, done.stderr), done
        assert done.stdout.startswith("Login Succeeded: ghcr.io"), done
        assert self.login.entry("ghcr.io", self.directory / config) == f"{USER}:{self.token}"


@pytest.fixture
def empty_root(stack, person, program):
    return EmptyRoot(stack, person, program)


@pytest.fixture
def name_server(stack):
    """A function that starts a name server in the sandbox and returns its address and its log."""
    def start(*names):
        address = next(NAME_SERVERS)
        daemon = ROOT / "tests" / "support" / "dns_server.py"
        stack.sandbox.start(f"dns-{address}", [sys.executable, "-B", daemon, address, *names])
        ports = ["ss", "--no-header", "--listening", "--udp", "--numeric", f"src {address}:53"]
        stack.sandbox.wait_until("the name server", lambda: stack.run(ports).stdout)
        return address, stack.sandbox.logs / f"dns-{address}.log"

    return start


def test_for_aarch64(stack, person):
    """scripts/package.sh makes it on Debian; here an emulator runs it."""
    if not AARCH64.exists():
        pytest.skip("scripts/build-static.sh aarch64 was not run")
    assert "NEEDED" not in readelf("--dynamic", AARCH64)
    assert AARCH64.stat().st_size <= SIZE_MAX
    program = person.login.directory / "ghcr-login"
    shutil.copy(AARCH64, program)
    person.log_in(stack.new_token(), f"qemu-aarch64-static {program} -u $USER")


def readelf(option, program):
    return subprocess.run(["readelf", "--wide", option, program], check=True, text=True,
                          capture_output=True, env={"LC_ALL": "C"}).stdout


def test_nothing_is_loaded(program):
    assert "NEEDED" not in readelf("--dynamic", program)
    assert "INTERP" not in readelf("--program-headers", program)
    assert ".symtab" not in readelf("--section-headers", program)
    shown = subprocess.run(["file", program], check=True, capture_output=True, text=True).stdout
    assert "statically linked" in shown or "static-pie linked" in shown
    assert program.stat().st_size <= SIZE_MAX


def test_the_oldest_kernel_is_the_one_of_the_readme(program):
    oldest = re.search(r"OS: Linux, ABI: (\d+\.\d+)\.", readelf("--notes", program))[1]
    assert f"on any Linux (x86-64 from {oldest}, " in (ROOT / "README.md").read_text()


@pytest.mark.parametrize("bundle", BUNDLES)
def test_in_an_empty_root(empty_root, bundle):
    empty_root.trust(bundle)
    before = {path.name for path in empty_root.directory.rglob("*")}
    empty_root.succeeds("--can-pull", empty_root.stack.ghcr.image)
    assert {path.name for path in empty_root.directory.rglob("*")} - before == {
        "root", ".docker", "config.json"}


def test_without_roots(empty_root):
    done = empty_root.run()
    assert done.returncode == 5 and "certificate" in done.stderr, done


def test_a_token_that_is_refused(empty_root):
    empty_root.trust()
    empty_root.login.protect(unknown := empty_root.stack.unknown_token())
    done = empty_root.run(GHCR_TOKEN=unknown)
    assert done.returncode == 4, done
    assert not (empty_root.directory / "root").exists()


def test_the_home_of_the_user_database(empty_root):
    empty_root.trust()
    empty_root.write("etc/passwd", "x:x:7:7::/x:\nroot:x:0:0:root:/somewhere:/bin/sh\n")
    empty_root.succeeds(HOME="", config="somewhere/.docker/config.json")


def test_for_another_user(empty_root):
    """With the groups of /etc/group: the directory may be entered only by one of them."""
    empty_root.trust()
    empty_root.write("etc/passwd", "root:x:0:0::/root:/bin/sh\nci:x:1234:1234::/home/ci:/bin/sh\n")
    empty_root.write("etc/group", "root:x:0:\nother:x:5:root,x\nteam:x:77:x,ci\nci:x:1234:\n")
    home = empty_root.directory / "home" / "ci"
    home.mkdir(parents=True)
    os.chown(home, 1234, 1234)
    os.chown(home.parent, 0, 77)
    home.parent.chmod(0o710)
    empty_root.succeeds("--for-user", "ci", config="home/ci/.docker/config.json")
    status = (home / ".docker" / "config.json").stat()
    assert (status.st_uid, status.st_gid) == (1234, 1234)
    done = empty_root.run("--for-user", "nobody", config="home/ci/.docker/config.json")
    assert done.returncode == 2, done


@pytest.mark.parametrize("database", [None, "", "broken\n", "x:x:7:7::/x:\n"])
def test_no_home_at_all(empty_root, database):
    empty_root.trust()
    if database is not None:
        empty_root.write("etc/passwd", database)
    done = empty_root.run(HOME="")
    assert done.returncode == 8 and "HOME is not set" in done.stderr, done


def test_a_name_server(empty_root, name_server):
    address, log = name_server(f"ghcr.io={ADDRESS}")
    empty_root.trust()
    empty_root.ask(address)
    empty_root.succeeds()
    assert "A ghcr.io" in log.read_text().splitlines()


def test_the_second_name_server_when_the_first_is_dead(empty_root, name_server):
    address, _ = name_server(f"ghcr.io={ADDRESS}")
    empty_root.trust()
    empty_root.ask("127.0.0.2", address)
    # c-ares turns to the second after some seconds, at which the program says that it waits.
    empty_root.succeeds(said=r"(ghcr-login: waiting for 'ghcr\.io', .*\n)?")


def test_over_ipv6(empty_root, name_server, stack):
    start_relay(stack.sandbox, 0, ADDRESS_6)
    address, log = name_server(f"ghcr.io={ADDRESS_6}")
    empty_root.trust()
    empty_root.ask(address)
    empty_root.succeeds()
    assert "AAAA ghcr.io" in log.read_text().splitlines()


def test_a_name_that_is_not_there(empty_root, name_server):
    address, _ = name_server()
    empty_root.trust()
    empty_root.ask(address)
    done = empty_root.run("--retries", "0")
    assert done.returncode == 5 and "resolve" in done.stderr, done


def test_the_host_s_shared_objects_are_left_alone(stack, person, program):
    """A host that has all of them, and an nsswitch.conf and openssl.cnf that name more."""
    person.login.protect(token := stack.new_token())
    names, users = (person.login.directory / name for name in ("nsswitch.conf", "passwd"))
    names.write_text("passwd: systemd sss files\nhosts: files resolve mdns4 dns\n")
    users.write_text(f"root:x:0:0::{person.home}:/bin/sh\n")
    trace = person.login.directory / "trace"
    done = stack.run(
        mounted({names: "/etc/nsswitch.conf", users: "/etc/passwd"},
                ["strace", "-f", "-e", "trace=open,openat", "-o", trace, program, "-u", USER]),
        env={**stack.environment(person.home, GHCR_TOKEN=token), "HOME": ""})
    assert done.returncode == 0, done
    opened = trace.read_text()
    assert person.login.entry("ghcr.io") == f"{USER}:{token}"
    assert "/etc/passwd" in opened and "/etc/hosts" in opened
    assert ".so" not in opened and "openssl.cnf" not in opened


def medians(registry, command, programs, home):
    """Return the median seconds that each of the programs takes."""
    results = registry.directory / "hyperfine.json"
    done = registry.run(
        ["hyperfine", "--shell=none", "--warmup=5", "--runs=40", "--style=none",
         f"--export-json={results}", *(command.format(program=each) for each in programs)],
        env=registry.environment(home, GHCR_TOKEN=registry.token))
    assert done.returncode == 0, done
    return [each["median"] for each in json.loads(results.read_text())["results"]]


@pytest.mark.parametrize("command", ["{program} --version", "{program} -u octocat"])
def test_it_is_quicker_than_the_dynamic_one(tmp_path, program, binary, command):
    """Over TLS 1.3 alone, against the quickest registry there is."""
    home = tmp_path / "home"
    home.mkdir()
    with BenchRegistry(tmp_path) as registry:
        static, dynamic = medians(registry, command, [program, binary], home)
    print(f"{command}: {static * 1000:.1f} ms, dynamic {dynamic * 1000:.1f} ms")
    assert static < dynamic
