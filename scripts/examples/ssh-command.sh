#!/bin/sh
# GHCR_TOKEN=... ssh-command.sh HOST: log in and pull there; the token goes in on standard input.
# The program is there already: scripts/deploy.sh HOST. An ssh command's PATH has no ~/.local/bin.
set -eu
# shellcheck disable=SC2016 # to be expanded on the host
echo "$GHCR_TOKEN" |
    ssh -- "$1" 'PATH=$HOME/.local/bin:$PATH; ghcr-login -u octocat --password-stdin'
ssh -n -- "$1" 'docker pull ghcr.io/octo-org/private:1'
