#!/bin/sh
# Install ghcr-login from its release:
#
#     curl -fsSL ADDRESS/install.sh | sh                      (or: wget -qO- ADDRESS/install.sh | sh)
#     curl -fsSL ADDRESS/install.sh | sh -s -- --uninstall
#
# Takes the static executable for this machine, compares it with the SHA-256 that stands below, and
# puts it into /usr/local/bin as root, else into ~/.local/bin. Needs a POSIX shell, curl or wget, and
# sha256sum, shasum or openssl. Version, address and checksums are filled in by scripts/release.sh:
# the copy of the source tree can only uninstall.

# One compound command to the end: a download that is cut off is a syntax error, and none of it runs.
{

version=@VERSION@
address=@ADDRESS@
sha256_x86_64=@SHA256_X86_64@
sha256_aarch64=@SHA256_AARCH64@

fail() {
    echo "install.sh: $*" >&2
    exit 1
}

has() {
    command -v "$1" >/dev/null 2>&1
}

find_directory() {
    if [ "$(id -u)" -eq 0 ]; then
        directory=/usr/local/bin
    else
        [ -n "${HOME-}" ] || fail "HOME is not set"
        directory=$HOME/.local/bin
    fi
    program=$directory/ghcr-login
    [ ! -d "$program" ] || fail "'$program' is a directory"
}

find_release() {
    case $address in
    '@'*) fail "this copy comes from the source tree; use the one of a release" ;;
    esac
    system="$(uname -s) $(uname -m)"
    case $system in
    "Linux x86_64" | "Linux amd64") file=ghcr-login-Linux-x86_64 expected=$sha256_x86_64 ;;
    "Linux aarch64" | "Linux arm64") file=ghcr-login-Linux-aarch64 expected=$sha256_aarch64 ;;
    *) fail "there is no executable for '$system': build it from source" ;;
    esac
}

# Print the SHA-256 of a file; nothing where no program can tell it.
sha256() {
    if has sha256sum; then
        sum=$(sha256sum <"$1")
    elif has shasum; then
        sum=$(shasum -a 256 <"$1")
    elif has openssl; then
        sum=$(openssl dgst -sha256 -r <"$1")
    else
        sum=
    fi
    echo "${sum%% *}"
}

# Print the second word of what --version says.
version_of() {
    shown=$("$1" --version 2>/dev/null </dev/null) || shown=
    shown=${shown#ghcr-login }
    echo "${shown%% *}"
}

fetch() {
    if has curl; then
        # A redirect leads to where the files are kept, and never from https to http.
        case $1 in
        https:*) set -- "$@" --proto =https ;;
        esac
        from=$1 to=$2
        shift 2
        curl -fsSL --connect-timeout 20 --max-time 600 --retry 3 "$@" -o "$to" "$from" 2>&1
    elif has wget; then
        # busybox's wget has no such options but -T, and crashes of that in Debian 12.
        case $(wget --version 2>/dev/null) in
        GNU*) set -- "$@" --no-verbose --tries=3 --timeout=60 ;;
        esac
        from=$1 to=$2
        shift 2
        wget "$@" -O "$to" "$from" 2>&1
    else
        echo "neither curl nor wget is installed"
        return 1
    fi
}

is_full() {
    # shellcheck disable=SC2046 # its columns become $1, $2, ...
    set -- $(df -Pk "$1" 2>/dev/null | tail -n 1)
    [ "${4:-1024}" -lt 64 ] 2>/dev/null
}

download() {
    url=$address/$file
    said=$(fetch "$url" "$new") && return
    if is_full "$directory"; then
        fail "cannot download '$url': no space left in '$directory'"
    fi
    fail "cannot download '$url': $(echo "$said" | grep . | tail -n 1)"
}

install_program() {
    said=$(mkdir -p "$directory" 2>&1) || fail "cannot create '$directory': ${said##*: }"
    new=$(mktemp "$directory/.ghcr-login.XXXXXX" 2>&1) ||
        fail "cannot write to '$directory': ${new##*: }"
    trap 'rm -f "$new"' EXIT
    trap 'exit 1' HUP INT TERM
    download
    found=$(sha256 "$new")
    [ -n "$found" ] || fail "cannot verify it: install sha256sum, shasum or openssl"
    [ "$found" = "$expected" ] ||
        fail "'$url' has the wrong checksum; nothing was installed (expected $expected, got $found)"
    chmod 755 "$new" || fail "cannot make '$new' executable"
    [ "$(version_of "$new")" = "$version" ] || fail "the program does not run in '$directory'"
    before=$(version_of "$program")
    mv -f "$new" "$program" || fail "cannot replace '$program'"
    echo "installed: $program, version $version${before:+ (replaced $before)}"
}

# Print the PATH of an ssh command: this script's own where it runs in one, else what pam_env sets,
# else what sshd itself sets on most systems.
ssh_path() {
    if [ -n "${SSH_CONNECTION-}" ] && [ -z "${SSH_TTY-}" ]; then
        echo "$PATH"
        return
    fi
    path=$(sed -n 's/^PATH=//p' /etc/environment 2>/dev/null | tail -n 1 | tr -d "\"'")
    echo "${path:-/usr/local/bin:/usr/bin:/bin}"
}

say_who_finds_it() {
    case :$(ssh_path): in
    *:"$directory":*) echo "An ssh command finds it: ssh HOST ghcr-login --version" ;;
    *)
        case :$PATH: in
        *:"$directory":*) nor= ;;
        *) nor=", nor does this shell" ;;
        esac
        echo "An ssh command does not find it there$nor. Begin the script with"
        # shellcheck disable=SC2016 # to be expanded on the host
        echo '    PATH=$HOME/.local/bin:$PATH'
        ;;
    esac
    first=$(command -v ghcr-login || true)
    case $first in
    '' | "$program") ;;
    *) echo "Note: on this PATH '$first' comes first." ;;
    esac
}

# What --at-pull has set up would have docker and podman run a program that is gone.
warn_of_at_pull() {
    for file in "${DOCKER_CONFIG:-${HOME-}/.docker}/config.json" \
        "${HOME-}/.config/containers/auth.json" "${XDG_RUNTIME_DIR:-/run}/containers/auth.json" \
        "/run/containers/$(id -u)/auth.json"; do
        if grep -q '"ghcr-login"' "$file" 2>/dev/null; then
            echo "warning: '$file' still has it run at each pull: remove its lines with \"ghcr-login\"" >&2
        fi
    done
}

uninstall() {
    if [ -e "$program" ] || [ -L "$program" ]; then
        rm -f "$program" "$directory/docker-credential-ghcr-login" || fail "cannot remove '$program'"
        echo "removed: $program (stored logins stay; docker logout and podman logout remove them)"
        warn_of_at_pull
    else
        echo "not installed: $program"
    fi
}

main() {
    set -eu
    umask 022
    case $# in
    0) wanted=install ;;
    1) wanted=$1 ;;
    *) wanted=usage ;;
    esac
    case $wanted in
    install | --uninstall) ;;
    *)
        echo "usage: install.sh [--uninstall]" >&2
        exit 2
        ;;
    esac
    find_directory
    if [ "$wanted" = --uninstall ]; then
        uninstall
        return
    fi
    find_release
    if [ -x "$program" ] && [ "$(sha256 "$program")" = "$expected" ]; then
        echo "already installed: $program, version $version"
    else
        install_program
    fi
    # docker and podman run it by this name, for --at-pull.
    ln -sf ghcr-login "$directory/docker-credential-ghcr-login" ||
        fail "cannot link '$directory/docker-credential-ghcr-login'"
    say_who_finds_it
}

main "$@"

}
