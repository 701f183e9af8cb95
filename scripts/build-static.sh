#!/bin/bash
# Build build/static/ghcr-login: one file that runs on any Linux of this architecture, with nothing
# installed. libcurl is built from the distribution's source package, which apt checks the signature
# of, with HTTP and HTTPS alone; OpenSSL, c-ares, jansson and libb64 come from its -dev packages.
# Works on a fresh Debian 12, as root or with sudo; "rm -r build/static" for a fresh libcurl.
set -euo pipefail
cd "$(dirname "$0")/.."

curl=$PWD/build/static/curl

say() {
    echo "==> $*"
}

fail() {
    echo "scripts/build-static.sh: $*" >&2
    exit 1
}

# apt's own sources, for sources, in a directory of ours: the machine's are left as they are.
fetch_curl() {
    local apt=$1 file
    mkdir -p "$apt"/{sources.d,lists/partial,cache/archives/partial}
    for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
        [[ ! -f $file ]] || sed -n 's/^[[:space:]]*deb[[:space:]]/deb-src /p' "$file" \
            >"$apt/sources.d/${file##*/}.list"
    done
    for file in /etc/apt/sources.list.d/*.sources; do
        [[ ! -f $file ]] || sed 's/^Types:.*/Types: deb-src/' "$file" \
            >"$apt/sources.d/${file##*/}"
    done
    cat >"$apt/apt.conf" <<END
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "$apt/sources.d";
Dir::State::lists "$apt/lists";
Dir::Cache "$apt/cache";
APT::Sandbox::User "root";
END
    export APT_CONFIG=$apt/apt.conf
    # A source of programs alone has no sources: what counts is whether curl is there.
    apt-get update -qq || true
    (cd "$apt" && apt-get source -qq --only-source curl >/dev/null)
}

# What is left off: what a login has no use for, and what would bring a further library.
build_curl() {
    local source=$1 off flags
    flags="-fPIE -ffunction-sections -fdata-sections -fstack-protector-strong"
    flags+=" -fstack-clash-protection -D_FORTIFY_SOURCE=2 -ffile-prefix-map=$source=curl"
    local options=(-DCMAKE_BUILD_TYPE=Release -DCMAKE_INSTALL_PREFIX="$curl"
        -DCMAKE_C_FLAGS="$flags" -DENABLE_ARES=ON -DCURL_USE_OPENSSL=ON
        -DENABLE_IPV6=ON -DHTTP_ONLY=ON
        -DCURL_CA_BUNDLE=none -DCURL_CA_PATH=none -DCURL_DISABLE_OPENSSL_AUTO_LOAD_CONFIG=ON)
    for off in BUILD_SHARED_LIBS BUILD_CURL_EXE BUILD_TESTING BUILD_LIBCURL_DOCS BUILD_MISC_DOCS \
        ENABLE_MANUAL ENABLE_CURL_MANUAL USE_NGHTTP2 USE_LIBIDN2 CURL_USE_LIBPSL CURL_USE_LIBSSH2 \
        CURL_USE_GSSAPI CURL_ZLIB CURL_BROTLI CURL_ZSTD; do
        options+=("-D$off=OFF")
    done
    for off in ALTSVC COOKIES CRYPTO_AUTH DOH GETOPTIONS HSTS MIME NTLM; do
        options+=("-DCURL_DISABLE_$off=ON")
    done
    cmake -S "$source" -B "$source/build" -Wno-dev "${options[@]}" &&
        cmake --build "$source/build" -j "$(nproc)" &&
        cmake --install "$source/build"
}

scripts/install-packages.sh static
if [[ ! -f $curl/lib/libcurl.a ]]; then
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    say "fetching the source package of curl"
    (fetch_curl "$work") || fail "this system's package sources do not have curl's"
    say "building libcurl: HTTP and HTTPS alone"
    build_curl "$(echo "$work"/curl-*)" >"$work/log" 2>&1 ||
        fail "building libcurl failed: $(tail -n 40 "$work/log")"
fi
say "building ghcr-login"
cmake --preset static >/dev/null
cmake --build --preset static -j "$(nproc)" >/dev/null
say "build/static/ghcr-login: $(stat -c %s build/static/ghcr-login) bytes"
