#!/bin/bash
# Installs what the whole-program tests drive: real DHCP, TFTP and HTTP servers, and a few
# real clients for the library's own tests. Debian 12, 13 and Ubuntu 24.04; needs root.
#
#   tests/netns/install.sh
#
# No server is started on this machine, also not by the packages' own scripts. atftpd cannot
# be installed beside tftpd-hpa, the Debian installer's tree is only data, and Xen's tools (for
# pygrub) would make this machine a dom0: they are unpacked below
# $CARGO_TARGET_DIR/netns-packages (default: target/netns-packages).
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
target=${CARGO_TARGET_DIR:-$here/../../target}
policy=/usr/sbin/policy-rc.d
apt=(apt-get -y -q -o DPkg::Lock::Timeout=600)

die() {
    echo "install.sh: $*" >&2
    exit 1
}

# Debian's maintainer scripts ask policy-rc.d before they start a daemon: 101 is "no".
# One that is already there (containers have it) is left as it is.
forbid_daemons() {
    [ -e "$policy" ] && return
    trap 'rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
}

# Nor may they start at the machine's next boot, unless they were there before.
# Prints the packages that are not installed yet; their units have the same names.
units_of_new_packages() {
    local package
    for package in isc-dhcp-server kea-dhcp4-server nginx tftpd-hpa; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || echo "$package"
    done
}

# Unpacks packages without installing them: unpack DIRECTORY PACKAGE...
unpack() {
    local into=$1 scratch
    shift
    [ -e "$into.unpacked" ] && return
    scratch=$(mktemp -d)
    # apt fetches as its own user, who has to be able to write here.
    chmod 777 "$scratch"
    (cd "$scratch" && apt-get -q download "$@") || die "cannot download $*: is 'apt-get update' done, and is it in your release?"
    mkdir -p "$into"
    for deb in "$scratch"/*.deb; do
        dpkg -x "$deb" "$into"
    done
    rm -r "$scratch"
    touch "$into.unpacked"
}

# The installer's netboot tree of the newest Debian that apt knows.
installer_package() {
    apt-cache search --names-only '^debian-installer-[0-9]+-netboot-amd64$' |
        sort -t- -k3,3n | tail -n 1 | cut -d' ' -f1
}

# The newest Xen tools that apt knows, and the library that pygrub reads file systems with.
xen_packages() {
    local utils
    utils=$(apt-cache search --names-only '^xen-utils-[0-9.]+$' | cut -d' ' -f1 | sort -V | tail -n 1)
    [ -n "$utils" ] || return 0
    echo "$utils"
    apt-cache depends "$utils" | sed -n 's/^ *Depends: \(libxenmisc[0-9a-z.]*\)$/\1/p'
}

[ "$(id -u)" = 0 ] || die "must be run as root"
command -v apt-get >/dev/null || die "needs apt (Debian or Ubuntu)"

forbid_daemons
export DEBIAN_FRONTEND=noninteractive
"${apt[@]}" update
new_units=$(units_of_new_packages)
"${apt[@]}" install --no-install-recommends \
    dnsmasq-base isc-dhcp-server kea-dhcp4-server tftpd-hpa \
    busybox-static curl e2fsprogs fdisk gnupg gpgv iproute2 libarchive-tools mount nftables nginx openssl perl-base python3 strace tcpdump util-linux xenstore-utils xorriso
for unit in $new_units; do
    if command -v systemctl >/dev/null; then
        systemctl disable "$unit" >/dev/null 2>&1 || echo "install.sh: systemctl disable $unit failed: it may start at the next boot" >&2
    fi
done

mkdir -p "$target"
unpack "$target/netns-packages/atftpd" atftpd atftp
package=$(installer_package)
[ -n "$package" ] || die "apt knows no debian-installer-*-netboot-amd64: add a Debian source, or fetch the package by hand into $target/netns-packages/installer"
unpack "$target/netns-packages/installer" "$package"
read -r -d '' -a packages < <(xen_packages) || true
[ ${#packages[@]} = 2 ] || die "apt knows no xen-utils-* with its libxenmisc*, which pygrub is in: add a Debian or Ubuntu (universe) source"
unpack "$target/netns-packages/xen" "${packages[@]}"
echo "install.sh: all there"
