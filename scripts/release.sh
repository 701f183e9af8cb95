#!/bin/bash
# Prepare the release TAG from what scripts/package.sh has made, and print its notes:
#
#     scripts/release.sh v1.0.0 https://github.com/OWNER/ghcr-login build/packages >notes.md
#
# The tag must be "v" and the project's version, and CHANGELOG.md must have a section for it, which
# becomes the notes. Into DIRECTORY goes install.sh, with version, address and checksums filled in,
# and SHA256SUMS is written anew. Nothing is published here.
set -euo pipefail

fail() {
    echo "scripts/release.sh: $*" >&2
    exit 1
}

[[ $# -eq 3 ]] || { echo "usage: $0 TAG REPOSITORY DIRECTORY" >&2; exit 2; }
tag=$1
repository=$2
directory=$(cd "$3" && pwd)
cd "$(dirname "$0")/.."

version=$(sed -n 's/^project(ghcr-login VERSION \([0-9.]*\) .*/\1/p' CMakeLists.txt)
[[ $tag = "v$version" ]] || fail "the tag is '$tag', but CMakeLists.txt has version '$version'"
section=$(awk -v head="## [$version] " '
    index($0, "## ") == 1 || /^\[.*\]: / { inside = index($0, head) == 1; next }
    inside' CHANGELOG.md)
[[ $section = *[![:space:]]* ]] || fail "CHANGELOG.md has no section '## [$version] - DATE'"

older=$directory/OLDER-LIBCURL
[[ ! -e $older ]] || fail "$(<"$older"): build again when it can be"

address=$repository/releases/download/$tag
stamps=(-e "s|@VERSION@|$version|" -e "s|@ADDRESS@|$address|")
for machine in x86_64 aarch64; do
    file=$directory/ghcr-login-Linux-$machine
    [[ -f $file ]] || fail "there is no '$file': scripts/package.sh makes it on Debian"
    sum=$(sha256sum <"$file")
    stamps+=(-e "s|@SHA256_${machine^^}@|${sum%% *}|")
done
sed "${stamps[@]}" scripts/install.sh >"$directory/install.sh"
chmod 755 "$directory/install.sh"
rm -f "$directory/SHA256SUMS"
sums=$(cd "$directory" && sha256sum -- *)
echo "$sums" >"$directory/SHA256SUMS"

# GitHub shows every line end of the notes as one: an item goes on one line.
section=$(sed -z 's/\n  \([^ ]\)/ \1/g' <<<"$section")
cat <<END
## Install

\`\`\`sh
curl -fsSL $address/install.sh | sh
\`\`\`

Or download a file below; \`gh attestation verify FILE --repo ${repository#*://*/}\` tells where it was built.

## Changes
$section
END
