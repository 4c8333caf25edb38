#!/bin/sh
# check-kickstart.sh DIR: whether the rendered kickstart files of the profiles el-*, el5 and fedora-* in DIR
# (DIR/PROFILE/ks.cfg) are what Anaconda of that release takes, by pykickstart's ksvalidator.
set -eu

[ $# -eq 1 ] || { echo "usage: $0 DIR" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
ksvalidator=${CARGO_TARGET_DIR:-$here/../../target}/profiles-venv/bin/ksvalidator
[ -e "$ksvalidator" ] || { echo "$0: there is no $ksvalidator: run install.sh" >&2; exit 2; }

checked=0
for profile in "$1"/el-* "$1"/el5 "$1"/fedora-*; do
    name=$(basename "$profile")
    [ -f "$profile/ks.cfg" ] || { echo "$profile: has no ks.cfg" >&2; exit 1; }
    case $name in
    el-*) version=RHEL${name#el-} ;;
    el5) version=RHEL5 ;;
    fedora-*) version=F${name#fedora-} ;;
    esac
    "$ksvalidator" --version="$version" "$profile/ks.cfg" || { echo "$name: no kickstart of $version" >&2; exit 1; }
    grep -q '/done' "$profile/ks.cfg" || { echo "$name: does not say when it is done" >&2; exit 1; }
    echo "$name: good"
    checked=$((checked + 1))
done
[ "$checked" -ge 8 ] || { echo "only $checked kickstart profiles" >&2; exit 1; }
