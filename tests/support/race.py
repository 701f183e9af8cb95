#!/usr/bin/python3
"""Many logins at once into one file, by this program and by its peers; and what survives.

    with Race(directory, binary, registries=16) as race:
        race.run([race.command("docker", host) for host in race.hosts])
        assert race.auths().keys() == set(race.hosts)

As a program it prints how many of 16 logins at once survive, for each tool; it needs root:

    /usr/bin/python3 tests/support/race.py [BINARY [ROUNDS [JSON]]]
"""

import json
import os
import random
import selectors
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import services
from closing import Closing
from people import Space
from registry import Registry

TOOLS = ("ghcr-login", "docker", "podman", "skopeo")
TOKEN = "ghp_" + "M7H4jxUDDWHP4kZ6A4dxlQYsQIWJuq11T4V4"
TIME_LIMIT = 50
EARLIER = '{"auths":{"earlier.example":{"auth":"YTpi"}}}'


class Race(Closing):
    """A config.json, and registries at 127.0.0.1, 127.0.0.2, ... that all tools may log in to."""

    def __init__(self, directory, binary, registries):
        self.file = Path(directory) / "config.json"
        self.binary = binary
        self._token = Path(directory) / "token"
        self._token.write_text(TOKEN + "\n")
        self._registry = Registry(None, token=TOKEN)
        self._names = Names(self._registry, registries)
        self.hosts = self._names.hosts
        # Podman leaves things in /run; without a daemon docker asks the registry itself.
        self._space = Space("mount -t tmpfs tmpfs /run")
        self._environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(directory),
                             "DOCKER_HOST": "unix:///run/nobody-listens.sock",
                             **services.write_podman(Path(directory))}

    def command(self, tool, host, user="octocat"):
        """The command line of one login."""
        argv = {
            "ghcr-login": [self.binary, "--config", self.file.parent, "--plain-http"],
            "docker": ["docker", "--config", self.file.parent, "login"],
        }.get(tool) or [tool, "login", "--authfile", self.file, "--tls-verify=false"]
        return [*self._space.through, *map(str, argv), "-u", user, "--password-stdin", host]

    def start(self, command):
        with open(self._token, "rb") as token:
            return subprocess.Popen(command, stdin=token, stdout=subprocess.DEVNULL,
                                    stderr=subprocess.PIPE, env=self._environment)

    def run(self, commands):
        """Run them at once to their end; return the words of those that failed."""
        return finish([self.start(command) for command in commands])

    def hold(self, count):
        """Let the last answer to `count` logins wait until all are there: a common start."""
        barrier = threading.Barrier(count)

        def wait(exchange):
            try:
                barrier.wait(TIME_LIMIT)
            except threading.BrokenBarrierError:
                pass
            exchange.reply(exchange.normal())

        self._registry.on("ping2", wait, times=count)

    def auths(self):
        return json.loads(self.file.read_bytes())["auths"]

    def close(self):
        self._names.close()
        self._registry.close()
        self._space.close()


class Names:
    """One registry reached at many addresses, on one port."""

    def __init__(self, registry, count):
        self._serve = registry.serve
        self._selector = selectors.DefaultSelector()
        addresses = [f"127.0.0.{number}" for number in range(1, count + 1)]
        self.hosts = [f"{address}:{registry.port}" for address in addresses]
        for address in addresses[1:]:
            listener = socket.create_server((address, registry.port), backlog=256)
            self._selector.register(listener, selectors.EVENT_READ)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def _accept(self):
        while not self._stopping.is_set():
            for key, _ in self._selector.select(0.05):
                sock, _ = key.fileobj.accept()
                threading.Thread(target=self._answer, args=(sock,), daemon=True).start()

    def _answer(self, sock):
        try:
            self._serve(sock)
        except OSError:
            pass    # the client went away
        finally:
            sock.close()

    def close(self):
        self._stopping.set()
        self._thread.join()
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()
        self._selector.close()


def finish(processes):
    """Wait for their end; return the words of those that failed."""
    ended = [(process.communicate(timeout=TIME_LIMIT)[1], process) for process in processes]
    return [words.decode() for words, process in ended if process.returncode != 0]


class Helper:
    """A function of this file as a process of its own; `stop()` ends it and returns its answer."""

    def __init__(self, name, *args):
        self._process = subprocess.Popen([sys.executable, __file__, name, *map(str, args)],
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._process.stdout.readline() == b"ready\n"

    def stop(self):
        return json.loads(self._process.communicate(timeout=TIME_LIMIT)[0])


def until_told():
    """Yield until standard input ends."""
    print("ready", flush=True)
    with selectors.DefaultSelector() as selector:
        selector.register(sys.stdin, selectors.EVENT_READ)
        while not selector.select(0):
            yield


def watch(path):
    """Read the file over and over; count the reads, and those that gave no whole document."""
    reads, bad = 0, []
    for _ in until_told():
        try:
            with open(path, "rb") as file:
                json.loads(file.read())["auths"].items()
        except (OSError, ValueError, KeyError) as error:
            bad.append(repr(error))
        reads += 1
    return {"reads": reads, "bad": bad}


def rewrite(path, name, pause):
    """Do as docker does: read, add an entry, replace; with no lock. Return the entries added."""
    added = []
    for _ in until_told():
        # One after the other: what is missing in the end was not lost among peers.
        with open(path, "rb") as file:
            document = json.loads(file.read())
        added.append(f"{name}-{len(added)}.example")
        document["auths"][added[-1]] = {"auth": "YTpi"}
        beside = f"{path}{random.randrange(10 ** 9)}"
        with open(beside, "x", encoding="utf-8") as file:
            json.dump(document, file)
        os.replace(beside, path)
        time.sleep(random.uniform(0, 2 * float(pause)))
    return added


def survivors(directory, binary, rounds=5, logins=16):
    """For each tool, how many of so many logins at once are in the file afterwards, by round."""
    table = {}
    with Race(directory, binary, logins) as race:
        for tool in TOOLS:
            for _ in range(rounds):
                # With an entry: where there is none docker may choose a helper of its own.
                race.file.write_text(EARLIER)
                failed = race.run([race.command(tool, host) for host in race.hosts])
                assert not failed, (tool, failed)
                kept = race.auths().keys() & set(race.hosts)
                table.setdefault(tool, []).append(len(kept))
    return table


def show(table, logins=16):
    lines = [f"survivors of {logins} logins at once, by round"]
    return "\n".join([*lines, *(f"{tool:12}" + "".join(f"{each:4}" for each in found)
                                for tool, found in table.items())])


def main():
    if sys.argv[1:2] == ["watch"]:
        print(json.dumps(watch(sys.argv[2])))
    elif sys.argv[1:2] == ["rewrite"]:
        print(json.dumps(rewrite(*sys.argv[2:])))
    else:
        binary = Path(sys.argv[1] if len(sys.argv) > 1 else "build/dev/ghcr-login").resolve()
        rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
        with tempfile.TemporaryDirectory(prefix="ghcr-login-race-") as directory:
            table = survivors(directory, binary, rounds)
        print(show(table))
        if sys.argv[3:]:
            Path(sys.argv[3]).write_text(json.dumps(table))


if __name__ == "__main__":
    main()
