#!/bin/bash
# Give the parsers any bytes, with sanitizers, and their promises as asserts: tests/fuzz/fuzz_NAME.c.
# What is learned stays in build/fuzz/corpus/NAME, and an input that breaks something is left beside
# it; run build/fuzz/tests/fuzz_NAME FILE to see it break again.
# usage: scripts/fuzz.sh SECONDS [NAME]...      (SECONDS for each target; default: all of them)
set -euo pipefail
cd "$(dirname "$0")/.."

if [[ ! ${1-} =~ ^[1-9][0-9]*$ ]]; then
    sed -n 's/^# usage: /usage: /p' "$0" >&2
    exit 2
fi
seconds=$1
shift
only=$(IFS='|' && echo "$*")

cmake --preset fuzz -DGHCR_LOGIN_FUZZ_SECONDS="$seconds" >/dev/null
cmake --build --preset fuzz --target fuzz_targets -j "$(nproc)" >/dev/null
status=0
ctest --test-dir build/fuzz -R "^fuzz_(${only:-.*})\$" --output-on-failure --no-tests=error -V \
    -j "$(nproc)" ${RESULTS:+--output-junit "$RESULTS/fuzz.xml"} >build/fuzz/fuzz.log || status=1
[[ $status -eq 0 ]] || cat build/fuzz/fuzz.log >&2
# ctest -V begins each line with the number of its test, which "Start" gave a name.
awk '$1 == "Start" { sub(":", "", $2); name[$2] = $3 }
    { number = $1; sub(":", "", number) }
    $2 == "stat::number_of_executed_units:" { runs[number] = $3 }
    $2 == "stat::average_exec_per_sec:" {
        printf "%-18s %10d runs, %6d a second\n", name[number], runs[number], $3
    }' build/fuzz/fuzz.log
exit $status
