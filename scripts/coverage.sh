#!/bin/bash
# Build with gcov, run the unit and fault tests and those of the program, and print which lines
# and branches were run, by wing. `-u` also lists every line that was not.
set -euo pipefail
cd "$(dirname "$0")/.."

run_all() {
    cmake --preset coverage >/dev/null
    cmake --build --preset coverage -j "$(nproc)" >/dev/null
    find build/coverage -name '*.gcda' -delete
    ctest --test-dir build/coverage -j "$(nproc)" -Q || echo "coverage.sh: a test failed" >&2
    GHCR_LOGIN_BIN=build/coverage/ghcr-login \
        /usr/bin/python3 -B -m pytest -q -p no:cacheprovider tests/cli ||
        echo "coverage.sh: a test failed" >&2
}

# One JSON object for each source file.
read_counts() {
    find build/coverage/CMakeFiles/ghcr_login_core.dir -name '*.gcda' -print0 |
        xargs -0 gcov --json-format --stdout --branch-probabilities 2>/dev/null
}

[[ ${GHCR_LOGIN_COVERAGE-} == read ]] || run_all
read_counts | /usr/bin/python3 -c '
import collections, json, os, sys
total, missed = collections.defaultdict(lambda: [0, 0, 0, 0]), []
for report in sys.stdin:
    for source in json.loads(report)["files"]:
        name = os.path.relpath(source["file"])
        if not name.startswith("src/"):
            continue
        for line in source["lines"]:
            count = total[name.split("/")[1]]
            count[0] += line["count"] > 0
            count[1] += 1
            count[2] += sum(branch["count"] > 0 for branch in line["branches"])
            count[3] += len(line["branches"])
            if line["count"] == 0:
                missed.append((name, line["line_number"]))
for wing, (lines, of, branches, of_branches) in sorted(total.items()):
    print(f"{wing:10}  lines {lines}/{of} {100 * lines / of:.1f} %"
          f"  branches {branches}/{of_branches} {100 * branches / max(of_branches, 1):.1f} %")
for name, number in sorted(missed) if "-u" in sys.argv else []:
    text = open(name, encoding="utf-8").read().splitlines()[number - 1].strip()
    print(f"{name}:{number}: {text}")
' "$@"
