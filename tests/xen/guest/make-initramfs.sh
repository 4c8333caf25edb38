#!/bin/bash
# make-initramfs.sh BUILD-DIR : the test guest's initramfs, as an uncompressed cpio on stdout.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
mkdir -p "$root/bin" "$root/modules"
cp "$1/guest/busybox" "$root/bin/"
cp "$1"/guest/modules/* "$root/modules/"
install -m 755 "$here/init" "$here/dhcp" "$root/"
cd "$root"
find . | cpio -o -H newc --quiet
