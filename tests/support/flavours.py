"""How different registries speak, as a table: one row per kind of registry.

GHCR's row is byte for byte what is known of ghcr.io. Of the others the parts that a
client must understand are real: the challenge, where the token is fetched, how the
answer and the refusal look. In templates `{host}` is the host the client asked for,
`{realm}` the token address, and `@` stands for the bearer.
"""

import re
from dataclasses import dataclass

from wire import Answer

OCI = (("Content-Type", "application/json; charset=utf-8"),
       ("Docker-Distribution-Api-Version", "registry/2.0"))

HTML = (("Content-Type", "text/html; charset=utf-8"),)


def error(code, message, detail=""):
    """The error body of the registry specification, with its line end."""
    return (f'{{"errors":[{{"code":"{code}","message":"{message}"{detail}}}]}}\n').encode()


UNAUTHORIZED = error("UNAUTHORIZED", "authentication required")
UNAUTHORIZED_DETAIL = error("UNAUTHORIZED", "authentication required", ',"detail":null')


@dataclass(frozen=True)
class Flavour:
    """One kind of registry. The defaults are those of a plain Bearer registry."""

    challenges: tuple = ('Bearer realm="{realm}",service="{service}"',)
    service: str = "{host}"
    token_path: str = "/token"
    headers: tuple = OCI                # on every answer
    request_id: str = ""                # header with a random number, last of all
    unauthorized: Answer = Answer(401, UNAUTHORIZED_DETAIL)    # /v2/ without credentials
    welcome: Answer = Answer(200, b"{}")                       # /v2/ with good ones
    granted: str = '{"token":"@","expires_in":300,"issued_at":"2026-01-01T00:00:00Z"}'
    refused: Answer = Answer(401, UNAUTHORIZED_DETAIL)         # wrong user name or password
    bad_bearer: Answer = None           # on a repository path; None: challenged again
    post: Answer = Answer(405)          # POST to the token address
    any_user: bool = False              # the user name is ignored, but may not be empty
    ghost: bool = False                 # a token without credentials, good for /v2/
    open: bool = False                  # 200 for everybody
    guarded: bool = False               # though /v2/ is open, images ask for a credential

    def takes(self, scheme):
        """Is this scheme, in lower case, among the challenges?"""
        return any(re.search(rf"(^|[ ,]){scheme}\b", line.lower()) for line in self.challenges)


def basic(challenge, **changes):
    return Flavour(challenges=(challenge,), **changes)


GHCR = Flavour(
    challenges=('Bearer realm="{realm}",service="{service}",scope="repository:user/image:pull"',),
    service="ghcr.io",
    headers=(("content-type", "application/json"),
             ("docker-distribution-api-version", "registry/2.0")),
    request_id="x-github-request-id",
    unauthorized=Answer(401, UNAUTHORIZED),
    granted='{"token":"@"}\n',
    refused=Answer(403, error("DENIED", "denied")),
    bad_bearer=Answer(403, error("DENIED", "invalid token")),
    any_user=True,
)

FLAVOURS = {
    "ghcr": GHCR,
    # The same answers; a test gives it a realm on another host.
    "lscr": GHCR,
    "dockerhub": Flavour(
        service="registry.docker.io", ghost=True,
        granted='{"token":"@","access_token":"@","expires_in":300,'
                '"issued_at":"2026-01-01T00:00:00Z"}\n',
        refused=Answer(401, b'{"details":"incorrect username or password"}\n')),
    "gitlab": Flavour(
        service="container_registry", token_path="/jwt/auth", ghost=True, post=Answer(404),
        refused=Answer(403, error("DENIED", "access forbidden"))),
    "quay": Flavour(
        service="quay.io", token_path="/v2/auth", ghost=True,
        unauthorized=Answer(401, b"true", HTML), welcome=Answer(200, b"true", HTML)),
    "acr": Flavour(
        token_path="/oauth2/token", granted='{"access_token":"@"}', post=Answer(400),
        challenges=('Bearer realm="{realm}",service="{service}",error="invalid_token"',)),
    "harbor": Flavour(
        service="harbor-registry", token_path="/service/token", ghost=True,
        headers=(*OCI, ("Set-Cookie", "sid=0123456789abcdef; Path=/; HttpOnly")),
        # The empty access_token is Harbor's own.
        granted='{"token":"@","access_token":"","expires_in":1800,'
                '"issued_at":"2026-01-01T00:00:00Z"}'),
    "gitea": Flavour(
        challenges=('Bearer realm="{realm}"', "Basic"), token_path="/v2/token", ghost=True),
    "gitea-new": Flavour(
        challenges=('Bearer realm="{realm}",service="container_registry",scope="*"', "Basic"),
        service="container_registry", token_path="/v2/token", ghost=True),
    "ecr-public": Flavour(token_path="/token/", ghost=True),
    "artifactory": Flavour(
        token_path="/v2/token", post=Answer(401), granted='{"token":"@","expires_in":3600}'),
    "google": Flavour(token_path="/v2/token", ghost=True, post=Answer(404)),
    "pulp": Flavour(
        unauthorized=Answer(401, b'{"detail":"Authentication credentials were not provided."}'),
        refused=Answer(401, b'{"detail":"Invalid username/password."}')),
    "basic": basic('Basic realm="Registry Realm"'),
    "ecr": basic(
        'Basic realm="https://{host}/",service="ecr.amazonaws.com"',
        headers=(("Content-Type", "text/plain; charset=utf-8"),
                 ("Docker-Distribution-Api-Version", "registry/2.0")),
        unauthorized=Answer(401, b"Not Authorized\n")),
    "nexus": basic('BASIC realm="Sonatype Nexus Repository Manager"'),
    "artifactory-basic": basic('Basic realm="Artifactory Realm"'),
    "zot": basic('Basic realm="zot"'),
    "open": Flavour(challenges=(), open=True),
    "zot-open": basic('Basic realm="zot"', open=True, guarded=True),
    "artifactory-open": Flavour(token_path="/v2/token", open=True, guarded=True),
    "no-challenge": Flavour(challenges=()),
    "negotiate": Flavour(challenges=("Negotiate",)),
}
