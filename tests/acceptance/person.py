"""Somebody at a shell on the machine of the stack, and the engines they use."""

import base64
import os
from dataclasses import dataclass

from harness import PASSED_ON, USER, Login
from stack import Stack

LOGIN = "echo $GHCR_TOKEN | ghcr-login -u $USER"
# Every token that the token server signs begins so.
BEARER = base64.b64encode(b'{"typ": "JWT", ').decode()


@dataclass(frozen=True)
class Person:
    """Has a home of their own. An `ordinary` one is not root but may use dockerd, as is usual."""

    stack: Stack
    login: Login
    ordinary: bool = False

    @property
    def home(self):
        return self.login.home

    @property
    def config(self):
        return self.login.config

    def sh(self, script, timeout=30, **environment):
        """Run a shell script as this person; keywords are environment variables."""
        argv = ["sh", "-c", script]
        if self.ordinary:
            argv = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--groups=docker", *argv]
            # A login session has it, and skopeo looks into a directory of root's without.
            environment["XDG_RUNTIME_DIR"] = str(self.login.tmp)
        passed_on = {name: value for name, value in os.environ.items() if PASSED_ON.match(name)}
        return self.stack.run(argv, timeout=timeout, env=self.stack.environment(
            self.home, USER=USER, TMPDIR=str(self.login.tmp), **passed_on, **environment))

    def run_login(self, token, command=LOGIN, config=None):
        """Run the program with `token` in GHCR_TOKEN, and look for leaks."""
        done = self.sh(command, GHCR_TOKEN=token)
        for secret in (token, BEARER):
            self.login.protect(secret)
        self.login.check_leaks({"stdout": done.stdout.encode(), "stderr": done.stderr.encode()},
                               {config or self.config})
        return done

    def log_in(self, token, command=LOGIN, config=None):
        """As run_login(), and it must succeed."""
        done = self.run_login(token, command, config)
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("Login Succeeded"), done.stdout
        assert done.stderr == ""


@dataclass(frozen=True)
class Engine:
    """The shell commands of one engine. `config` tells it of a config.json outside HOME."""

    name: str
    pull: str
    image_id: str
    config: str

    def __str__(self):
        return self.name

    def pulls(self, person, image, config=None):
        """Try to pull `image`; return whether it did, and what it said."""
        option = self.config.format(directory=config.parent) if config else ""
        done = person.sh(self.pull.format(option=option, image=image))
        return done.returncode == 0, done.stdout + done.stderr

    def take_image(self, person, image):
        """Remove the image that pulls() brought, and return its ID."""
        done = person.sh(self.image_id.format(image=image))
        assert done.returncode == 0, done.stderr
        return "sha256:" + done.stdout.split()[0].removeprefix("sha256:")


DOCKER = Engine(
    "docker", config="--config {directory}",
    pull="docker {option} pull {image}",
    image_id="docker image inspect --format '{{{{.Id}}}}' {image} && docker rmi {image} >&2")
PODMAN = Engine(
    "podman", config="--authfile {directory}/config.json",
    pull="podman pull {option} {image}",
    image_id="podman image inspect --format '{{{{.Id}}}}' {image} && podman rmi {image} >&2")
# An image's ID is the digest of its configuration.
SKOPEO = Engine(
    "skopeo", config="--authfile {directory}/config.json",
    pull='skopeo copy {option} docker://{image} "dir:$HOME/image"',
    image_id='skopeo inspect --raw --config "dir:$HOME/image" | sha256sum; rm -r "$HOME/image"')
