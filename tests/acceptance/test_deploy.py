"""scripts/deploy.sh, over a real sshd: the static executable gets to a host and logs in there."""

import itertools
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from bench_registry import mounted
from harness import USER
from stack import PATH

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "scripts" / "deploy.sh"
SSHD = """\
ListenAddress 127.0.0.1:{port}
HostKey {directory}/host_key
AuthorizedKeysFile {directory}/user_key.pub
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
"""
SSH = """\
#!/bin/sh
exec {ssh} -F none -p {port} -i '{directory}/user_key' -o IdentitiesOnly=yes \\
    -o UserKnownHostsFile='{directory}/known_hosts' -o StrictHostKeyChecking=yes "$@"
"""
ports = itertools.count(2222)


class Host:
    """A machine with sshd, on 127.0.0.1, whose users have homes below `directory`."""

    def __init__(self, stack, login):
        self.stack, self.login, self.directory = stack, login, login.directory / "host"
        self.directory.mkdir()
        self.port = next(ports)
        self.homes, self.bin = {}, self.directory / "bin"
        self.bin.mkdir()
        users = ""
        for name, identity in (("root", 0), ("deploy", 65534), ("sshd", 65533)):
            self.homes[name] = self.directory / name
            self.homes[name].mkdir()
            os.chown(self.homes[name], identity, identity)
            users += f"{name}:*:{identity}:{identity}::{self.homes[name]}:/bin/sh\n"
        (self.directory / "passwd").write_text(users)
        for key in ("host_key", "user_key"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f",
                            self.directory / key], check=True, timeout=30)
        public = (self.directory / "host_key.pub").read_text()
        (self.directory / "known_hosts").write_text(f"[127.0.0.1]:{self.port} {public}")
        (self.directory / "sshd_config").write_text(
            SSHD.format(port=self.port, directory=self.directory))
        self.commands = self.directory / "commands"
        self.commands.mkdir()
        (self.commands / "ssh").write_text(
            SSH.format(port=self.port, directory=self.directory, ssh=shutil.which("ssh")))
        (self.commands / "ssh").chmod(0o755)
        self.login.directory.chmod(0o755)   # every user has to come to his home
        for path in (self.directory, self.directory / "passwd", self.directory / "user_key.pub"):
            path.chmod(0o755)
        self._start()

    def _start(self):
        sshd = shutil.which("sshd", path=PATH)
        self.stack.run(["mkdir", "-p", "/run/sshd"])
        mounts = {self.directory / "passwd": "/etc/passwd", self.bin: "/usr/local/bin"}
        self.stack.sandbox.start(f"sshd-{self.port}", mounted(
            mounts, [sshd, "-D", "-e", "-f", self.directory / "sshd_config"]))
        listening = ["ss", "--no-header", "--listening", "--tcp", "--numeric",
                     f"src 127.0.0.1:{self.port}"]
        self.stack.sandbox.wait_until("sshd", lambda: self.stack.run(listening).stdout)

    def deploy(self, user, *args, stdin="", through=(), config=None, script=DEPLOY):
        done = self.stack.run(
            [*through, script, f"{user}@127.0.0.1", *args], input=stdin,
            env={"PATH": f"{self.commands}:{PATH}", "HOME": str(self.login.home),
                 "TMPDIR": str(self.login.tmp)})
        self.login.check_leaks({"stdout": done.stdout.encode(), "stderr": done.stderr.encode()},
                               {config or self.homes[user] / ".docker" / "config.json"})
        assert not list(self.login.tmp.iterdir())
        return done


@pytest.fixture
def host(stack, person):
    return Host(stack, person.login)


@pytest.fixture
def token(stack, person):
    person.login.protect(token := stack.new_token())
    return token


@pytest.mark.parametrize("user, place", [("root", "bin"), ("deploy", "deploy/.local/bin")])
def test_a_login_over_ssh(host, token, user, place):
    trace = host.login.directory / "trace"
    done = host.deploy(user, "-u", USER, stdin=f"{token}\n",
                       through=["strace", "-f", "-qq", "-s", "4096", "-e", "trace=execve",
                                "-o", trace])
    assert (done.returncode, done.stderr) == (0, ""), done
    assert done.stdout.startswith("Login Succeeded: ghcr.io"), done
    config = host.homes[user] / ".docker" / "config.json"
    assert host.login.entry("ghcr.io", config) == f"{USER}:{token}"
    assert [path.name for path in (host.directory / place).iterdir()] == ["ghcr-login"]
    assert "ghcr-login" in trace.read_text() and token not in trace.read_text()


def test_the_status_is_that_of_the_login(host, token):
    assert host.deploy("deploy", "-u", USER).returncode == 3
    host.login.protect(unknown := host.stack.unknown_token())
    assert host.deploy("deploy", "-u", USER, stdin=unknown).returncode == 4


def test_words_arrive_as_they_are(host, token):
    """As the name of a directory; a shell must not get at them."""
    directory = host.homes["deploy"] / "a  b'c\"d$HOME;e"
    config = directory / "config.json"
    done = host.deploy("deploy", "-u", USER, "--config", directory, stdin=token, config=config)
    assert done.returncode == 0 and config.exists(), done


def test_the_copy_alone(host):
    done = host.deploy("deploy")
    assert done.stdout.startswith("ghcr-login ") and done.returncode == 0, done
    assert host.deploy("deploy").stdout == done.stdout


def test_a_host_that_is_not_there(host):
    for path in host.commands.iterdir():
        path.write_text("#!/bin/sh\necho no route >&2\nexit 255\n")
    done = host.deploy("deploy", "-u", USER)
    assert done.returncode == 1 and "cannot reach" in done.stderr, done


@pytest.mark.parametrize("machine, word", [
    ("Darwin arm64", "'Darwin arm64'"), ("Linux aarch64", "build-static.sh makes it")])
def test_a_host_of_another_kind(host, person, machine, word):
    """The second where no executable for it was built."""
    scripts = person.login.directory / "tree" / "scripts"
    scripts.mkdir(parents=True)
    shutil.copy(DEPLOY, scripts)
    for path in host.commands.iterdir():
        path.write_text(f"#!/bin/sh\necho {machine}\n")
    done = host.deploy("deploy", "-u", USER, script=scripts / DEPLOY.name)
    assert done.returncode == 1 and word in done.stderr, done
