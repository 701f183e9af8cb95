"""With exec, and only with it and as long as it runs, docker and podman pull."""

import json
from pathlib import Path

import pytest

from person import BEARER, DOCKER, LOGIN, PODMAN
from test_engines import assert_refused, auth

EXEC = "ghcr-login exec -u $USER --token-env GHCR_TOKEN"
engines = pytest.mark.parametrize("engine", [DOCKER, PODMAN], ids=str)


# Writes down where the credential is, and becomes the command.
WRITES_DOWN = """sh -c 'echo "$DOCKER_CONFIG" "$REGISTRY_AUTH_FILE" >"$HOME/where"; exec "$@"' sh"""


def private_directories(person):
    """Those in places that nobody outside the sandbox, and no other worker, writes to."""
    found = person.sh("ls -d /run/user/*/ghcr-login-exec.* /dev/shm/ghcr-login-exec.* "
                      "$TMPDIR/ghcr-login-exec.* 2>/dev/null")
    return set(found.stdout.splitlines())


def run_exec(person, token, script):
    """Run `script` through exec; nothing of the credential may be left, or be shown."""
    before, where = private_directories(person), person.home / "where"
    done = person.sh(f"export IMAGE={person.stack.ghcr.image}; {EXEC} -- {WRITES_DOWN} {script}",
                     GHCR_TOKEN=token)
    for secret in (token, BEARER, auth(token)):
        person.login.protect(secret)
    person.login.check_leaks({"stdout": done.stdout.encode(), "stderr": done.stderr.encode()},
                             {person.config})
    assert private_directories(person) <= before
    if where.exists():      # not where the token was refused
        docker, podman = where.read_text().split()
        gone = person.sh(f"test ! -e '{docker}' -a ! -e '{podman}' -a ! -e '{Path(docker).parent}'")
        assert "/ghcr-login-exec." in docker and gone.returncode == 0, (docker, podman)
        where.unlink()
    return done


@engines
def test_the_engine_pulls(engine, stack, person):
    """Not before, and not after."""
    image = stack.ghcr.image
    assert_refused(engine, person, image)
    done = run_exec(person, stack.new_token(), engine.pull.format(option="", image=image))
    assert done.returncode == 0, done.stderr
    assert engine.take_image(person, image) == stack.image_id
    assert not person.config.exists()
    assert_refused(engine, person, image)


@engines
def test_a_token_that_is_refused(engine, stack, person):
    done = run_exec(person, stack.unknown_token(),
                    engine.pull.format(option="", image=stack.ghcr.image))
    assert done.returncode == 125 and done.stdout == "", done


def test_beside_the_users_own_logins_and_a_store_that_is_broken(stack, person):
    """credsStore names a helper that is not there: docker would fail for ghcr.io without exec."""
    person.log_in(stack.new_token(), command=f"{LOGIN} {stack.own.name} --cacert {stack.own.ca} "
                                             "--password-stdin")
    own = {**json.loads(person.config.read_text()), "credsStore": "nonesuch",
           "credHelpers": {stack.own.name: ""}}
    person.config.write_text(json.dumps(own))
    script = f"sh -c 'docker pull -q $IMAGE && docker pull -q {stack.own.image}'"
    done = run_exec(person, stack.new_token(), script)
    assert done.returncode == 0, done.stderr
    assert json.loads(person.config.read_text()) == own
    for image in (stack.ghcr.image, stack.own.image):
        found = person.sh(f"docker image inspect --format '{{{{.Id}}}}' {image} && docker rmi {image}")
        assert found.stdout.split()[0] == stack.image_id, found


def test_the_users_context(stack, person):
    """What docker itself keeps beside config.json is there."""
    made = person.sh("docker context create far --docker host=unix:///run/docker.sock && "
                     "docker context use far")
    assert made.returncode == 0, made.stderr
    # `docker context show` is younger than the docker 20.10 of Debian 12.
    done = run_exec(person, stack.new_token(),
                    "docker context ls --format '{{.Name}} {{.Current}}'")
    assert "far true" in done.stdout.splitlines(), done
    done = run_exec(person, stack.new_token(), "docker pull -q $IMAGE")
    assert done.returncode == 0, done.stderr
    assert DOCKER.take_image(person, stack.ghcr.image) == stack.image_id


def test_an_ordinary_user(stack, ordinary_person):
    person = ordinary_person
    assert_refused(DOCKER, person, stack.ghcr.image)
    done = run_exec(person, stack.new_token(), "docker pull -q $IMAGE")
    assert done.returncode == 0, done.stderr
    assert DOCKER.take_image(person, stack.ghcr.image) == stack.image_id
    assert_refused(DOCKER, person, stack.ghcr.image)
