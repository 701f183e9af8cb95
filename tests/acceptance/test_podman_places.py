"""What was stored for podman is found by podman and skopeo, which are told of no file."""

import json
import stat

import pytest

from harness import USER
from person import LOGIN, PODMAN, SKOPEO
from test_engines import assert_pulls, assert_refused, auth

RUNTIME = "/run/containers/0/auth.json"
PERSISTENT = ".config/containers/auth.json"

engines = pytest.mark.parametrize("engine", [PODMAN, SKOPEO], ids=str)


@pytest.fixture(autouse=True)
def nothing_in_run(stack):
    """All of root's logins share one runtime file."""
    stack.sandbox.check(["rm", "-f", RUNTIME])


def stored(person, path):
    """The entries of the file and its mode, as seen where the engines run."""
    done = person.sh(f"stat -c %a '{path}' && cat '{path}'")
    mode, _, text = done.stdout.partition("\n")
    return json.loads(text)["auths"], int(mode, 8)


@engines
def test_the_default_of_root(engine, stack, person):
    assert_refused(engine, person, stack.ghcr.image)
    token = stack.new_token()
    person.log_in(token, command=f"{LOGIN} --podman")
    assert stored(person, RUNTIME) == ({"ghcr.io": {"auth": auth(token)}}, 0o600)
    assert not person.config.exists()
    assert_pulls(engine, person, stack.ghcr.image)


@engines
def test_persistent(engine, stack, person):
    """As after a reboot: nothing is in /run."""
    token = stack.new_token()
    file = person.home / PERSISTENT
    person.log_in(token, command=f"{LOGIN} --podman --persistent", config=file)
    assert json.loads(file.read_text()) == {"auths": {"ghcr.io": {"auth": auth(token)}}}
    assert person.sh(f"test -e {RUNTIME}").returncode != 0
    assert_pulls(engine, person, stack.ghcr.image)


@engines
@pytest.mark.parametrize("place", ["--podman", "--persistent"])
def test_a_namespace(engine, stack, person, place):
    """The entry of the namespace serves its images, whatever the registry's own says."""
    file = person.home / PERSISTENT
    person.log_in(stack.new_token(), config=file, command=f"{LOGIN} {place} ghcr.io/octo-org")
    assert_pulls(engine, person, stack.ghcr.image)


@engines
def test_registry_auth_file(engine, stack, person):
    file = person.home / "named.json"
    named = f"export REGISTRY_AUTH_FILE={file}; "
    person.log_in(stack.new_token(), command=f"{named}{LOGIN} --podman", config=file)
    pull = engine.pull.format(option="", image=stack.ghcr.image)
    done = person.sh(named + pull)
    assert done.returncode == 0, done.stderr
    assert engine.take_image(person, stack.ghcr.image) == stack.image_id
    assert_refused(engine, person, stack.ghcr.image)


@engines
def test_the_earlier_file_wins_and_is_warned_of(engine, stack, person):
    """The runtime file has a token that is revoked: podman would not get to the good one."""
    revoked, good = stack.new_token(), stack.new_token()
    person.log_in(revoked, command=f"{LOGIN} --podman")
    stack.revoke(revoked)
    file = person.home / PERSISTENT
    done = person.run_login(good, command=f"{LOGIN} --persistent", config=file)
    assert done.returncode == 0
    assert done.stderr.startswith("warning: ") and RUNTIME in done.stderr
    assert_refused(engine, person, stack.ghcr.image)
    stack.sandbox.check(["rm", RUNTIME])
    assert_pulls(engine, person, stack.ghcr.image)


@engines
def test_both_engines_in_one_login(engine, stack, person):
    file = person.home / PERSISTENT
    token = stack.new_token()
    done = person.run_login(token, command=f"{LOGIN} --docker --podman")
    assert done.returncode == 0 and done.stderr == ""
    assert json.loads(person.config.read_text()) == {"auths": {"ghcr.io": {"auth": auth(token)}}}
    assert stored(person, RUNTIME)[0] == {"ghcr.io": {"auth": auth(token)}}
    assert not file.exists()
    assert_pulls(engine, person, stack.ghcr.image)


@pytest.mark.parametrize("option, file", [("--podman", "tmp/containers/auth.json"),
                                          ("--persistent", f"home/{PERSISTENT}")])
def test_an_ordinary_user(stack, ordinary_person, option, file):
    person = ordinary_person
    path = person.login.directory / file
    assert_refused(SKOPEO, person, stack.ghcr.image)
    person.log_in(stack.new_token(), command=f"{LOGIN} {option}", config=path)
    assert path.owner() == "nobody" and stat.S_IMODE(path.stat().st_mode) == 0o600
    assert_pulls(SKOPEO, person, stack.ghcr.image)


def test_joins_what_podman_stored_and_podman_logs_out(stack, person):
    login = f"echo $TOKEN | podman login -u {USER} --password-stdin {stack.own.name}"
    done = person.sh(login, TOKEN=stack.new_token())
    assert done.returncode == 0, done.stderr
    person.log_in(stack.new_token(), command=f"{LOGIN} --podman")
    assert stored(person, RUNTIME)[0].keys() == {stack.own.name, "ghcr.io"}
    assert_pulls(PODMAN, person, stack.ghcr.image)
    assert person.sh("podman logout ghcr.io").returncode == 0
    assert stored(person, RUNTIME)[0].keys() == {stack.own.name}
    assert_refused(PODMAN, person, stack.ghcr.image)
