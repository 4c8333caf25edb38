#!/bin/sh
# check-debian.sh DIR: whether the rendered preseed files of the profiles debian-* in DIR (DIR/PROFILE/preseed.cfg) are
# what the installer takes: by debconf-set-selections -c; and the command at the end by shellcheck (SC2174: only the last directory of mkdir -p is new).
set -eu

[ $# -eq 1 ] || { echo "usage: $0 DIR" >&2; exit 2; }
for program in debconf-set-selections shellcheck; do
    command -v "$program" >/dev/null || { echo "$0: $program is not installed: run install.sh" >&2; exit 2; }
done

checked=0
for profile in "$1"/debian-*; do
    name=$(basename "$profile") file=$profile/preseed.cfg
    [ -f "$file" ] || { echo "$profile: has no preseed.cfg" >&2; exit 1; }
    said=$(debconf-set-selections -c "$file" 2>&1) || { echo "$name: $said" >&2; exit 1; }
    [ -z "$said" ] || { echo "$name: $said" >&2; exit 1; }
    # One line with backslashes at the ends: a script for busybox.
    sed -n '/^d-i preseed\/late_command string/,/[^\\]$/p' "$file" | sed '1s/.*string//; s/\\$//' |
        shellcheck --shell=dash --exclude=SC2174 - || { echo "$name: its late_command is no script" >&2; exit 1; }
    grep -q '/done' "$file" || { echo "$name: does not say when it is done" >&2; exit 1; }
    echo "$name: good"
    checked=$((checked + 1))
done
[ "$checked" -ge 3 ] || { echo "only $checked Debian profiles" >&2; exit 1; }
