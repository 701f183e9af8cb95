#!/bin/sh
# Install what building (and testing, with "test", or measuring, with "bench") needs, on Debian and
# Ubuntu, by package name.
# usage: scripts/install-packages.sh build|demo|static|static-aarch64|test|bench
set -eu

build="gcc libc6-dev make cmake pkg-config libcurl4-openssl-dev libjansson-dev libb64-dev
    ca-certificates"
demo="python3 openssl"
static="dpkg-dev file libc-ares-dev libssl-dev"
aarch64="gcc-aarch64-linux-gnu libc6-dev-arm64-cross"
# The sanitizers are those of whatever clang this distribution has.
clang=$(apt-cache depends clang 2>/dev/null | sed -n 's/.*Depends: clang-\([0-9]*\)$/\1/p')
tests="git clang libclang-rt-${clang:-14}-dev clang-format-14 clang-tidy-14 cppcheck shellcheck
    llvm mandoc libcmocka-dev valgrind libc6-dbg
    python3-pytest python3-pytest-xdist strace util-linux iproute2 docker-registry nginx podman skopeo
    golang-docker-credential-helpers pass gnupg
    ansible-core cron docker-compose python3-yaml systemd
    bash-completion binutils fish hyperfine mmdebstrap openssh-client openssh-server
    qemu-user-static zsh"
peers="curl hyperfine iproute2 nginx podman skopeo strace time util-linux"
# A Docker that is there, of whatever package, is left alone.
command -v dockerd >/dev/null || tests="$tests docker.io"
command -v docker >/dev/null || peers="$peers docker.io"

case ${1-} in
build) wanted=$build ;;
demo) wanted="$build $demo" ;;
static) wanted="$build $static" ;;
static-aarch64) wanted="$build $static $aarch64" ;;
test) wanted="$build $demo $static $tests" ;;
bench) wanted="$build $demo $peers" ;;
*)
    echo "usage: $0 build|demo|static|static-aarch64|test|bench" >&2
    exit 2
    ;;
esac

if ! command -v apt-get >/dev/null; then
    echo "$0: no apt-get here; install what these Debian packages hold: $wanted" >&2
    exit 1
fi

missing=
for package in $wanted; do
    state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$state" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

as_root=
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "$0: these packages are missing, and only root can install them:$missing" >&2
        exit 1
    fi
    as_root=sudo
fi
echo "==> installing:$missing"
# The tests start what they need by themselves: no registry or web server is started now. (The next
# boot would start them: "systemctl disable docker-registry nginx docker" keeps them off.)
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap '$as_root rm -f "$policy"' EXIT
    trap 'exit 130' HUP INT TERM # a signal alone would leave the file behind
    printf '#!/bin/sh\nexit 101\n' | $as_root tee "$policy" >/dev/null
    $as_root chmod 755 "$policy"
fi
# shellcheck disable=SC2086 # both are lists of words
{
    $as_root apt-get update -qq
    $as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-remove --no-install-recommends $missing >/dev/null
}
