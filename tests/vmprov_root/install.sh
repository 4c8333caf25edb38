#!/bin/bash
# Installs what vmprov's tests as root drive: strace, which ends it at any system call; programs that make and look at
# disks. Debian and Ubuntu; needs root.
set -euo pipefail

die() {
    echo "install.sh: $*" >&2
    exit 1
}

[ "$(id -u)" = 0 ] || die "must be run as root"
command -v apt-get >/dev/null || die "needs apt (Debian or Ubuntu)"
export DEBIAN_FRONTEND=noninteractive
apt=(apt-get -y -q -o DPkg::Lock::Timeout=600)
"${apt[@]}" update
"${apt[@]}" install --no-install-recommends e2fsprogs fdisk mount qemu-utils strace util-linux
