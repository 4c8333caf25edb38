#!/bin/bash
# make-initramfs.sh BUILD-DIR guest|installer : that initramfs, as an uncompressed cpio on stdout.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
mkdir -p "$root"/{bin,run}
cp "$1/guest/busybox" "$root/bin/"
install -m 644 "$here/lib" "$root/lib.sh"
install -m 755 "$here/dhcp" "$root/"
case $2 in
guest)
    cp -r "$1/guest/modules" "$root/"
    install -m 755 "$here/init" "$root/init"
    ;;
installer)
    cp -r "$1/guest/installer/." "$root/"
    mkdir "$root/target"
    install -m 755 "$here/installer/init" "$root/init"
    install -D -m 755 -t "$root/installed" "$here"/installer/installed/*
    ;;
esac
cd "$root"
find . | cpio -o -H newc --quiet
