"""A fleet that logs in all at once, at a registry that allows so many requests a second.

    python3 fleet.py PROGRAM [--clients 1000] [--rate 50] [--timeout 300]

The registry answers nobody until every client has asked, as after an outage: that is second 0.
From then on it answers as GHCR does, and with GHCR's 429 whatever is above its limit. Printed is a
histogram of the requests of each second; the same numbers are in what fly() returns.
"""

import argparse
import asyncio
import base64
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from harness import PASSED_ON

USER, TOKEN, BEARER = "octocat", "not a secret", "bearer"
BASIC = base64.b64encode(f"{USER}:{TOKEN}".encode()).decode()


class LimitedRegistry:
    """GHCR's answers over plain HTTP; `rate` requests a second are allowed, and not one more."""

    def __init__(self, clients, rate):
        self.clients, self.rate = clients, rate
        self.arrived = []       # (when, was it allowed) of each request
        self.began = None       # when all had asked
        self._held = []         # those who asked before that
        self._allowed_at = 0    # when the next request is allowed
        self.port = None

    def ask(self, connection, request):
        if self.began is None:
            self._held.append((connection, request))
            if len(self._held) < self.clients:
                return
            self.began = time.monotonic()
            for one in self._held:
                self._answer(*one)
        else:
            self._answer(connection, request)

    def _answer(self, connection, request):
        now = time.monotonic()
        # Late credit is lost: there is no burst after a quiet second.
        self._allowed_at = max(self._allowed_at, now - 1 / self.rate)
        allowed = self._allowed_at <= now
        self.arrived.append((now - self.began, allowed))
        if allowed:
            self._allowed_at += 1 / self.rate
            connection.send(*self._normal(request))
        else:
            wait = f"{(self._allowed_at - now) * 1e6:.3f}\u00b5s"
            connection.send(429, "", error("TOOMANYREQUESTS", f"retry-after: {wait}, allowed:"
                                                              f" {self.rate * 60}/minute"))

    def _normal(self, request):
        if request.startswith(b"GET /token?"):
            if f"Authorization: Basic {BASIC}\r\n".encode() in request:
                return 200, "", json.dumps({"token": BEARER})
            return 403, "", error("DENIED", "denied")
        if f"Authorization: Bearer {BEARER}\r\n".encode() in request:
            return 200, "", "{}"
        return (401, f'www-authenticate: Bearer realm="http://127.0.0.1:{self.port}/token",'
                     'service="ghcr.io",scope="repository:user/image:pull"\r\n',
                error("UNAUTHORIZED", "authentication required"))


def error(code, message):
    return json.dumps({"errors": [{"code": code, "message": message}]}, ensure_ascii=False) + "\n"


class Connection(asyncio.Protocol):
    def __init__(self, registry):
        self._registry = registry
        self._buffer = b""
        self._transport = None

    def connection_made(self, transport):
        self._transport = transport

    def data_received(self, data):
        self._buffer += data
        while b"\r\n\r\n" in self._buffer:
            request, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
            self._registry.ask(self, request + b"\r\n")

    def send(self, status, fields, body):
        body = body.encode()
        self._transport.write(f"HTTP/1.1 {status} -\r\ncontent-type: application/json\r\n{fields}"
                              f"content-length: {len(body)}\r\n\r\n".encode() + body)


@dataclass(frozen=True)
class Flight:
    """What came of it. `seconds` holds (allowed, refused) of each second."""

    failures: list      # what the clients said that did not succeed
    seconds: list
    finished: list      # how long each client took from second 0 on, in order

    @property
    def requests(self):
        return sum(map(sum, self.seconds))

    def share(self, second):
        """The part of all requests that came in this second."""
        return sum(self.seconds[second]) / self.requests

    def waves(self, least=20):
        """The seconds that tower above those around: (second, how many times their mean).

        Where the mean of the five seconds is below `least`, chance alone makes towers.
        """
        loads = list(map(sum, self.seconds))
        for second in range(3, len(loads) - 2):
            mean = statistics.mean(loads[second - 2:second + 3])
            if mean >= least:
                yield second, loads[second] / mean

    def histogram(self, width=60):
        scale = width / max(map(sum, self.seconds))
        lines = ["second  requests  allowed"]
        for second, (allowed, refused) in enumerate(self.seconds):
            bar = "#" * round(allowed * scale) + "." * round(refused * scale)
            lines.append(f"{second:6}  {allowed + refused:8}  {allowed:7}  {bar}")
        return "\n".join(lines)

    def summary(self):
        middle, late = (self.finished[int(len(self.finished) * part)] for part in (0.5, 0.95))
        return (f"{len(self.finished)} clients, {len(self.failures)} failed, {self.requests}"
                f" requests; done after: half {middle:.0f} s, 95 % {late:.0f} s,"
                f" all {self.finished[-1]:.0f} s")


def fly(program, clients, rate, timeout=300):
    """Start `clients` at a registry that allows `rate` requests a second; return the Flight."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    registry = LimitedRegistry(clients, rate)
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(
        loop.create_server(lambda: Connection(registry), "127.0.0.1", 0, backlog=4096))
    registry.port = server.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        with tempfile.TemporaryDirectory(prefix="ghcr-login-fleet-") as directory:
            failures, ends = _run(program, Path(directory), registry, timeout)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        server.close()
        loop.close()
    began = registry.began or time.monotonic()
    last = int(max((when for when, _ in registry.arrived), default=0))
    seconds = [[0, 0] for _ in range(last + 1)]
    for when, allowed in registry.arrived:
        seconds[int(when)][0 if allowed else 1] += 1
    return Flight(failures, [tuple(each) for each in seconds],
                  sorted(end - began for end in ends))


def _run(program, directory, registry, timeout):
    token = directory / "token"
    token.write_text(TOKEN)
    token.chmod(0o600)
    environment = {name: value for name, value in os.environ.items() if PASSED_ON.match(name)}
    environment.update(PATH=os.environ.get("PATH", ""), HOME=str(directory))
    running = {}
    try:
        for number in range(registry.clients):
            argv = [str(program), "-u", USER, "--token-file", str(token), "--plain-http",
                    "--timeout", str(timeout), "--config", str(directory / f"{number}"),
                    f"127.0.0.1:{registry.port}"]
            with open(directory / f"{number}.log", "wb") as log:
                running[number] = subprocess.Popen(
                    argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment)
        failures, ends = [], []
        while running:
            for number, process in list(running.items()):
                if process.poll() is not None:
                    del running[number]
                    ends.append(time.monotonic())
                    stored = (directory / f"{number}/config.json").exists()
                    if process.returncode != 0 or not stored:
                        failures.append((directory / f"{number}.log").read_text().strip())
            time.sleep(0.05)
        return failures, ends
    finally:
        for process in running.values():
            process.kill()
            process.wait()


def main():
    parser = argparse.ArgumentParser(description="A fleet at a registry with a limit.")
    parser.add_argument("program", type=Path)
    parser.add_argument("--clients", type=int, default=1000)
    parser.add_argument("--rate", type=int, default=50, help="requests a second that are allowed")
    parser.add_argument("--timeout", type=int, default=300)
    options = parser.parse_args()
    flight = fly(options.program.resolve(), options.clients, options.rate, options.timeout)
    print(flight.histogram())
    print(flight.summary())
    print("highest towers:", sorted(flight.waves(), key=lambda each: -each[1])[:3])
    if flight.failures:
        print(f"one that failed: {flight.failures[0]}")
    sys.exit(1 if flight.failures else 0)


if __name__ == "__main__":
    main()
