"""Real plays: changed, then ok; check mode; a failure that says why; and no secret in the output."""

import re
import textwrap
from pathlib import Path

import pytest

from person import DOCKER
from test_engines import assert_pulls

README = Path(__file__).resolve().parents[2] / "README.md"
TASK = re.search(r"^```yaml\n(- name: log in.*?)^```$", README.read_text(), re.M | re.S)[1]
PLAY = """\
- hosts: localhost
  connection: local
  gather_facts: false
  vars:
    ghcr_token: !vault |
VAULT
  tasks:
TASK
"""
# As the README has it, and with the token in the environment.
WAYS = {
    "stdin": TASK,
    "environment": re.sub(r"^ +stdin.*\n", "", TASK, flags=re.M).replace(", '--password-stdin'", "")
                       .replace("  check_mode", '  environment:\n    GHCR_TOKEN: "{{ ghcr_token }}"'
                                                "\n  check_mode"),
}


@pytest.fixture(params=WAYS.values(), ids=WAYS)
def play(request, person):
    """Runs the play with this token, out of a vault; looks for leaks in what it prints."""
    password = person.home / "vault-password"
    password.write_text("throwaway\n")

    def write(token):
        vault = person.sh("printf %s \"$TOKEN\" | ansible-vault encrypt_string --stdin-name x"
                          f" --vault-password-file {password}", TOKEN=token, timeout=60)
        assert vault.returncode == 0, vault.stderr
        body = re.findall(r"^\s+\S+$", vault.stdout.split("\n", 1)[1], re.MULTILINE)
        text = PLAY.replace("VAULT", "\n".join("      " + line.strip() for line in body))
        (person.home / "play.yml").write_text(
            text.replace("TASK", textwrap.indent(request.param, "    ")))

    def run(token, *args):
        if not (person.home / "play.yml").exists():
            write(token)
        return person.run_login(token, "ansible-playbook -i localhost, " + " ".join(args)
                                + f" --vault-password-file {password} {person.home}/play.yml")

    return run


def changed(done):
    assert done.returncode == 0, done.stdout + done.stderr
    return int(re.search(r"changed=(\d+)", done.stdout)[1])


def test_first_changed_then_ok(stack, person, play):
    token = stack.new_token()
    assert changed(play(token, "--check")) == 1
    assert not person.config.parent.exists()
    assert changed(play(token)) == 1
    before = person.config.stat().st_mtime_ns
    assert changed(play(token)) == 0
    assert changed(play(token, "--check")) == 0
    assert person.config.stat().st_mtime_ns == before
    assert_pulls(DOCKER, person, stack.ghcr.image)


def test_a_revoked_token_fails_with_its_cause(stack, person, play):
    token = stack.new_token()
    stack.revoke(token)
    done = play(token)
    assert done.returncode != 0 and "failed=1" in done.stdout
    assert "refused the credential" in done.stdout and "settings/tokens" in done.stdout
    assert not person.config.exists()
