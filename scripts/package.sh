#!/bin/bash
# Build what a release holds into build/packages: the static executables, alone and in a .tar.gz with
# page and completions, the .deb for this distribution, and SHA256SUMS of them all. On Debian also
# for aarch64; Ubuntu keeps what that takes in other package sources.
# GHCR_LOGIN_REPOSITORY, the address of the repository, becomes the home page of the .deb.
# Works on a fresh Debian 12, as root or with sudo.
set -euo pipefail
cd "$(dirname "$0")/.."

presets=(static deb)
if [[ $(uname -m) = x86_64 ]] && grep -qx 'ID=debian' /etc/os-release; then
    presets+=(static-aarch64)
    # Beside each other, for much of it is configuring and fetching; only one can have dpkg's lock.
    scripts/install-packages.sh static-aarch64
    scripts/build-static.sh aarch64 &
fi
status=0
scripts/build-static.sh || status=1
for job in $(jobs -p); do
    wait "$job" || status=1
done
[[ $status -eq 0 ]] || exit 1
cmake --preset deb -DGHCR_LOGIN_REPOSITORY="${GHCR_LOGIN_REPOSITORY-}" >/dev/null
rm -rf build/packages
mkdir build/packages
for preset in "${presets[@]}"; do
    rm -f build/"$preset"/*.tar.gz build/"$preset"/*.deb
    cmake --build --preset "$preset" --target package -j "$(nproc)" >/dev/null 2>&1
    find build/"$preset" -maxdepth 1 \( -name '*.tar.gz' -o -name '*.deb' \) \
        -exec cp {} build/packages \;
done
for archive in build/packages/*.tar.gz; do
    name=${archive##*/}
    name=${name%.tar.gz}
    tar -xzf "$archive" -O "$name/bin/ghcr-login" >"build/packages/ghcr-login-${name#ghcr-login-*-}"
done
chmod 755 build/packages/ghcr-login-Linux-*
for older in build/static*/libraries/older; do
    [[ ! -e $older ]] || cp "$older" build/packages/OLDER-LIBCURL
done
cd build/packages
sha256sum -- * >SHA256SUMS
echo "==> build/packages:"
ls -l
