#!/bin/sh
# GHCR_TOKEN=... ssh-command.sh HOST: log in and pull there; the token goes in on standard input.
set -eu
echo "$GHCR_TOKEN" | ssh -- "$1" 'ghcr-login -u octocat --password-stdin'
ssh -n -- "$1" 'docker pull ghcr.io/octo-org/private:1'
