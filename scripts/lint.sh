#!/bin/bash
# The rules of the house that a machine can check.
# usage: scripts/lint.sh [arrows|gates|headers|format|shell|manual|tidy|cppcheck|analyzer|all]...
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
    ["registry/http/trust.h"]="src/registry/http/http.c src/registry/http/trust.c"
    ["b64/"]="src/base/base64.c"
    ["jansson.h"]="include/base/json.h"
    ["base/json.h"]="src/base/json.c src/main.c src/cli/report.c src/registry/answer.c
        src/registry/github.c src/store/lookup.c src/store/text/document.c
        src/store/text/decode.c src/store/text/edit.c src/store/helper/helper.c src/store/text/layout.c"
)

# Every #include of include/ and src/, as FILE and what stands between the quotes or angles.
includes() {
    grep -rnE '^[[:space:]]*#[[:space:]]*include' include src |
        sed -E 's/^([^:]*):[0-9]+:[[:space:]]*#[[:space:]]*include[[:space:]]*["<]([^">]*)[">].*/\1 \2/'
}

check_arrows() {
    local file included wing
    while read -r file included; do
        wing=$(echo "$file" | cut -d/ -f2)
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

check_headers() {
    local header
    while read -r header; do
        echo "#include \"${header#*/}\"" |
            ${CC:-cc} "${flags[@]}" -Wall -Werror -fsyntax-only -xc - ||
            complain "$header: does not compile alone"
    done < <(find include src -name '*.h')
}

check_format() {
    find include src tests -name '*.[ch]' -print0 |
        xargs -0 clang-format-14 --dry-run -Werror || complain "run clang-format-14 -i on these"
}

check_shell() {
    shellcheck .ci/run scripts/*.sh scripts/examples/*.sh scripts/completions/*.bash ||
        complain "see shellcheck's words above"
}

check_manual() {
    mandoc -T lint -W warning src/ghcr-login.1 || complain "see mandoc's words above"
}

# What a compiler has to know to read a file of src/ alone.
flags=(-std=c11 -D_GNU_SOURCE '-DGHCR_LOGIN_VERSION="0"' -Iinclude -Isrc)

# One file a run: in a second file clang-tidy 14 takes every va_list for uninitialized. Not
# standalone.c: names and types there are libc's, in whose place it stands.
check_tidy() {
    find src -name '*.c' ! -name standalone.c -print0 |
        xargs -0 -P "$(nproc)" -I{} clang-tidy-14 --quiet {} -- "${flags[@]}" 2>/dev/null ||
        complain "see clang-tidy's words above; .clang-tidy says what it looks for"
}

# ...Called: of functions that are not reentrant; there is one thread. unusedStructMember: a header's
# members are used elsewhere, and max_align_t aligns. variableScope: declarations stand at the top. In
# handshake.c it takes what text_printable() fills for uninitialized; process.c opens to keep open.
check_cppcheck() {
    cppcheck --quiet -j "$(nproc)" --std=c11 --library=posix,gnu \
        --enable=warning,style,performance,portability \
        --suppress=fgetgrentCalled --suppress=fgetpwentCalled --suppress=getpwnamCalled \
        --suppress=getpwuidCalled --suppress=readdirCalled \
        --suppress=unusedStructMember --suppress=variableScope \
        --suppress=uninitvar:src/registry/handshake.c \
        --suppress=leakReturnValNotUsed:src/cli/process.c \
        --error-exitcode=1 "${flags[@]:1}" src || complain "see cppcheck's words above"
}

# gcc's own. It loses sight of the blocks that secret.c hands out behind a header of theirs.
analyze() {
    local not=()
    [[ $1 != src/base/secret.c ]] || not=(-Wno-analyzer-malloc-leak)
    gcc "${flags[@]}" -O1 -fanalyzer -Werror "${not[@]}" -c -o /dev/null "$1"
}

check_analyzer() {
    local file
    local -a files
    mapfile -t files < <(find src -name '*.c')
    for file in "${files[@]}"; do
        analyze "$file" || complain "$file: see gcc's words above"
    done
}

for check in "${@:-all}"; do
    case $check in
    arrows) check_arrows ;;
    gates) check_gates ;;
    headers) check_headers ;;
    format) check_format ;;
    shell) check_shell ;;
    manual) check_manual ;;
    tidy) check_tidy ;;
    cppcheck) check_cppcheck ;;
    analyzer) check_analyzer ;;
    all)
        check_arrows
        check_gates
        check_headers
        check_format
        check_shell
        check_manual
        check_tidy
        check_cppcheck
        check_analyzer
        ;;
    *)
        echo "lint: there is no check '$check'" >&2
        exit 2
        ;;
    esac
done
exit $failed
