"""A throwaway certificate authority for TLS tests, made with the openssl command.

    ca = CertificateAuthority(directory)
    server = ca.issue("localhost", "127.0.0.1")
    stale = ca.issue("localhost", expired=True)
    client = ca.issue("ci-runner", client=True)

`ca.pem` is what a client is told to trust. Keys are EC P-256: making one takes a
few milliseconds, where RSA would take most of a test's time.
"""

import ipaddress
import subprocess
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]

# Our own configuration, so that the system's openssl.cnf cannot change the certificates.
CONFIG = """\
[req]
distinguished_name = name
[name]
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[ca]
default_ca = throwaway
[throwaway]
database = {directory}/index.txt
new_certs_dir = {directory}
default_md = sha256
policy = policy
unique_subject = no
rand_serial = yes
[policy]
commonName = supplied
"""


@dataclass(frozen=True)
class Certificate:
    """PEM files of a certificate and its private key."""

    cert: Path
    key: Path


class CertificateAuthority:
    """Makes its key and certificate when created, then issues what is asked for."""

    def __init__(self, directory, name="throwaway test authority"):
        self.directory = Path(directory)
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.pem = self.directory / "ca.pem"
        self.key = self.directory / "ca.key"
        self._config = self.directory / "openssl.cnf"
        self._config.write_text(CONFIG.format(directory=self.directory))
        (self.directory / "index.txt").touch()
        self._issued = 0
        _openssl("req", "-x509", *KEY, "-config", self._config, "-extensions", "authority",
                 "-subj", f"/CN={name}", "-days", "30", "-keyout", self.key, "-out", self.pem)

    def issue(self, *names, days=30, expired=False, not_before=None, client=False):
        """Return a Certificate for `names`, each a DNS name or an IP address.

        It is valid from `not_before` (default: an hour ago) for `days` days;
        `expired=True` is short for one that ended yesterday.
        """
        now = datetime.now(timezone.utc)
        begin = not_before or now - timedelta(hours=1)
        end = begin + timedelta(days=days)
        if expired:
            begin, end = now - timedelta(days=days + 1), now - timedelta(days=1)

        self._issued += 1
        base = self.directory / f"{'client' if client else 'server'}-{self._issued}"
        result = Certificate(base.with_suffix(".pem"), base.with_suffix(".key"))
        request, extensions = base.with_suffix(".csr"), base.with_suffix(".ext")
        extensions.write_text(_extensions(names, client))
        _openssl("req", "-new", *KEY, "-config", self._config, "-subj", f"/CN={names[0]}",
                 "-keyout", result.key, "-out", request)
        # `openssl ca`, because `x509 -req` learnt to set both dates only in OpenSSL 3.4.
        _openssl("ca", "-batch", "-notext", "-config", self._config,
                 "-cert", self.pem, "-keyfile", self.key, "-extfile", extensions,
                 "-startdate", _asn1_time(begin), "-enddate", _asn1_time(end),
                 "-in", request, "-out", result.cert)
        return result


def _extensions(names, client):
    return "\n".join([
        "basicConstraints = critical, CA:FALSE",
        "keyUsage = critical, digitalSignature",
        f"extendedKeyUsage = {'clientAuth' if client else 'serverAuth'}",
        "subjectAltName = " + ", ".join(map(_alternative_name, names)),
        "",
    ])


def _alternative_name(name):
    try:
        return f"IP:{ipaddress.ip_address(name)}"
    except ValueError:
        return f"DNS:{name}"


def _asn1_time(moment):
    return moment.astimezone(timezone.utc).strftime("%Y%m%d%H%M%SZ")


def _openssl(*arguments):
    command = ["openssl", *map(str, arguments)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=60, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")
