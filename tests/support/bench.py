"""What a login costs: ghcr-login (static and dynamic), docker, podman, skopeo and bare curl.

    python3 bench.py STATIC DYNAMIC [JSON]      (root; scripts/bench.sh builds both and calls this)

All do the same exchange with the same registry (bench_registry.py): ask, fetch a token with the
credential, ask again with the token. curl is told the three requests and the bearer beforehand,
keeps nothing, and is the least that can be done with libcurl. A peer that is missing is left out.
The figures go to the file JSON, too.
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

import bench_entries
from bench_registry import HOST, ROUND_TRIP_MS, USER, BenchRegistry
from stack import PATH, SYSTEM_TRUST

# The programs take turns. What else runs here slows all of them down, and the round in which it did so
# least is the one that counts: its median, its mean of CPU time.
ROUNDS = 6
RUNS = max(1, int(os.environ.get("BENCH_RUNS", "60")) // ROUNDS)
WARM_UP, FEW = 2, 5
OURS = ("static", "dynamic")
# Of what docker takes, at most.
GOALS = {"static": {"wall": 0.3, "cpu": 0.3, "memory": 0.25},
         "dynamic": {"wall": 0.5, "cpu": 0.5, "memory": 0.45}}
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


def peers(programs, registry):
    """Return the Peers that are here, and the names of those that are not."""
    token_file = registry.directory / "token"
    token_file.write_text(f"{registry.token}\n")
    login = f"login -u {USER} --password-stdin {HOST} <{token_file}"
    ours = f"-u {USER} --password-stdin <{token_file}"
    commands = {**{name: (path, ours, ".docker") for name, path in programs.items()},
                "docker": ("docker", login, ".docker"), "podman": ("podman", login, "containers"),
                "skopeo": ("skopeo", login, "containers"),
                "curl": ("curl", curl_arguments(registry), "")}
    found, missing = [], []
    for name, (path, arguments, stored) in commands.items():
        path = shutil.which(path, path=PATH)
        if not path:
            missing.append(name)
            continue
        path = Path(path).resolve()
        command = f"{shlex.quote(str(path))} {arguments} >/dev/null"
        found.append(Peer(name, path, command, stored))
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
            self.home(peer).mkdir()

    def measure(self):
        for peer in self.peers:
            self._try_out(peer)
            peer.cost["size"] = peer.program.stat().st_size
            peer.cost["memory"] = self._memory(peer)
            self._count(peer)
        for suffix, before in (("", self._forget), (" again", lambda peer: "true")):
            timed = self.time([(peer, before(peer)) for peer in self.peers])
            for peer, cost in zip(self.peers, timed):
                peer.cost.update({key + suffix: value for key, value in cost.items()})
        bench_entries.measure(self, [peer for peer in self.peers if peer.stored == ".docker"])

    def home(self, peer):
        return self.registry.directory / f"home-{peer.name}"

    def _forget(self, peer):
        """A shell command; what it removes is what `peer` stored.

        In Docker's file another entry stays: without any, docker takes up a credential helper
        that happens to be installed.
        """
        stored = shlex.quote(str(self.home(peer) / peer.stored))
        forget = f"rm -rf {stored}" if peer.stored else "true"
        if peer.stored == ".docker":
            forget += f" && mkdir {stored} && echo {shlex.quote(OTHER_ENTRY)} >{stored}/config.json"
        return forget

    def _shell(self, peer, far=False, before=()):
        """Run the command once, by a shell, as the first login in this home; return its output."""
        argv = [*before, "sh", "-c", f"exec {peer.command}"]
        self.registry.sandbox.check(["sh", "-c", self._forget(peer)])
        return self.registry.sandbox.check(self.registry.far(argv) if far else argv,
                                           env=self.registry.environment(self.home(peer)))

    def _try_out(self, peer):
        """The three requests are made, the login is stored, and curl leaves the bundle alone."""
        before = self.registry.requests()
        self._shell(peer)
        peer.cost["requests"] = self.registry.requests() - before
        if peer.stored and HOST not in "".join(
                path.read_text() for path in (self.home(peer) / peer.stored).glob("*.json")):
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
        near, far = (min(seconds[each]) for each in (False, True))     # what is more is other work
        peer.cost["round trips"] = (far - near) * 1000 / ROUND_TRIP_MS

    def time(self, series):
        """For each (peer, what the shell does before): the times of its logins, in seconds."""
        report = self.registry.directory / "hyperfine.json"
        argv = ["hyperfine", "-S", "sh", "--style", "none", "--export-json", str(report),
                "--warmup", str(WARM_UP), "--runs", str(RUNS)]
        for _, before in series:
            argv += ["--prepare", before]
        for peer, _ in series:
            home = shlex.quote(str(self.home(peer)))
            argv.append(f"HOME={home} XDG_RUNTIME_DIR={home} {peer.command}")
        walls, cpus = ([[] for _ in series] for _ in range(2))      # a list or a number for each round
        for _ in range(ROUNDS):
            self.registry.sandbox.check(argv, timeout=150, env=self.registry.environment("/"))
            results = json.loads(report.read_text())["results"]
            for result, wall, cpu in zip(results, walls, cpus, strict=True):
                wall.append(result["times"])
                cpu.append(result["user"] + result["system"])
        return [{"wall": min(map(statistics.median, wall)), "best": min(map(min, wall)),
                 "deviation": statistics.pstdev(sum(wall, [])), "cpu": min(cpu)}
                for wall, cpu in zip(walls, cpus)]


def milliseconds(seconds):
    return f"{seconds * 1000:.1f}"


ROWS = [("first login: wall, ms", "wall", milliseconds),
        ("  standard deviation", "deviation", milliseconds),
        ("  the quickest, ms", "best", milliseconds),
        ("  CPU, ms", "cpu", milliseconds),
        ("once more: wall, ms", "wall again", milliseconds),
        ("  the quickest, ms", "best again", milliseconds),
        ("  CPU, ms", "cpu again", milliseconds),
        ("peak memory, MiB", "memory", lambda kib: f"{kib / 1024:.1f}"),
        ("TCP connections", "connections", lambda count: f"{count:g}"),
        ("requests", "requests", str),
        ("round trips from cold", "round trips", "{:.1f}".format),
        ("program on disk, MiB", "size", lambda size: f"{size / 1024 / 1024:.2f}")]
COMPARED = [row for row in ROWS[:8] if row[1] != "deviation"]


def costs(found):
    """What is measured, a row each."""
    yield ["", *(peer.name for peer in found)]
    for title, key, show in ROWS:
        yield [title, *("-" if peer.cost[key] is None else show(peer.cost[key])
                        for peer in found)]


def ratios(found):
    """Our costs by those of docker and of curl, and whether a goal is met."""
    by_name = {peer.name: peer for peer in found}
    pairs = [(by_name[ours], by_name[other]) for ours in OURS for other in ("docker", "curl")
             if other in by_name]
    yield ["as a share of", *(f"{ours.name}/{other.name}" for ours, other in pairs)]
    for title, key, _ in COMPARED:
        yield [title.partition(", ")[0], *(ratio(ours, other, key) for ours, other in pairs)]
    if "docker" in by_name:
        for title, key in (("10,000 entries: wall", "wall"), ("10,000 entries: CPU", "cpu")):
            yield [title, *(growth(ours, other, key) if other.name == "docker" else "-"
                            for ours, other in pairs)]


def ratio(ours, other, key):
    mine, theirs = ours.cost[key], other.cost[key]
    if mine is None or not theirs:
        return "-"
    goal = GOALS[ours.name].get(key.removesuffix(" again")) if other.name == "docker" else None
    return judged(mine / theirs, goal)


def growth(ours, other, key):
    """What the entries add here by what they add there."""
    return judged(bench_entries.added(ours, key) / bench_entries.added(other, key), 1)


def judged(share, goal):
    if goal is None:
        return f"{share:.2f}"
    return f"{share:.2f} ({'goal' if share <= goal else 'MISSES'} {goal})"


def aligned(lines):
    lines = list(lines)
    widths = [max(map(len, column)) for column in zip(*lines)]
    return "\n".join("  ".join([line[0].ljust(widths[0]),
                                *map(str.rjust, line[1:], widths[1:])]) for line in lines)


def figures(found, load):
    """What a picture shows: milliseconds, MiB, counts, MB. Nothing in it tells of this machine's paths."""
    def login(cost):
        return {"wall": round(cost["wall"] * 1000, 1), "cpu": round(cost["cpu"] * 1000, 1),
                "memory": cost["memory"] and round(cost["memory"] / 1024, 1),
                "connections": round(cost["connections"]),
                "round_trips": round(cost["round trips"]),
                "size": round(cost["size"] / 1e6, 1)}

    def grown(cost):
        return {f"{size}": {key: round(cost["growth"][size][key] * 1000, 1)
                            for key in ("wall", "cpu")} for size in bench_entries.SIZES}

    return {"rounds": ROUNDS, "logins": RUNS, "cpus": os.cpu_count(), "load": round(load, 1),
            "login": {peer.name: login(peer.cost) for peer in found},
            "growth": {peer.name: grown(peer.cost) for peer in found if "growth" in peer.cost}}


def main():
    missing = [each for each in NEEDED if not shutil.which(each, path=PATH)]
    if os.geteuid() != 0:
        sys.exit("bench: run it as root: it makes a network of its own")
    if missing or len(sys.argv) not in (3, 4):
        sys.exit(f"usage: bench.py STATIC DYNAMIC [JSON]\nmissing: {', '.join(missing) or 'nothing'}")
    load = os.getloadavg()[0]
    programs = dict(zip(OURS, (Path(each).resolve() for each in sys.argv[1:3])))
    with tempfile.TemporaryDirectory(prefix="ghcr-login-bench-") as directory:
        with BenchRegistry(directory) as registry:
            found, absent = peers(programs, registry)
            Bench(registry, found).measure()
    for name in absent:
        print(f"bench: {name} is not installed here; it is left out")
    if not TIME.exists():
        print(f"bench: {TIME} is not installed here; no memory is measured")
    print(f"{ROUNDS} rounds of {RUNS} logins each, and the median of the quietest round;"
          f" {os.cpu_count()} CPUs, load {load:.1f} before\nfirst login: into a file that has another entry (podman, skopeo:"
          " none); once more: into what that left; curl stores nothing, ever\n")
    for table in (costs(found), ratios(found),
                  bench_entries.rows([peer for peer in found if "growth" in peer.cost])):
        print(aligned(table), end="\n\n")
    if sys.argv[3:]:
        Path(sys.argv[3]).write_text(json.dumps(figures(found, load), indent=1) + "\n")


if __name__ == "__main__":
    main()
