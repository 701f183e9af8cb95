"""What a login costs where the file has many entries: ghcr-login and docker, side by side.

    python3 bench_entries.py PROGRAM        (root; as bench.py, with the same registry)

Each login stores one more entry into a file of docker's layout with N others. Without docker only
PROGRAM is measured.
"""

import os
import resource
import shlex
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

from bench_registry import HOST, USER, BenchRegistry
from stack import PATH

SIZES = (10, 1_000, 10_000, 100_000)
RUNS = int(os.environ.get("BENCH_RUNS", "15"))
ENTRY = '\t\t"registry-{}.example.com": {{\n\t\t\t"auth": "dXNlcjpwYXNzd29yZA=="\n\t\t}}'


def document(entries):
    return '{\n\t"auths": {\n' + ",\n".join(map(ENTRY.format, range(entries))) + "\n\t}\n}"


class Peer:
    def __init__(self, registry, name, command):
        self.registry, self.name, self.command = registry, name, command
        self.home = registry.directory / f"home-{name}"
        (self.home / ".docker").mkdir(parents=True)
        self.config = self.home / ".docker" / "config.json"

    def run(self, text):
        """Return seconds and KiB at the peak of one login."""
        self.config.write_text(text)
        report = self.registry.directory / "time"
        argv = ["/usr/bin/time", "-f", "%e %U %S %M", "-o", str(report), "sh", "-c",
                f"exec {self.command} >/dev/null 2>&1"]
        began = time.monotonic()
        self.registry.sandbox.check(argv, env=self.registry.environment(self.home), timeout=100)
        _, user, system, peak = report.read_text().split()
        if HOST not in self.config.read_text():
            sys.exit(f"bench: {self.name} has stored no login")
        return time.monotonic() - began, float(user) + float(system), int(peak)


def main():
    if os.geteuid() != 0 or len(sys.argv) != 2:
        sys.exit("usage: bench_entries.py PROGRAM (as root)")
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with tempfile.TemporaryDirectory(prefix="ghcr-login-bench-") as directory, \
            BenchRegistry(directory) as registry:
        token_file = Path(directory) / "token"
        token_file.write_text(f"{registry.token}\n")
        program = shlex.quote(str(Path(sys.argv[1]).resolve()))
        found = [Peer(registry, "ghcr-login", f"{program} -u {USER} --password-stdin <{token_file}")]
        if docker := shutil.which("docker", path=PATH):
            found.append(Peer(registry, "docker", f"{docker} login -u {USER} --password-stdin {HOST}"
                                                  f" <{token_file}"))
        print(f"{'entries':>8} {'bytes':>9}  " + "  ".join(
            f"{peer.name:>10}: wall ms  CPU ms  MiB" for peer in found))
        for size in SIZES:
            text = document(size)
            rows = {peer: [peer.run(text)] for peer in found}  # the first warms up
            for _ in range(RUNS):
                for peer in found:
                    rows[peer].append(peer.run(text))
            costs = [[statistics.median(column) for column in zip(*rows[peer][1:])]
                     for peer in found]
            line = "  ".join(f"{1000 * wall:19.1f} {1000 * cpu:7.0f} {peak / 1024:5.1f}"
                             for wall, cpu, peak in costs)
            ratio = f"  {costs[0][0] / costs[1][0]:.2f}" if len(costs) > 1 else ""
            print(f"{size:>8} {len(text):>9}  {line}{ratio}")


if __name__ == "__main__":
    main()
