#!/bin/bash
# Build ghcr-login and log in with it: to ghcr.io when GHCR_TOKEN is set, else to a throwaway
# registry on this machine with a demo token. Works on a fresh Debian 12 or 13, as root or with
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

demo='' registry_pid=''
# shellcheck disable=SC2317 # the trap calls it
clean_up() {
    [[ -z $registry_pid ]] || kill "$registry_pid" 2>/dev/null || true
    [[ -z $demo ]] || rm -rf "$demo"
    # What root has made belongs to whoever owns the checkout, who can build on then.
    [[ $(id -u) -ne 0 || ! -d build ]] || chown -hR --reference=. build
}
trap clean_up EXIT

build() {
    say "installing build packages (where missing) and building"
    scripts/install-packages.sh demo
    cmake --preset release >/dev/null
    cmake --build --preset release -j "$(nproc)" >/dev/null
}

# What the program is run as, here and by whoever repeats it.
program=$(printf %q "$PWD/build/release/ghcr-login")

login_to_ghcr() {
    local name=${GHCR_USERNAME-${GITHUB_ACTOR-}}
    local -a who=()

    [[ -z $name ]] || who=(-u "$name") # ghcr.io looks at the token alone
    say "echo \$GHCR_TOKEN | $program$([[ -z $name ]] || printf ' %q' "${who[@]}") --password-stdin"
    printenv GHCR_TOKEN | build/release/ghcr-login --verbose "${who[@]}" --password-stdin
    show "${DOCKER_CONFIG:-$HOME/.docker}/config.json" # an empty one is none, as for docker
    say "next: see what docker will use, pull something, and install the program"
    echo "    $program status"
}

login_to_demo() {
    local registry login
    demo=$(mktemp -d)
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
    login=(build/release/ghcr-login -u demo --cacert "$demo/tls/ca.pem" --config "$demo/docker"
           "$registry")
    say "${login[*]} <$demo/token"
    "${login[@]}" --verbose <"$demo/token"
    show "$demo/docker/config.json"
    say "and a wrong token:"
    if echo wrong | "${login[@]}"; then
        echo "quickstart: a wrong token was accepted" >&2
        exit 1
    fi
    say "next: log in to ghcr.io, and install the program"
    echo "    echo \$GHCR_TOKEN | $program -u NAME"
}

sudo=
[[ $(id -u) -eq 0 ]] || sudo='sudo '
build
if [[ -n ${GHCR_TOKEN-} ]]; then
    login_to_ghcr
else
    login_to_demo
fi
echo "    ${sudo}cmake --install $(printf %q "$PWD/build/release")"
