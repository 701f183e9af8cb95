"""The packages: the .deb comes and goes without a trace, and the others hold what they should."""

import os
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from bench_registry import mounted, write_hosts
from fresh_root import FreshRoot
from harness import USER
from stack import ADDRESS, PATH, SYSTEM_TRUST

ROOT = Path(__file__).resolve().parents[2]
MACHINE = os.uname().machine
REPOSITORY = "https://github.com/OWNER/ghcr-login"
HELPER = "docker-credential-ghcr-login"     # links
COMMON = {"bin/ghcr-login", f"bin/{HELPER}", "share/doc/ghcr-login/copyright", "share/doc/ghcr-login/CHANGELOG.md",
          "share/bash-completion/completions/ghcr-login",
          "share/fish/vendor_completions.d/ghcr-login.fish"}
DEB = COMMON | {"share/man/man1/ghcr-login.1.gz", f"share/man/man1/{HELPER}.1.gz",
                "share/doc/ghcr-login/changelog.gz",
                "share/zsh/vendor-completions/_ghcr-login"}
TAR = COMMON | {"share/man/man1/ghcr-login.1", f"share/man/man1/{HELPER}.1",
                "share/zsh/site-functions/_ghcr-login"}


@pytest.fixture(scope="module")
def packages():
    """A function that finds one of what scripts/package.sh makes."""
    done = subprocess.run([ROOT / "scripts" / "package.sh"], capture_output=True, text=True,
                          env={**os.environ, "GHCR_LOGIN_REPOSITORY": REPOSITORY}, timeout=300,
                          check=False)
    assert done.returncode == 0, done.stdout + done.stderr

    def find(pattern):
        (package,) = (ROOT / "build" / "packages").glob(pattern)
        return package

    return find


@pytest.fixture(scope="module")
def fresh_root(stack):
    """In the stack's directory, so that it goes with it."""
    return FreshRoot(stack.directory / "fresh")


def log_in(stack, root, token):
    """As root of that system, where ghcr.io is the stack's and its CA is trusted."""
    mounts = {write_hosts(stack.directory, ADDRESS): root / "etc" / "hosts",
              stack.directory / "trust": f"{root}{SYSTEM_TRUST}"}
    return stack.run(
        mounted(mounts, [shutil.which("chroot", path=PATH), root, "ghcr-login", "-u", USER]),
        env={"PATH": PATH, "HOME": "/root", "GHCR_TOKEN": token})


def test_the_deb_comes_and_goes(stack, fresh_root, packages, person):
    package = packages("*.deb")
    shutil.copy(package, fresh_root.directory / "tmp")
    files, installed = fresh_root.files(), fresh_root.packages()
    fresh_root.inside("apt-get", "install", "--quiet", "--yes", "--no-install-recommends",
                      f"/tmp/{package.name}")
    listed = fresh_root.inside("dpkg-query", "--listfiles", "ghcr-login").splitlines()
    assert {path for path in listed if (fresh_root.directory / path[1:]).is_file()} == {
        f"/usr/{name}" for name in DEB}
    assert installed < fresh_root.packages()

    person.login.protect(token := stack.new_token())
    done = log_in(stack, fresh_root.directory, token)
    assert (done.returncode, done.stderr) == (0, ""), done
    config = fresh_root.directory / "root" / ".docker" / "config.json"
    assert person.login.entry("ghcr.io", config) == f"{USER}:{token}"

    # Nor does what somebody else only recommends or suggests, which on Debian 13 somebody does.
    fresh_root.inside("apt-get", "purge", "--quiet", "--yes", "--autoremove", "ghcr-login",
                      "--option", "APT::AutoRemove::RecommendsImportant=false",
                      "--option", "APT::AutoRemove::SuggestsImportant=false")
    assert fresh_root.packages() == installed
    # The credential is the user's, and stays.
    assert fresh_root.files() - files == {"root/.docker", "root/.docker/config.json"}
    assert not files - fresh_root.files()


def text_of(*argv):
    return subprocess.run(argv, check=True, capture_output=True, text=True, timeout=60).stdout


def test_the_deb_is_of_this_libcurl(packages):
    """Its options are compiled in: an older one would not know them all."""
    depends = text_of("dpkg-deb", "--field", packages("*.deb"), "Depends")
    version = text_of("pkg-config", "--modversion", "libcurl").strip()
    assert f"libcurl4 (>= {version})" in depends
    for library in ("libc6", "libjansson4", "libb64-0d"):
        assert library in depends


def test_lintian_finds_no_fault(packages):
    done = subprocess.run(["lintian", "--allow-root", "--fail-on=error,warning",
                           packages("*.deb")], capture_output=True, text=True, timeout=120,
                          check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_deb_names_where_it_comes_from(packages):
    """All of it from the one variable, the changelog's signature too."""
    package = packages("*.deb")
    assert text_of("dpkg-deb", "--field", package, "Homepage").strip() == REPOSITORY
    contact = text_of("dpkg-deb", "--field", package, "Maintainer").strip()
    assert contact == "the ghcr-login authors <noreply@github.com>"
    changelog = text_of("sh", "-c", 'dpkg-deb --fsys-tarfile "$0" | tar -xO '
                        "./usr/share/doc/ghcr-login/changelog.gz | gzip -d", package)
    version = text_of("dpkg-deb", "--field", package, "Version").strip()
    assert changelog.startswith(f"ghcr-login ({version}) ") and f"-- {contact}  " in changelog


def test_the_tar(packages, tmp_path):
    package = packages(f"*-{MACHINE}.tar.gz")
    with tarfile.open(package) as archive:
        archive.extractall(tmp_path)
    (top,) = tmp_path.iterdir()
    assert package.name == f"{top.name}.tar.gz"
    assert {str(path.relative_to(top)) for path in top.rglob("*") if path.is_file()} == TAR
    program = top / "bin" / "ghcr-login"
    assert program.read_bytes() == packages(f"ghcr-login-Linux-{MACHINE}").read_bytes()
    assert text_of(program, "--version").split()[1] in top.name.split("-")


def test_the_checksums(packages):
    checked = text_of("sh", "-c", 'cd "$(dirname "$0")" && sha256sum --check "$0"',
                      packages("SHA256SUMS"))
    others = len(list(packages("SHA256SUMS").parent.iterdir())) - 1
    assert checked.count(": OK\n") == others >= 3
