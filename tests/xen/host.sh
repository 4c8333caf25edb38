# shellcheck shell=bash
# Sourced by the scripts of this folder that run on the host: where things are, and how a failure is told.

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
LAB=$(realpath -m "${XENLAB_DIR:-$HERE/build}")
export LC_ALL=C.UTF-8

STARTED=$(date +%s%N)

# seconds since this script started, with one decimal
elapsed() {
    local ms=$((($(date +%s%N) - STARTED) / 1000000))
    printf '%d.%d' $((ms / 1000)) $((ms % 1000 / 100))
}

say() { printf '%6ss  %s\n' "$(elapsed)" "$*"; }

die() {
    printf '%s: %s\n' "$(basename "$0")" "$*" >&2
    exit 1
}

need_root() {
    [ "$(id -u)" = 0 ] || die "needs root: it installs packages and makes a Debian tree. Run it as root, or with sudo."
}
