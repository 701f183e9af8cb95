#!/bin/bash
# Make the pictures of README and its figures again, all of real runs on this machine: a terminal
# session, what a login costs (scripts/bench.sh), and what is left of 16 logins at once. Writes
# .github/figures.json, .github/session.svg, .github/figures.svg and the rows of README that begin as
# those in scripts/pictures.py do. As root, on a machine that has run scripts/test.sh (the engines) and
# has nothing else to do; takes three minutes.
# usage: scripts/pictures.sh [session|draw]   (session: only the terminal again; draw: nothing is run)
set -euo pipefail
cd "$(dirname "$0")/.."

say() {
    echo "==> $*"
}

run_session() {
    say "the terminal session"
    /usr/bin/python3 -B tests/support/session.py build/static/ghcr-login "$work/session.json"
}

case ${1-} in
"" | session | draw) ;;
*)
    sed -n 's/^# usage: /usage: /p' "$0" >&2
    exit 2
    ;;
esac
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
case ${1-} in
draw) ;;
session)
    scripts/build-static.sh
    run_session
    ;;
*)
    scripts/bench.sh "$work/bench.json"
    say "16 logins at once into one file"
    /usr/bin/python3 -B tests/support/race.py build/static/ghcr-login 10 "$work/survivors.json"
    run_session
    ;;
esac
/usr/bin/python3 -B scripts/pictures.py "$work"
