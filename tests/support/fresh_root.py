"""Roots to try an installation in: this machine's distribution with little in it, or busybox.

    root = FreshRoot(directory, "curl")     # packages beside apt and ca-certificates
    root.inside("apt-get", "update")

mmdebstrap's work is kept in build/roots for half a day: package sources move on.
"""

import fcntl
import os
import stat
import subprocess
import time
from pathlib import Path

from stack import PATH

ROOTS = Path(__file__).resolve().parents[2] / "build" / "roots"
AGE_MAX = 12 * 3600
# What apt, dpkg and ldconfig keep for themselves.
KEPT = ("var/log/", "var/cache/", "var/lib/dpkg/", "var/lib/apt/", "etc/ld.so.cache")


def check(argv):
    done = subprocess.run([str(each) for each in argv], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=300, check=False,
                          env={"PATH": PATH, "DEBIAN_FRONTEND": "noninteractive"})
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def make_archive(packages):
    """Return the .tar of a root with these packages, which may be an earlier run's."""
    release = dict(line.split("=", 1) for line in
                   Path("/etc/os-release").read_text().splitlines() if "=" in line)
    suite = release["VERSION_CODENAME"]
    archive = ROOTS / f"{'-'.join([suite, *packages])}.tar"
    ROOTS.mkdir(parents=True, exist_ok=True)
    with open(f"{archive}.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not archive.exists() or time.time() - archive.stat().st_mtime > AGE_MAX:
            sources = [path for pattern in ("sources.list", "sources.list.d/*.list",
                                            "sources.list.d/*.sources")
                       for path in Path("/etc/apt").glob(pattern)]
            new = archive.with_suffix(".new.tar")
            check(["mmdebstrap", "--quiet", "--variant=apt",
                   f"--include={','.join(packages)}", "--skip=cleanup/apt", suite, new, *sources])
            new.replace(archive)
    return archive


class FreshRoot:
    """The smallest system that has apt, of this machine's distribution and package sources."""

    def __init__(self, directory, *packages):
        self.directory = directory
        archive = make_archive(["ca-certificates", *packages])
        directory.mkdir(parents=True)
        check(["tar", "--extract", f"--file={archive}", "--numeric-owner", "--directory",
               directory])
        (directory / "etc" / "hosts").touch()   # where one may be mounted

    def inside(self, *argv):
        return check(["chroot", self.directory, *argv])

    def files(self):
        """What is there but for KEPT: paths below the root."""
        found = set()
        for parent, directories, files in os.walk(self.directory):
            place = os.path.relpath(parent, self.directory)
            found.update(os.path.normpath(f"{place}/{name}") for name in directories + files)
        return {path for path in found if not f"{path}/".startswith(KEPT)}

    def packages(self):
        return set(self.inside("dpkg-query", "--show").splitlines())


class BusyboxRoot:
    """busybox, linked statically, under all its names, and nothing else."""

    def __init__(self, directory):
        self.directory = directory
        for name in ("bin", "dev", "etc", "home", "root", "sbin", "tmp", "usr/bin", "usr/local/bin",
                     "usr/sbin"):
            (directory / name).mkdir(parents=True)
        os.mknod(directory / "dev" / "null", stat.S_IFCHR | 0o666, os.makedev(1, 3))
        (directory / "dev" / "null").chmod(0o666)
        busybox = directory / "bin" / "busybox"
        busybox.write_bytes(Path("/bin/busybox").read_bytes())
        busybox.chmod(0o755)
        check(["chroot", directory, "/bin/busybox", "--install", "-s"])
