#!/bin/bash
# Install the test packages, build with gcc, clang and sanitizers, and run every test.
# Works on a fresh Debian 12, as root (the engines of the acceptance tests need it).
set -euo pipefail
cd "$(dirname "$0")/.."

say() {
    echo "==> $*"
}

build() {
    say "building: $1"
    cmake --preset "$1" >/dev/null
    cmake --build --preset "$1" -j "$(nproc)" >/dev/null
}

unit_tests() {
    say "unit tests: $1"
    ctest --test-dir "build/$1" --output-on-failure --no-tests=error -j "$(nproc)" -Q ||
        { ctest --test-dir "build/$1" --output-on-failure --rerun-failed; return 1; }
}

# Most of these tests wait for what they have started.
at_once=$(($(nproc) * 2))

# Tests of the program that a preset has built.
run_pytest() {
    GHCR_LOGIN_BIN=build/$1/ghcr-login \
        /usr/bin/python3 -B -m pytest -q -p no:cacheprovider "${@:2}"
}

if [[ $(id -u) -ne 0 ]]; then
    echo "scripts/test.sh: run it as root: the tests start dockerd, and run as several users" >&2
    exit 1
fi

scripts/install-packages.sh test
for preset in dev clang asan release; do
    build "$preset"
done
scripts/build-static.sh
say "lint"
scripts/lint.sh
unit_tests dev
unit_tests asan
say "fuzzing, briefly"
scripts/fuzz.sh 4
say "the program with sanitizers, against a loopback registry"
# A process that nobody may trace is out of the leak checker's reach, too; valgrind looks for leaks.
ASAN_OPTIONS=detect_leaks=0 run_pytest asan -n "$at_once" tests/cli
say "under valgrind: the unit programs, and every command"
scripts/valgrind.sh
say "the static executable, against the same: what its own libcurl does"
run_pytest static -n "$at_once" tests/cli/test_{handshake,network,proxies,sources,targets,trust}.py
say "the program as it is installed: what an optimizer could spoil"
run_pytest release -n "$at_once" tests/cli/test_{confinement,documented,exec,for_user,formats}.py \
    tests/cli/test_{handshake,helpers,hygiene,logout,mounts,readme,refusals,status,store,trust}.py
say "the same with the real engines"
run_pytest release tests/acceptance
