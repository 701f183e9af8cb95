"""The proof that counts: with what ghcr-login stored, and only with it, an engine pulls."""

import base64
import json
import stat

import pytest

from harness import USER
from person import DOCKER, LOGIN, PODMAN, SKOPEO

REFUSALS = ("unauthorized", "denied", "403 (Forbidden)", "403 Forbidden")

engines = pytest.mark.parametrize("engine", [DOCKER, PODMAN, SKOPEO], ids=str)


def auth(token, user=USER):
    return base64.b64encode(f"{user}:{token}".encode()).decode()


def auths(path):
    return json.loads(path.read_text())["auths"]


def assert_pulls(engine, person, image, config=None):
    worked, words = engine.pulls(person, image, config)
    assert worked, words
    assert engine.take_image(person, image) == person.stack.image_id


def assert_refused(engine, person, image, config=None):
    worked, words = engine.pulls(person, image, config)
    assert not worked
    assert any(each in words for each in REFUSALS), words


@engines
def test_one_command_and_the_engine_pulls(engine, stack, person):
    assert_refused(engine, person, stack.ghcr.image)
    token = stack.new_token()
    person.log_in(token)
    assert auths(person.config) == {"ghcr.io": {"auth": auth(token)}}
    assert_pulls(engine, person, stack.ghcr.image)


@engines
def test_registry_of_ones_own(engine, stack, person):
    """A name with a port, a CA that only certs.d knows, a file that is not in HOME."""
    config = person.home / "elsewhere" / "config.json"
    config.parent.mkdir()
    config.write_text("{}")
    config.chmod(0o600)
    assert_refused(engine, person, stack.own.image, config)
    person.log_in(stack.new_token(), config=config, command=f"{LOGIN} {stack.own.name}"
                  f" --cacert {stack.own.ca} --config {config.parent} --password-stdin")
    assert list(auths(config)) == [stack.own.name]
    assert not person.config.exists()
    assert_pulls(engine, person, stack.own.image, config)


@pytest.mark.parametrize("engine", [DOCKER, SKOPEO], ids=str)
def test_ordinary_user(engine, stack, ordinary_person):
    person = ordinary_person
    assert_refused(engine, person, stack.ghcr.image)
    person.log_in(stack.new_token())
    assert stat.S_IMODE(person.config.stat().st_mode) == 0o600
    assert person.config.owner() == "nobody"
    assert_pulls(engine, person, stack.ghcr.image)


def test_joins_what_docker_stored_and_docker_logs_out(stack, person):
    # Into a file without any entry docker would bring a helper that is installed here: `pass`.
    person.login.write_config(json.dumps({"auths": {"other.example": {"auth": auth("not one")}}}))
    docker_login = f"echo $TOKEN | docker login -u $USER --password-stdin {stack.own.name}"
    done = person.sh(docker_login, TOKEN=stack.new_token())
    assert done.returncode == 0, done.stderr
    person.log_in(stack.new_token())
    assert_pulls(DOCKER, person, stack.own.image)
    assert_pulls(DOCKER, person, stack.ghcr.image)

    assert person.sh("docker logout ghcr.io").returncode == 0
    assert_refused(DOCKER, person, stack.ghcr.image)
    assert_pulls(DOCKER, person, stack.own.image)


@engines
def test_a_new_token_replaces_a_revoked_one(engine, stack, person):
    revoked = stack.new_token()
    person.log_in(revoked)
    stack.revoke(revoked)
    assert_refused(engine, person, stack.ghcr.image)
    person.log_in(stack.new_token())
    assert_pulls(engine, person, stack.ghcr.image)


@engines
def test_a_stale_identity_token_does_not_outlive_a_login(engine, stack, person):
    """Engines prefer it to `auth`, and GHCR answers 405 to the POST that it leads to."""
    token = stack.new_token()
    stale = {"auths": {"ghcr.io": {"auth": auth(token), "identitytoken": "stale"}}}
    person.login.write_config(json.dumps(stale))
    worked, _ = engine.pulls(person, stack.ghcr.image)
    assert not worked
    person.log_in(token)
    assert_pulls(engine, person, stack.ghcr.image)


def test_wrong_token_is_refused_and_makes_no_file(stack, person):
    done = person.run_login(stack.unknown_token())
    assert done.returncode == 4, done.stderr
    assert done.stdout == ""
    assert not person.config.parent.exists()
    assert_refused(DOCKER, person, stack.ghcr.image)


def test_wrong_token_leaves_a_good_login_alone(stack, person):
    person.log_in(stack.new_token())
    content, status = person.config.read_bytes(), person.config.stat()
    done = person.run_login(stack.unknown_token())
    assert done.returncode == 4, done.stderr
    assert person.config.read_bytes() == content
    assert person.config.stat().st_ino == status.st_ino
    assert person.config.stat().st_mtime_ns == status.st_mtime_ns
    assert_pulls(DOCKER, person, stack.ghcr.image)


def test_three_requests_on_one_connection(stack, person):
    earlier = len(stack.traffic())
    person.log_in(stack.new_token())
    # nginx logs when an answer is out, and by then the client may have ended.
    stack.sandbox.wait_until("the log", lambda: len(stack.traffic()) >= earlier + 3, limit=5)
    seen = stack.traffic()[earlier:]
    token_request = f"/token?service=ghcr.io&account={USER}&client_id=ghcr-login"
    assert [each[1:] for each in seen] == [
        ("401", "GET", "/v2/"), ("200", "GET", token_request), ("200", "GET", "/v2/")]
    assert len({connection for connection, *_ in seen}) == 1
