#!/bin/sh
# check-alpine.sh DIR: whether the rendered files of the profiles alpine-* in DIR (DIR/PROFILE/FILE) are what tiny-cloud
# takes: a script by its first line, which Alpine's shell (busybox) and shellcheck can read, and a meta-data of YAML.
set -eu

# A fault's first line says it; what a checker says after that comes of it.
fault() {
    echo "$1: $2" | head -n 1 >&2
    exit 1
}

[ $# -eq 1 ] || { echo "usage: $0 DIR" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
python=${CARGO_TARGET_DIR:-$here/../../target}/profiles-venv/bin/python
for needed in busybox shellcheck "$python"; do
    command -v "$needed" > /dev/null || { echo "$0: there is no $needed: run install.sh" >&2; exit 2; }
done

found=no
for profile in "$1"/alpine-[0-9]*/; do
    [ -d "$profile" ] || continue
    found=yes
    script=${profile}user-data
    [ "$(head -n 1 "$script")" = '#!/bin/sh' ] || fault "$script" "tiny-cloud knows a script by #! in its first line"
    said=$(busybox ash -n "$script" 2>&1) || fault "$script" "$said"
    # SC2016: a hash has dollars in single quotes. SC2174: mkdir -p -m, where only the last directory is new.
    said=$(shellcheck --shell=dash --exclude=SC2016,SC2174 --format=gcc "$script") || fault "$script" "$said"
    tail -n 2 "$script" | grep -q '/done' || fault "$script" "does not fetch done at its end"
    [ "$(tail -n 1 "$script")" = reboot ] || fault "$script" "does not reboot at its end"
    "$python" -c '
import sys, yaml
meta = yaml.safe_load(open(sys.argv[1]))
sys.exit(0 if isinstance(meta, dict) and meta.get("instance-id") and meta.get("hostname") else 1)
' "${profile}meta-data" || fault "${profile}meta-data" "has no instance-id and hostname"
    echo "$(basename "$profile"): good"
done
[ "$found" = yes ] || fault "$1" "has no profile alpine-*"
