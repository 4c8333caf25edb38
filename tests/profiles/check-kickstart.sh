#!/bin/sh
# check-kickstart.sh DIR: whether the rendered kickstart files of the profiles el-*, el5 and fedora-* in DIR
# (DIR/PROFILE/ks.cfg) are what Anaconda of that release takes: by pykickstart's ksvalidator, and %post by shellcheck.
# What neither knows is checked besides: what Anaconda would stop at, and what pygrub needs.
set -eu

[ $# -eq 1 ] || { echo "usage: $0 DIR" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
ksvalidator=${CARGO_TARGET_DIR:-$here/../../target}/profiles-venv/bin/ksvalidator
for needed in "$ksvalidator" shellcheck; do
    command -v "$needed" >/dev/null || { echo "$0: there is no $needed: run install.sh" >&2; exit 2; }
done

fault() {
    echo "$name: $1" >&2
    exit 1
}

checked=0
for profile in "$1"/el-* "$1"/el5 "$1"/fedora-*; do
    name=$(basename "$profile") file=$profile/ks.cfg
    [ -f "$file" ] || fault "has no ks.cfg"
    case $name in
    el-*) version=RHEL${name#el-} ;;
    el5) version=RHEL5 ;;
    fedora-*) version=F${name#fedora-} ;;
    esac
    "$ksvalidator" --version="$version" "$file" || fault "no kickstart of $version"
    post=$(sed -n '/^%post/,/^%end/{/^%/d;p}' "$file")
    # SC2174: only the last directory of mkdir -m is new. SC2016: a script written by printf or cat has dollars.
    printf '%s\n' "$post" | shellcheck --shell=bash --exclude=SC2174,SC2016 - || fault "its %post is no script"
    printf '%s\n' "$post" | tail -n 1 | grep -q '/done' || fault "does not say at its end that it is done"
    if grep -q '^clearpart .*--disklabel=gpt' "$file"; then
        grep -q '^part biosboot ' "$file" || fault "a GPT disk without biosboot: Anaconda would stop"
    fi
    case $name in
    el5) ;;
    *) grep -q '^clearpart .*--disklabel=gpt' "$file" || fault "leaves the disk label to Anaconda" ;;
    esac
    case $name in
    el5 | el-7) ;;
    *)
        grep -q '/etc/grub.d/45_pygrub' "$file" || fault "pygrub would take the rescue kernel"
        grep -q '/etc/kernel/install.d/' "$file" || fault "a new kernel would not come into grub.cfg"
        ;;
    esac
    echo "$name: good"
    checked=$((checked + 1))
done
[ "$checked" -ge 8 ] || { echo "only $checked kickstart profiles" >&2; exit 1; }
