"""What a login costs: ghcr-login, docker, podman, skopeo and bare curl, side by side.

    python3 bench.py PROGRAM        (root; scripts/bench.sh builds the program and calls this)

All do the same exchange with the same registry (bench_registry.py): ask, fetch a token with the
credential, ask again with the token. curl is told the three requests and the bearer beforehand,
keeps nothing, and is the least that can be done with libcurl. A peer that is missing is left out.
"""

import json
import os
import shlex
import shutil
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from bench_registry import HOST, ROUND_TRIP_MS, USER, BenchRegistry
from stack import PATH, SYSTEM_TRUST

RUNS = int(os.environ.get("BENCH_RUNS", "60"))
WARM_UP, FEW = 5, 5
# curl stores nothing, so that it can be held against the login that finds nothing to store.
GOALS = {"docker": {"wall": 0.6, "cpu": 0.5, "memory": 0.5, "wall again": 0.6, "cpu again": 0.5},
         "curl": {"wall again": 1.1}}
NEEDED = ("hyperfine", "ip", "nginx", "nsenter", "openssl", "strace", "unshare")
TIME = Path("/usr/bin/time")
OTHER_ENTRY = '{"auths":{"other.example":{"auth":"eDp5"}}}'


@dataclass
class Peer:
    """A program, the shell command that logs in with it, and what that costs."""

    name: str
    program: Path
    command: str
    stored: str = ""        # what it leaves in HOME; removed before each login that is measured
    cost: dict = field(default_factory=dict)


def peers(program, registry):
    """Return the Peers that are here, and the names of those that are not."""
    token_file = registry.directory / "token"
    token_file.write_text(f"{registry.token}\n")
    login = f"login -u {USER} --password-stdin {HOST} <{token_file}"
    commands = {"ghcr-login": (program, f"-u {USER} --password-stdin <{token_file}"),
                "docker": ("docker", login), "podman": ("podman", login),
                "skopeo": ("skopeo", login), "curl": ("curl", curl_arguments(registry))}
    stored = {"ghcr-login": ".docker", "docker": ".docker", "podman": "containers",
              "skopeo": "containers"}
    found, missing = [], []
    for name, (path, arguments) in commands.items():
        path = shutil.which(path, path=PATH)
        if not path:
            missing.append(name)
            continue
        path = Path(path).resolve()
        command = f"{shlex.quote(str(path))} {arguments} >/dev/null"
        found.append(Peer(name, path, command, stored.get(name, "")))
    return found, missing


def curl_arguments(registry):
    """The three requests over one connection, with the hashed CA directory.

    Debian's curl reads the whole bundle beside it unless it is given another file: one CA's,
    which did not sign for the registry.
    """
    other = min(SYSTEM_TRUST.glob("*.pem"))
    common = (f"--silent --fail-early --http1.1 --cacert {other} --capath {SYSTEM_TRUST}"
              " -o /dev/null")
    query = f"service={HOST}&account={USER}"
    return (f"{common} https://{HOST}/v2/ --next {common} --fail -u {USER}:{registry.token}"
            f" 'https://{HOST}/token?{query}' --next {common} --fail"
            f" -H 'Authorization: Bearer {registry.bearer}' https://{HOST}/v2/")


class Bench:
    def __init__(self, registry, found):
        self.registry = registry
        self.peers = found
        for peer in found:
            self._home(peer).mkdir()

    def measure(self):
        for peer in self.peers:
            self._try_out(peer)
            peer.cost["size"] = peer.program.stat().st_size
            peer.cost["memory"] = self._memory(peer)
            self._count(peer)
        self._time()

    def _home(self, peer):
        return self.registry.directory / f"home-{peer.name}"

    def _forget(self, peer):
        """A shell command; what it removes is what `peer` stored.

        In Docker's file another entry stays: without any, docker takes up a credential helper
        that happens to be installed.
        """
        stored = shlex.quote(str(self._home(peer) / peer.stored))
        forget = f"rm -rf {stored}" if peer.stored else "true"
        if peer.stored == ".docker":
            forget += f" && mkdir {stored} && echo {shlex.quote(OTHER_ENTRY)} >{stored}/config.json"
        return forget

    def _shell(self, peer, far=False, before=()):
        """Run the command once, by a shell, as the first login in this home; return its output."""
        argv = [*before, "sh", "-c", f"exec {peer.command}"]
        self.registry.sandbox.check(["sh", "-c", self._forget(peer)])
        return self.registry.sandbox.check(self.registry.far(argv) if far else argv,
                                           env=self.registry.environment(self._home(peer)))

    def _try_out(self, peer):
        """The three requests are made, the login is stored, and curl leaves the bundle alone."""
        before = self.registry.requests()
        self._shell(peer)
        peer.cost["requests"] = self.registry.requests() - before
        if peer.stored and HOST not in "".join(
                path.read_text() for path in (self._home(peer) / peer.stored).glob("*.json")):
            sys.exit(f"bench: {peer.name} has stored no login")
        if not peer.stored:
            trace = self.registry.directory / "trace"
            self._shell(peer, before=["strace", "-f", "-e", "trace=openat", "-o", str(trace)])
            if "ca-certificates.crt" in trace.read_text():
                sys.exit(f"bench: {peer.name} reads the bundle of CAs")

    def _memory(self, peer):
        """KiB at the peak. Not from wait4() here: it would begin at what Python has."""
        if not TIME.exists():
            return None
        report = self.registry.directory / "time"
        found = []
        for _ in range(FEW):
            self._shell(peer, before=[str(TIME), "-f", "%M", "-o", str(report)])
            found.append(int(report.read_text()))
        return statistics.median(found)

    def _count(self, peer):
        """Connections, and round trips: what the login takes longer when the registry is far."""
        seconds = {False: [], True: []}
        before = self.registry.far_connections()
        for _ in range(FEW):
            for far, found in seconds.items():
                began = time.monotonic()
                self._shell(peer, far)
                found.append(time.monotonic() - began)
        peer.cost["connections"] = (self.registry.far_connections() - before) / FEW
        near, far = (statistics.median(seconds[each]) for each in (False, True))
        peer.cost["round trips"] = (far - near) * 1000 / ROUND_TRIP_MS

    def _time(self):
        """Wall and CPU time of all, in one run of hyperfine: the first login, and one more."""
        report = self.registry.directory / "hyperfine.json"
        argv = ["hyperfine", "-S", "sh", "--style", "none", "--export-json", str(report),
                "--warmup", str(WARM_UP), "--runs", str(RUNS)]
        order = []
        for first in (True, False):
            for peer in self.peers:
                home = shlex.quote(str(self._home(peer)))
                argv += ["--prepare", self._forget(peer) if first else "true"]
                order.append((peer, first, f"HOME={home} XDG_RUNTIME_DIR={home} {peer.command}"))
        argv += [command for _, _, command in order]
        self.registry.sandbox.check(argv, timeout=150, env=self.registry.environment("/"))
        results = json.loads(report.read_text())["results"]
        for (peer, first, _), result in zip(order, results):
            suffix = "" if first else " again"
            peer.cost["wall" + suffix] = (result["mean"], result["stddev"])
            peer.cost["best" + suffix] = result["min"]
            peer.cost["cpu" + suffix] = result["user"] + result["system"]


def milliseconds(seconds):
    return f"{seconds * 1000:.1f}"


def spread(pair):
    return f"{milliseconds(pair[0])} ± {milliseconds(pair[1])}"


ROWS = [("first login: wall, ms", "wall", spread),
        ("  the quickest, ms", "best", milliseconds),
        ("  CPU, ms", "cpu", milliseconds),
        ("once more: wall, ms", "wall again", spread),
        ("  the quickest, ms", "best again", milliseconds),
        ("  CPU, ms", "cpu again", milliseconds),
        ("peak memory, MiB", "memory", lambda kib: f"{kib / 1024:.1f}"),
        ("TCP connections", "connections", lambda count: f"{count:g}"),
        ("requests", "requests", str),
        ("round trips from cold", "round trips", "{:.1f}".format),
        ("program on disk, MiB", "size", lambda size: f"{size / 1024 / 1024:.2f}")]
COMPARED = ROWS[:7]


def costs(found):
    """What is measured, a row each."""
    yield ["", *(peer.name for peer in found)]
    for title, key, show in ROWS:
        yield [title, *("-" if peer.cost[key] is None else show(peer.cost[key])
                        for peer in found)]


def ratios(found):
    """Our cost by that of those that a goal is set against."""
    others = [peer for peer in found[1:] if peer.name in GOALS]
    yield ["ghcr-login as a share of", *(peer.name for peer in others)]
    for title, key, _ in COMPARED:
        yield [title.partition(", ")[0], *(ratio(found[0], other, key) for other in others)]


def ratio(ours, other, key):
    mine, theirs = (cost[0] if isinstance(cost, tuple) else cost
                    for cost in (ours.cost[key], other.cost[key]))
    if mine is None or not theirs:
        return "-"
    goal = GOALS[other.name].get(key)
    if goal is None:
        return f"{mine / theirs:.2f}"
    return f"{mine / theirs:.2f} ({'goal' if mine / theirs <= goal else 'MISSES'} {goal})"


def aligned(lines):
    lines = list(lines)
    widths = [max(map(len, column)) for column in zip(*lines)]
    return "\n".join("  ".join([line[0].ljust(widths[0]),
                                *map(str.rjust, line[1:], widths[1:])]) for line in lines)


def main():
    missing = [each for each in NEEDED if not shutil.which(each, path=PATH)]
    if os.geteuid() != 0:
        sys.exit("bench: run it as root: it makes a network of its own")
    if missing or len(sys.argv) != 2:
        sys.exit(f"usage: bench.py PROGRAM\nmissing: {', '.join(missing) or 'nothing'}")
    with tempfile.TemporaryDirectory(prefix="ghcr-login-bench-") as directory:
        with BenchRegistry(directory) as registry:
            found, absent = peers(Path(sys.argv[1]).resolve(), registry)
            Bench(registry, found).measure()
    for name in absent:
        print(f"bench: {name} is not installed here; it is left out")
    if not TIME.exists():
        print(f"bench: {TIME} is not installed here; no memory is measured")
    print(f"mean ± standard deviation of {RUNS} logins each; {os.cpu_count()} CPUs, load"
          f" {os.getloadavg()[0]:.1f}\nfirst login: into a file that has another entry (podman, skopeo:"
          " none); once more: into what that left; curl stores nothing, ever\n")
    print(aligned(costs(found)))
    print()
    print(aligned(ratios(found)))


if __name__ == "__main__":
    main()
