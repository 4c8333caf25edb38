#!/bin/sh
# Renders every profile that vmprov brings and has each system's own checker look at it.
#
#   tests/profiles/run.sh      after install.sh; VMPROV=FILE is the program (default: target/debug/vmprov)
set -eu
here=$(cd "$(dirname "$0")" && pwd)
vmprov=${VMPROV:-${CARGO_TARGET_DIR:-$here/../../target}/debug/vmprov}
[ -x "$vmprov" ] || { echo "$0: there is no $vmprov: build it first" >&2; exit 2; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$vmprov" --quiet profile list | cut -d' ' -f1 >"$work/names"
while read -r name; do
    "$vmprov" --quiet profile show "$name" --example "$work/rendered/$name" >/dev/null
done <"$work/names"
for check in "$here"/check-*.sh; do sh "$check" "$work/rendered"; done
echo "$(wc -l <"$work/names") profiles"
