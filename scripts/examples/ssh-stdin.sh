#!/bin/bash
# GHCR_TOKEN=... ssh-stdin.sh HOST: run a script there that comes in on standard input.
# The token is its first line, in no argument list; ghcr-login leaves the lines after it unread.
# The program is there already: scripts/deploy.sh HOST. An ssh command's PATH has no ~/.local/bin.
set -eu
{
    printf 'export GHCR_TOKEN=%q\n' "$GHCR_TOKEN"
    cat <<'END'
set -e
PATH=$HOME/.local/bin:$PATH
ghcr-login -u octocat --token-env GHCR_TOKEN
docker pull ghcr.io/octo-org/private:1
END
} | ssh -- "$1" bash -s
