#!/bin/bash
# GHCR_TOKEN=... ssh-stdin.sh HOST: run a script there that comes in on standard input.
# The token is its first line, in no argument list; ghcr-login leaves the lines after it unread.
set -eu
{
    printf 'export GHCR_TOKEN=%q\n' "$GHCR_TOKEN"
    cat <<'END'
set -e
ghcr-login -u octocat --token-env GHCR_TOKEN
docker pull ghcr.io/octo-org/private:1
END
} | ssh -- "$1" bash -s
