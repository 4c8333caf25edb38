#!/bin/sh
# check-opensuse-agama.sh DIR: whether the rendered files of the profiles opensuse-agama-* in DIR (DIR/PROFILE/FILE) are
# what Agama takes: the profile by agama.schema.json (ours; see there), its script by shellcheck.
set -eu

# A fault's first line says it; what a checker says after that comes of it.
fault() {
    echo "$1: $2" | head -n 1 >&2
    exit 1
}

[ $# -eq 1 ] || { echo "usage: $0 DIR" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
python=${CARGO_TARGET_DIR:-$here/../../target}/profiles-venv/bin/python
for needed in shellcheck "$python"; do
    command -v "$needed" > /dev/null || { echo "$0: there is no $needed: run install.sh" >&2; exit 2; }
done

found=no
for profile in "$1"/opensuse-agama-[0-9]*/; do
    [ -d "$profile" ] || continue
    found=yes
    "$python" -c '
import json, sys
import jsonschema
schema, path = sys.argv[1:]
try:
    profile = json.load(open(path))
except ValueError as error:
    sys.exit(f"{path}: {error}")
for error in jsonschema.Draft7Validator(json.load(open(schema))).iter_errors(profile):
    where = "/".join(map(str, error.absolute_path)) or "the top"
    sys.exit(f"{path}: {where}: {error.message}")
' "$here/agama.schema.json" "${profile}autoinst.json"
    script=${profile}post.sh
    [ "$(head -n 1 "$script")" = '#!/bin/sh' ] || fault "$script" "Agama wants #! in a script's first line"
    # SC2174: mkdir -p -m, where only the last directory is new.
    said=$(shellcheck --shell=sh --exclude=SC2174 --format=gcc "$script") || fault "$script" "$said"
    tail -n 1 "$script" | grep -q '/done' || fault "$script" "does not fetch done at its end"
    echo "$(basename "$profile"): good"
done
[ "$found" = yes ] || fault "$1" "has no profile opensuse-agama-*"
