#!/bin/bash
# Which failing calls the tests of tests/fault have walked: a table of CALL, how many runs had one
# that failed, and in which tests. Fails where a call that can fail was never seen to, and where the
# program makes one that is listed neither in inject.h nor in cannot_fail.txt.
# usage: scripts/faults.sh BUILD (after the tests: ctest --test-dir BUILD -L fault)
set -euo pipefail
cd "$(dirname "$0")/.."

build=${1:?usage: scripts/faults.sh BUILD}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

complain() {
    echo "faults: $*" >&2
    failed=1
}
failed=0

# The undefined and the defined names of the program's objects. Those that begin with '_' are the
# compiler's, the sanitizers' and libc's own, _exit() among them.
# An object whose source is gone is left from an earlier build.
objects=()
while read -r object; do
    source=${object#*.dir/}
    source=src/${source#*src/}
    [ ! -e "${source%.o}" ] || objects+=("$object")
done < <(find "$build/CMakeFiles/ghcr_login_core.dir" \
    "$build/CMakeFiles/ghcr-login.dir" "$build/tests/CMakeFiles/fault_standalone.dir/__" -name '*.o')
nm --undefined-only "${objects[@]}" | awk '$1 == "U" && $2 !~ /^_/ { print $2 }' | sort -u >"$work/used"
nm --defined-only "${objects[@]}" | awk 'NF == 3 { print $3 }' | sort -u >"$work/own"
sed -nE 's/^    X\(([a-z0-9_]+),.*/\1/p' tests/fault/inject.h | sort -u >"$work/wrapped"
sed -E '/^#/d' tests/fault/cannot_fail.txt | tr ' ' '\n' | sed '/^$/d' | sort -u >"$work/cannot"

comm -23 "$work/used" <(sort -u "$work"/{own,wrapped,cannot}) >"$work/unknown"
while read -r call; do
    complain "'$call' is called; list it in tests/fault/inject.h, or in cannot_fail.txt with the reason"
done <"$work/unknown"

awk '
    FNR == 1 { test = FILENAME; sub(/.*\//, "", test) }
    !($1 in walked) { order[++count] = $1 }
    { walked[$1] += $3; seen[$1] += $2 }
    $3 > 0 { where[$1] = where[$1] " " test ":" $3 }
    END {
        printf "%-24s %8s %8s  %s\n", "call", "seen", "walked", "in"
        for (i = 1; i <= count; i++) {
            call = order[i]
            printf "%-24s %8d %8d %s\n", call, seen[call], walked[call], where[call]
            sum += walked[call]
            zero = zero (walked[call] > 0 ? "" : " " call)
        }
        printf "%d calls, %d failures walked\n", count, sum
        if (zero != "") {
            print "faults: no failure was walked (is it still called?) of:" zero >"/dev/stderr"
            exit 1
        }
    }' "$build"/faults/fault_* || failed=1
exit $failed
