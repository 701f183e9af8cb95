#!/bin/bash
# Build ghcr-login and print what a login costs with it, docker, podman, skopeo and bare curl: time,
# CPU, memory, connections, requests, round trips, size. All ask the same loopback registry.
# Works on a fresh Debian 12, as root (the registry gets a network of its own); takes a minute.
set -euo pipefail
cd "$(dirname "$0")/.."

say() {
    echo "==> $*"
}

if [[ $# -ne 0 ]]; then
    echo "usage: $0    (BENCH_RUNS=N in the environment: measure N logins of each)" >&2
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
say "logging in to a loopback registry; nothing outside build/ and a temporary directory is written"
exec /usr/bin/python3 -B tests/support/bench.py build/release/ghcr-login
