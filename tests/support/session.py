"""The terminal session that README shows, run for real: the secret is missing, then it is there.

    python3 session.py PROGRAM [JSON]       (root; scripts/pictures.sh calls this)

It runs on the stack of the acceptance tests, where ghcr.io is a real registry on this machine and
dockerd pulls from it, as a user `deploy` in the environment of a script that comes over ssh.
"""

import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

from stack import ADDRESS, REPOSITORY, Stack, missing_parts

IMAGE = f"ghcr.io/{REPOSITORY}:1"
# What is typed, and whether the secret is there by then.
STEPS = [
    ('echo "$GHCR_TOKEN" | docker login ghcr.io -u octocat --password-stdin', False),
    ("ghcr-login -u octocat --token-env GHCR_TOKEN", False),
    ("ghcr-login -u octocat --token-env GHCR_TOKEN", True),
    (f"docker pull {IMAGE}", True),
]


def play(stack, program, directory):
    """Run the steps; return a list of {"typed", "said" (lines), "status", "secret"}."""
    home, bin_directory = directory / "deploy", directory / "deploy-bin"
    home.mkdir()
    shutil.chown(home, "nobody", "nogroup")
    bin_directory.mkdir()
    shutil.copy(program, bin_directory / "ghcr-login")
    for each in (directory, home, bin_directory):
        each.chmod(0o755)
    token = stack.new_token()
    steps = []
    for typed, secret in STEPS:
        done = stack.run(as_deploy(home, typed), env=stack.environment(
            "/home/deploy", PATH=f"{bin_directory}:{os.environ['PATH']}",
            GHCR_TOKEN=token if secret else "", SSH_CONNECTION=f"{ADDRESS} 50022 {ADDRESS} 22"))
        if token in done.stdout:
            sys.exit("session: the token was shown")
        steps.append({"typed": typed, "said": done.stdout.splitlines(), "status": done.returncode,
                      "secret": secret})
    return steps


def as_deploy(home, script):
    """The command that runs `script` as who lives in /home/deploy, both outputs in one."""
    setup = ("mount -t tmpfs -o mode=755 tmpfs /home && mkdir /home/deploy && "
             f"mount --bind '{home}' /home/deploy && cd /home/deploy && ")
    user = "exec setpriv --reuid=nobody --regid=nogroup --groups=docker sh -c \"$0\" 2>&1"
    return ["unshare", "--mount", "sh", "-c", setup + user, script]


def main():
    missing = missing_parts()
    if missing or len(sys.argv) not in (2, 3):
        sys.exit(f"usage: session.py PROGRAM [JSON]\nmissing: {', '.join(missing) or 'nothing'}")
    with tempfile.TemporaryDirectory(prefix="ghcr-login-session-") as directory:
        with Stack(Path(directory)) as stack:
            steps = play(stack, Path(sys.argv[1]).resolve(), Path(directory))
    for step in steps:
        print(f"$ {step['typed']}", *step["said"], sep="\n")
    if sys.argv[2:]:
        Path(sys.argv[2]).write_text(json.dumps(steps, indent=1) + "\n")


if __name__ == "__main__":
    main()
