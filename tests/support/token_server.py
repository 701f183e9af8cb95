"""The token half of a registry: checks HTTP Basic, signs what docker-registry will accept.

    python3 token_server.py DIRECTORY PORT      (plain http on 127.0.0.1, behind nginx)

Its answers are GHCR's: a bad token is 403 DENIED and not 401, the user name does not matter
but may not be empty, a request without a scope is good for /v2/ only, POST is 405.

GET /user is GitHub's REST API: it knows the same tokens, and of those in expiry.json
{TOKEN: "2026-11-28 08:00:00 UTC"} when they end.

DIRECTORY holds key.pem and cert.pem, which sign, and tokens.json, read again for each
request: {TOKEN: {REPOSITORY: [ACTION, ...]}}. See make_signer().
"""

import base64
import binascii
import json
import ssl
import subprocess
import sys
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

ISSUER = "throwaway token server"
LIFETIME = 300


def make_signer(directory):
    """Make key.pem and cert.pem; the certificate is the registry's `rootcertbundle`."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30",
                    "-subj", f"/CN={ISSUER}", "-keyout", directory / "key.pem",
                    "-out", directory / "cert.pem"], check=True, capture_output=True, timeout=60)


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")


class Signer:
    """Makes JSON Web Tokens (RS256) that carry their certificate with them."""

    def __init__(self, directory):
        self._key = directory / "key.pem"
        der = ssl.PEM_cert_to_DER_cert((directory / "cert.pem").read_text())
        self._header = {"typ": "JWT", "alg": "RS256", "x5c": [base64.b64encode(der).decode()]}

    def token(self, subject, service, access):
        now = int(time.time())
        claims = {"iss": ISSUER, "sub": subject, "aud": service, "access": access, "iat": now,
                  "nbf": now - 10, "exp": now + LIFETIME, "jti": str(uuid.uuid4())}
        parts = [base64url(json.dumps(part).encode()) for part in (self._header, claims)]
        signed = subprocess.run(["openssl", "dgst", "-sha256", "-sign", self._key],
                                input=b".".join(parts), capture_output=True, check=True, timeout=30)
        return b".".join([*parts, base64url(signed.stdout)]).decode()


def basic_credentials(header):
    """Return (user, password) from an Authorization header, or None if there is none."""
    scheme, _, value = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, _, password = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return user, password


def granted(scopes, rights):
    """Return the `access` claim: of each scope asked for, the actions that `rights` has."""
    access = []
    for scope in scopes:
        kind, _, rest = scope.partition(":")
        name, _, actions = rest.rpartition(":")
        allowed = [each for each in actions.split(",") if each in rights.get(name, [])]
        if kind == "repository" and allowed:
            access.append({"type": kind, "name": name, "actions": allowed})
    return access


class Handler(BaseHTTPRequestHandler):
    directory = None
    signer = None

    def do_GET(self):
        if self.path == "/user":
            return self._tell_of_user()
        query = parse_qs(urlsplit(self.path).query)
        scopes = " ".join(query.get("scope", [])).split()
        credentials = basic_credentials(self.headers.get("Authorization", ""))
        if credentials is None:
            return self._refuse(401, "UNAUTHORIZED", "authentication required")
        user, password = credentials
        tokens = json.loads((self.directory / "tokens.json").read_text())
        if not user or password not in tokens:
            return self._refuse(403, "DENIED", "denied")
        access = granted(scopes, tokens[password])
        token = self.signer.token(user, query.get("service", [""])[0], access)
        return self._answer(200, {"token": token})

    def _tell_of_user(self):
        token = self.headers.get("Authorization", "").partition(" ")[2]
        known, ends = (json.loads(path.read_text()) if path.exists() else {} for path in (
            self.directory / "tokens.json", self.directory / "expiry.json"))
        if token not in known:
            return self._refuse(401, "UNAUTHORIZED", "Bad credentials")
        header = {"github-authentication-token-expiration": ends[token]} if token in ends else {}
        return self._answer(200, {"login": "octocat", "id": 1}, header)

    def do_POST(self):
        self._refuse(405, "UNSUPPORTED", "the operation is unsupported")

    def log_request(self, *_):
        """Say nothing: nginx has the traffic already. Errors are still printed."""

    def _refuse(self, status, code, message):
        self._answer(status, {"errors": [{"code": code, "message": message}]})

    def _answer(self, status, content, headers=()):
        body = json.dumps(content, separators=(",", ":")).encode() + b"\n"
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        for name in headers:
            self.send_header(name, headers[name])
        self.end_headers()
        self.wfile.write(body)


def main():
    directory, port = Path(sys.argv[1]), int(sys.argv[2])
    Handler.directory = directory
    Handler.signer = Signer(directory)
    ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()


if __name__ == "__main__":
    main()
