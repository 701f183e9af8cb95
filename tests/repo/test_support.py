"""The tests' own tools: the leak check bites, and the registry answers as GHCR does."""

import http.client
import re
import socket

import pytest

from harness import TOKEN, USER, Login, basic

ENCODED = basic(USER, TOKEN).removeprefix("Basic ")
BEARER = "bearer-of-an-honest-registry"


@pytest.fixture
def run(tmp_path, registry, ca):
    """Run a shell script in place of the program."""
    server = registry()
    server.issued[BEARER] = ""

    def run_script(script, **how):
        stub = tmp_path.parent / f"{tmp_path.name}-stub"
        stub.write_text(f"#!/bin/sh\n{script}\n")
        stub.chmod(0o700)
        other = Login(stub, tmp_path / "stub", ca.pem)
        other.registries.append(server)
        return other("-u", USER, "--password-stdin", stdin=TOKEN.encode(), **how)

    (tmp_path / "stub").mkdir()
    return run_script


LEAKS = {
    "token on stdout": "cat",
    "token on stderr": "cat >&2",
    "auth value on stdout": f"echo {ENCODED}",
    "auth value of another user": f"printf 'x:%s' {TOKEN} | base64 -w0",
    "base64 of the token": f"printf %s {TOKEN} | base64 -w0",
    "bearer": f"echo {BEARER}",
    "token in a file": "cat > $TMPDIR/left",
    "token in a file's name": f"mkdir $HOME/{TOKEN}",
    "token beside the auth value": 'mkdir $HOME/.docker; cat > $HOME/.docker/config.json',
    "bearer in the auth file": f'mkdir $HOME/.docker; echo {BEARER} > $HOME/.docker/config.json',
}


@pytest.mark.parametrize("script", LEAKS.values(), ids=LEAKS)
def test_leaks_are_found(run, script):
    with pytest.raises(AssertionError, match="secret (on|in)"):
        run(script)


def test_the_auth_value_may_be_in_the_auth_file(run):
    entry = f'{{"auths":{{"x.example":{{"auth": "{ENCODED}"}}}}}}'
    assert run(f"mkdir $HOME/.docker; echo '{entry}' > $HOME/.docker/config.json").status == 0


@pytest.mark.parametrize("place", ["$HOME/.docker/config.json.tmp", "$TMPDIR/x", "core"])
def test_what_is_left_behind_is_found(run, place):
    with pytest.raises(AssertionError, match="left behind"):
        run(f"mkdir $HOME/.docker; touch {place}")


def test_a_failure_that_stores_is_found(run):
    with pytest.raises(AssertionError, match="touched the auth file"):
        run("mkdir $HOME/.docker; echo '{}' > $HOME/.docker/config.json; exit 4")


def test_a_program_that_hangs_is_ended(run, monkeypatch):
    monkeypatch.setattr("harness.TIME_LIMIT", 0.2)
    with pytest.raises(AssertionError, match="still running"):
        run("exec sleep 60")


def raw(server, request):
    """What the registry really sends, byte for byte; the date and the id are left out."""
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.sendall(request + b"connection: close\r\n\r\n")
        answer = b"".join(iter(lambda: client.recv(65536), b""))
    return re.sub(rb"(date|x-github-request-id): [^\r]*", rb"\1: -", answer)


def test_the_registry_answers_as_ghcr_does(registry):
    server = registry(certificate=None)
    assert raw(server, b"GET /v2/ HTTP/1.1\r\nhost: ghcr.io\r\n") == (
        b"HTTP/1.1 401 Unauthorized\r\n"
        b"content-type: application/json\r\n"
        b"docker-distribution-api-version: registry/2.0\r\n"
        b'www-authenticate: Bearer realm="http://ghcr.io/token",service="ghcr.io",'
        b'scope="repository:user/image:pull"\r\n'
        b"date: -\r\n"
        b"content-length: 73\r\n"
        b"x-github-request-id: -\r\n"
        b"\r\n"
        b'{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}\n')


DENIED = b'{"errors":[{"code":"DENIED","message":"denied"}]}\n'
UNAUTHORIZED = b'{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}\n'
UNSEEN = b'{"errors":[{"code":"DENIED","message":"requested access to the resource is denied"}]}\n'
INVALID = b'{"errors":[{"code":"DENIED","message":"invalid token"}]}\n'
GHCR_ANSWERS = {
    "wrong password": ("GET", "/token", f"{USER}:wrong", 403, DENIED),
    "no user name": ("GET", "/token", f":{TOKEN}", 401, UNAUTHORIZED),
    "bearer at /token": ("GET", "/token", "Bearer x", 401, UNAUTHORIZED),
    "POST": ("POST", "/token", f"{USER}:{TOKEN}", 405, b""),
    "anonymous, private": ("GET", "/token?scope=repository:o/private:pull", "", 401, UNAUTHORIZED),
    "anonymous, unknown": ("GET", "/token?scope=repository:user/image:pull", "", 403, UNSEEN),
    "anonymous, push": ("GET", "/token?scope=repository:o/public:pull,push", "", 403, UNSEEN),
    "bad bearer": ("HEAD", "/v2/o/private/manifests/1", "Bearer null", 403, b""),
    "bad bearer, body": ("GET", "/v2/o/private/manifests/1", "Bearer null", 403, INVALID),
    "Basic on a repository": ("GET", "/v2/o/private/manifests/1", f"{USER}:{TOKEN}", 403, INVALID),
    "no bearer": ("GET", "/v2/o/private/manifests/1", "", 401, UNAUTHORIZED),
    "Basic on /v2/": ("GET", "/v2/", f"{USER}:{TOKEN}", 401, UNAUTHORIZED),
}


@pytest.mark.parametrize("method, path, who, status, body", GHCR_ANSWERS.values(), ids=GHCR_ANSWERS)
def test_ghcr_s_answers(registry, method, path, who, status, body):
    server = registry(certificate=None, images={"o/private:1": "private", "o/public:1": "public"})
    assert ask(server, method, path, who) == (status, body)


def test_any_user_name_and_one_member(registry):
    server = registry(certificate=None)
    status, body = ask(server, "GET", "/token", f"somebody:{TOKEN}")
    assert (status, body) == (200, b'{"token":"%s"}\n' % next(iter(server.issued)).encode())


def test_a_manifest_needs_its_scope(registry):
    images = {"o/private:1": "private", "o/closed:1": "forbidden"}
    server = registry(certificate=None, images=images)
    accept = {"accept": "application/vnd.oci.image.index.v1+json"}

    def pull(name, scope):
        ask(server, "GET", f"/token?scope=repository:{scope}:pull", f"{USER}:{TOKEN}")
        return ask(server, "GET", f"/v2/{name}/manifests/1", f"Bearer {list(server.issued)[-1]}",
                   accept)

    assert pull("o/private", "o/private")[0] == 200
    assert pull("o/private", "o/other")[0] == 401
    assert pull("o/closed", "o/closed")[0] == 403
    assert b"MANIFEST_UNKNOWN" in pull("o/absent", "o/absent")[1]


def ask(server, method, path, who="", headers=()):
    """Status and body; `who` is user:password, or a whole Authorization header."""
    headers = dict(headers)
    if who:
        headers["authorization"] = who if " " in who else basic(*who.split(":"))
    client = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
    client.request(method, path, headers=headers)
    answer = client.getresponse()
    body = answer.read()
    client.close()
    return answer.status, body
