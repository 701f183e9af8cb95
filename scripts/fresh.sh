#!/bin/bash
# Run a command of this repository on a machine that has nothing: a minimal root of a Debian release
# with git and ca-certificates, and a clone of HEAD below its /root. The root is removed afterwards,
# however the command ends; its status is that of the command.
# It is entered by pivot_root, with mounts and processes of its own, so that the command can make
# namespaces and mounts as on a real machine. The network and the kernel are this machine's.
# Packages come from where this machine's apt has them, and through the same proxy.
# usage: scripts/fresh.sh SUITE COMMAND [ARG...]       (scripts/fresh.sh trixie scripts/test.sh)
set -euo pipefail
cd "$(dirname "$0")/.."

say() {
    echo "==> $*"
}

fail() {
    echo "scripts/fresh.sh: $*" >&2
    exit 1
}

# Process 1 of the new root: $1 is the root, the rest the command. Its mounts end with it.
enter() {
    local root=$1 where=/root/ghcr-login
    shift
    mount --bind "$root" "$root"
    mount -t proc proc "$root/proc"
    mount --rbind /sys "$root/sys"
    mount --rbind /dev "$root/dev"
    # What another program has left in these is not there.
    mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs "$root/dev/shm"
    mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts "$root/dev/pts"
    mount --bind "$root/dev/pts/ptmx" "$root/dev/ptmx"
    mount -t tmpfs -o mode=755,nosuid,nodev tmpfs "$root/run"
    mkdir -m 1777 "$root/run/lock"
    mkdir -p "$root/.old"
    cd "$root"
    pivot_root . .old
    umount -l /.old
    rmdir /.old
    cd "$where"
    # Not exec: process 1 is deaf to signals, and has to wait for orphans.
    env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root USER=root \
        LOGNAME=root SHELL=/bin/bash TERM="${TERM-dumb}" "$@"
}

# The package sources of this machine's distribution, with its release replaced by $1. Those of an
# Ubuntu have no Debian release: mmdebstrap then has its own idea of where one is.
write_sources() {
    local codename keyring=/usr/share/keyrings/debian-archive-keyring.gpg
    grep -qx 'ID=debian' /etc/os-release || return 0
    codename=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
    apt-get indextargets --format "\$(REPO_URI) \$(RELEASE) \$(COMPONENT)" 'Created-By: Packages' |
        awk -v from="$codename" -v to="$1" -v keyring="$keyring" '
            $2 ~ "^" from "(-updates|-security|/updates)?$" {
                sub("^" from, to, $2)
                print "deb [signed-by=" keyring "] " $0
            }' | sort -u
}

# mmdebstrap's apt knows nothing of this machine's configuration; a proxy may be all that works.
proxies() {
    apt-config dump --format '%F "%v";%n' Acquire 2>/dev/null | grep -i '::Proxy' || true
}

make_root() {
    local suite=$1 line
    local -a options=(--mode=root --variant=minbase --include="git ca-certificates" --quiet)
    while read -r line; do
        options+=("--aptopt=$line")
    done < <(proxies)
    write_sources "$suite" >"$work/sources.list"
    if [[ -s $work/sources.list ]]; then
        mmdebstrap "${options[@]}" "$suite" "$root" "$work/sources.list"
    else
        mmdebstrap "${options[@]}" "$suite" "$root"
    fi
    # Who installs a machine, or runs a container, writes these.
    cp -L /etc/resolv.conf "$root/etc/resolv.conf"
    [[ -e $root/etc/hosts ]] || printf '%s\n' '127.0.0.1 localhost' '::1 localhost' >"$root/etc/hosts"
    git clone --quiet --no-hardlinks "$PWD" "$root/root/ghcr-login"
    chmod 700 "$root/root"
}

# shellcheck disable=SC2317 # the trap calls it
clean_up() {
    trap '' HUP INT TERM
    if [[ -n $making ]]; then
        kill -KILL -- "-$making" 2>/dev/null || true # its group; its mounts are its own and go with it
        wait "$making" 2>/dev/null || true
    fi
    if [[ -n $inside ]]; then
        kill -KILL "$inside" 2>/dev/null || true # its process 1 goes with it, and so do all others
        wait "$inside" 2>/dev/null || true
    fi
    rm -rf --one-file-system "$work"
}

if [[ ${1-} == --enter ]]; then
    set +u
    enter "${@:2}"
    exit
fi
if [[ $# -lt 2 ]]; then
    sed -n 's/^# usage: /usage: /p' "$0" >&2
    exit 2
fi
[[ $(id -u) -eq 0 ]] || fail "run it as root: it makes mounts"
command -v mmdebstrap >/dev/null || fail "no mmdebstrap here: install the package mmdebstrap"
[[ -z $(git status --porcelain) ]] || say "what is not committed is not in the clone"

suite=$1
shift
making='' inside=''
# Not /tmp: it may be in memory, and the tests' root holds some gigabytes.
work=$(mktemp -d -p "${TMPDIR:-/var/tmp}" ghcr-login-fresh-XXXXXX)
root=$work/root
mkdir -m 755 "$root"
chmod 755 "$work"
trap clean_up EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

say "making a minimal root of '$suite'"
# In the background, for the traps must not wait for it, and in a group of its own.
set -m
make_root "$suite" </dev/null &
making=$!
set +m
wait "$making"
making=
say "$* (at $(git rev-parse --short HEAD), in '$suite')"
# In the background for the same reason; its signals are as if it were not.
env --default-signal=INT,QUIT unshare --mount --pid --fork --kill-child --ipc --uts \
    "$PWD/scripts/fresh.sh" --enter "$root" "$@" <&0 &
inside=$!
status=0
wait "$inside" || status=$?
inside=
exit "$status"
