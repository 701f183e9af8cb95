"""The quickest registry there is: nginx with fixed answers, as ghcr.io, in a sandbox.

    with BenchRegistry(directory) as registry:
        registry.run(["skopeo", "login", ...], env=registry.environment(home))

For measuring what a login costs the client: a registry that works for its answers would make
all clients alike. It asks for a bearer token, checks the credential, and is vouched for by the
sandbox's system trust, which is all of the system's CAs and one more. The same name is also
served by a relay that is ROUND_TRIP_MS away, see run_far().
"""

import base64
import os
import shutil
import sys
from pathlib import Path

import services
from certs import CertificateAuthority
from closing import Closing
from flavours import UNAUTHORIZED, error
from sandbox import Sandbox
from stack import ADDRESS, PATH, SYSTEM_TRUST, github_token, trusting

HOST, USER = "ghcr.io", "octocat"
FAR_ADDRESS = "192.0.2.2"
ROUND_TRIP_MS = 100

HTTP = """\
    default_type application/json;
    server {{
        listen {address}:443 ssl http2;
        ssl_protocols TLSv1.3;
        ssl_certificate {certificate.cert};
        ssl_certificate_key {certificate.key};
        add_header Docker-Distribution-Api-Version registry/2.0 always;
        location = /v2/ {{
            set $service 'service="{host}",scope="repository:user/image:pull"';
            if ($http_authorization != "Bearer {bearer}") {{
                add_header Docker-Distribution-Api-Version registry/2.0 always;
                add_header WWW-Authenticate 'Bearer realm="https://$http_host/token",$service'
                           always;
                return 401 '{unauthorized}';
            }}
            return 200 '{{}}';
        }}
        location = /token {{
            if ($http_authorization != "Basic {basic}") {{
                return 403 '{denied}';
            }}
            return 200 '{{"token":"{bearer}"}}';
        }}
    }}
"""


class BenchRegistry(Closing):
    """Needs root, nginx, openssl, util-linux and iproute2, and a new directory of its own."""

    def __init__(self, directory):
        self.directory = Path(directory)
        (self.directory / "logs").mkdir()
        self.traffic_log = self.directory / "logs" / "traffic.log"
        self.token, self.bearer = github_token(), "b" * 64
        self._podman = services.write_podman(self.directory)
        authority = CertificateAuthority(self.directory / "ca")
        umask = os.umask(0o022)
        try:
            near, far = (write_hosts(self.directory, address) for address in (ADDRESS, FAR_ADDRESS))
            names = self.directory / "nsswitch.conf"
            names.write_text("passwd: files\ngroup: files\nhosts: files\n")
            self.trust = trusting(authority.pem, self.directory / "trust")
        finally:
            os.umask(umask)
        self._far_hosts = far
        self.sandbox = Sandbox(self.directory, [
            f"ip addr add {ADDRESS}/32 dev lo",
            f"mount --bind '{near}' /etc/hosts", f"mount --bind '{names}' /etc/nsswitch.conf",
            f"mount --bind '{self.trust}' {SYSTEM_TRUST}"])
        try:
            self._start(authority.issue(HOST))
        except BaseException:
            self.close()
            raise

    def environment(self, home, **more):
        """Return the environment of somebody living in `home`. No docker daemon is found."""
        return {"PATH": PATH, "HOME": str(home), "LANG": "C.UTF-8", "XDG_RUNTIME_DIR": str(home),
                "DOCKER_HOST": "unix:///nonexistent", **self._podman, **more}

    def run(self, argv, **options):
        """Run `argv` in the sandbox; see Sandbox.run()."""
        return self.sandbox.run(argv, **options)

    def far(self, argv):
        """Return the command that runs `argv`, in the sandbox, with the registry far away."""
        return mounted({self._far_hosts: "/etc/hosts"}, argv)

    def requests(self):
        """Return how many requests came so far."""
        return len(self.traffic_log.read_text().splitlines())

    def far_connections(self):
        """Return how many connections the relay accepted so far."""
        return far_connections(self.sandbox)

    def close(self):
        self.sandbox.close()

    def _start(self, certificate):
        basic = base64.b64encode(f"{USER}:{self.token}".encode()).decode()
        configuration = services.write_nginx(self.directory, HTTP.format(
            address=ADDRESS, certificate=certificate, host=HOST,
            bearer=self.bearer, basic=basic, unauthorized=UNAUTHORIZED.decode(),
            denied=error("DENIED", "denied").decode()))
        nginx = shutil.which("nginx", path=PATH)
        self.sandbox.start("nginx", [nginx, "-c", configuration, "-e", "stderr"])
        start_relay(self.sandbox, ROUND_TRIP_MS)


def start_relay(sandbox, round_trip_ms, address=FAR_ADDRESS):
    """Start delay.py before what is at ADDRESS; it is at `address`, on the same port."""
    sandbox.check(["ip", "addr", "add", address, "dev", "lo"])
    sandbox.start("delay", [sys.executable, "-B", Path(__file__).with_name("delay.py"),
                            address, 443, ADDRESS, 443, round_trip_ms])
    script = ("import socket, sys\n"
              "for address in sys.argv[1:]: socket.create_connection((address, 443), 5).close()\n")
    command = [sys.executable, "-c", script, ADDRESS, address]
    sandbox.wait_until("the registry", lambda: sandbox.run(command).returncode == 0)


def far_connections(sandbox):
    """Return how many connections the relay in `sandbox` accepted so far."""
    return (sandbox.logs / "delay.log").read_text().count("connection")


def write_hosts(directory, address):
    """Write an /etc/hosts by which the registry is at `address`."""
    path = directory / f"hosts-{address}"
    path.write_text(f"127.0.0.1 localhost\n{address} {HOST}\n")
    path.chmod(0o644)
    return path


def mounted(mounts, argv):
    """Return the command that runs `argv` with mounts of its own: {SOURCE: TARGET}."""
    script = "".join(f"mount --bind '{source}' {target} && " for source, target in mounts.items())
    return ["unshare", "--mount", "sh", "-c", script + 'exec "$@"', "sh", *map(str, argv)]
