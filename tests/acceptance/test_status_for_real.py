"""status tells what docker and podman really use; logout leaves them with nothing."""

import json

import pytest

from person import DOCKER
from test_engines import assert_pulls, assert_refused, auth

DOCKERS, PERSISTENT, RUNTIME = ("$HOME/.docker/config.json", "$HOME/.config/containers/auth.json",
                                "/run/containers/0/auth.json")

# Files, and the user under each key. A user None: the entry is empty.
PLACES = {
    "nothing": {},
    "docker's": {DOCKERS: {"ghcr.io": "a"}},
    "persistent": {PERSISTENT: {"ghcr.io": "a"}},
    "all three": {DOCKERS: {"ghcr.io": "a"}, PERSISTENT: {"ghcr.io": "b"},
                  RUNTIME: {"ghcr.io": "c"}},
    "docker's and persistent": {DOCKERS: {"ghcr.io": "a"}, PERSISTENT: {"ghcr.io": "b"}},
    "a scheme": {DOCKERS: {"https://ghcr.io": "a"}},
    "a scheme and a path": {DOCKERS: {"https://ghcr.io/v1/": "a"}},
    "exact and another": {DOCKERS: {"https://ghcr.io": "a", "ghcr.io": "b"}},
    "a namespace": {DOCKERS: {"ghcr.io/octo-org": "a"}},
    "empty and another": {DOCKERS: {"ghcr.io": None, "https://ghcr.io": "a"}},
    "empty in the first": {RUNTIME: {"ghcr.io": None}, PERSISTENT: {"ghcr.io": "a"}},
    "a port": {DOCKERS: {"ghcr.io:443": "a"}},
    "upper case": {DOCKERS: {"GHCR.IO": "a"}},
}


@pytest.fixture(autouse=True)
def nothing_in_run(stack):
    """All of root's logins share one runtime file."""
    stack.sandbox.check(["rm", "-rf", "/run/containers/0/auth.json"])


def write(person, files, tokens):
    for path, users in files.items():
        text = json.dumps({"auths": {
            key: {} if user is None else {"auth": auth(tokens[user], user)}
            for key, user in users.items()}})
        done = person.sh(f'mkdir -p "$(dirname "{path}")" && cat >"{path}" <<\\END\n{text}\nEND')
        assert done.returncode == 0, done.stderr


def found(person):
    """The user that each engine has, by our account."""
    said = json.loads(person.sh("ghcr-login status --no-verify --json").stdout)
    return {each["reader"]: each["username"] for each in said["files"]}


@pytest.mark.parametrize("files", PLACES.values(), ids=PLACES)
def test_it_is_what_they_use(stack, person, files):
    bad = {user: stack.unknown_token() for user in "abc"}
    write(person, files, bad)
    said = found(person)
    done = person.sh("podman login --get-login ghcr.io")
    assert (done.stdout.strip() if done.returncode == 0 else None) == said.get("podman"), done
    if "docker" not in said:
        write(person, files, {user: stack.new_token() for user in "abc"})
        assert_refused(DOCKER, person, stack.ghcr.image)
        return
    # Only that user's token is good: docker pulls if that is the one it takes.
    write(person, files, {**bad, said["docker"]: stack.new_token()})
    assert_pulls(DOCKER, person, stack.ghcr.image)
    assert "accepted" in person.sh("ghcr-login status --docker").stdout
    assert person.sh("ghcr-login logout --docker --podman").returncode == 0
    warned = person.sh("ghcr-login logout --docker").stderr
    if "warning: docker still finds" in warned:     # a namespace, which is no entry of ours
        assert_pulls(DOCKER, person, stack.ghcr.image)
    else:
        assert_refused(DOCKER, person, stack.ghcr.image)


def test_a_stale_entry_goes_and_a_good_one_stays(stack, person):
    """--if-refused with a registry that really revokes."""
    token = stack.new_token()
    person.log_in(token)
    assert json.loads(person.sh("ghcr-login logout --if-refused --json").stdout)["result"] == (
        "unchanged")
    assert_pulls(DOCKER, person, stack.ghcr.image)
    stack.revoke(token)
    assert person.sh("ghcr-login status").returncode == 4
    assert json.loads(person.sh("ghcr-login logout --if-refused --json").stdout)["result"] == (
        "removed")
    assert person.sh("ghcr-login status").returncode == 3
