"""Every file of scripts/examples, run as in its place: the login, the pull, the failure."""

import json
import os
import re
import shutil
from datetime import datetime, timedelta, timezone

import pytest

from example_runners import EXAMPLES, RUNNERS, WATCHERS
from harness import USER, auth
from machine import Machine
from person import DOCKER

examples = pytest.mark.parametrize("example", RUNNERS.values(), ids=RUNNERS)


@pytest.fixture
def machine(stack, person):
    return Machine(stack, person.login, and_ours=True)


def put_program(machine, binary, user):
    """Where scripts/deploy.sh puts it for this user, if any."""
    place = machine.bin if user == "root" else machine.homes["deploy"] / ".local" / "bin"
    if user:
        place.mkdir(parents=True, exist_ok=True)
        shutil.copy(binary, place / "ghcr-login")


def run(example, machine, token):
    """Run it and look for leaks in what it said and left."""
    machine.login.protect(token)
    assert not has_image(machine)
    done = example.run(machine, token)
    files = {machine.config(example.user)} if example.user else set()
    machine.login.check_leaks({"stdout": done.stdout.encode(), "stderr": done.stderr.encode()},
                              files)
    return done


def has_image(machine):
    image = machine.stack.ghcr.image
    return machine.run(["docker", "image", "inspect", image],
                       env=machine.stack.environment("/root")).returncode == 0


def stored(machine):
    """Who has a login now."""
    return {user for user in machine.homes if machine.config(user).exists()}


@examples
def test_login_and_pull(stack, person, machine, example, binary):
    put_program(machine, binary, example.runs_as)
    token = stack.new_token()
    done = run(example, machine, token)
    assert done.returncode == 0, done.stdout + done.stderr
    assert DOCKER.take_image(person, stack.ghcr.image) == stack.image_id
    assert stored(machine) == ({example.user} if example.user else set())
    if example.user:
        config = machine.config(example.user)
        assert machine.login.entry("ghcr.io", config) == f"{USER}:{token}"
        assert config.stat().st_uid == machine.homes[example.user].stat().st_uid
        # Or check_leaks() had no argument lists to look at.
        traces = "".join(path.read_text() for path in machine.login.directory.glob("trace*"))
        assert not example.traced or '/ghcr-login", ["ghcr-login", ' in traces


@examples
def test_an_empty_secret(machine, example, binary):
    put_program(machine, binary, "root" if example.runs_as else "")
    done = run(example, machine, "")
    words = done.stdout + done.stderr
    assert done.returncode == example.status, words
    assert example.cause in words
    assert not has_image(machine)
    assert not stored(machine)


@pytest.mark.parametrize("watcher", WATCHERS.values(), ids=WATCHERS)
def test_watch(stack, machine, binary, watcher):
    """Good for long, then a week before its end, then refused."""
    put_program(machine, binary, watcher.runs_as)
    token = stack.new_token()
    home = machine.homes[watcher.user]
    config = machine.config(watcher.user)
    config.parent.mkdir(mode=0o700)
    config.write_text(json.dumps({"auths": {"ghcr.io": {"auth": auth(USER, token)}}}))
    config.chmod(0o600)
    for path in (config, config.parent):
        os.chown(path, home.stat().st_uid, home.stat().st_gid)
    machine.login.protect(token)
    words = {30: "", 5: "expires in 5 days", None: "refused the credential"}
    for days in watcher.days:
        if days is None:
            stack.revoke(token)
        else:
            moment = datetime.now(timezone.utc) + timedelta(days=days, hours=1)
            stack.expire(token, moment.strftime("%Y-%m-%d %H:%M:%S UTC"))
        done = watcher.run(machine)
        said = done.stdout + done.stderr
        assert (done.returncode == 0) == (days == 30) and words[days] in said, said
        assert days is None or (USER in said and "ghcr.io" in said), said
        machine.login.check_leaks({"stdout": done.stdout.encode(), "stderr": done.stderr.encode()},
                                  {config})


@pytest.mark.parametrize("unit", [path.name for path in sorted(EXAMPLES.glob("*.service"))])
def test_systemd_understands_the_unit(machine, binary, unit):
    put_program(machine, binary, "root")
    files = sorted(EXAMPLES.glob(unit.replace(".service", ".*")))
    done = machine.run(["systemd-analyze", "verify", "--man=no", *files])
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_every_example_is_run():
    run_here = {name for runner in (*RUNNERS.values(), *WATCHERS.values())
                for name in runner.files}
    names = {path.name for path in EXAMPLES.iterdir()}
    assert names == run_here | {"README.md", "ansible-role"}    # test_role.py runs it
    assert run_here | {"ansible-role/"} == set(
        re.findall(r"\]\((\S+)\)", (EXAMPLES / "README.md").read_text()))
