"""What the scripts leave, and that what they name is there."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = ROOT / "scripts"
root_alone = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


def test_the_tests_that_valgrind_runs_are_there():
    """A test that gets another name would otherwise be left out without a word, or not be."""
    text = (SCRIPTS / "valgrind.sh").read_text()
    sample, passed_over = (re.search(rf"^{name}=\(\n(.*?)^\)", text, re.M | re.S)[1]
                           for name in ("sample", "passed_over"))
    names = re.findall(r'^    "?(\w+\.py::[^"\n]+)"?$', sample + passed_over, re.M)
    assert len(names) > 30
    tests = [f"tests/cli/test_{name}" for name in names]
    done = subprocess.run([sys.executable, "-B", "-m", "pytest", "--collect-only", "-q", *tests],
                          cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout[-2000:]


def test_the_files_that_test_sh_runs_are_there():
    text = (SCRIPTS / "test.sh").read_text()
    groups = re.findall(r"tests/cli/test_\{([\w,]+)\}\.py", text)
    assert len(groups) > 2
    for name in ",".join(groups).split(","):
        assert (ROOT / "tests" / "cli" / f"test_{name}.py").exists(), name


@root_alone
def test_what_root_has_made_belongs_to_who_called_sudo(tmp_path):
    for name in ("scripts", "tests/support"):
        (tmp_path / name).mkdir(parents=True)
    shutil.copy(SCRIPTS / "test.sh", tmp_path / "scripts")
    shutil.copy(ROOT / "tests/support/tally.py", tmp_path / "tests/support")
    install = tmp_path / "scripts" / "install-packages.sh"
    install.write_text("#!/bin/sh\nexit 1\n")
    install.chmod(0o755)
    os.chown(tmp_path, 65534, 65534)
    for caller, owner in ({}, 0), ({"SUDO_UID": "65534"}, 65534):
        env = {name: value for name, value in os.environ.items() if name != "SUDO_UID"}
        done = subprocess.run([tmp_path / "scripts" / "test.sh", "quick"], env={**env, **caller},
                              capture_output=True, text=True, timeout=30, check=False)
        assert done.returncode == 1 and done.stdout.endswith("\n0 passed, 1 failed\n"), done
        made = [tmp_path / "build", *(tmp_path / "build").rglob("*")]
        assert len(made) > 2 and {path.lstat().st_uid for path in made} == {owner}


# A mirror that lists two versions of curl's source package, and has those of $THERE.
MIRROR = {
    "apt-get": """
case $* in update*) exit 0 ;; esac
for last; do :; done
case " $THERE " in *" ${last#curl=} "*) mkdir curl-8 ;; *) exit 100 ;; esac
""",
    "apt-cache": "printf 'Package: curl\\nVersion: 8-2+deb13u%d\\n' 5 17 5",
    "cmake": 'mkdir -p build/static; touch build/static/ghcr-login',
}


@pytest.mark.parametrize("there, status, older", [
    ("8-2+deb13u5 8-2+deb13u17", 0, None),
    ("8-2+deb13u5", 0, "curl 8-2+deb13u5, because 8-2+deb13u17 could not be fetched"),
    ("", 1, None)])
def test_the_newest_libcurl_that_is_there(tmp_path, there, status, older):
    tree = tmp_path / "tree"
    for name in ("scripts", "bin"):
        (tree / name).mkdir(parents=True)
    shutil.copy(SCRIPTS / "build-static.sh", tree / "scripts")
    scripts = {"scripts/install-packages.sh": "exit 0"}
    scripts.update({f"bin/{name}": text for name, text in MIRROR.items()})
    for name, text in scripts.items():
        (tree / name).write_text(f"#!/bin/sh\n{text}\n")
        (tree / name).chmod(0o755)
    done = subprocess.run([tree / "scripts" / "build-static.sh"], capture_output=True, text=True,
                          env={"PATH": f"{tree / 'bin'}:/usr/bin:/bin", "THERE": there,
                               "TMPDIR": str(tmp_path)}, timeout=30, check=False)
    assert done.returncode == status, done
    marker = tree / "build" / "static" / "libraries" / "older"
    assert marker.exists() == (older is not None)
    if older:
        assert older in marker.read_text()


# Makes a root with nothing but busybox, or takes its time.
MMDEBSTRAP = """#!/bin/sh
[ "$SLOW" != making ] || { touch "$STARTED"; sleep 600; }
for last; do case $last in */root) root=$last ;; esac; done
mkdir -p "$root"/proc "$root"/sys "$root"/dev "$root"/run "$root"/root "$root"/etc "$root"/bin
cp /bin/busybox "$root"/bin
for name in umount rmdir sh env sleep; do ln -s busybox "$root/bin/$name"; done
"""


@root_alone
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("slow", ["making", "running"])
def test_a_fresh_root_goes_at_once(tmp_path, slow, number):
    program, started, temporary = (tmp_path / name for name in ("bin", "started", "tmp"))
    for path in (program, temporary):
        path.mkdir()
    (program / "mmdebstrap").write_text(MMDEBSTRAP)
    (program / "mmdebstrap").chmod(0o755)
    run = subprocess.Popen(
        [SCRIPTS / "fresh.sh", "bookworm", "sh", "-c", "echo in the root; sleep 600"],
        env={**os.environ, "PATH": f"{program}:{os.environ['PATH']}", "SLOW": slow,
             "STARTED": str(started), "TMPDIR": str(temporary)},
        stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
    if slow == "running":
        assert any(line == "in the root\n" for line in run.stdout)
    while slow == "making" and not started.exists():
        assert run.poll() is None
        time.sleep(0.02)
    run.send_signal(number)
    assert run.wait(20) == 128 + number
    assert list(temporary.iterdir()) == []
    run.communicate(timeout=20)     # nothing that it started is left to hold the output
