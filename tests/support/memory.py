#!/usr/bin/python3
"""Runs a command and keeps what its memory held when it ended.

    login.to(registry, through=memory.keeping(path))
    for mapping in memory.kept(path): ...

The kernel stops a traced process on its way out, whatever ended it: all its own code has run,
also what exit() calls, and its memory is still there. Processes that it started are not traced.
Needs root (or CAP_SYS_PTRACE): the program is not dumpable.
"""

import ctypes
import os
import pickle
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

TRACEME, CONT, SETOPTIONS = 0, 7, 0x4200
TRACEEXIT, EXITKILL = 0x40, 0x100000
EVENT_EXIT = 6
# What the kernel itself made and no program can write secrets to, or nobody can read.
KERNELS = ("[vvar]", "[vvar_vclock]", "[vdso]", "[vsyscall]")
ptrace = ctypes.CDLL(None, use_errno=True).ptrace
ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
ptrace.restype = ctypes.c_long


@dataclass(frozen=True)
class Mapping:
    """A writable mapping: `name` is a file, "[heap]", "[stack]" or empty."""

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


def _writable(pid):
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text(encoding="utf-8").splitlines():
            where, access, _, _, _, *name = line.split(maxsplit=5)
            name = name[0] if name else ""
            if "w" not in access or name in KERNELS:
                continue
            start, end = (int(number, 16) for number in where.split("-"))
            memory.seek(start)
            yield start, name, memory.read(end - start)


def _follow(pid, path):
    """Let it run to its end; return its status as a shell has it."""
    os.waitpid(pid, 0)              # stopped by its exec
    _call(SETOPTIONS, pid, TRACEEXIT | EXITKILL)
    number = 0
    while True:
        _call(CONT, pid, number)
        _, status = os.waitpid(pid, 0)
        if not os.WIFSTOPPED(status):
            return os.waitstatus_to_exitcode(status)
        number = 0 if status >> 16 else os.WSTOPSIG(status)
        if status >> 16 == EVENT_EXIT:
            Path(path).write_bytes(pickle.dumps(list(_writable(pid))))


def main():
    path, *command = sys.argv[1:]
    pid = os.fork()
    if pid == 0:
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        _call(TRACEME, 0)
        os.execvp(command[0], command)
    status = _follow(pid, path)
    sys.exit(status if status >= 0 else 128 - status)


if __name__ == "__main__":
    main()
