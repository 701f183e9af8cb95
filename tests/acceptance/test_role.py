"""scripts/examples/ansible-role, in real plays over ssh: installs, logs in, and says what changed."""

import hashlib
import re
import shutil
import subprocess

import pytest
import yaml

from example_runners import EXAMPLES, STATIC, TAG, serve_release
from harness import USER
from machine import Machine

CHECKSUM = "0123..."    # what the README leaves to fill in
README = (EXAMPLES / "README.md").read_text()
PLAY = re.search(r"^```yaml\n(- hosts: .*?)^```$", README, re.MULTILINE | re.DOTALL)[1]
PLACES = {"root": "bin/ghcr-login", "deploy": "deploy/.local/bin/ghcr-login"}


class Play:
    """The play of the examples' README, with the role beside it and the token in a vault."""

    def __init__(self, stack, login, user, token):
        self.machine = Machine(stack, login)
        self.machine.start_sshd()
        self.user, self.token = user, token
        self.directory = login.directory / "play"
        shutil.copytree(EXAMPLES / "ansible-role", self.directory / "roles" / "ghcr_login")
        self.password = self.directory / "password"
        self.password.write_text("throwaway\n")
        self.environment = self.machine.client_environment(
            ANSIBLE_VAULT_PASSWORD_FILE=str(self.password), ANSIBLE_PIPELINING="1",
            ANSIBLE_SSH_ARGS="-C -o ControlMaster=auto -o ControlPersist=5", ANSIBLE_NOCOLOR="1")
        self.give(token)
        self.repository = serve_release(self.machine)
        self.checksum = hashlib.sha256(STATIC.read_bytes()).hexdigest()

    @property
    def program(self):
        return self.machine.directory / PLACES[self.user]

    @property
    def config(self):
        return self.machine.config(self.user)

    def give(self, token):
        self.machine.login.protect(token)
        (self.directory / "secrets.yml").unlink(missing_ok=True)
        subprocess.run(["ansible-vault", "encrypt", "--output", self.directory / "secrets.yml"],
                       input=f'ghcr_token: "{token}"\n', env=self.environment, text=True,
                       capture_output=True, timeout=60, check=True)

    def run(self, *args, without=None, **variables):
        (play,) = yaml.safe_load(PLAY.replace(CHECKSUM, self.checksum))
        (role,) = play["roles"]
        assert role["ghcr_login_version"] == TAG[1:]
        role.update(ghcr_login_repository=self.repository, **variables)
        role.pop(without, None)
        (self.directory / "play.yml").write_text(yaml.safe_dump([play]))
        done = self.machine.stack.run(
            ["ansible-playbook", "-v", "-i", "127.0.0.1,", "-u", self.user, *args,
             self.directory / "play.yml"], env=self.environment)
        self.machine.login.check_leaks(
            {"stdout": done.stdout.encode(), "stderr": done.stderr.encode()}, {self.config})
        return done


@pytest.fixture
def play(stack, person):
    return Play(stack, person.login, "deploy", stack.new_token())


def changed(done):
    assert done.returncode == 0, done.stdout + done.stderr
    return int(re.search(r"changed=(\d+)", done.stdout)[1])


@pytest.mark.parametrize("user", PLACES)
def test_it_installs_and_logs_in_and_is_then_unchanged(stack, person, user):
    play = Play(stack, person.login, user, stack.new_token())
    assert changed(play.run("--check")) > 0
    assert not play.program.exists() and not play.config.exists()
    assert changed(play.run(ghcr_login_options=["--can-pull", stack.ghcr.image])) > 0
    assert play.program.read_bytes() == STATIC.read_bytes()
    assert play.program.stat().st_mode & 0o7777 == 0o755
    assert play.machine.login.entry("ghcr.io", play.config) == f"{USER}:{play.token}"
    for path in (play.program, play.config):
        assert path.stat().st_uid == play.machine.homes[play.user].stat().st_uid
    before = [path.stat() for path in (play.program, play.config)]
    assert changed(play.run()) == changed(play.run("--check")) == 0
    assert [path.stat().st_mtime_ns for path in (play.program, play.config)] == [
        each.st_mtime_ns for each in before]


def test_a_new_token_and_an_older_program(play):
    """Check mode tells of both and changes neither."""
    older = "#!/bin/sh\ncat >/dev/null\necho '{\"changed\":true}'\n"
    play.program.parent.mkdir(parents=True)
    play.program.write_text(older)
    play.program.chmod(0o755)
    owner = play.machine.homes[play.user].stat()
    for path in (play.program, play.program.parent, play.program.parent.parent):
        shutil.chown(path, owner.st_uid, owner.st_gid)
    assert changed(play.run("--check")) == 2
    assert play.program.read_text() == older and not play.config.exists()
    assert changed(play.run()) == 2
    assert play.program.read_bytes() == STATIC.read_bytes() and play.config.exists()


def test_a_wrong_checksum(play):
    play.checksum = "0" * 64
    done = play.run()
    assert done.returncode != 0 and "checksum" in done.stdout, done
    assert not play.program.exists() and not play.config.exists()


@pytest.mark.parametrize("token, words", [("", "standard input is empty"),
                                          (None, "refused the credential")])
def test_a_login_that_fails_says_why(play, token, words):
    play.give(play.machine.stack.unknown_token() if token is None else token)
    done = play.run()
    assert done.returncode != 0 and words in done.stdout, done
    assert not play.config.exists()


def test_what_is_required_is_named(play):
    done = play.run(without="ghcr_login_username")
    assert done.returncode != 0 and "ghcr_login_username" in done.stdout, done
