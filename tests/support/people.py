"""Somebody other than root, and a place in the file system of nobody else's concern.

    with Space(f"mount -t tmpfs -o size=64k tmpfs '{home}'") as space:
        login.to(registry, through=space.through)
        space.path(home / ".docker/config.json").read_text()
"""

import os
import shutil
import subprocess
from pathlib import Path

from closing import Closing

ORDINARY = ("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups")
# Nobody in the user database has this number.
UNKNOWN_UID = 54321
UNKNOWN = ("setpriv", f"--reuid={UNKNOWN_UID}", f"--regid={UNKNOWN_UID}", "--clear-groups")


class Space(Closing):
    """Mounts of its own, made by shell lines; they end with it. Needs root."""

    def __init__(self, *setup):
        # cat ends with its standard input, and so with us however that comes about.
        script = "\n".join(["set -e", *setup, "echo ready", "exec cat"])
        self._holder = subprocess.Popen(["unshare", "--mount", "sh", "-c", script],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True)
        if self._holder.stdout.readline() != "ready\n":
            raise RuntimeError(f"cannot make the mounts: {self._holder.communicate()[1]}")
        self._proc = Path("/proc") / str(self._holder.pid)
        # What comes before a command to run it in here.
        self.through = ("nsenter", f"--mount={self._proc / 'ns/mnt'}", "--wdns=/", "--")

    def path(self, path):
        """A path in here, as seen from outside."""
        return self._proc / "root" / str(path).lstrip("/")

    def close(self):
        for pipe in (self._holder.stdin, self._holder.stdout, self._holder.stderr):
            pipe.close()
        self._holder.wait(10)


def give(path, user="nobody", group="nogroup"):
    """Give `path` and all below it to somebody."""
    for each in (path, *path.rglob("*")):
        if each.is_symlink():
            subprocess.run(["chown", "-h", f"{user}:{group}", each], check=True)
        else:
            shutil.chown(each, user, group)


def settle(login):
    """What a test put into the directories of somebody becomes theirs."""
    if login.through:
        give(login.home)
        give(login.work)


def owner(path):
    status = os.stat(path)
    return status.st_uid, status.st_gid
