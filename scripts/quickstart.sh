#!/bin/bash
# Build ghcr-login and log in with it: to ghcr.io when GHCR_TOKEN is set, else to a throwaway
# registry on this machine with a demo token. Works on a fresh Debian 12, as root or with
# sudo; touches nothing outside build/ but packages, and Docker's config.json in the first case.
set -euo pipefail
cd "$(dirname "$0")/.."

say() {
    echo "==> $*"
}

# The stored file, with every credential in it blacked out.
show() {
    say "stored in $1:"
    sed 's/\("auth": *"\)[^"]*/\1.../' "$1"
}

build() {
    say "installing build packages (where missing) and building"
    scripts/install-packages.sh demo
    cmake --preset release >/dev/null
    cmake --build --preset release -j "$(nproc)" >/dev/null
    program=$PWD/build/release/ghcr-login
}

login_to_ghcr() {
    local name=${GHCR_USERNAME-${GITHUB_ACTOR-}}
    if [[ -z $name ]]; then
        echo "quickstart: set GHCR_USERNAME to the account that owns GHCR_TOKEN" >&2
        exit 2
    fi
    say "echo \$GHCR_TOKEN | ghcr-login -u $name"
    printenv GHCR_TOKEN | "$program" --verbose --password-stdin -u "$name"
    show "${DOCKER_CONFIG-$HOME/.docker}/config.json"
}

login_to_demo() {
    local demo registry
    demo=$(mktemp -d)
    # shellcheck disable=SC2064 # the directory's name is known now
    trap "kill \$registry_pid 2>/dev/null || true; rm -rf '$demo'" EXIT
    say "no GHCR_TOKEN here: starting a throwaway registry on this machine"
    head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n' >"$demo/token"
    /usr/bin/python3 -B tests/support/registry.py --user demo --token-file "$demo/token" \
        --tls-dir "$demo/tls" --ready-file "$demo/ready" >/dev/null &
    registry_pid=$!
    for _ in $(seq 100); do
        [[ -s $demo/ready ]] && break
        sleep 0.1
    done
    if ! registry=$(cat "$demo/ready" 2>/dev/null); then
        echo "quickstart: the throwaway registry did not start" >&2
        exit 1
    fi
    say "echo \$TOKEN | ghcr-login -u demo $registry"
    "$program" --verbose -u demo --cacert "$demo/tls/ca.pem" --config "$demo/docker" "$registry" \
        <"$demo/token"
    show "$demo/docker/config.json"
    say "and a wrong token:"
    if echo wrong | "$program" -u demo --cacert "$demo/tls/ca.pem" --config "$demo/docker" \
        "$registry"; then
        echo "quickstart: a wrong token was accepted" >&2
        exit 1
    fi
}

build
if [[ -n ${GHCR_TOKEN-} ]]; then
    login_to_ghcr
else
    login_to_demo
fi
say "done; the program is $program"
