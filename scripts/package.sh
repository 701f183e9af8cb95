#!/bin/bash
# Build what a release holds into build/packages: the static executable, alone and in a .tar.gz with
# page and completions, the .deb for this distribution, and SHA256SUMS of them all.
# Works on a fresh Debian 12, as root or with sudo.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/build-static.sh
cmake --preset deb >/dev/null
for preset in static deb; do
    rm -f build/"$preset"/*.tar.gz build/"$preset"/*.deb
    cmake --build --preset "$preset" --target package -j "$(nproc)" >/dev/null
done
rm -rf build/packages
mkdir build/packages
cp build/static/ghcr-login "build/packages/ghcr-login-$(uname -s)-$(uname -m)"
cp build/static/*.tar.gz build/deb/*.deb build/packages/
cd build/packages
sha256sum -- * >SHA256SUMS
echo "==> build/packages:"
ls -l
