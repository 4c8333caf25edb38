#!/bin/sh
# check-opensuse.sh DIR: whether the rendered files of the profiles opensuse-* in DIR (DIR/PROFILE/FILE) are what AutoYaST
# takes: by xmllint and autoyast.rng (ours; see there), and the script in it by shellcheck. Not opensuse-agama-*.
set -eu

# A fault's first line says it; what a checker says after that comes of it.
fault() {
    echo "$1: $2" | head -n 1 >&2
    exit 1
}

[ $# -eq 1 ] || { echo "usage: $0 DIR" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
for needed in shellcheck xmllint; do
    command -v "$needed" > /dev/null || { echo "$0: there is no $needed: run install.sh" >&2; exit 2; }
done

found=no
for profile in "$1"/opensuse-[0-9]*/; do
    [ -d "$profile" ] || continue
    found=yes
    xml=${profile}autoinst.xml
    said=$(xmllint --noout --nonet --relaxng "$here/autoyast.rng" "$xml" 2>&1) || fault "$xml" "$said"
    mounts=$(xmllint --xpath '//*[local-name()="mount"]/text()' "$xml" | tr '\n' ' ')
    [ "$mounts" = "/boot / " ] || fault "$xml" "mounted are $mounts"
    # SC2016: a hash has dollars in single quotes.
    script=$(xmllint --xpath 'string(//*[local-name()="source"])' "$xml")
    said=$(echo "$script" | shellcheck --shell=sh --exclude=SC2016 --format=gcc -) || fault "$xml" "its script: $said"
    echo "$script" | tail -n 1 | grep -q '/done' || fault "$xml" "its script does not fetch done at its end"
    echo "$(basename "$profile"): good"
done
[ "$found" = yes ] || fault "$1" "has no profile opensuse-*"
