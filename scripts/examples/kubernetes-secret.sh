#!/bin/sh
# GHCR_TOKEN=... kubernetes-secret.sh: create or replace the pull secret `ghcr` from a proved login.
# The login has its own directory: no other login gets into the secret. Name it in a pod's `imagePullSecrets`.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
ghcr-login --config "$dir" -u octocat --token-env GHCR_TOKEN
kubectl create secret generic ghcr --type=kubernetes.io/dockerconfigjson --dry-run=client -o yaml \
    --from-file=.dockerconfigjson="$dir/config.json" | kubectl apply -f -
