#!/bin/bash
# Build with counters, run the unit and fault tests and those of the program, and print which lines
# and branches were run, by wing. `-u` also lists every line that was not, and fails if there is
# one; `-b` lists the conditions that were only ever true, or only ever false.
# GHCR_LOGIN_COVERAGE=read only reads what the last run has counted. src/base/standalone.c is not
# counted: a static executable alone has it (tests/fault/fault_standalone.c walks it).
#
# A line that no test can reach says why it is there, in a comment on the line or just above it,
# for the lines without a break that were not run: /* unreached: REASON */
# Such a line is not listed; such a comment at a line that was run is.
set -euo pipefail
cd "$(dirname "$0")/.."
counts=build/coverage/counts

# Every process counts in one shared mapping of a file (clang's continuous mode). So nothing is
# lost where it is killed or becomes another program, and nothing is written when it ends: it may
# have closed all descriptors, changed its root, or given up its rights. Only the file must be open
# to all.
run_all() {
    cmake --preset coverage >/dev/null
    cmake --build --preset coverage -j "$(nproc)" >/dev/null
    rm -rf "$counts"
    build/coverage/ghcr-login --version >/dev/null
    chmod a+rw "$counts"/*
    failed=0
    TMPDIR=/dev/shm ctest --test-dir build/coverage -j "$(nproc)" -Q || failed=1
    GHCR_LOGIN_BIN=build/coverage/ghcr-login /usr/bin/python3 -B -m pytest -q \
        -n $(($(nproc) * 2)) tests/cli || failed=1
    [[ $failed -eq 0 ]] || echo "coverage.sh: a test failed: it may not have come to its lines" >&2
}

# The tools of the compiler that wrote the counters.
tool() {
    local compiler version
    compiler=$(sed -n 's/^CMAKE_C_COMPILER:[A-Z]*=//p' build/coverage/CMakeCache.txt)
    version=$("$compiler" -dumpversion)
    "$1-${version%%.*}" "${@:2}"
}

[[ ${GHCR_LOGIN_COVERAGE-} == read ]] || run_all
tool llvm-profdata merge -sparse -o build/coverage/all.profdata "$counts"/*.profraw
# main() has another name in a program of the tests.
for program in ghcr-login tests/fault_program; do
    tool llvm-cov export -format=lcov -instr-profile=build/coverage/all.profdata \
        "build/coverage/$program"
done | /usr/bin/python3 -B scripts/coverage_report.py "$@"
