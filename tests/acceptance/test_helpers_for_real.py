"""Credential helpers with the real pass(1), and docker and podman as the readers."""

import json

import pytest

from harness import USER
from person import DOCKER, LOGIN, PODMAN
from test_engines import assert_pulls, assert_refused

INIT = ("gpg --batch --quiet --passphrase '' --quick-gen-key t@example.invalid default default never"
        " && pass init t@example.invalid")
IN_PASS = "printf ghcr.io | docker-credential-pass get"


@pytest.fixture
def pass_user(person):
    """Somebody with a key and a store of pass."""
    done = person.sh(INIT, timeout=60)
    assert done.returncode == 0, done.stderr
    yield person
    person.sh("gpgconf --kill all")


def stored(person):
    """What pass has; it answers with empty texts where it has nothing."""
    done = person.sh(IN_PASS)
    said = json.loads(done.stdout) if done.returncode == 0 else {}
    return said if said.get("Secret") else None


def test_docker_pulls_with_what_is_in_pass(stack, pass_user):
    person = pass_user
    person.login.write_config('{"credsStore":"pass"}')
    assert_refused(DOCKER, person, stack.ghcr.image)
    token = stack.new_token()
    person.log_in(token)
    assert json.loads(person.config.read_text()) == {"credsStore": "pass", "auths": {"ghcr.io": {}}}
    assert stored(person) == {"ServerURL": "ghcr.io", "Username": USER, "Secret": token}
    assert_pulls(DOCKER, person, stack.ghcr.image)
    said = json.loads(person.run_login(token, f"{LOGIN} --json").stdout)
    assert said["result"] == "unchanged" and said["files"][0]["store"] == "helper:pass"
    shown = person.sh("ghcr-login status --docker").stdout
    assert "credential helper 'pass'" in shown and shown.endswith(": accepted\n")

    assert person.sh("ghcr-login logout").returncode == 0
    assert stored(person) is None
    assert json.loads(person.config.read_text()) == {"credsStore": "pass", "auths": {}}
    assert_refused(DOCKER, person, stack.ghcr.image)


def test_what_docker_stored_in_pass_is_found_replaced_and_removed(stack, pass_user):
    person = pass_user
    person.login.write_config('{"credHelpers":{"ghcr.io":"pass"}}')
    old = stack.new_token()
    done = person.sh("echo $TOKEN | docker login -u somebody --password-stdin ghcr.io", TOKEN=old)
    assert done.returncode == 0, done.stderr
    assert "as somebody: accepted" in person.sh("ghcr-login status --docker").stdout
    before = person.config.read_bytes()
    stack.revoke(old)
    assert person.sh("ghcr-login status --docker").returncode == 4
    person.log_in(stack.new_token())
    assert person.config.read_bytes() == before     # docker's own marker is ours
    assert_pulls(DOCKER, person, stack.ghcr.image)
    assert_pulls(PODMAN, person, stack.ghcr.image)  # it knows credHelpers, in docker's file too
    assert person.sh("docker logout ghcr.io").returncode == 0
    assert json.loads(person.sh("ghcr-login logout --json").stdout)["result"] == "absent"


def test_podman_s_own_helper(stack, pass_user):
    person = pass_user
    file = person.home / ".config/containers/auth.json"
    file.parent.mkdir(parents=True)
    file.write_text('{"credHelpers":{"ghcr.io":"pass"}}')
    person.log_in(stack.new_token(), f"{LOGIN} --persistent", config=file)
    assert stored(person) and file.read_text() == '{"credHelpers":{"ghcr.io":"pass"}}'
    assert_pulls(PODMAN, person, stack.ghcr.image)


def test_no_helper_on_a_server_without_a_store(stack, person):
    """pass has no key here, as on most servers; docker then reads the file."""
    person.login.write_config('{"credsStore":"pass"}')
    token = stack.new_token()
    done = person.run_login(token)
    assert done.returncode == 9 and "pass not initialized" in done.stderr
    assert "hint: " in done.stderr and "--no-helper" in done.stderr
    person.log_in(token, f"{LOGIN} --no-helper")
    assert json.loads(person.config.read_text())["credHelpers"] == {"ghcr.io": ""}
    assert_pulls(DOCKER, person, stack.ghcr.image)
    assert "accepted" in person.sh("ghcr-login status --docker").stdout
    assert person.sh("ghcr-login logout").returncode == 0
    assert_refused(DOCKER, person, stack.ghcr.image)
