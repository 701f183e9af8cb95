#!/bin/sh
# Install what building (and testing, with "test", or measuring, with "bench") needs, on Debian and
# Ubuntu, by package name. Nothing is started, and no service of these packages at the next boot:
# the tests start what they need by themselves.
# usage: scripts/install-packages.sh build|demo|static|static-aarch64|quick|test|bench
set -eu

build="gcc libc6-dev make cmake pkg-config libcurl4-openssl-dev libjansson-dev libb64-dev
    ca-certificates"
demo="python3 openssl"
static="dpkg-dev file libc-ares-dev libssl-dev zlib1g-dev"
aarch64="gcc-aarch64-linux-gnu libc6-dev-arm64-cross"
quick="bindfs binutils git libcmocka-dev python3-pytest python3-pytest-xdist strace util-linux"
tests="clang cppcheck shellcheck llvm mandoc valgrind libc6-dbg
    buildah iproute2 docker-registry nginx podman skopeo procps sudo
    golang-docker-credential-helpers pass gnupg
    ansible-core cron docker-compose python3-yaml systemd
    bash-completion busybox-static fish hyperfine lintian mmdebstrap openssh-client openssh-server
    qemu-user-static zsh"
peers="curl hyperfine iproute2 nginx podman skopeo strace time util-linux"
# The versions that this tree is written for; scripts/lint.sh does without where there are none.
pinned="clang-format-14 clang-tidy-14"

available() {
    apt-cache show "$1" >/dev/null 2>&1
}

# What `docker.io` and `clang` are made of differs from release to release.
find_wanted() {
    case $1 in
    build) wanted=$build ;;
    demo) wanted="$build $demo" ;;
    static) wanted="$build $static" ;;
    static-aarch64) wanted="$build $static $aarch64" ;;
    quick) wanted="$build $demo $quick" ;;
    test)
        clang=$(apt-cache depends clang 2>/dev/null | sed -n 's/.*Depends: clang-\([0-9]*\)$/\1/p')
        wanted="$build $demo $static $quick $tests libclang-rt-${clang:-14}-dev"
        for package in $pinned; do
            ! available "$package" || wanted="$wanted $package"
        done
        # A Docker that is there, of whatever package, is left alone.
        command -v dockerd >/dev/null || wanted="$wanted docker.io"
        add_docker_cli
        ;;
    bench)
        wanted="$build $demo $peers"
        command -v docker >/dev/null || wanted="$wanted docker.io"
        add_docker_cli
        ;;
    *) return 1 ;;
    esac
}

add_docker_cli() {
    command -v docker >/dev/null || ! available docker-cli || wanted="$wanted docker-cli"
}

find_missing() {
    missing=
    for package in $wanted; do
        state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
        [ "$state" = installed ] || missing="$missing $package"
    done
}

# What the next boot would start.
list_enabled() {
    find /etc/systemd/system -path '*.wants/*' -type l 2>/dev/null | sort
}

# A machine that boots by systemd had it before: its own units are none of ours.
disable_new() {
    command -v systemctl >/dev/null || return 0
    list_enabled | while read -r link; do
        grep -qxF "$link" "$work/enabled" || echo "$link"
    done >"$work/new"
    while read -r link; do
        case $(dpkg -S "$(readlink "$link")" 2>/dev/null) in
        systemd* | dbus*) ;;
        *) $as_root systemctl disable --quiet "${link##*/}" 2>/dev/null || true ;;
        esac
    done <"$work/new"
}

if [ $# -ne 1 ] || ! find_wanted "$1"; then
    sed -n 's/^# usage: /usage: /p' "$0" >&2
    exit 2
fi
if ! command -v apt-get >/dev/null; then
    echo "$0: no apt-get here; install what these Debian packages hold: $wanted" >&2
    exit 1
fi
find_missing
[ -n "$missing" ] || exit 0

as_root=
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "$0: these packages are missing, and only root can install them:$missing" >&2
        exit 1
    fi
    as_root=sudo
fi

# Packages ask this program whether their services may be started now.
policy=/usr/sbin/policy-rc.d
own_policy=
work=$(mktemp -d)
clean_up() {
    [ -z "$own_policy" ] || $as_root rm -f "$policy"
    rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' HUP INT TERM # a signal alone would leave the file behind
if [ ! -e "$policy" ]; then
    own_policy=yes
    printf '#!/bin/sh\nexit 101\n' | $as_root tee "$policy" >/dev/null
    $as_root chmod 755 "$policy"
fi

# Only now is it known what there is: an image of a container comes without apt's lists.
$as_root apt-get update -qq
find_wanted "$1"
find_missing
echo "==> installing:$missing"
list_enabled >"$work/enabled"
# shellcheck disable=SC2086 # both are lists of words
$as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-remove --no-install-recommends $missing >"$work/log" 2>&1 || {
    cat "$work/log" >&2
    exit 1
}
disable_new
