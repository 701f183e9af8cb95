#!/bin/bash
# Copy the static executable to HOST over ssh, and run it there with these arguments:
#
#     echo $GHCR_TOKEN | scripts/deploy.sh HOST -u $USER
#
# The token goes through standard input, so it is in no argument list, here or there. HOST is
# what ssh takes (USER@NAME, a Host of ~/.ssh/config) and needs nothing installed. The program goes
# to /usr/local/bin, or for users other than root to ~/.local/bin; without arguments that is all.
# Standard error says where it is, and what to do where an ssh command does not find it there.
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

# On one line, for shells that want it so. Replaced whole: an older one may be running. Prints where
# the program is, then what a command finds under its name, if anything.
install=$(tr '\n' ' ' <<'END'
dir=$HOME/.local/bin; new=.ghcr-login.$$;
[ "$(id -u)" -ne 0 ] || dir=/usr/local/bin;
mkdir -p "$dir" && cat >"$dir/$new" && chmod 755 "$dir/$new" &&
mv -f "$dir/$new" "$dir/ghcr-login" &&
ln -sf ghcr-login "$dir/docker-credential-ghcr-login" && echo "$dir/ghcr-login" &&
{ command -v ghcr-login || :; }
END
)

machine=$(over_ssh 'uname -sm' </dev/null) || fail "cannot reach '$host'"
case $machine in
"Linux $(uname -m)") program=build/static/ghcr-login ;;
"Linux aarch64") program=build/static-aarch64/ghcr-login ;;
*) fail "there is no executable for '$host': it says '$machine'" ;;
esac
[[ -x $program ]] || fail "there is no $program: scripts/build-static.sh makes it"

said=$(over_ssh "exec sh -c $(quote "$install")" <"$program") ||
    fail "cannot copy the program to '$host'"
there=${said%%$'\n'*}
found=${said#"$there"}
found=${found#$'\n'}
echo "scripts/deploy.sh: installed on '$host': $there" >&2
if [[ -z $found ]]; then
    echo "warning: an ssh command does not find it there; begin scripts with" >&2
    # shellcheck disable=SC2016 # to be expanded on the host
    echo '    PATH=$HOME/.local/bin:$PATH' >&2
elif [[ $found != "$there" ]]; then
    echo "warning: an ssh command finds '$found' first" >&2
fi
[[ $# -gt 0 ]] || set -- --version
command="exec $(quote "$there")"
for word; do
    command+=" $(quote "$word")"
done
over_ssh "$command"
