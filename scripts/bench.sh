#!/bin/bash
# Build ghcr-login, static and dynamic, and print what a login costs with it, docker, podman, skopeo
# and bare curl: time, CPU, memory, connections, round trips, size, growth with the file; and whether
# the goals are met. All ask the same registry, which is on this machine but not at 127.0.0.0/8, where
# docker would verify no certificate. Works on a fresh Debian 12, as root (the registry gets a network
# of its own); takes two minutes. What else runs on the machine is in the figures: look at the load.
# usage: scripts/bench.sh [JSON]       (JSON: a file for the figures; BENCH_RUNS=N in the environment)
set -euo pipefail
cd "$(dirname "$0")/.."

say() {
    echo "==> $*"
}

if [[ $# -gt 1 || ${1-} == -* ]]; then
    sed -n 's/^# usage: /usage: /p' "$0" >&2
    exit 2
fi
if [[ $(id -u) -ne 0 ]]; then
    echo "scripts/bench.sh: run it as root: it makes a network of its own" >&2
    exit 1
fi

say "installing packages (where missing) and building"
scripts/install-packages.sh bench
cmake --preset release >/dev/null
cmake --build --preset release -j "$(nproc)" >/dev/null
scripts/build-static.sh
say "logging in to a registry of its own; nothing outside build/ and a temporary directory is written"
exec /usr/bin/python3 -B tests/support/bench.py build/static/ghcr-login build/release/ghcr-login "$@"
