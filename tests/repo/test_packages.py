"""scripts/install-packages.sh leaves nothing that starts, however it ends: with stand-ins for apt's."""

import os
import subprocess
from pathlib import Path

import pytest

from people import Space

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, for mounts")

ROOT = Path(__file__).resolve().parents[2]
POLICY = "/usr/sbin/policy-rc.d"
SYSTEM, USER = "/etc/systemd/system/multi-user.target.wants", "/etc/systemd/user/sockets.target.wants"
KEPT = {"mine.service", "systemd-own.service"}

STAND_INS = {
    "apt-cache": "exit 0",
    "dpkg-query": 'grep -qx installed "$STATE" && echo installed',
    "dpkg": 'case $2 in *systemd-own*) echo "systemd: $2" ;; *) echo "new: $2" ;; esac',
    "apt-get": f"""
[ "$1" = install ] || exit 0
sh "{POLICY}" && exit 9
mkdir -p {SYSTEM} {USER}
for unit in new systemd-own; do ln -s /lib/systemd/system/$unit.service {SYSTEM}; done
ln -s /usr/lib/systemd/user/new.socket {USER}
echo installed >"$STATE"
case $ENDS in
fails) exit 100 ;;
KILL|TERM) kill -s $ENDS $PPID ;;
esac
""",
    "systemctl": f"""
[ "$2 $3" = "disable --quiet" ] || exit 1
case $1 in --global) rm {USER}/"$4" ;; *) rm {SYSTEM}/"$4" ;; esac
""",
}


@pytest.fixture
def machine(tmp_path):
    """Run the script where one service is enabled and nothing is installed."""
    (tmp_path / "bin").mkdir()
    for name, script in STAND_INS.items():
        path = tmp_path / "bin" / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
    (tmp_path / "state").touch()

    with Space("mount -t tmpfs -o mode=755 tmpfs /etc/systemd",
               "mount -t tmpfs -o mode=755 tmpfs /usr/sbin", f"mkdir -p {SYSTEM}",
               f"ln -s /lib/systemd/system/mine.service {SYSTEM}") as space:
        def run(ends, policy=None):
            if policy is not None:
                space.path(POLICY).write_text(policy)
            return subprocess.run(
                [*space.through, ROOT / "scripts" / "install-packages.sh", "build"],
                env={**os.environ, "PATH": f"{tmp_path / 'bin'}:/usr/bin:/bin", "ENDS": ends,
                     "STATE": str(tmp_path / "state")},
                capture_output=True, text=True, timeout=30, check=False).returncode

        def enabled(place):
            path = space.path(place)
            return set(os.listdir(path)) if path.exists() else set()

        run.policy = space.path(POLICY)
        run.left = lambda: (enabled(SYSTEM), enabled(USER))
        yield run


@pytest.mark.parametrize("ends, status", [("well", 0), ("fails", 1), ("TERM", 130)])
def test_nothing_is_left_enabled(machine, ends, status):
    assert machine(ends) == status
    assert machine.left() == (KEPT, set()) and not machine.policy.exists()


def test_what_a_killed_run_left_is_undone_by_the_next(machine):
    assert machine("KILL") == -9
    assert machine.left() == ({"new.service", *KEPT}, {"new.socket"}) and machine.policy.exists()
    assert machine("well") == 0
    assert machine.left() == (KEPT, set()) and not machine.policy.exists()


def test_somebody_else_s_policy_stays(machine):
    assert machine("well", policy="exit 101\n") == 0
    assert machine.left() == (KEPT, set())
    assert machine.policy.read_text() == "exit 101\n"
