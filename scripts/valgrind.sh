#!/bin/bash
# Run the unit programs under valgrind's memcheck: no leak, no uninitialised read, no bad access.
# valgrind.sh cli [PYTEST ARGUMENT...] does it with the program itself, driven by tests/cli.
#
# There is no run with the thread sanitizer: the program has one thread. libcurl may start one to
# resolve a name, which is its own and touches nothing of ours.
set -euo pipefail
cd "$(dirname "$0")/.."

memcheck=(valgrind --quiet --error-exitcode=99 --leak-check=full
          "--errors-for-leak-kinds=definite,indirect,possible")

check_units() {
    local program failed=0
    cmake --preset dev >/dev/null
    cmake --build --preset dev -j "$(nproc)" >/dev/null
    while read -r program; do
        # stdout is cmocka's; it is of interest when something is wrong.
        "${memcheck[@]}" "$program" >"$logs/out" 2>&1 </dev/null ||
            { echo "valgrind: $program"; cat "$logs/out"; failed=1; }
    done < <(find build/dev/tests -maxdepth 1 -name 'test_*' -type f -perm -u+x | sort)
    return "$failed"
}

# The program is not dumpable, and is given no environment: valgrind is put before it.
check_program() {
    printf '#!/bin/bash\nexec %s --log-file=%s/%%p "%s" "$@"\n' "${memcheck[*]}" "$logs" \
        "$PWD/build/dev/ghcr-login" >"$logs/ghcr-login"
    chmod +x "$logs/ghcr-login"
    chmod 1777 "$logs"
    GHCR_LOGIN_BIN=$logs/ghcr-login \
        /usr/bin/python3 -B -m pytest -q -p no:cacheprovider "$@"
}

logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
if [[ ${1-} == cli ]]; then
    check_program "${@:2}"
else
    check_units
fi
