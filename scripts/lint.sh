#!/bin/bash
# The rules of the house that a machine can check.
# The last line counts the checks. Format and clang-tidy are skipped where the version that this tree
# is written for is not installed: another one has other tastes.
# usage: scripts/lint.sh [arrows|gates|doors|circles|headers|format|shell|manual|tidy|cppcheck|analyzer|all]...
set -euo pipefail
cd "$(dirname "$0")/.."

failed=0

complain() {
    echo "lint: $*" >&2
    failed=1
}

# The wings that a wing may include from: down, never up or to its neighbour.
declare -A may_include=(
    [cli]="cli credential registry store base"
    [credential]="credential base"
    [registry]="registry base"
    [store]="store base"
    [base]="base"
)

# Who may include a library's header, or the one that brings it along.
declare -A gates=(
    ["curl/"]="src/registry/http/http.c src/registry/http/url.c src/registry/http/response.c
        src/registry/http/fault.h src/registry/http/proxy.h src/registry/http/trust.h"
    ["registry/http/fault.h"]="src/registry/http/http.c src/registry/http/fault.c"
    ["registry/http/proxy.h"]="src/registry/http/http.c src/registry/http/fault.c
        src/registry/http/proxy.c"
    ["registry/http/trust.h"]="src/registry/http/http.c src/registry/http/trust.c
        src/registry/http/fault.c"
    ["b64/"]="src/base/base64.c"
    ["jansson.h"]="include/base/json.h"
    ["base/json.h"]="src/base/json.c src/main.c src/cli/report_json.c src/cli/helper_verbs.c src/registry/answer.c
        src/registry/github.c src/store/helper/helper.c src/store/record.c"
)

# Every #include of include/ and src/, as FILE and what stands between the quotes or angles.
includes() {
    grep -rnE '^[[:space:]]*#[[:space:]]*include' include src |
        sed -E 's/^([^:]*):[0-9]+:[[:space:]]*#[[:space:]]*include[[:space:]]*["<]([^">]*)[">].*/\1 \2/'
}

check_arrows() {
    local file included wing
    while read -r file included; do
        wing=${file#*/}
        wing=${wing%%/*}
        [[ $included != *..* ]] || complain "$file: name '$included' from include/, without '..'"
        [[ -n ${may_include[$wing]-} && -n ${may_include[${included%%/*}]-} ]] || continue
        [[ " ${may_include[$wing]} " == *" ${included%%/*} "* ]] ||
            complain "$file: the wing '$wing' must not include '$included'"
    done < <(includes)
}

check_gates() {
    local file included header
    while read -r file included; do
        for header in "${!gates[@]}"; do
            [[ $included != "$header"* ]] || grep -qwF "$file" <<<"${gates[$header]}" ||
                complain "$file: includes '$included' outside its gate"
        done
    done < <(includes)
}

# The headers of a part that the rest of its wing may include; include/ has those for other wings.
declare -A doors=(
    [registry/http]="url.h response.h"
    [store/text]="document.h decode.h edit.h layout.h syntax.h"
    [store/file]="locked_file.h preflight.h"
    [store/helper]="helper.h"
)

# A header in include/ is there for another wing; a part is entered by its doors.
check_doors() {
    local file included part header
    while read -r file included; do
        part=${included%/*}
        [[ $included == */*/* && $file != src/$part/* ]] || continue
        [[ " ${doors[$part]-} " == *" ${included##*/} "* ]] ||
            complain "$file: passes the door of '$part' with '$included'"
    done < <(includes)
    while read -r header; do
        includes | grep -F " $header" | grep -vE "^(src|include)/${header%%/*}/" >/dev/null ||
            complain "include/$header: only '${header%%/*}' uses it; put it beside its body"
    done < <(find include -name '*.h' -printf '%P\n')
}

# A body and its header are one file here, wherever in their wing each of them stands.
check_circles() {
    includes | awk '
        function file(path,  parts, count) {
            sub(/^(include|src)\//, "", path)
            sub(/\.[ch]$/, "", path)
            count = split(path, parts, "/")
            return count > 1 ? parts[1] "/" parts[count] : path
        }
        file($1) != file($2) { print file($1), file($2) }' |
        tsort >/dev/null || complain "these files include each other in a circle"
}

# What a compiler has to know to read a file of src/ alone.
flags=(-std=c11 -D_GNU_SOURCE '-DGHCR_LOGIN_VERSION="0"' -Iinclude -Isrc)

check_headers() {
    find include src -name '*.h' -printf '%P\n' |
        xargs -P "$(nproc)" -I{} sh -c 'echo "#include \"{}\"" | "$@" -fsyntax-only -xc - ||
            { echo "lint: {}: does not compile alone" >&2; exit 1; }' \
            sh "${CC:-cc}" "${flags[@]}" -Wall -Werror ||
        complain "a header must bring what it needs"
}

# Whether there is this program; the check is skipped where not.
have() {
    command -v "$1" >/dev/null || { echo "lint: $check: skipped, no $1 here" >&2; lacking=1; return 1; }
}

check_format() {
    have clang-format-14 || return 0
    find include src tests -name '*.[ch]' -print0 |
        xargs -0 -P "$(nproc)" -n 40 clang-format-14 --dry-run -Werror ||
        complain "run clang-format-14 -i on these"
}

check_shell() {
    shellcheck .ci/run scripts/*.sh scripts/examples/*.sh scripts/completions/*.bash ||
        complain "see shellcheck's words above"
}

check_manual() {
    mandoc -T lint -W warning src/ghcr-login.1 || complain "see mandoc's words above"
}

# One file a run: in a second file clang-tidy 14 takes every va_list for uninitialized. Not
# standalone.c: names and types there are libc's, in whose place it stands.
check_tidy() {
    have clang-tidy-14 || return 0
    find src -name '*.c' ! -name standalone.c -print0 |
        xargs -0 -P "$(nproc)" -I{} clang-tidy-14 --quiet {} -- "${flags[@]}" 2>/dev/null ||
        complain "see clang-tidy's words above; .clang-tidy says what it looks for"
}

# ...Called: of functions that are not reentrant; there is one thread. unusedStructMember: a header's
# members are used elsewhere, and max_align_t aligns. variableScope: declarations stand at the top.
# constParameterCallback: its type is given. normalCheckLevelMaxBranches: says what it did not do.
# process.c opens to keep open. In attributes.c and replace.c a function has another body where the
# system lacks something. proxy.c cuts by the pointer that strrchr() gives. Versions 2.10 and 2.17 are
# content.
check_cppcheck() {
    cppcheck --quiet -j "$(nproc)" --std=c11 --library=posix,gnu \
        --enable=warning,style,performance,portability \
        --suppress=fgetgrentCalled --suppress=fgetpwentCalled --suppress=getpwnamCalled \
        --suppress=getpwuidCalled --suppress=readdirCalled \
        --suppress=unusedStructMember --suppress=variableScope \
        --suppress=constParameterCallback --suppress=normalCheckLevelMaxBranches \
        --suppress=leakReturnValNotUsed:src/cli/process.c \
        --suppress=knownConditionTrueFalse:src/base/child.c \
        --suppress=knownConditionTrueFalse:src/store/file/attributes.c \
        --suppress=knownConditionTrueFalse:src/store/file/replace.c \
        --suppress=constParameterPointer:src/registry/http/proxy.c \
        --error-exitcode=1 "${flags[@]:1}" src || complain "see cppcheck's words above"
}

# gcc's own. It loses sight of the blocks that secret.c hands out behind a header of theirs, and of
# those that a survey keeps until survey_clear(); from version 13 on also of descriptors: those in a
# struct or a list, and 0 to 2, which stay.
check_analyzer() {
    # shellcheck disable=SC2016 # the inner shell's
    find src -name '*.c' -print0 | xargs -0 -P "$(nproc)" -I{} sh -c '
        file=$1
        shift
        case $file in
        src/base/secret.c | src/cli/survey_collect.c) set -- "$@" -Wno-analyzer-malloc-leak ;;
        esac
        exec "$@" -c -o /dev/null "$file"' sh {} gcc "${flags[@]}" -O1 -fanalyzer \
        -Wno-analyzer-fd-leak -Wno-analyzer-fd-use-without-check -Werror ||
        complain "see gcc's words above"
}

# For scripts/test.sh, which counts.
note() {
    [[ -z ${RESULTS-} ]] || echo "$*" >>"$RESULTS/lint.txt"
}

passed=0 skipped=0
lint() {
    local check=$1 before=$failed lacking=0
    failed=0
    "check_$check"
    if [[ $lacking -ne 0 ]]; then
        skipped=$((skipped + 1))
        note skipped "$check"
    elif [[ $failed -eq 0 ]]; then
        passed=$((passed + 1))
        note passed "$check"
    else
        note failed "$check"
    fi
    failed=$((before + failed))
}

all=(arrows gates doors circles headers format shell manual tidy cppcheck analyzer)
[[ $# -gt 0 && $1 != all ]] || set -- "${all[@]}"
for check; do
    if [[ " ${all[*]} " != *" $check "* ]]; then
        echo "lint: there is no check '$check'" >&2
        exit 2
    fi
done
for check; do
    lint "$check"
done
[[ $skipped -eq 0 ]] || skips=", $skipped skipped"
echo "lint: $passed passed, $failed failed${skips-}"
[[ $failed -eq 0 ]]
