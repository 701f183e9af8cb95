"""A machine inside the machine: its own network, mounts and processes.

    with Sandbox(directory, setup=["mount --bind ... /etc/hosts"]) as sandbox:
        sandbox.start("nginx", ["nginx", "-c", conf])
        done = sandbox.run(["docker", "pull", "ghcr.io/octo-org/private"], env=env)

The private network has no way out, so a test may call its registry ghcr.io and can
never reach the real one. Nothing outlives the sandbox: daemons, mounts and whatever was
written to /run, /dev/shm and /var/lib go when it is closed, and also when its maker is killed.
"""

import os
import shlex
import subprocess
import time
from pathlib import Path

from closing import Closing

# In /run, /dev/shm and /var/lib engines keep things at fixed places, and `exec` its private
# directory. Inside, the first two begin empty, and what is written to /var/lib goes to /run.
PREPARE = [
    "mount -t tmpfs -o mode=755 tmpfs /run",
    "mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs /dev/shm",
    "mkdir /run/.lib /run/.work",
    "mount -t overlay -o lowerdir=/var/lib,upperdir=/run/.lib,workdir=/run/.work lib /var/lib",
    "ip link set lo up",
]
STOP_LIMIT = 20


class Sandbox(Closing):
    """Needs root, util-linux and iproute2. `setup` is shell lines run inside at the start."""

    def __init__(self, directory, setup=()):
        self.logs = Path(directory) / "logs"
        self.logs.mkdir(exist_ok=True)
        # cat is process 1 inside. It ends with its standard input, which is closed on our
        # exit however that comes about, and the kernel then ends all others in there.
        script = "\n".join(["set -e", *PREPARE, *setup, "echo ready", "exec cat"])
        self._holder = subprocess.Popen(
            ["unshare", "--mount", "--net", "--pid", "--fork", "--mount-proc", "sh", "-c", script],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            start_new_session=True)
        if self._holder.stdout.readline() != "ready\n":
            _, errors = self._holder.communicate()
            raise RuntimeError(f"cannot make the sandbox (root is needed): {errors.strip()}")

    def command(self, argv, cwd="/"):
        """Return the command that runs `argv` inside the sandbox."""
        spaces = Path("/proc") / str(self._holder.pid) / "ns"
        return ["nsenter", f"--mount={spaces / 'mnt'}", f"--net={spaces / 'net'}",
                f"--pid={spaces / 'pid_for_children'}", f"--wd={cwd}", "--", *map(str, argv)]

    def run(self, argv, timeout=60, **options):
        """Run `argv` inside to its end; its output is captured as text."""
        # The limit is kept inside as well: killing nsenter would not stop what it started.
        inner = ["timeout", "--kill-after=2", str(timeout), *map(str, argv)]
        options.setdefault("stdin", None if "input" in options else subprocess.DEVNULL)
        return subprocess.run(self.command(inner), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True, timeout=timeout + 5, check=False, **options)

    def check(self, argv, **options):
        """As run(), but a failure is an exception that shows the command's words."""
        done = self.run(argv, **options)
        if done.returncode != 0:
            raise RuntimeError(f"{shlex.join(map(str, argv))}: status {done.returncode}\n"
                               f"{done.stdout}{done.stderr}\n{self.log_tails()}")
        return done

    def start(self, name, argv, **options):
        """Start a daemon; it writes to logs/NAME.log and ends with the sandbox."""
        with open(self.logs / f"{name}.log", "ab") as log:
            return subprocess.Popen(self.command(argv), stdin=subprocess.DEVNULL, stdout=log,
                                    stderr=log, start_new_session=True, **options)

    def wait_until(self, what, ready, limit=30):
        """Poll until `ready()`; after `limit` seconds fail and show the daemons' logs."""
        deadline = time.monotonic() + limit
        while not ready():
            if time.monotonic() > deadline:
                raise TimeoutError(f"{what} was not ready in {limit} s\n{self.log_tails()}")
            time.sleep(0.05)

    def log_tails(self, lines=25):
        """Return the last lines of every daemon's log, for a failure report."""
        parts = []
        for log in sorted(self.logs.glob("*.log")):
            tail = log.read_text(errors="replace").splitlines()[-lines:]
            parts.append(f"--- {log.name} (last {len(tail)} lines)\n" + "\n".join(tail))
        return "\n".join(parts)

    def close(self):
        """End every process inside and wait for that."""
        self._holder.stdin.close()
        try:
            self._holder.wait(STOP_LIMIT)
        except subprocess.TimeoutExpired:
            os.killpg(self._holder.pid, 9)
            self._holder.wait()
        self._holder.stdout.close()
        self._holder.stderr.close()
