#!/bin/bash
# Install the test packages, build with gcc, clang and sanitizers, and run every test. Works on a
# fresh Debian 12 or 13, as root (the engines of the acceptance tests need it), best on a throwaway
# machine. A stage that fails keeps the others from nothing but what it should have built; the last
# line counts them all: "N passed, N failed".
# With "quick", what a contributor runs: a build, the unit tests and tests/cli. That needs neither root
# nor the engines; what only root can test is then skipped, and counted.
# usage: scripts/test.sh [quick]
# shellcheck disable=SC2317 # what `stage` calls
set -euo pipefail
cd "$(dirname "$0")/.."

say() {
    echo "==> $*"
}

# The room that packages, builds and temporary files take, in MB.
installed_mb=3000 built_mb=1500 temporary_mb=1500

free_mb() {
    df --output=avail --block-size=1M "$1" | tail -n 1 | tr -d ' '
}

# Whether each file system has what goes there.
has_room() {
    local place mb mount
    local -A wanted=()
    while read -r mb place; do
        mount=$(df --output=target "$place" | tail -n 1)
        wanted[$mount]=$((${wanted[$mount]-0} + mb))
    done <<<"$installed_mb /
$built_mb $PWD
$temporary_mb ${TMPDIR:-/tmp}"
    for mount in "${!wanted[@]}"; do
        [[ $(free_mb "$mount") -ge ${wanted[$mount]} ]] || {
            echo "$mount has $(free_mb "$mount") MB left, and the tests take ${wanted[$mount]} MB there"
            return 1
        }
    done
}

# A small /tmp is one in memory, or a container's.
[[ -n ${TMPDIR-} || $(free_mb /tmp) -ge $temporary_mb ]] || export TMPDIR=/var/tmp

# What root has made belongs to whoever owns the checkout, and can build on then.
# shellcheck disable=SC2317 # the trap calls it
hand_over() {
    [[ -z ${SUDO_UID-} || $(id -u) -ne 0 || ! -d build ]] || chown -hR --reference=. build
}
trap hand_over EXIT

# Say now what would fail in a quarter of an hour.
require() {
    if [[ $(id -u) -ne 0 ]]; then
        echo "run it as root: the tests start dockerd, and run as several users"
        echo "(without root: scripts/test.sh quick)"
        return 1
    fi
    # shellcheck disable=SC2016 # the inner shell's
    if ! unshare --mount --net --pid --fork sh -ec '
        mount -t tmpfs tmpfs /run
        mkdir /run/upper /run/work
        mount -t overlay -o lowerdir=/var/lib,upperdir=/run/upper,workdir=/run/work lib /var/lib' 2>&1
    then
        echo "the tests need mount, network and process namespaces of their own, which this root may not"
        echo "make: in a container, run it with --privileged; a plain chroot will not do"
        return 1
    fi
    has_room
}

build() {
    cmake --preset "$1" >/dev/null && cmake --build --preset "$1" -j "$(nproc)" >/dev/null
}

run_ctest() {
    ctest --test-dir "build/$1" --output-on-failure --no-tests=error -j $(($(nproc) + 1)) -Q \
        --output-junit "$RESULTS/$1.xml" "${@:2}"
}

# Those of several builds beside each other, for many of them wait. What fails is shown alone.
run_ctests() {
    local preset status=0
    local -A running=()
    for preset; do
        if [[ -n ${broken[$preset]-} ]]; then
            echo "cannot run: $preset was not built"
            status=1
        else
            run_ctest "$preset" &
            running[$preset]=$!
        fi
    done
    for preset in "${!running[@]}"; do
        wait "${running[$preset]}" || {
            ctest --test-dir "build/$preset" --output-on-failure --rerun-failed || true
            status=1
        }
    done
    return "$status"
}

run_unit() {
    run_ctest dev -L unit || { ctest --test-dir build/dev --output-on-failure --rerun-failed; return 1; }
}

# Tests of the program that a preset has built. Most of them wait for what they have started.
run_pytest() {
    GHCR_LOGIN_BIN=build/$1/ghcr-login /usr/bin/python3 -B -m pytest -q -n $(($(nproc) * 3)) \
        --junit-xml="$RESULTS/$1.xml" "${@:2}"
}

# A process that nobody may trace is out of the leak checker's reach, too; valgrind looks for leaks. The
# core limit is the program's to set, and to give back to exec's command.
run_sanitized() {
    ASAN_OPTIONS=detect_leaks=0:disable_coredump=0 run_pytest asan tests/cli
}

# Those of tests/cli that meet what an optimizer could spoil, or another libcurl.
run_optimized() {
    local status=0
    run_pytest release tests/cli/test_{confinement,exec,for_user,formats,handshake,helpers}.py \
        tests/cli/test_{hygiene,logout,mounts,refusals,status,store,trust}.py || status=1
    run_pytest static tests/cli/test_{handshake,names,network,proxies,sources,targets,trust}.py || status=1
    return "$status"
}

# A worker has a registry and engines of its own, and waits for them a third of the time; the tests of
# one file share what they have made.
run_acceptance() {
    run_pytest release -n $(($(nproc) + 1)) --dist loadfile tests/acceptance
}

declare -A broken=() # what was not built
table=() passed=0 failed=0 skipped=0

# Into `worked`: hundredths of a second that processors have worked for what this shell has waited for.
measure() {
    times >build/results/times # which in $(...) would be those of another shell
    worked=$(awk -F '[ms ]' 'NR == 2 { print int(6000 * ($1 + $4) + 100 * ($2 + $5)) }' \
        build/results/times)
}

# stage NAME WHAT COMMAND...: WHAT it builds ("+dev"), or what was to be built for it ("dev,asan").
stage() {
    local name=$1 what=$2 begin=$SECONDS status=0 each counts before seconds
    shift 2
    export RESULTS=$PWD/build/results/${#table[@]}
    mkdir -p "$RESULTS"
    measure
    before=$worked
    say "$name"
    for each in ${what//,/ }; do
        [[ -z ${broken[$each]-} ]] || { echo "cannot run: $each was not built"; status=1; }
    done
    [[ $status -ne 0 ]] || "$@" || status=$?
    [[ $status -eq 0 || $what != +* ]] || broken[${what#+}]=yes
    read -ra counts < <(/usr/bin/python3 -B tests/support/tally.py "$RESULTS" "$status" ||
        echo 0 1 0)
    passed=$((passed + counts[0])) failed=$((failed + counts[1])) skipped=$((skipped + counts[2]))
    seconds=$((SECONDS - begin))
    measure
    table+=("$(printf '%-40s %5d s %4d %% %6d %6d' "$name" "$seconds" \
        $(((worked - before) / (seconds > 0 ? seconds : 1) / $(nproc))) "${counts[@]:0:2}")")
}

finish() {
    printf '\n%-40s %7s %6s %6s %6s\n' stage time busy passed failed
    printf '%s\n' "${table[@]}"
    printf '%-40s %5d s\n\n' together "$SECONDS"
    [[ $skipped -eq 0 ]] || skips=", $skipped skipped"
    echo "$passed passed, $failed failed${skips-}"
    [[ $failed -eq 0 ]]
    exit
}

case ${1-} in
"") ;;
quick)
    rm -rf build/results
    stage "packages" "" scripts/install-packages.sh quick
    [[ $failed -eq 0 ]] || finish
    stage "build: dev" +dev build dev
    stage "unit tests" dev run_unit
    stage "the program, against a loopback registry" dev run_pytest dev tests/cli
    finish
    ;;
*)
    sed -n 's/^# usage: /usage: /p' "$0" >&2
    exit 2
    ;;
esac

if ! lacking=$(require); then
    printf 'scripts/test.sh: %s\n' "$lacking" >&2
    exit 1
fi
rm -rf build/results
stage "packages" "" scripts/install-packages.sh test
[[ $failed -eq 0 ]] || finish
stage "build: dev (gcc)" +dev build dev
stage "build: asan (clang, sanitizers)" +asan build asan
stage "build: release" +release build release
stage "build: static executables, packages" +static scripts/package.sh
stage "lint" "" scripts/lint.sh
stage "this repository" release run_pytest release tests/repo
stage "unit and fault tests, two builds" "" run_ctests dev asan
stage "fuzzing, briefly" "" scripts/fuzz.sh 4
stage "the program, sanitizers" asan run_sanitized
stage "valgrind: unit programs, every command" dev scripts/valgrind.sh
stage "the program, optimized and static" release,static run_optimized
stage "the real engines" release,static run_acceptance
finish
