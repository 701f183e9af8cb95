"""The process itself: nothing to be read from it, and no harm from what it inherits."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

import faults
from conftest import needs_tracing
from harness import PACE, TOKEN, USER, WITHOUT_PRIVILEGES, auth


# Becomes the command in its arguments, with each variable three times.
EXECVE = """
import ctypes, os, sys
def strings(words):
    return (ctypes.c_char_p * (len(words) + 1))(*map(os.fsencode, words), None)
variables = [f"{name}={value}" for name, value in os.environ.items()] * 3
ctypes.CDLL(None).execve(os.fsencode(sys.argv[1]), strings(sys.argv[1:]), strings(variables))
"""


def _tree(pid):
    """A process and all below it."""
    below = [int(child) for task in Path(f"/proc/{pid}/task").iterdir()
             for child in (task / "children").read_text().split()]
    return [pid, *(each for child in below for each in _tree(child))]


@pytest.fixture
def waiting(login, registry):
    """The program in the middle of its handshake, with the token in its memory."""
    server = registry()
    server.on("token", faults.delay(1.0))
    login.protect(TOKEN)
    run = login.start("-u", USER, "--password-stdin", "--cacert", login.ca_file, server.host,
                      stdin=_pipe_with(f"{TOKEN}\n".encode()), unprivileged=True)
    _wait_for(lambda: "token" in server.endpoints)
    yield run
    assert run.finish().status == 0


def _pipe_with(data):
    reader, writer = os.pipe()
    os.write(writer, data)
    os.close(writer)
    return os.fdopen(reader, "rb")


def _wait_for(condition, limit=5.0):
    end = time.monotonic() + limit * PACE
    while not condition():
        assert time.monotonic() < end, "did not happen"
        time.sleep(0.005)


def _proc(pid, name):
    return Path(f"/proc/{pid}/{name}").read_text(encoding="utf-8")


def test_no_core_and_no_new_rights_for_others(waiting):
    limits = next(line for line in _proc(waiting.pid, "limits").splitlines() if "core" in line)
    assert limits.split()[4] == "0"     # `exec` gives its command the old one back
    assert "Umask:\t0077" in _proc(waiting.pid, "status")


def test_not_dumpable(waiting):
    """A process of the same user can neither read its memory nor its environment."""
    wrapper = WITHOUT_PRIVILEGES if os.geteuid() == 0 else ()

    def may_read(pid):
        done = subprocess.run([*wrapper, "cat", f"/proc/{pid}/environ"], capture_output=True,
                              check=False)
        return done.returncode == 0

    with subprocess.Popen([*wrapper, "sleep", "60"]) as ordinary:
        _wait_for(lambda: Path(f"/proc/{ordinary.pid}/comm").read_text() == "sleep\n")
        readable = may_read(ordinary.pid)
        ordinary.kill()
    assert readable, "the control shows nothing"
    assert not may_read(waiting.pid)


def test_the_secret_is_not_in_the_command_line(waiting):
    assert TOKEN not in _proc(waiting.pid, "cmdline")


@pytest.mark.parametrize("args", [["-u", USER, "--token-env", "MY_TOKEN"], ["status"],
                                  ["exec", "-u", USER, "--token-env", "MY_TOKEN"]],
                         ids=["login", "status", "exec"])
def test_no_copy_is_left_in_the_environment_while_it_waits(login, registry, args):
    """A list of variables may hold a name more than once, which a dict of Python's cannot."""
    needs_tracing()
    server = registry(certificate=None)
    server.on("token", faults.delay(0.3))
    login.write_config(json.dumps({"auths": {server.host: {"auth": auth(USER, TOKEN)}}}))
    names = ["GHCR_TOKEN"] if args == ["status"] else ["GHCR_TOKEN", "MY_TOKEN", "ANOTHER_TOKEN"]
    command = ["--", "true"] if args[0] == "exec" else []
    run = login.start(*args, "--plain-http", server.host, *command,
                      through=("/usr/bin/python3", "-c", EXECVE), env=dict.fromkeys(names, TOKEN),
                      may_store=True)
    _wait_for(lambda: "token" in server.endpoints)
    shown = [(Path(f"/proc/{pid}/environ").read_bytes(), Path(f"/proc/{pid}/cmdline").read_bytes())
             for pid in _tree(run.pid)]
    assert run.finish().status == 0
    assert len(shown) > 1 and TOKEN not in str(shown), shown


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_it_and_leaves_nothing(login, registry, number):
    """The harness sees to it that no file is left and the auth file is as it was."""
    login.write_config('{"auths":{}}')
    server = registry()
    server.on("token", faults.silence())
    # In the background or under nohup it is ignored here, and that would be inherited;
    # a handler is not.
    before = signal.signal(number, lambda *_: None)
    run = login.start("-u", USER, "--token-env", "A_TOKEN", "--cacert", login.ca_file, server.host,
                      env={"A_TOKEN": TOKEN})
    signal.signal(number, before)
    _wait_for(lambda: "token" in server.endpoints)
    run.process.send_signal(number)
    assert run.finish(timeout=3).status != 0


@pytest.mark.parametrize("closed", [[0], [1], [2], [0, 1], [1, 2], [0, 1, 2]], ids=str)
def test_closed_descriptors(login, registry, closed):
    """What it opens must not land on 0, 1 or 2: with -v it would talk into its connection."""
    server = registry()
    login.write_config('{"auths":{"other.example":{"auth":"YTpi"}}}')

    def close():
        for descriptor in closed:
            os.close(descriptor)

    result = login("-v", "-u", USER, "--token-env", "A_TOKEN", "--cacert", login.ca_file,
                   server.host, env={"A_TOKEN": TOKEN}, preexec_fn=close)
    assert result.status == 0, result
    assert login.entry(server.host) == f"{USER}:{TOKEN}"
    assert b"Login Succeeded" not in login.config.read_bytes()


def test_closed_descriptors_without_dev_null(login, registry, space):
    """What would be opened next must not become standard output."""
    mounts = space("mount -t tmpfs tmpfs /dev")
    closing = (*mounts.through, "sh", "-c", 'exec "$@" <&-', "sh")
    result = login.to(registry(certificate=None), through=closing)
    assert (result.status, result.stdout) == (1, "")
    assert result.stderr == "ghcr-login: cannot harden the process\n"


def test_a_reader_that_went_away(login, registry):
    """`ghcr-login | head -0`: no death by SIGPIPE between the handshake and the file."""
    server = registry()
    reader, writer = os.pipe()
    os.close(reader)
    run = login.start("-u", USER, "--token-env", "A_TOKEN", "--cacert", login.ca_file, server.host,
                      env={"A_TOKEN": TOKEN}, stdout=writer, may_store=True)
    os.close(writer)
    assert run.finish().status in (0, 1)
    assert login.entry(server.host) == f"{USER}:{TOKEN}"


def test_output_that_cannot_be_written(login, registry):
    """A success that nobody can hear of is not reported as one."""
    server = registry()
    with open("/dev/full", "wb") as full:
        result = login.to(server, stdout=full, may_store=True)
    assert result.status == 1, result


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_help_that_cannot_be_written(login, option):
    with open("/dev/full", "wb") as full:
        result = login(option, stdout=full)
    assert (result.status, result.stderr) == (
        1, "ghcr-login: cannot write to standard output\n")


def test_no_terminal_is_needed(login, registry):
    """Every run of the harness is a session of its own, without a controlling terminal."""
    login.to(registry(), env={"TERM": ""}).succeeded()


@pytest.mark.parametrize("name, value", [
    ("LC_ALL", "C"), ("LC_ALL", "tr_TR.UTF-8"), ("LD_LIBRARY_PATH", "/nonexistent"),
    ("SSLKEYLOGFILE", "keys"), ("CURL_HOME", "."), ("DOCKER_HOST", "tcp://127.0.0.1:1"),
])
def test_the_environment_does_no_harm(login, registry, name, value):
    """SSLKEYLOGFILE would put the keys of the connection into a file beside the script."""
    login.to(registry(), env={name: value}).succeeded()


def test_a_curlrc_is_not_read(login, registry):
    (login.home / ".curlrc").write_text('header = "X-Evil: 1"\nproxy = "127.0.0.1:1"\n')
    server = registry()
    login.to(server).succeeded()
    assert all("x-evil" not in request.headers for request in server.requests)
