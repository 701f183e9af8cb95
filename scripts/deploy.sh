#!/bin/bash
# Copy the static executable to HOST over ssh, and run it there with these arguments:
#
#     echo $GHCR_TOKEN | scripts/deploy.sh HOST -u $USER
#
# The token goes through standard input, so it is in no argument list, here or there. HOST is
# what ssh takes (USER@NAME, a Host of ~/.ssh/config) and needs nothing installed. The program goes
# to /usr/local/bin, or for users other than root to ~/.local/bin; without arguments that is all.
# The status is that of ghcr-login; 255 is ssh's own.
set -euo pipefail
cd "$(dirname "$0")/.."

fail() {
    echo "scripts/deploy.sh: $*" >&2
    exit 1
}

# As one word for the shell of the other side, whichever it is.
quote() {
    printf "'%s'" "${1//\'/\'\\\'\'}"
}

[[ $# -gt 0 ]] || { echo "usage: $0 HOST [ARG...]" >&2; exit 2; }
host=$1
shift

# One connection for all steps: who has to type a password types it once.
sockets=$(mktemp -d)
over_ssh() {
    ssh -o ControlMaster=auto -o ControlPersist=60 -o ControlPath="$sockets/s" -- "$host" "$1"
}
trap 'ssh -o ControlPath="$sockets/s" -O exit -- "$host" 2>/dev/null || true
      rm -rf "$sockets"' EXIT

# On one line, for shells that want it so. Replaced whole: an older one may be running.
install=$(tr '\n' ' ' <<'END'
dir=$HOME/.local/bin; new=.ghcr-login.$$;
[ "$(id -u)" -ne 0 ] || dir=/usr/local/bin;
mkdir -p "$dir" && cat >"$dir/$new" && chmod 755 "$dir/$new" &&
mv -f "$dir/$new" "$dir/ghcr-login" && echo "$dir/ghcr-login"
END
)

machine=$(over_ssh 'uname -sm' </dev/null) || fail "cannot reach '$host'"
case $machine in
"Linux $(uname -m)") program=build/static/ghcr-login ;;
"Linux aarch64") program=build/static-aarch64/ghcr-login ;;
*) fail "there is no executable for '$host': it says '$machine'" ;;
esac
[[ -x $program ]] || fail "there is no $program: scripts/build-static.sh makes it"

there=$(over_ssh "exec sh -c $(quote "$install")" <"$program") ||
    fail "cannot put the program on '$host'"
[[ $# -gt 0 ]] || set -- --version
command="exec $(quote "$there")"
for word; do
    command+=" $(quote "$word")"
done
over_ssh "$command"
