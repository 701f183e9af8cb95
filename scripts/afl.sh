#!/bin/bash
# Have AFL++ give the whole program any bytes as its auth file (`config`) and as its standard input
# (`stdin`); it takes the other targets of scripts/fuzz.sh too. What is learned stays in
# build/afl/found/NAME, and what breaks something in default/crashes and default/hangs there; run
# build/afl/tests/fuzz_NAME FILE to see it break again. By hand only: scripts/test.sh has libFuzzer
# run the same targets.
# usage: scripts/afl.sh SECONDS [NAME]...      (SECONDS for each target; default: config stdin)
set -euo pipefail
cd "$(dirname "$0")/.."

if [[ ! ${1-} =~ ^[1-9][0-9]*$ ]]; then
    sed -n 's/^# usage: /usage: /p' "$0" >&2
    exit 2
fi
seconds=$1
shift
[[ $# -gt 0 ]] || set -- config stdin

if ! command -v afl-fuzz >/dev/null; then
    echo "$0: no afl-fuzz here: install the package afl++" >&2
    exit 1
fi
cmake --preset afl >/dev/null
cmake --build --preset afl -j "$(nproc)" --target "${@/#/fuzz_}" >/dev/null

# The home that the program is given, in memory where it can be; afl-fuzz kills what would remove it.
TMPDIR=$(mktemp -d -p "$([[ -w /dev/shm ]] && echo /dev/shm || echo "${TMPDIR:-/tmp}")")
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT
export AFL_AUTORESUME=1 AFL_NO_UI=1 AFL_SKIP_CPUFREQ=1 AFL_NO_AFFINITY=1
export AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1

status=0
for name; do
    found=build/afl/found/$name
    dictionary=()
    [[ $name != config ]] || dictionary=(-x tests/data/fuzz/config.dict)
    mkdir -p "$found"
    if ! afl-fuzz -i "tests/data/fuzz/$name" -o "$found" -V "$seconds" -t 10000 "${dictionary[@]}" \
        -- "build/afl/tests/fuzz_$name" >"$found.log" 2>&1; then
        tail -n 30 "$found.log" >&2
        exit 1
    fi
    awk -F ' *: *' -v name="$name" '{ of[$1] = $2 }
        END {
            printf "%-10s %8d runs, %5d a second; %d inputs, %d edges; %d crashes, %d hangs\n",
                name, of["execs_done"], of["execs_per_sec"], of["corpus_count"],
                of["edges_found"], of["saved_crashes"], of["saved_hangs"]
            exit of["saved_crashes"] + of["saved_hangs"] > 0
        }' "$found/default/fuzzer_stats" || status=1
done
exit $status
