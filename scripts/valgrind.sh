#!/bin/bash
# Run under valgrind's memcheck: no leak, no uninitialised read, no bad access, in any process.
# usage: scripts/valgrind.sh                     the unit programs, and a part of tests/cli in which
#                                                every command does its work
#        scripts/valgrind.sh cli [ARGUMENT...]   the program, by tests/cli or as pytest is told
#
# There is no run with the thread sanitizer: nothing of ours starts a thread. libcurl may, to resolve
# a name; of ours that one runs the allocator alone (base/secret), which keeps nothing but the block
# in hand. Processes share files, under locks: tests/fault/race_store.c is for those.
set -euo pipefail
cd "$(dirname "$0")/.."

# Every command, with helpers, retries, a mount, a proxy; runs that fail early and late among them.
sample=(
    "can_pull.py::test_no_right[ghcr]"
    "can_pull.py::test_several_images[ghcr]"
    "diagnose.py::test_a_refusal[dead app]"
    "diagnose.py::test_the_organisation_of_a_namespace"
    "exec.py::test_a_command_that_cannot_be_run"
    "exec.py::test_a_token_that_is_refused_runs_nothing"
    "exec.py::test_docker_auth_config"
    "exec.py::test_the_users_own_configuration"
    "for_user.py::test_status_and_logout"
    "helpers.py::test_another_credential_replaces_it"
    "helpers.py::test_no_helper_tells_docker_to_read_the_file"
    "helpers.py::test_one_that_does_not_work[answers nonsense]"
    "logout.py::test_all"
    "logout.py::test_both"
    "logout.py::test_from_a_helper"
    "logout.py::test_if_refused"
    "mounts.py::test_a_bind_mount_is_named_before_any_network"
    "proxies.py::test_407_is_told_in_json"
    "readback.py::test_several_warnings_and_a_quiet_run"
    "retries.py::test_a_connection_that_breaks[closed half way-token]"
    "retries.py::test_refused_and_then_up"
    "status.py::test_can_pull"
    "status.py::test_diagnose"
    "status.py::test_a_helper_that_does_not_work[garble]"
    "status.py::test_json"
    "store.py::test_a_new_entry_is_inserted[unknown keys, odd order]"
    "trust.py::test_a_client_certificate_in_cert_dir"
    "wait_for_token.py::test_a_token_that_is_taken_in_the_end[403]"
)

# What says nothing of the program when valgrind runs it.
passed_over=(
    # Valgrind's own: its descriptors are there for a command, its log takes one that was closed, and
    # it cannot start where no temporary file or process can be made, or nothing of the machine is there.
    exec.py::test_a_home_that_is_none
    exec.py::test_no_place_for_the_private_directory
    exec.py::test_no_process_to_spare
    exec.py::test_nothing_of_the_credential_is_anywhere_else
    exec.py::test_the_command_starts_as_we_did
    hygiene.py::test_closed_descriptors
    places.py::test_nowhere_to_store
    places.py::test_where_nothing_is_said
)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
mkdir -m 1777 "$work/logs" # the tests run the program as several users

# Debian's valgrind is a script that adds to the environment. Forked children are looked at; what
# they become by exec is not ours. The pipes for a debugger would be files that no test has made.
# What nobody holds is "definitely lost". What is "possibly lost" is held by pointers into it: by the
# dynamic loader, and by libcurl, whose pointers are behind the header of our allocator.
memcheck=("$(command -v valgrind.bin || command -v valgrind)" --quiet --vgdb=no --leak-check=full
          "--errors-for-leak-kinds=definite,indirect" "--show-leak-kinds=definite,indirect"
          --error-exitcode=99)

# For scripts/test.sh, which counts.
note() {
    [[ -z ${RESULTS-} ]] || echo "$*" >>"$RESULTS/valgrind.txt"
}

check_unit() {
    local log=$work/logs/${1##*/}
    if "${memcheck[@]}" --log-file="$log.%p" "$1" >"$log" 2>&1 </dev/null; then
        rm "$log" # cmocka's words are of interest when something is wrong
        note passed "${1##*/}"
    else
        echo "it ended with $?" >>"$log"
        note failed "${1##*/}"
    fi
}

check_units() {
    local program
    for program in build/dev/tests/test_*; do
        # An execve(2) that fails is the end of valgrind, and of many a call it has never heard.
        [[ $program != */test_confine* ]] || continue
        while [[ $(jobs -rp | wc -l) -ge $(nproc) ]]; do
            wait -n || true
        done
        check_unit "$program" &
    done
    wait
}

# Valgrind stands before the program, which is not dumpable and is given no environment. A login, which
# takes some hundredths of a second, takes seconds under it where the machine has else to do.
check_program() {
    cp build/dev/ghcr-login "$work/program" # the checkout may be out of some users' reach
    cat >"$work/ghcr-login" <<EOF
#!/bin/sh
unset PWD # sh has set it
log=\$(/bin/mktemp -u "$work/logs/XXXXXXXX") # numbers of processes come again
exec ${memcheck[*]} \\
    --log-file="\$log.%p" "$work/program" "\$@"
EOF
    chmod 755 "$work/ghcr-login"
    GHCR_LOGIN_TEST_PACE=10 GHCR_LOGIN_BIN=$work/ghcr-login \
        /usr/bin/python3 -B -m pytest -q ${RESULTS:+--junit-xml="$RESULTS/valgrind.xml"} \
        -n "$(($(nproc) * 2))" "${passed_over[@]/#/--deselect=cli/test_}" "$@"
}

# What any process was told: the status of a child may be lost on the way to a test. Lines between
# dashes are about valgrind itself: 3.19 does not know Landlock, and has it fail. So are those on debug
# information, which 3.24 cannot read where a test lets no file be opened.
no_complaint() {
    local log logs own='^--[0-9]+--|^==[0-9]+== +(warning: connection to image|no debug info loaded)'
    mapfile -t logs < <(find "$work/logs" -type f -exec grep -lvE "$own" {} + | sort)
    for log in "${logs[@]}"; do
        echo "valgrind: ${log##*/}"
        cat "$log"
    done
    [[ ${#logs[@]} -eq 0 ]]
}

cmake --preset dev >/dev/null
cmake --build --preset dev -j "$(nproc)" >/dev/null
failed=0
case ${1-} in
cli)
    shift
    check_program "${@:-tests/cli}" || failed=1
    ;;
"")
    check_units
    check_program "${sample[@]/#/tests/cli/test_}" || failed=1
    ;;
*)
    echo "usage: $0 [cli [ARGUMENT...]]" >&2
    exit 2
    ;;
esac
no_complaint || failed=1
exit "$failed"
