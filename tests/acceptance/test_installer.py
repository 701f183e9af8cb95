"""scripts/install.sh, stamped by scripts/release.sh, in a fresh Debian and in a busybox root."""

import hashlib
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from fresh_root import BusyboxRoot, FreshRoot
from stack import PATH

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = ROOT / "scripts"
STATIC = ROOT / "build" / "static" / "ghcr-login"
# The program, and the name by which docker asks it.
INSTALLED = ["docker-credential-ghcr-login", "ghcr-login"]
VERSION = re.search(r"^project\(ghcr-login VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text(),
                    re.MULTILINE)[1]
TAG = f"v{VERSION}"
PREFIX = f"/OWNER/ghcr-login/releases/download/{TAG}/"
# A user's number, home, and where the program goes.
USERS = {"root": (0, "root", "usr/local/bin"), "deploy": (1000, "home/deploy",
                                                         "home/deploy/.local/bin")}


def program(version=VERSION):
    """Stands for the executable: the installer asks it for its version and no more."""
    return f"#!/bin/sh\necho ghcr-login {version} libcurl/8.0.0 OpenSSL/3.0.0\n".encode()


class Release:
    """A release on loopback. `files` is what it has, by name; `cut` bytes are kept back of each."""

    def __init__(self, directory, executable):
        self.files, self.asked, self.cut = {}, [], 0
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        Thread(target=self._server.serve_forever, daemon=True).start()
        self.repository = f"http://127.0.0.1:{self._server.server_port}/OWNER/ghcr-login"
        self.address = f"{self.repository}/releases/download/{TAG}"
        directory.mkdir()
        for machine in ("x86_64", "aarch64"):
            (directory / f"ghcr-login-Linux-{machine}").write_bytes(executable)
        done = prepare(TAG, self.repository, directory)
        assert done.returncode == 0, done
        self.notes = done.stdout
        self.files.update({path.name: path.read_bytes() for path in directory.iterdir()})

    def replace(self, content):
        """Have other programs behind the checksums that install.sh names."""
        self.files.update(dict.fromkeys(
            [name for name in self.files if "-Linux-" in name], content))

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    def _handler(release):
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                name = self.path.removeprefix(PREFIX)
                release.asked.append(name)
                content = release.files.get(name)
                self.send_response(200 if content is not None else 404)
                self.send_header("Content-Length", str(len(content or b"")))
                self.end_headers()
                self.wfile.write((content or b"")[:len(content or b"") - release.cut])

            def log_message(self, *_):
                pass

        return Handler


def prepare(tag, repository, directory, script=SCRIPTS / "release.sh"):
    return subprocess.run([script, tag, repository, directory], capture_output=True, text=True,
                          timeout=60, check=False)


@pytest.fixture
def release(tmp_path):
    started = Release(tmp_path / "release", program())
    yield started
    started.close()


@pytest.fixture(scope="module")
def roots(tmp_path_factory):
    """Each root by name, with a directory of its programs but for the downloaders it hides."""
    if os.geteuid() != 0:
        pytest.fail("cannot run here; missing: root", pytrace=False)
    made = {"debian": FreshRoot(tmp_path_factory.mktemp("roots") / "debian", "curl", "wget"),
            "busybox": BusyboxRoot(tmp_path_factory.mktemp("roots") / "busybox")}
    for root in made.values():
        for kept in ("curl", "wget", "none"):
            tools = root.directory / "tools" / kept
            tools.mkdir(parents=True)
            for place in ("usr/bin", "bin"):
                for path in (root.directory / place).iterdir():
                    link = tools / path.name
                    if path.name not in {"curl", "wget"} - {kept} and not link.is_symlink():
                        link.symlink_to(f"/{place}/{path.name}")
    return made


@dataclass
class Host:
    """Somebody in a root who has one of the downloaders."""

    directory: Path
    tool: str
    user: str
    release: Release
    setup: str = ""
    first: str = ""     # a directory before the others on PATH
    ssh: str = ""       # this comes in over ssh, with this PATH

    @property
    def place(self):
        return self.directory / USERS[self.user][2]

    @property
    def program(self):
        return self.place / "ghcr-login"

    def sh(self, script, **environment):
        number, home, _ = USERS[self.user]
        environment = {"PATH": f"{self.first}{self.ssh}/tools/{self.tool}", "HOME": f"/{home}",
                       **environment}
        if self.ssh:
            environment["SSH_CONNECTION"] = "192.0.2.7 50000 192.0.2.1 22"
        # The tools of the test are not those of the root.
        inside = [shutil.which("chroot", path=PATH), f"--userspec={number}:{number}", "--groups=",
                  self.directory, "/bin/sh", "-c", script]
        return subprocess.run(
            [shutil.which("unshare"), "--mount", "/bin/sh", "-ec", f'{self.setup}\nexec "$@"', "sh",
             *inside], env={key: value for key, value in environment.items() if value is not None},
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)

    def install(self, *args, **environment):
        """As people do: out of a pipe, by what this root has."""
        fetch = "curl -fsSL" if self.tool == "curl" else "wget -qO-"
        arguments = "".join(f" {each}" for each in ("-s", "--", *args)) if args else ""
        return self.sh(f"{fetch} {self.release.address}/install.sh | sh{arguments}", **environment)

    def run_copy(self, text=None, *args, **environment):
        """Run install.sh as a file, where it cannot have come over the network."""
        script = self.directory / "tmp" / "install.sh"
        script.write_bytes(self.release.files["install.sh"] if text is None else text)
        return self.sh(" ".join(["sh", "/tmp/install.sh", *args]), **environment)

    def put_older(self):
        self.place.mkdir(parents=True, exist_ok=True)
        self.program.write_bytes(program("0.9.0"))
        self.program.chmod(0o755)
        for path in (self.program, self.place, self.place.parent):
            os.chown(path, USERS[self.user][0], -1)

    def left(self):
        """What is in the program's directory."""
        return sorted(path.name for path in self.place.iterdir()) if self.place.exists() else []


WAYS = [("debian", "curl"), ("debian", "wget"), ("busybox", "wget")]


@pytest.fixture(params=WAYS, ids=["-".join(way) for way in WAYS])
def way(request):
    return request.param


@pytest.fixture(params=USERS)
def host(request, roots, way, release):
    """Every user, everywhere."""
    return new_host(roots, way, request.param, release)


@pytest.fixture
def user_host(roots, way, release):
    """The same for a user alone."""
    return new_host(roots, way, "deploy", release)


@pytest.fixture
def debian_host(roots, release):
    """A shell that finds programs on PATH alone; busybox's takes its own first."""
    return new_host(roots, WAYS[0], "deploy", release)


def new_host(roots, way, user, release):
    directory = roots[way[0]].directory
    for name in ("usr/local/bin", "home/deploy", "root"):
        shutil.rmtree(directory / name, ignore_errors=True)
        (directory / name).mkdir()
        (directory / name).chmod(0o755)
    os.chown(directory / "home" / "deploy", 1000, 1000)
    return Host(directory, way[1], user, release)


def refused(host, done, *words):
    """Nothing was installed; what was there is there."""
    before = ["ghcr-login"] if host.program.exists() else []
    assert done.returncode == 1, done
    assert done.stdout == "" and done.stderr.startswith("install.sh: "), done
    for word in words:
        assert word in done.stderr, done
    assert host.left() == before
    if before:
        assert host.program.read_bytes() == program("0.9.0")


def test_one_line_installs(host, tmp_path):
    """The real executable, by the line that the release notes have."""
    if not STATIC.exists():
        pytest.fail(f"{STATIC} is not there: run scripts/build-static.sh", pytrace=False)
    real = Release(tmp_path / "real", STATIC.read_bytes())
    try:
        host.release = real
        assert f"curl -fsSL {real.address}/install.sh | sh\n" in real.notes
        done = host.install()
    finally:
        real.close()
    assert (done.returncode, done.stderr) == (0, ""), done
    assert f"installed: /{USERS[host.user][2]}/ghcr-login, version {VERSION}\n" in done.stdout
    assert host.program.read_bytes() == STATIC.read_bytes()
    status = host.program.stat()
    assert (status.st_mode & 0o7777, status.st_uid) == (0o755, USERS[host.user][0])
    assert host.left() == INSTALLED
    shown = host.sh(f"/{USERS[host.user][2]}/ghcr-login --version")
    assert shown.stdout.startswith(f"ghcr-login {VERSION} "), shown


def test_it_says_whether_an_ssh_command_finds_it(host):
    done = host.install()
    found = "An ssh command finds it" in done.stdout
    assert found == (host.user == "root"), done
    if not found:
        assert "does not find it there, nor does this shell. Begin" in done.stdout, done
        # The line that it advises, in what sshd gives to a command.
        (advice,) = re.findall(r"^    (PATH=.*)$", done.stdout, re.MULTILINE)
        shown = host.sh(f"PATH=/usr/local/bin:/usr/bin:/bin\n{advice}\nghcr-login --version")
        assert shown.stdout.startswith("ghcr-login "), shown


def test_it_believes_the_ssh_command_that_it_comes_by(user_host):
    user_host.ssh = f"/{USERS[user_host.user][2]}:"
    assert "An ssh command finds it" in user_host.install().stdout
    user_host.ssh = "/opt/bin:"
    assert "An ssh command does not find it" in user_host.install().stdout


def test_it_believes_what_pam_env_reads(user_host):
    environment = user_host.directory / "etc" / "environment"
    environment.write_text(f'PATH="/usr/bin:/{USERS[user_host.user][2]}"\n')
    try:
        assert "An ssh command finds it" in user_host.install().stdout
    finally:
        environment.unlink()


def test_an_older_version_is_replaced(host):
    """As a whole: what runs goes on with the file that it has."""
    host.put_older()
    with open(host.program, "rb") as running:
        done = host.install()
        assert done.returncode == 0 and "(replaced 0.9.0)" in done.stdout, done
        assert running.read() == program("0.9.0")
    assert host.program.read_bytes() == program() and host.left() == INSTALLED


def test_the_second_time_downloads_nothing(user_host):
    user_host.install()
    before = user_host.program.stat()
    user_host.release.asked.clear()
    done = user_host.install()
    assert done.returncode == 0 and done.stdout.startswith("already installed: "), done
    assert user_host.release.asked == ["install.sh"]
    assert user_host.program.stat() == before


@pytest.mark.parametrize("older", [False, True], ids=["fresh", "over-an-older"])
def test_a_wrong_checksum(host, older):
    if older:
        host.put_older()
    evil = program() + b"# and something else\n"
    host.release.replace(evil)
    refused(host, host.install(), "wrong checksum", hashlib.sha256(evil).hexdigest(),
            hashlib.sha256(program()).hexdigest(), "nothing was installed")


@pytest.mark.parametrize("older", [False, True], ids=["fresh", "over-an-older"])
def test_no_space(host, older):
    """A file system of 256 KiB for a program that is longer."""
    host.release.replace(program() + b"#" * 1_000_000)
    host.place.mkdir(parents=True, exist_ok=True)
    full = host.directory / "full"
    full.mkdir(exist_ok=True)
    kept = host.directory / "kept"
    kept.write_bytes(b"")
    host.setup = (f"/bin/mount -t tmpfs -o size=256k,mode=777 tmpfs '{host.place}'\n"
                  f"trap '/bin/ls -A \"{host.place}\" >\"{kept}\"' EXIT\n")
    if older:
        host.setup += f"printf 'old' >'{host.program}'; /bin/chmod 755 '{host.program}'\n"
    # The shell stays, to look at what is left there.
    host.setup += '"$@"; exit\n'
    done = host.install()
    assert done.returncode == 1, done
    assert "no space left" in done.stderr.lower(), done
    assert kept.read_text().split() == (["ghcr-login"] if older else [])


def test_neither_curl_nor_wget(debian_host):
    debian_host.tool = "none"
    refused(debian_host, debian_host.run_copy(), "neither curl nor wget is installed")
    assert debian_host.release.asked == []


def test_no_program_for_checksums(debian_host):
    tools = debian_host.directory / "few"
    shutil.rmtree(tools, ignore_errors=True)
    shutil.copytree(debian_host.directory / "tools" / debian_host.tool, tools, symlinks=True)
    for name in ("sha256sum", "shasum", "openssl"):
        (tools / name).unlink(missing_ok=True)
    refused(debian_host, debian_host.run_copy(PATH="/few"), "cannot verify it: install sha256sum")


def test_a_download_that_is_cut_off(user_host):
    user_host.release.replace(program() * 100)
    user_host.release.cut = 1000
    text = user_host.release.files["install.sh"]
    refused(user_host, user_host.run_copy(text), "cannot download" if user_host.tool == "curl" else "")


def test_a_release_that_has_no_such_file(user_host):
    for name in [name for name in user_host.release.files if "-Linux-" in name]:
        del user_host.release.files[name]
    refused(user_host, user_host.install(), "cannot download", "404")


def test_nobody_answers(user_host):
    text = re.sub(rb"127\.0\.0\.1:\d+", b"127.0.0.1:1", user_host.release.files["install.sh"])
    refused(user_host, user_host.run_copy(text.replace(b"--retry 3", b"--retry 0")), "cannot download")


@pytest.mark.parametrize("system, machine", [("Darwin", "arm64"), ("Linux", "armv7l"),
                                             ("FreeBSD", "amd64")])
def test_another_machine(debian_host, system, machine):
    play_uname(debian_host, system, machine)
    refused(debian_host, debian_host.install(), f"no executable for '{system} {machine}'")


@pytest.mark.parametrize("machine", ["aarch64", "arm64"])
def test_the_file_for_its_machine(debian_host, machine):
    play_uname(debian_host, "Linux", machine)
    assert debian_host.install().returncode == 0
    assert debian_host.release.asked == ["install.sh", "ghcr-login-Linux-aarch64"]


def play_uname(host, system, machine):
    directory = host.directory / "uname"
    directory.mkdir(exist_ok=True)
    (directory / "uname").write_text(
        f'#!/bin/sh\n[ "$1" = -s ] && echo {system} || echo {machine}\n')
    (directory / "uname").chmod(0o755)
    host.first = "/uname:"


def test_where_nothing_may_run(user_host):
    user_host.place.mkdir(parents=True, exist_ok=True)
    user_host.setup = (f"/bin/mount -t tmpfs -o noexec,mode=777 tmpfs '{user_host.place}'\n")
    done = user_host.install()
    assert done.returncode == 1 and "does not run in" in done.stderr, done


def test_a_directory_in_its_place(user_host):
    user_host.program.mkdir(parents=True)
    done = user_host.install()
    assert done.returncode == 1 and "is a directory" in done.stderr, done
    assert list(user_host.program.iterdir()) == []


def test_a_user_without_home(host):
    done = host.run_copy(HOME=None)
    if host.user == "root":
        assert done.returncode == 0 and host.program.exists(), done
    else:
        refused(host, done, "HOME is not set")


def test_a_directory_that_is_not_the_user_s(user_host):
    os.chown(user_host.directory / "home" / "deploy", 0, 0)
    refused(user_host, user_host.run_copy(), "cannot create '/home/deploy/.local/bin': Permission denied")


def test_another_one_that_comes_first(user_host):
    other = user_host.directory / "other"
    other.mkdir(exist_ok=True)
    (other / "ghcr-login").write_bytes(program("0.5.0"))
    (other / "ghcr-login").chmod(0o755)
    user_host.first = "/other:"
    assert "'/other/ghcr-login' comes first" in user_host.install().stdout


def test_it_goes_again(host):
    """And says so where it was not there; what docker's file holds is the user's."""
    host.install()
    login = host.directory / USERS[host.user][1] / ".docker"
    login.mkdir()
    done = host.install("--uninstall")
    assert done.returncode == 0 and done.stdout.startswith("removed: "), done
    assert host.left() == [] and login.exists() and done.stderr == "", done
    done = host.install("--uninstall")
    assert done.returncode == 0 and done.stdout.startswith("not installed: "), done


def test_it_warns_of_what_still_runs_it(user_host):
    """What --at-pull has set up, for docker and for podman."""
    user_host.install()
    for place in (".docker/config.json", ".config/containers/auth.json", ".other.json"):
        path = user_host.directory / "home" / "deploy" / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text('{"credHelpers": {"ghcr.io": "ghcr-login"}}')
    done = user_host.install("--uninstall")
    assert done.returncode == 0 and user_host.left() == [], done
    assert re.findall(r"^warning: '/home/deploy/(\S+)' still has it run at each pull: .*$", done.stderr,
                      re.MULTILINE) == [".docker/config.json", ".config/containers/auth.json"]


def test_a_mistyped_option(user_host):
    done = user_host.install("--unistall")
    assert done.returncode == 2 and "usage: " in done.stderr and user_host.left() == [], done


def test_the_copy_of_the_source_tree(user_host):
    text = (SCRIPTS / "install.sh").read_bytes()
    refused(user_host, user_host.run_copy(text), "the source tree")
    user_host.put_older()
    assert user_host.run_copy(text, "--uninstall").returncode == 0 and user_host.left() == []


@pytest.mark.parametrize("args", [[], ["--uninstall"]])
def test_nothing_of_it_runs_before_it_is_whole(user_host, args):
    """Cut off after any byte, as a connection may be: no program is called."""
    user_host.put_older()
    text = user_host.release.files["install.sh"]
    assert text.endswith(b"\n")
    cut = user_host.directory / "cut"
    shutil.rmtree(cut, ignore_errors=True)
    cut.mkdir()
    # Each in the head and in the last lines, every seventh in between.
    whole = len(text) - 1
    for end in {*range(1400), *range(0, whole, 7), *range(whole - 120, whole)}:
        (cut / f"{end}").write_bytes(text[:end])
    done = user_host.sh(f'for part in /cut/*; do sh "$part" {" ".join(args)}; done 2>&1')
    # dash and ash say so; a word that is run is "not found", or says something of its own.
    others = [line for line in done.stdout.splitlines()
              if not re.match(r"/cut/\d+: (line )?\d+: (line \d+: )?[Ss]yntax error: ", line)]
    assert not others and len(done.stdout.splitlines()) > 1000, others
    assert user_host.program.read_bytes() == program("0.9.0")
    assert user_host.release.asked == []


def test_a_tag_that_is_not_the_version(release, tmp_path):
    for tag in ("v0.0.1", VERSION, f"{TAG}.1", ""):
        done = prepare(tag, release.repository, tmp_path / "release")
        assert done.returncode == 1 and f"has version '{VERSION}'" in done.stderr, done
        assert done.stdout == ""


def test_a_release_has_the_newest_libcurl(release, tmp_path):
    (tmp_path / "release" / "OLDER-LIBCURL").write_text("these hold curl 1, because 2 could not be\n")
    done = prepare(f"v{VERSION}", release.repository, tmp_path / "release")
    assert done.returncode == 1 and "these hold curl 1" in done.stderr, done
    assert done.stdout == ""


def test_a_release_takes_its_notes_from_the_changelog(release, tmp_path):
    tree = tmp_path / "tree"
    (tree / "scripts").mkdir(parents=True)
    shutil.copy(SCRIPTS / "release.sh", tree / "scripts")
    shutil.copy(SCRIPTS / "install.sh", tree / "scripts")
    (tree / "CMakeLists.txt").write_text('project(ghcr-login VERSION 7.8.9 DESCRIPTION "x")\n')

    def notes(changelog):
        (tree / "CHANGELOG.md").write_text(changelog)
        return prepare("v7.8.9", release.repository, tmp_path / "release",
                       tree / "scripts" / "release.sh")

    done = notes("# Changelog\n\n## [Unreleased]\n- later\n\n## [7.8.9] - 2030-01-02\n\n### Fixed\n\n"
                 "- one thing\n  that takes two lines\n- another\n\n## [7.8.8] - 2029-01-02\n- old\n\n"
                 "[7.8.9]: ../../releases/tag/v7.8.9\n")
    assert done.returncode == 0, done
    assert done.stdout.endswith("### Fixed\n\n- one thing that takes two lines\n- another\n")
    assert "v7.8.9/install.sh | sh" in done.stdout and "--repo OWNER/ghcr-login" in done.stdout
    for empty in ("", "## [7.8.9] - 2030-01-02\n\n## [7.8.8] - 2029-01-02\n- old\n",
                  "## [Unreleased]\n- later\n"):
        done = notes(empty)
        assert done.returncode == 1 and "has no section '## [7.8.9]" in done.stderr, done


def test_the_checksums_are_of_all_files(release, tmp_path):
    directory = tmp_path / "release"
    done = subprocess.run(["sha256sum", "--check", "SHA256SUMS"], cwd=directory, text=True,
                          capture_output=True, timeout=60, check=True)
    assert done.stdout.count(": OK\n") == len(list(directory.iterdir())) - 1
    assert "install.sh: OK\n" in done.stdout
    (directory / "ghcr-login-Linux-aarch64").unlink()
    done = prepare(TAG, release.repository, directory)
    assert done.returncode == 1 and "ghcr-login-Linux-aarch64" in done.stderr, done
