#!/bin/bash
# Build build/static/ghcr-login: one file that runs on any Linux of this architecture, with nothing
# installed; or, with "aarch64", build/static-aarch64/ghcr-login by a cross compiler (on Debian).
# libcurl is built from the distribution's source package, with HTTP and HTTPS alone; OpenSSL,
# c-ares, zlib, zstd, jansson and libb64 are those of its -dev packages. apt checks the signatures of
# them all.
# Works on a fresh Debian 12, as root or with sudo; "rm -r build/static*" for fresh libraries.
set -euo pipefail
cd "$(dirname "$0")/.."

say() {
    echo "==> $*"
}

fail() {
    echo "scripts/build-static.sh: $*" >&2
    exit 1
}

# An apt in a directory of ours, with the machine's package sources and their sources; it knows of
# no package that is installed, and leaves the machine's own apt as it is.
set_up_apt() {
    local apt=$1 types=$2 more=${3-} file type
    mkdir -p "$apt"/{sources.d,lists/partial,cache/archives/partial}
    for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
        for type in $types; do
            [[ ! -f $file ]] || sed -n "s/^[[:space:]]*deb[[:space:]]/$type /p" "$file"
        done >>"$apt/sources.d/${file##*/}.list"
    done
    for file in /etc/apt/sources.list.d/*.sources; do
        [[ ! -f $file ]] || sed "s/^Types:.*/Types: $types/" "$file" >"$apt/sources.d/${file##*/}"
    done
    touch "$apt/status"
    cat >"$apt/apt.conf" <<END
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "$apt/sources.d";
Dir::State::lists "$apt/lists";
Dir::State::status "$apt/status";
Dir::Cache "$apt/cache";
APT::Sandbox::User "root";
$more
END
    export APT_CONFIG=$apt/apt.conf
    # Another's package source may hold programs alone: what counts is whether curl is there.
    apt-get update -qq || true
}

# The newest version that can be fetched: a mirror may list one that it does not have yet. An older
# one will do for tests; scripts/release.sh refuses it, by what is in $libraries/older.
fetch_curl() {
    (
        set_up_apt "$work/apt" deb-src && cd "$work" || exit
        newest=
        for version in $(apt-cache showsrc curl | sed -n 's/^Version: //p' | sort -Vru); do
            if apt-get source -qq --only-source "curl=$version" >/dev/null; then
                [[ -n $newest ]] || exit 0
                say "curl $newest cannot be fetched now: taking $version instead"
                mkdir -p "$libraries"
                echo "these executables hold curl $version, because $newest could not be fetched" \
                    >"$libraries/older"
                exit
            fi
            newest=${newest:-$version}
        done
        exit 1
    )
}

fetch_arm64_libraries() {
    mkdir -p "$libraries"
    (set_up_apt "$work/apt-arm64" deb 'APT::Architecture "arm64"; APT::Architectures "arm64";' &&
        cd "$work" && apt-get download -qq libssl-dev libjansson-dev libb64-dev libc-ares-dev \
            libzstd-dev zlib1g-dev &&
        for package in *_arm64.deb; do dpkg -x "$package" "$libraries" || exit; done)
}

# What is left off: what a login has no use for, and what would bring a further library.
build_curl() {
    local source=$1 off flags options
    flags="-fPIE -ffunction-sections -fdata-sections -fstack-protector-strong"
    flags+=" -fstack-clash-protection -D_FORTIFY_SOURCE=2 -ffile-prefix-map=$source=curl"
    options=(-DCMAKE_BUILD_TYPE=Release -DCMAKE_INSTALL_PREFIX="$libraries/usr"
        -DCMAKE_C_FLAGS="$flags" -DENABLE_ARES=ON -DCURL_USE_OPENSSL=ON -DCURL_ZLIB=ON
        -DENABLE_IPV6=ON -DHTTP_ONLY=ON
        -DCURL_CA_BUNDLE=none -DCURL_CA_PATH=none -DCURL_DISABLE_OPENSSL_AUTO_LOAD_CONFIG=ON)
    for off in BUILD_SHARED_LIBS BUILD_CURL_EXE BUILD_TESTING BUILD_LIBCURL_DOCS BUILD_MISC_DOCS \
        ENABLE_MANUAL ENABLE_CURL_MANUAL USE_NGHTTP2 USE_LIBIDN2 CURL_USE_LIBPSL CURL_USE_LIBSSH2 \
        CURL_USE_GSSAPI CURL_BROTLI CURL_ZSTD; do
        options+=("-D$off=OFF")
    done
    for off in ALTSVC COOKIES CRYPTO_AUTH DOH GETOPTIONS HSTS MIME NTLM; do
        options+=("-DCURL_DISABLE_$off=ON")
    done
    cmake -S "$source" -B "$source/build" -Wno-dev "${toolchain[@]}" "${options[@]}" &&
        cmake --build "$source/build" -j "$(nproc)" &&
        cmake --install "$source/build"
}

case ${1-$(uname -m)} in
"$(uname -m)") preset=static toolchain=() ;;
aarch64) preset=static-aarch64 toolchain=(-DCMAKE_TOOLCHAIN_FILE="$PWD/scripts/aarch64.cmake") ;;
*) fail "usage: $0 [aarch64]" ;;
esac
libraries=$PWD/build/$preset/libraries

scripts/install-packages.sh "$preset"
if [[ ! -f $libraries/usr/lib/libcurl.a ]]; then
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    if [[ $preset = static-aarch64 ]]; then
        say "fetching the libraries for aarch64"
        fetch_arm64_libraries || fail "this system's package sources do not have them for arm64"
    fi
    say "fetching the source package of curl"
    fetch_curl || fail "this system's package sources do not have curl's"
    say "building libcurl: HTTP and HTTPS alone"
    build_curl "$(echo "$work"/curl-*)" >"$work/log" 2>&1 ||
        fail "building libcurl failed: $(tail -n 40 "$work/log")"
fi
say "building ghcr-login"
cmake --preset "$preset" >/dev/null
cmake --build --preset "$preset" -j "$(nproc)" >/dev/null
say "build/$preset/ghcr-login: $(stat -c %s "build/$preset/ghcr-login") bytes"
