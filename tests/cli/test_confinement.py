"""Who talks to the registry: a process that can do nothing else, and that is never in the way."""

import os
import platform
import re
import shutil
import signal
import time
from pathlib import Path

import pytest

import faults
from conftest import needs_namespaces, needs_tracing, person
from harness import OTHER_TOKEN, PACE, TOKEN, USER

# Nobody else on the machine runs as this one, so that a limit of processes is its alone.
LONELY = 54323
MAY_NOT_FORK = ("prlimit", "--nproc=1", "setpriv", f"--reuid={LONELY}", f"--regid={LONELY}",
                "--clear-groups")


# What systemd's SystemCallFilter= does: who makes one of these calls is killed (SIGSYS).
FILTERED = """
import ctypes, os, struct, sys
LOAD, EQUALS, RETURN, KILL, ALLOW = 0x20, 0x15, 0x06, 0x80000000, 0x7FFF0000
code = [(LOAD, 0, 0, 0)]
for number in map(int, sys.argv[1].split(",")):
    code += [(EQUALS, 0, 1, number), (RETURN, 0, 0, KILL)]
code.append((RETURN, 0, 0, ALLOW))
text = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *each) for each in code))
class Filter(ctypes.Structure):
    _fields_ = [("count", ctypes.c_ushort), ("code", ctypes.c_void_p)]
prctl = ctypes.CDLL(None).prctl
if prctl(38, 1, 0, 0, 0) or prctl(22, 2, ctypes.byref(Filter(len(code), ctypes.addressof(text)))):
    sys.exit("no filter")
os.execvp(sys.argv[2], sys.argv[2:])
"""
# Its variables FIRST and SECOND, both as T_TOKEN: execve(2) takes a name twice.
TWICE = """
import ctypes, os, sys
text = [f"T_TOKEN={os.environ.pop(name)}" for name in ("FIRST", "SECOND")]
text += [f"{name}={value}" for name, value in os.environ.items()]
listed = lambda all: (ctypes.c_char_p * (len(all) + 1))(*map(str.encode, all), None)
ctypes.CDLL(None).execve(sys.argv[1].encode(), listed(sys.argv[1:]), listed(text))
"""
# On every architecture.
LANDLOCK_CREATE_RULESET, LANDLOCK_RESTRICT_SELF, CLOSE_RANGE = 444, 446, 436
CAPSET = {"x86_64": 126, "aarch64": 91}[platform.machine()]
READS = 1 << 2  # CAP_DAC_READ_SEARCH: what root may read it still may


def until(condition, limit=10.0):
    end = time.monotonic() + limit * PACE
    while not (found := condition()):
        assert time.monotonic() < end, "did not happen"
        time.sleep(0.005)
    return found


def children(pid):
    """The processes that `pid` has started, and those that they have."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(path.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        if parent == pid:
            found += [int(path.parent.name), *children(int(path.parent.name))]
    return found


def is_running(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def status_of(pid, field):
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(line.split()[1] for line in lines if line.startswith(f"{field}:"))


def has_connection(pid, server):
    """Whether it holds a TCP connection to the registry: root alone may look."""
    inodes = {fields[9] for fields in map(str.split, Path("/proc/net/tcp").open())
              if fields[2].endswith(f":{server.port:04X}") and fields[3] == "01"}
    links = {os.readlink(each) for each in Path(f"/proc/{pid}/fd").iterdir()}
    return any(f"socket:[{inode}]" in links for inode in inodes)


@pytest.fixture
def asking(login, server):
    """A function that starts a run which waits for the registry's word on the token."""
    needs_tracing()
    server.on("token", faults.silence())
    started = []

    def start(*command, **how):
        options = ("--plain-http", *how.pop("options", ()), server.host)
        if "through" not in how:
            how.setdefault("env", {}).update(T_TOKEN=TOKEN)
        if command[:1] != ("status",):
            options = ("-u", USER, "--token-env", "T_TOKEN", *options)
        at = command.index("--") if "--" in command else len(command)
        started.append(login.start(*command[:at], *options, *command[at:], **how))
        until(lambda: "token" in server.endpoints)
        return started[-1]

    yield start
    for run in started:
        if run.process.returncode is None:
            run.process.kill()
            run.finish()


def test_the_one_that_asks_is_confined(asking, server):
    run = asking()
    (child,) = children(run.pid)
    assert has_connection(child, server) and not has_connection(run.pid, server)
    assert status_of(child, "NoNewPrivs") == "1"
    assert status_of(run.pid, "NoNewPrivs") == "0"
    assert os.getsid(child) == child
    assert status_of(child, "Seccomp") == "2"
    assert int(status_of(child, "CapPrm"), 16) == int(status_of(child, "CapEff"), 16) == READS
    opened = [os.readlink(each) for each in Path(f"/proc/{child}/fd").iterdir()]
    assert all(re.match("(pipe|socket|anon_inode):", each) for each in opened), opened


@pytest.mark.parametrize("other", [TOKEN, OTHER_TOKEN], ids=["the same", "another"])
def test_no_copy_of_the_variable_is_left(asking, login, other):
    """The environment may hold a name twice; /proc/PID/environ would show the second."""
    login.protect(OTHER_TOKEN)
    run = asking(env={"FIRST": TOKEN, "SECOND": other},
                 through=("/usr/bin/python3", "-c", TWICE))
    for pid in (run.pid, *children(run.pid)):
        environment = Path(f"/proc/{pid}/environ").read_bytes()
        assert b"T_TOKEN=" in environment
        assert TOKEN.encode() not in environment and other.encode() not in environment


@pytest.mark.parametrize("command", [(), ("status",), ("exec", "--", "true")], ids=str)
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_it_does_not_outlive_the_run(asking, login, server, command, number):
    if command == ("status",):
        login.write_config(f'{{"auths":{{"{server.host}":{{"auth":"b2N0b2NhdDpzZWNyZXQ="}}}}}}')
    before = signal.signal(signal.SIGINT, lambda *_: None)  # or it would be ignored, as inherited
    run = asking(*command, may_store=True,
                 env={"XDG_RUNTIME_DIR": login.tmp} if command[:1] == ("exec",) else {})
    signal.signal(signal.SIGINT, before)
    started = children(run.pid)
    run.process.send_signal(number)
    run.process.wait(10)
    until(lambda: not any(map(is_running, started)))
    for left in login.tmp.glob("ghcr-login-exec.*"):
        assert number == signal.SIGKILL     # the next run of `exec` removes it
        shutil.rmtree(left)


@pytest.mark.parametrize("number", [signal.SIGABRT, signal.SIGKILL])
@pytest.mark.parametrize("options", [(), ("--json",)], ids=str)
def test_its_death_is_no_success(asking, login, number, options):
    login.write_config('{"auths":{}}')
    run = asking(options=options)
    os.kill(children(run.pid)[0], number)
    result = run.finish()
    assert result.status == 1, result
    message = f"asking the registry was killed by signal {int(number)}"
    if options:
        assert result.json["error"]["class"] == "internal", result
        assert result.json["error"]["message"] == message, result
    else:
        assert f"ghcr-login: {message}\n" in result.stderr, result


@pytest.mark.parametrize("command", [(), ("exec", "--", "true")], ids=str)
def test_one_that_is_stopped_is_given_up(asking, login, command):
    """The whole run has a limit, whatever becomes of its parts."""
    run = asking(*command, options=("--timeout", "1"),
                 env={"XDG_RUNTIME_DIR": login.tmp} if command else {})
    child = children(run.pid)[-1]
    os.kill(child, signal.SIGSTOP)
    result = run.finish(timeout=30)
    assert result.status == (125 if command else 5), result
    assert "asking the registry timed out" in result.stderr, result
    until(lambda: not is_running(child))


@pytest.fixture
def lonely(login):
    """A login by somebody who may have one process."""
    with person(login, MAY_NOT_FORK, LONELY, LONELY) as made:
        yield made


@pytest.mark.parametrize("args", [(), ("--podman",), ("--no-verify",)], ids=str)
def test_where_no_process_can_be_started(lonely, server, args):
    """A limit of a user's processes, or of a unit's tasks: one process does it all."""
    result = lonely.to(server, *args, env={"XDG_RUNTIME_DIR": lonely.tmp})
    assert result.status == 0, result


# SystemCallFilter=@system-service, or ~@privileged, of a unit; of an older systemd, too.
KILLING = pytest.mark.parametrize("number", [LANDLOCK_CREATE_RULESET, LANDLOCK_RESTRICT_SELF,
                                             CLOSE_RANGE, CAPSET])


@KILLING
def test_where_a_filter_kills_for_it(login, server, number):
    login.to(server, through=("/usr/bin/python3", "-c", FILTERED, str(number))).succeeded()


@KILLING
def test_its_own_filter_is_there_all_the_same(asking, number):
    run = asking(through=("/usr/bin/python3", "-c", FILTERED, str(number)), env={"T_TOKEN": TOKEN})
    (child,) = children(run.pid)
    assert status_of(run.pid, "Seccomp_filters") == "1"
    assert status_of(child, "Seccomp_filters") == "2"


def test_where_a_child_has_another_namespace_of_processes(login, server):
    """unshare --pid without --fork: there the parent has no number."""
    needs_namespaces()
    login.to(server, through=("unshare", "--pid")).succeeded()


@pytest.mark.parametrize("env", [{}, {"https_proxy": "http://proxy.invalid:3128"}], ids=str)
def test_where_no_thread_can_be_started(lonely, env):
    """libcurl asks for an address in one; that is not the resolver's fault."""
    lonely("-u", USER, "--password-stdin", "--retries", "0", "registry.invalid",
           stdin=TOKEN.encode(), env=env).failed(5, "cannot start a thread", "hint: raise the "
                                                "task limit of this user (ulimit -u), unit (TasksMax=) or container")


def test_what_it_says_is_said_once(login, server, tmp_path):
    """Standard error is its own, too: no line is lost, and none is there twice."""
    result = login.to(server, "-v")
    assert result.status == 0, result
    lines = result.stderr.splitlines()
    assert len(lines) == 3 and len(set(lines)) >= 2, result
    assert result.stdout.count("Login Succeeded") == 1
