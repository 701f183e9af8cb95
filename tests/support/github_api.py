"""GitHub's REST API on the loopback interface, as far as --diagnose asks it.

    with GitHubApi(ca.issue("api.github.com"), token=TOKEN, scopes="repo") as api:
        proxy.routes["api.github.com:443"] = api.port

It answers as docs.github.com says; faults.py can be played for the endpoints "user" and
"packages" with on(), as at the registry.
"""

import json
import secrets

from registry import Registry
from wire import Answer

BAD_CREDENTIALS = {"message": "Bad credentials", "status": "401",
                   "documentation_url": "https://docs.github.com/rest"}
NO_USER = {"message": "Resource not accessible by integration", "status": "403"}
LOCKED_OUT = {"message": "Maximum number of login attempts exceeded. Please try again later."}
NO_CLASSIC = {"message": "`octo-org` forbids access via a personal access token (classic). Please "
                         "use a GitHub App, OAuth App, or a personal access token with "
                         "fine-grained permissions."}
SSO_URL = "https://github.com/orgs/octo-org/sso?authorization_request=AAAAAAAAAAAAAAAA1234"
SSO = {"message": "Resource protected by organization SAML enforcement. You must grant your "
                  "Personal Access token access to this organization."}


def says(status, content, *headers):
    """An answer in GitHub's form."""
    return Answer(status, json.dumps(content).encode(),
                  (("content-type", "application/json; charset=utf-8"), *headers))


class GitHubApi(Registry):
    """`token` is the one good token; None knows none. `scopes` None is a token without any."""

    def __init__(self, certificate, *, token, owner="octocat", scopes="read:packages",
                 expires=None, packages=says(200, [])):
        self.owner, self.scopes, self.expires, self.packages = owner, scopes, expires, packages
        super().__init__(certificate, token=token or f"ghp_{secrets.token_hex(18)}")

    def _endpoint(self, request):
        if request.path in ("/user", "/api/v3/user"):
            return "user"
        return "packages" if request.path.endswith("/packages") else "other"

    def answer(self, request):
        if "user-agent" not in request.headers:
            return says(403, {"message": "Request forbidden by administrative rules."})
        if request.bearer != self.token:
            return says(401, BAD_CREDENTIALS)
        if request.endpoint == "packages":
            return self.packages
        if request.endpoint != "user":
            return says(404, {"message": "Not Found"})
        if self.token.startswith("ghs_"):
            return says(403, NO_USER)
        headers = []
        if self.scopes is not None:
            headers.append(("x-oauth-scopes", self.scopes))
        if self.expires:
            headers.append(("github-authentication-token-expiration", self.expires))
        return says(200, {"login": self.owner, "id": 1}, *headers)
