"""bash, zsh and fish complete the options of each command, and a value by its kind."""

import os
import pty
import re
import select
import shutil
import struct
import subprocess
import time
from fcntl import ioctl
from pathlib import Path
from termios import TIOCSWINSZ

import pytest

ROOT = Path(__file__).resolve().parents[2]
COMPLETIONS = ROOT / "scripts" / "completions"
OPTION = re.compile(r"^ +(?:-(\w),)? +--([a-z-]+)(?: ([A-Z]+))? ", re.MULTILINE)
# What stands for a value in --help. A new one belongs here and, where it can be completed, in all
# three of scripts/completions/.
KINDS = {"CMD", "DAYS", "FILE", "DIR", "VAR", "HOST", "IMAGE", "N", "NAME", "SECONDS"}
LIMIT = 20


@pytest.fixture
def home(tmp_path, binary):
    """A home where ghcr-login and a program are on the PATH, with a file, a directory, and nothing else."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "ghcr-login").symlink_to(binary)
    (tmp_path / "bin" / "zzprogram").write_text("#!/bin/sh\n")
    (tmp_path / "bin" / "zzprogram").chmod(0o755)
    work = tmp_path / "work"
    (work / "zzdirectory").mkdir(parents=True)
    (work / "zzfile").touch()
    return tmp_path


def environment(home):
    return {"PATH": f"{home}/bin:/usr/bin:/bin", "HOME": str(home), "TERM": "dumb",
            "LANG": "C.UTF-8", "ZZVARIABLE": "1", "ASAN_OPTIONS": "detect_leaks=0"}


class Terminal:
    """A shell on a terminal at which we type; for bash and zsh, which complete only there."""

    def __init__(self, home, argv, setup):
        self.master, slave = pty.openpty()
        ioctl(slave, TIOCSWINSZ, struct.pack("HHHH", 500, 200, 0, 0))
        self.process = subprocess.Popen(argv, stdin=slave, stdout=slave, stderr=slave,
                                        cwd=home / "work", env=environment(home),
                                        start_new_session=True)
        os.close(slave)
        self.count = 0
        self.type(f" {setup}\n")
        self.until_ready("")

    def type(self, text):
        os.write(self.master, text.encode())

    def read_until(self, mark):
        shown, deadline = b"", time.monotonic() + LIMIT
        while mark not in shown:
            ready, _, _ = select.select([self.master], [], [], deadline - time.monotonic())
            assert ready, shown
            shown += os.read(self.master, 65536)
        return shown.decode(errors="replace").replace("\r", "")

    def until_ready(self, before):
        """Run a command that shows where the output of what came `before` ends."""
        self.count += 1
        self.type(f"{before} echo do''ne{self.count}\n")
        return self.read_until(f"done{self.count}".encode())

    def listed(self, line):
        """What is shown when this much is typed and completed."""
        self.type(f"{line}\t\t")
        return self.until_ready("\x01\x0b")     # to the start, and cut to the end

    def completed(self, line):
        """What the line becomes."""
        self.type(f"{line}\t")
        shown = self.until_ready("\x01echo 'line:\x05'\n")
        return re.search(r"^line:(.*)$", shown, re.MULTILINE)[1]

    def close(self):
        os.close(self.master)
        self.process.kill()
        self.process.wait()


class Fish:
    """fish tells by itself what it would complete."""

    def __init__(self, home):
        self.home = home
        there = home / ".config" / "fish" / "completions"
        there.mkdir(parents=True)
        shutil.copy(COMPLETIONS / "ghcr-login.fish", there)

    def listed(self, line):
        done = subprocess.run(["fish", "-c", 'complete --do-complete "$argv"', line],
                              capture_output=True, text=True, cwd=self.home / "work",
                              env=environment(self.home), timeout=LIMIT, check=True)
        assert done.stderr == "", done
        return done.stdout

    def completed(self, line):
        (only,) = self.listed(line).splitlines()
        return line.rpartition(" ")[0] + " " + only.split("\t")[0]

    def close(self):
        pass


def bash(home):
    """As bash-completion loads it."""
    there = home / ".local" / "share" / "bash-completion" / "completions"
    there.mkdir(parents=True)
    shutil.copy(COMPLETIONS / "ghcr-login.bash", there / "ghcr-login")
    (home / ".inputrc").write_text("set completion-query-items 0\nset page-completions off\n"
                                   "set enable-bracketed-paste off\n")
    return Terminal(home, ["bash", "--norc", "-i"],
                    "PS1=; . /usr/share/bash-completion/bash_completion")


def zsh(home):
    there = home / "functions"
    there.mkdir()
    shutil.copy(COMPLETIONS / "_ghcr-login", there)
    return Terminal(home, ["zsh", "-f", "-i"],
                    f"PS1= LISTMAX=0 fpath=({there} $fpath); bindkey -e; "
                    "autoload -U compinit && compinit -u -D; unsetopt zle_bracketed_paste")


@pytest.fixture(params=[bash, zsh, Fish], ids=["bash", "zsh", "fish"])
def shell(request, home):
    running = request.param(home)
    yield running
    running.close()


COMMANDS = ["login", "status", "logout", "exec"]


@pytest.fixture
def helped(binary):
    """{option: (letter, kind of its value)}, as the help of a topic has them."""
    def read(topic):
        shown = subprocess.run([binary, "help", topic], check=True, capture_output=True,
                               text=True).stdout
        found = {name: (letter, kind) for letter, name, kind in OPTION.findall(shown)}
        assert len(found) == len(re.findall(r"^ .*?--[a-z][a-z-]+ ", shown, re.MULTILINE)) > 15
        return found
    return read


@pytest.fixture
def options(helped):
    return helped("all")


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_the_options_of_a_command_are_offered(shell, helped, command):
    shown = shell.listed(f"ghcr-login {command} --".replace("  ", " "))
    offered = set(re.findall(r"(?<![\w-])--([a-z][a-z-]+)", shown))
    assert offered == set(helped(command or "login"))


def test_every_kind_of_value_is_known(options):
    assert {kind for _, kind in options.values() if kind} == KINDS


@pytest.mark.parametrize("kind, name, start, offered", [
    ("FILE", "cacert", "zzf", "zzfile"), ("DIR", "config", "zz", "zzdirectory"),
    ("VAR", "token-env", "ZZ", "ZZVARIABLE")])
@pytest.mark.parametrize("between", [" ", "="])
def test_a_value(shell, options, kind, name, start, offered, between):
    assert options[name][1] == kind
    line = shell.completed(f"ghcr-login --{name}{between}{start}")
    assert line.strip().rstrip("/") == f"ghcr-login --{name}{between}{offered}"


def test_a_value_that_only_the_user_knows(shell):
    assert "zzfile" not in shell.listed("ghcr-login --username ")


def test_an_option_of_its_start(shell):
    assert shell.completed("ghcr-login --cac").startswith("ghcr-login --cacert")


def test_the_command(shell):
    """What all of them begin with is completed, so ask for one that nothing else is like."""
    assert shell.completed("ghcr-login st").strip() == "ghcr-login status"
    assert shell.completed("ghcr-login ver").strip() == "ghcr-login version"
    assert shell.completed("ghcr-login he").strip() == "ghcr-login help"


def test_what_help_is_asked_of(shell):
    assert shell.completed("ghcr-login help st").strip() == "ghcr-login help status"
    assert shell.completed("ghcr-login help al").strip() == "ghcr-login help all"


@pytest.mark.parametrize("before", ["exec --", "exec -u octocat ghcr.io --"])
def test_the_command_that_exec_runs(shell, before):
    """After "--" a command is completed as if it stood alone, and then its arguments."""
    assert shell.completed(f"ghcr-login {before} zzp").strip() == f"ghcr-login {before} zzprogram"
    line = shell.completed(f"ghcr-login {before} cat zzf").strip()
    assert line == f"ghcr-login {before} cat zzfile"
    assert "--username" not in shell.listed(f"ghcr-login {before} cat --")
