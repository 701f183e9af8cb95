#!/usr/bin/python3
"""Runs a command and keeps what its memory held when it ended.

    login.to(registry, through=memory.keeping(path))
    for mapping in memory.kept(path): ...

The kernel stops a traced process on its way out, whatever ended it: all its own code has run,
also what exit() calls, and its memory is still there. So are the processes that it forks, until
they run another program. Needs root (or CAP_SYS_PTRACE): the program is not dumpable.
"""

import ctypes
import os
import pickle
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

TRACEME, CONT, DETACH, SETOPTIONS = 0, 7, 17, 0x4200
TRACEFORK, TRACEEXEC, TRACEEXIT, EXITKILL = 0x2, 0x10, 0x40, 0x100000
EVENT_EXEC, EVENT_EXIT = 4, 6
WALL = 0x40000000       # those too that do not end with SIGCHLD
# What the kernel itself made and no program can write secrets to, or nobody can read.
KERNELS = ("[vvar]", "[vvar_vclock]", "[vdso]", "[vsyscall]")
ptrace = ctypes.CDLL(None, use_errno=True).ptrace
ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
ptrace.restype = ctypes.c_long


@dataclass(frozen=True)
class Mapping:
    """A writable mapping: `name` is a file, "[heap]", "[stack]" or empty.

    `process` is 0 in the one that was run; those that it forked count from 1.
    """

    process: int
    start: int
    name: str
    content: bytes


def keeping(path):
    """Return the command that runs another one and keeps its memory in the file `path`."""
    return (sys.executable, "-B", __file__, str(path))


def kept(path):
    return [Mapping(*fields) for fields in pickle.loads(Path(path).read_bytes())]


def _call(request, pid, data=0):
    if ptrace(request, pid, None, data) < 0:
        raise OSError(ctypes.get_errno(), f"ptrace({request})")


def writable(pid):
    """(start, name, content) of each mapping of a process that it can write to."""
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text(encoding="utf-8").splitlines():
            where, access, _, _, _, *name = line.split(maxsplit=5)
            name = name[0] if name else ""
            if "w" not in access or name in KERNELS:
                continue
            start, end = (int(number, 16) for number in where.split("-"))
            memory.seek(start)
            yield start, name, memory.read(end - start)


def _follow(first):
    """Let them run to their ends; return the first one's status as a shell has it, and the memory."""
    os.waitpid(first, 0)            # stopped by its exec
    _call(SETOPTIONS, first, TRACEFORK | TRACEEXEC | TRACEEXIT | EXITKILL)
    _call(CONT, first)
    traced, memory, result = [first], [], None
    while True:
        try:
            pid, status = os.waitpid(-1, WALL)
        except ChildProcessError:
            return result, memory
        if not os.WIFSTOPPED(status):
            if pid == first:
                result = os.waitstatus_to_exitcode(status)
            continue
        event, number = status >> 16, os.WSTOPSIG(status)
        if event == EVENT_EXIT:
            memory += [(traced.index(pid), *fields) for fields in writable(pid)]
        is_new = pid not in traced  # it begins with a stop
        if is_new:
            traced.append(pid)
        _call(DETACH if event == EVENT_EXEC else CONT, pid, 0 if event or is_new else number)


def main():
    path, *command = sys.argv[1:]
    pid = os.fork()
    if pid == 0:
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        _call(TRACEME, 0)
        os.execvp(command[0], command)
    status, memory = _follow(pid)
    Path(path).write_bytes(pickle.dumps(memory))
    sys.exit(status if status >= 0 else 128 - status)


if __name__ == "__main__":
    main()
