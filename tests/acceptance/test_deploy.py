"""scripts/deploy.sh, over a real sshd: the static executable gets to a host and logs in there."""

import re
import shutil
from pathlib import Path

import pytest

from harness import USER
from machine import Machine

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "scripts" / "deploy.sh"


class Host(Machine):
    """Where scripts/deploy.sh brings the program to; its /usr/local/bin is empty."""

    def __init__(self, stack, login):
        super().__init__(stack, login)
        self.start_sshd()

    def over_ssh(self, user, script):
        return self.stack.run(["ssh", f"{user}@127.0.0.1", script], env=self.client_environment())

    def deploy(self, user, *args, stdin="", through=(), config=None, script=DEPLOY):
        done = self.stack.run(
            [*through, script, f"{user}@127.0.0.1", *args], input=stdin,
            env=self.client_environment())
        self.login.check_leaks({"stdout": done.stdout.encode(), "stderr": done.stderr.encode()},
                               {config or self.config(user)})
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
    assert done.returncode == 0, done
    assert done.stdout.startswith("Login Succeeded: ghcr.io"), done
    assert host.login.entry("ghcr.io", host.config(user)) == f"{USER}:{token}"
    assert {path.name for path in (host.directory / place).iterdir()} == {
        "ghcr-login", "docker-credential-ghcr-login"}
    assert "ghcr-login" in trace.read_text() and token not in trace.read_text()


def test_it_says_where_and_who_finds_it(host):
    """root's place is on the PATH of an ssh command; a user gets the line that helps."""
    done = host.deploy("root")
    assert done.stderr == ("scripts/deploy.sh: installed on 'root@127.0.0.1': "
                           "/usr/local/bin/ghcr-login\n"), done
    assert host.over_ssh("root", "ghcr-login --version").stdout == done.stdout
    (host.directory / "bin" / "ghcr-login").unlink()

    done = host.deploy("deploy")
    place = host.homes["deploy"] / ".local" / "bin" / "ghcr-login"
    assert f"installed on 'deploy@127.0.0.1': {place}\n" in done.stderr
    assert "warning: an ssh command does not find it there" in done.stderr
    assert host.over_ssh("deploy", "ghcr-login --version").returncode == 127
    (advice,) = re.findall(r"^    (PATH=.*)$", done.stderr, re.MULTILINE)
    shown = host.over_ssh("deploy", f"{advice}\nghcr-login --version")
    assert (shown.returncode, shown.stdout) == (0, done.stdout), shown


def test_another_one_that_an_ssh_command_finds(host):
    """It is not the new one that would run."""
    other = host.directory / "bin" / "ghcr-login"
    other.write_text("#!/bin/sh\necho another\n")
    other.chmod(0o755)
    done = host.deploy("deploy")
    assert "warning: an ssh command finds '/usr/local/bin/ghcr-login' first" in done.stderr
    assert done.stdout.startswith("ghcr-login ") and done.returncode == 0, done


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
