"""A real registry under GHCR's own name, and real engines, in a sandbox.

    with Stack(directory) as stack:
        token = stack.new_token()
        stack.run(["docker", "pull", stack.ghcr.image], env=stack.environment(home))

docker-registry in token mode stands behind nginx with TLS, token_server.py gives out its
tokens, dockerd runs, and a private image is already pushed. The registry has two names:

  stack.ghcr   ghcr.io, vouched for by the sandbox's system trust, as the real one is
  stack.own    registry.example.com:5443, whose CA (`own.ca`) only /etc/docker/certs.d knows

By hand, a command in the sandbox, with GHCR_TOKEN, IMAGE and TRAFFIC_LOG set for it:

    sudo /usr/bin/python3 tests/support/stack.py bash
"""

import json
import os
import secrets
import shutil
import string
import subprocess
import sys
import tempfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import services
from certs import CertificateAuthority
from closing import Closing
from oci_image import Layout
from sandbox import Sandbox
from token_server import make_signer

# Not in 127.0.0.0/8, where dockerd checks no certificate: an address for documentation.
ADDRESS = "192.0.2.1"
REPOSITORY = "octo-org/private"
SYSTEM_TRUST = Path("/etc/ssl/certs")
PATH = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
PROGRAMS = ("ansible-playbook", "docker", "docker-credential-pass", "docker-registry", "dockerd",
            "ip", "nginx", "nsenter", "openssl", "podman", "skopeo", "unshare")


@dataclass(frozen=True)
class Registry:
    """One public name of the registry; `backend` is the port that nginx hands it to."""

    host: str
    port: int
    backend: int
    ca: Path

    @property
    def name(self):
        return self.host if self.port == 443 else f"{self.host}:{self.port}"

    @property
    def image(self):
        return f"{self.name}/{REPOSITORY}:1"


def missing_parts():
    """Return what this machine lacks for a Stack, in words."""
    missing = [] if os.geteuid() == 0 else ["root"]
    return missing + [each for each in PROGRAMS if not shutil.which(each, path=PATH)]


class Stack(Closing):
    """Needs root and a new directory of its own. close() leaves nothing but that directory."""

    def __init__(self, directory):
        self.directory = Path(directory)
        # An ordinary user comes through here to his home and to the program.
        self.directory.chmod(0o711)
        (self.directory / "logs").mkdir()
        self.traffic_log = self.directory / "logs" / "traffic.log"
        self._tokens = {}
        self._podman = services.write_podman(self.directory)
        public, private = (CertificateAuthority(self.directory / name, f"{name} throwaway CA")
                           for name in ("public", "private"))
        self.ghcr = Registry("ghcr.io", 443, 5001, public.pem)
        self.own = Registry("registry.example.com", 5443, 5002, private.pem)
        certificates = {each: authority.issue(each.host)
                        for each, authority in ((self.ghcr, public), (self.own, private))}
        # What is mounted over /etc must be readable by all, whatever the caller's umask is.
        umask = os.umask(0o022)
        try:
            self.sandbox = Sandbox(self.directory, self._world())
        finally:
            os.umask(umask)
        try:
            self._start(certificates, public.issue("api.github.com"))
            self.image_id = self._push_image()
        except BaseException:
            self.close()
            raise

    def new_token(self, *actions):
        """Return a token that may do `actions` (default: pull) with the private image."""
        token = github_token()
        self._tokens[token] = {REPOSITORY: list(actions or ["pull"])}
        self._save_tokens()
        return token

    def expire(self, token, when):
        """From now on GitHub's API says that it ends then: "2026-11-28 08:00:00 UTC"."""
        (self.directory / "expiry.json").write_text(json.dumps({token: when}))

    def unknown_token(self):
        """Return a token that looks as good as any and is not."""
        return github_token()

    def revoke(self, token):
        del self._tokens[token]
        self._save_tokens()

    def environment(self, home, **more):
        """Return the environment of somebody living in `home`, with nothing of our own in it."""
        return {"PATH": f"{self.directory / 'bin'}:{PATH}", "HOME": str(home), "LANG": "C.UTF-8",
                **self._podman, **more}

    def traffic(self):
        """Return what the registry was asked so far: (connection, status, method, path) each."""
        lines = self.traffic_log.read_text().splitlines()
        return [tuple(line.split(" ", 3)) for line in lines]

    def run(self, argv, **options):
        """Run `argv` in the sandbox; see Sandbox.run()."""
        return self.sandbox.run(argv, **options)

    def close(self):
        self.sandbox.close()

    def _save_tokens(self):
        # Replaced, not rewritten: the token server may be reading.
        new = self.directory / "tokens.json.new"
        new.write_text(json.dumps(self._tokens))
        new.replace(self.directory / "tokens.json")

    def _world(self):
        """Write what differs from the host inside the sandbox; return how to put it there."""
        (self.directory / "bin").mkdir()
        hosts, names = self.directory / "hosts", self.directory / "nsswitch.conf"
        hosts.write_text(f"127.0.0.1 localhost\n{ADDRESS} {self.ghcr.host} {self.own.host} "
                         "api.github.com\n")
        names.write_text("passwd: files\ngroup: files\nhosts: files\n")
        certs_d = self.directory / "docker" / "certs.d" / self.own.name
        certs_d.mkdir(parents=True)
        shutil.copy(self.own.ca, certs_d / "ca.crt")
        trust = trusting(self.ghcr.ca, self.directory / "trust")
        mounts = {hosts: "/etc/hosts", names: "/etc/nsswitch.conf", trust: SYSTEM_TRUST,
                  self.directory / "docker": "/etc/docker"}
        return [f"ip addr add {ADDRESS}/32 dev lo",
                *(f"mount --bind '{source}' {target}" for source, target in mounts.items())]

    def _start(self, certificates, api):
        make_signer(self.directory)
        self._save_tokens()
        registries = list(certificates)
        nginx = services.write_proxy(self.directory, ADDRESS, registries, certificates, api)
        start = self.sandbox.start
        start("dockerd", services.dockerd(self.directory), env=self.environment("/root"))
        start("token-server", [sys.executable, Path(__file__).with_name("token_server.py"),
                               self.directory, services.TOKEN_PORT])
        for each in registries:
            configuration = services.write_registry(self.directory, each)
            start(f"registry-{each.host}", ["docker-registry", "serve", configuration])
        start("nginx", ["nginx", "-c", nginx, "-e", "stderr"], env=self.environment("/root"))
        backends = [("127.0.0.1", each.backend) for each in registries]
        self._wait_for_ports(("127.0.0.1", services.TOKEN_PORT), (ADDRESS, self.ghcr.port),
                             (ADDRESS, self.own.port), *backends)

    def _wait_for_ports(self, *addresses):
        script = ("import socket, sys\n"
                  "for address in zip(sys.argv[1::2], sys.argv[2::2]):\n"
                  "    socket.create_connection(address, 5).close()\n")
        command = [sys.executable, "-c", script, *(part for each in addresses for part in each)]
        self.sandbox.wait_until("the registry", lambda: self.run(command).returncode == 0)
        version = ["docker", "version"]
        environment = self.environment(self.directory)
        self.sandbox.wait_until(
            "dockerd", lambda: self.run(version, env=environment).returncode == 0)

    def _push_image(self):
        layout = Layout(self.directory / "image")
        image_id = layout.write_image("1", "greeting", b"pulled with a stored login\n")
        token = self.new_token("pull", "push")
        self.sandbox.check(
            ["skopeo", "copy", "--dest-creds", f"publisher:{token}",
             f"oci:{layout.directory}:1", f"docker://{self.ghcr.image}"],
            env=self.environment(self.directory))
        self.revoke(token)
        return image_id


def github_token():
    """Return a new token of GitHub's classic form, checksum included."""
    alphabet = string.digits + string.ascii_uppercase + string.ascii_lowercase
    body = "".join(secrets.choice(alphabet) for _ in range(30))
    number, checksum = zlib.crc32(body.encode()), ""
    for _ in range(6):
        number, digit = divmod(number, len(alphabet))
        checksum = alphabet[digit] + checksum
    return f"ghp_{body}{checksum}"


def trusting(ca, directory):
    """Copy the system's trust to `directory` and add `ca`, as update-ca-certificates would."""
    shutil.copytree(SYSTEM_TRUST, directory, symlinks=True)
    added = directory / "throwaway.pem"
    shutil.copy(ca, added)
    with open(directory / "ca-certificates.crt", "a", encoding="ascii") as bundle:
        bundle.write(added.read_text())
    hashed = subprocess.run(["openssl", "x509", "-in", added, "-noout", "-hash"], check=True,
                            capture_output=True, text=True, timeout=30).stdout.strip()
    (directory / f"{hashed}.0").symlink_to(added.name)
    return directory


def main():
    missing = missing_parts()
    if missing or len(sys.argv) < 2:
        sys.exit(f"usage: stack.py COMMAND [ARG...]\nmissing: {', '.join(missing) or 'nothing'}")
    with tempfile.TemporaryDirectory(prefix="ghcr-login-stack-") as directory:
        with Stack(directory) as stack:
            environment = {**os.environ, **stack.environment(os.environ.get("HOME", "/root")),
                           "GHCR_TOKEN": stack.new_token(), "IMAGE": stack.ghcr.image,
                           "TRAFFIC_LOG": str(stack.traffic_log)}
            command = stack.sandbox.command(sys.argv[1:], cwd=os.getcwd())
            sys.exit(subprocess.run(command, env=environment, check=False).returncode)


if __name__ == "__main__":
    main()
