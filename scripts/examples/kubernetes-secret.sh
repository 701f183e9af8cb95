#!/bin/sh
# GHCR_TOKEN=... kubernetes-secret.sh: a pull secret `ghcr`, made or replaced, of a login that is proved.
# From a directory of its own: no other login gets into it. Name it in a pod's `imagePullSecrets`.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
ghcr-login --config "$dir" -u octocat --token-env GHCR_TOKEN
kubectl create secret generic ghcr --type=kubernetes.io/dockerconfigjson --dry-run=client -o yaml \
    --from-file=.dockerconfigjson="$dir/config.json" | kubectl apply -f -
