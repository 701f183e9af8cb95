#!/bin/sh
# Install what building (and testing, with "test", or measuring, with "bench") needs, on Debian and
# Ubuntu, by package name. Nothing is started, and no service of these packages at the next boot,
# the system's or a user's: the tests start what they need by themselves. That holds for a run that
# fails too, and is made good by the next run where one was killed.
# usage: scripts/install-packages.sh build|demo|static|static-aarch64|quick|test|bench
set -eu

build="gcc libc6-dev make cmake pkg-config libcurl4-openssl-dev libjansson-dev libb64-dev
    ca-certificates"
demo="python3 openssl"
static="dpkg-dev file libc-ares-dev libssl-dev libzstd-dev zlib1g-dev"
aarch64="gcc-aarch64-linux-gnu libc6-dev-arm64-cross"
quick="bindfs binutils git iproute2 libcmocka-dev procps python3-pytest python3-pytest-xdist strace
    util-linux"
tests="clang cppcheck shellcheck llvm mandoc valgrind libc6-dbg
    buildah docker-registry nginx podman skopeo sudo
    golang-docker-credential-helpers pass gnupg
    ansible-core cron python3-yaml systemd
    bash-completion busybox-static curl fish hyperfine lintian mmdebstrap openssh-client openssh-server
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
        # Ubuntu 24.04 has an old docker-compose as well, which its python does not run.
        compose=docker-compose
        ! available docker-compose-v2 || compose=docker-compose-v2
        wanted="$wanted $compose"
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

# Building cannot do without a package; a test can, and then says what it lacks.
leave_out_unknown() {
    known=
    for package in $missing; do
        # shellcheck disable=SC2086 # lists of words
        if available "$package" ||
            printf '%s\n' $build $demo $static $aarch64 | grep -qxF "$package"; then
            known="$known $package"
        else
            echo "$0: this release has no package '$package': left out" >&2
        fi
    done
    missing=$known
}

# What the next boot, or login, would start.
list_enabled() {
    find /etc/systemd/system /etc/systemd/user -path '*.wants/*' -type l 2>/dev/null | sort
}

# A machine that boots by systemd had it before: its own units are none of ours.
disable_new() {
    command -v systemctl >/dev/null || return 0
    list_enabled | while read -r link; do
        grep -qxF "$link" "$work/enabled" || echo "$link"
    done >"$work/new"
    while read -r link; do
        case $link in
        /etc/systemd/user/*) scope=--global ;;
        *) scope=--system ;;
        esac
        case $(dpkg -S "$(readlink "$link")" 2>/dev/null) in
        systemd* | dbus*) ;;
        *) $as_root systemctl $scope disable --quiet "${link##*/}" 2>/dev/null || true ;;
        esac
    done <"$work/new"
}

# Packages ask this program whether their services may be started now. Ours also says what was
# enabled before, to the run that finds it left.
policy=/usr/sbin/policy-rc.d
marker="# by scripts/install-packages.sh of ghcr-login, while it runs; enabled before were:"

has_own_policy() {
    grep -qxF "$marker" "$policy" 2>/dev/null
}

put_policy() {
    {
        printf '#!/bin/sh\nexit 101\n%s\n' "$marker"
        sed 's/^/# /' "$work/enabled"
    } >"$work/policy"
    $as_root install -m 755 "$work/policy" "$policy"
}

# shellcheck disable=SC2317 # the trap calls it
clean_up() {
    trap '' HUP INT TERM
    disable_new
    ! has_own_policy || $as_root rm -f "$policy"
    rm -rf "$work"
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
[ -n "$missing" ] || has_own_policy || exit 0

as_root=
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "$0: these packages are missing, and only root can install them:$missing" >&2
        exit 1
    fi
    as_root=sudo
fi

work=$(mktemp -d)
if has_own_policy; then
    sed -n 's,^# /,/,p' "$policy" >"$work/enabled"
else
    list_enabled >"$work/enabled"
fi
trap clean_up EXIT
trap 'exit 130' HUP INT TERM # a signal alone would leave the file behind
[ -n "$missing" ] || exit 0
[ -e "$policy" ] || put_policy

# Only now is it known what there is: an image of a container comes without apt's lists.
$as_root apt-get update -qq
find_wanted "$1"
find_missing
leave_out_unknown
echo "==> installing:$missing"
# shellcheck disable=SC2086 # both are lists of words
$as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-remove --no-install-recommends $missing >"$work/log" 2>&1 || {
    cat "$work/log" >&2
    exit 1
}
