#!/bin/bash
# Builds the test bed: QEMU, Xen, a Debian dom0 with xl, what the guests boot, and a snapshot of the booted dom0.
#
# Everything goes to build/ (or $XENLAB_DIR). Each stage is skipped when it is done and its inputs are the same, so
# run.sh calls this every time. Nothing is installed on the host but small packaging tools; QEMU is unpacked into
# build/, so that every host runs the one version that is known to work, whatever it has of its own.
#
#   ./build.sh              all but the Debian installer
#   ./build.sh installer    the Debian installer's netboot images as well (a 130 MB package)
set -euo pipefail
# shellcheck source=host.sh
. "$(dirname "$0")/host.sh"

RELEASE=bookworm
XEN_VERSION=4.17     # also in dom0/init
HOST_PACKAGES=(mmdebstrap debian-archive-keyring mount cpio e2fsprogs xz-utils)
DOM0_PACKAGES=(
    "xen-utils-$XEN_VERSION" xenstore-utils python3-minimal       # xl, pygrub, the daemons
    dnsmasq-base tftpd-hpa                                      # the servers that guests boot from
    busybox-static iproute2 procps kmod mount tcpdump           # what init and the scenarios work with
    e2fsprogs                                                   # the installer's mke2fs
    grub-xen-host                                               # GRUB for guests
    lvm2 openvswitch-switch                                     # what dom0s have guests' disks and networks on
    nftables libarchive-tools                                   # what vmprov's net and media work with
)
NOT_IN_DOM0=(doc man locale info bug lintian)                   # below /usr/share

current_stage=
trap '[ -z "$current_stage" ] || echo "build.sh: stage $current_stage failed (see above). Run it again after a repair: it goes on from there." >&2' EXIT

main() {
    need_root
    install_host_packages
    mkdir -p "$LAB/done" "$LAB/apt" "$LAB/guest"
    make_private_apt
    stage qemu unpack_qemu
    stage kernels unpack_kernels
    stage dom0-tree make_dom0_tree "$(cksum <<<"${DOM0_PACKAGES[*]}")"
    stage dom0-files finish_dom0 "$(cat "$HERE"/dom0/{init,initramfs-init} "$HERE/build.sh" "$HERE/qemu.sh" "$LAB/done/dom0-tree" "$LAB/done/kernels" | cksum)"
    stage guest-files collect_guest_files "$(cat "$LAB/done/dom0-files")"
    stage snapshot make_snapshot "$(cat "$HERE/snapshot.sh" "$LAB/done/dom0-files" "$LAB/done/qemu" | cksum)"
    if [ "${1:-}" = installer ]; then stage installer unpack_installer; fi
}

# stage NAME FUNCTION [INPUTS]: runs FUNCTION unless it was done before with the same INPUTS.
# FUNCTION is called bare: after `||` or in `if` the shell would overlook failures inside it.
stage() {
    local mark=$LAB/done/$1 inputs=${3:-1}
    [ "$(cat "$mark" 2>/dev/null)" != "$inputs" ] || return 0
    say "$1 ..."
    rm -f "$mark"
    current_stage=$1
    "$2"
    current_stage=
    printf '%s\n' "$inputs" >"$mark"
}

install_host_packages() {
    local missing=() package
    for package in "${HOST_PACKAGES[@]}"; do
        dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    command -v apt-get >/dev/null || die "needs apt (Debian 12 or 13, Ubuntu 24.04) to install: ${missing[*]}"
    say "apt-get install ${missing[*]}"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends --no-remove "${missing[@]}" >/dev/null ||
        die "apt-get could not install ${missing[*]} (on Ubuntu they are in 'universe')"
}

# The host's own mirror when the host is Debian, else Debian's.
debian_uri() { # LABEL DEFAULT
    local uri
    # shellcheck disable=SC2016  # apt replaces these
    uri=$(apt-get indextargets --format '$(ORIGIN)|$(LABEL)|$(REPO_URI)' 'Created-By: Packages' |
        sed -n "s/^Debian|$1|//p" | head -n 1)
    echo "${uri:-$2}"
}

# An apt of our own for the guest world's release: the host's settings and proxies, but not its sources nor its packages.
make_private_apt() {
    local main security key=/usr/share/keyrings/debian-archive-keyring.gpg
    main=$(debian_uri Debian http://deb.debian.org/debian)
    security=$(debian_uri Debian-Security http://deb.debian.org/debian-security)
    cat >"$LAB/apt/sources.list" <<END
deb [arch=amd64 signed-by=$key] $main $RELEASE main
deb [arch=amd64 signed-by=$key] $main $RELEASE-updates main
deb [arch=amd64 signed-by=$key] $security $RELEASE-security main
END
    mkdir -p "$LAB/apt/lists/partial" "$LAB/apt/archives/partial"
    : >"$LAB/apt/status"
    cat >"$LAB/apt/apt.conf" <<END
Dir::Etc::sourcelist "$LAB/apt/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::State::lists "$LAB/apt/lists";
Dir::State::status "$LAB/apt/status";
Dir::Cache::archives "$LAB/apt/archives";
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
APT::Architecture "amd64";
APT::Architectures { "amd64"; };
APT::Install-Recommends "false";
APT::Sandbox::User "root";
Acquire::Languages "none";
END
    apt-config dump --format '%F "%v";%n' Acquire | grep -i 'proxy\|check-' >"$LAB/apt/host-acquire.conf" || true
}

private_apt() { apt-get -c "$LAB/apt/apt.conf" -qq "$@"; }

# download PACKAGE...: the package files alone, into build/apt/debs, replacing what was there
download() {
    rm -rf "$LAB/apt/debs"
    mkdir -p "$LAB/apt/debs"
    private_apt update
    (cd "$LAB/apt/debs" && private_apt download "$@")
}

unpack_qemu() {
    rm -rf "$LAB/qemu" "$LAB"/apt/archives/*.deb
    private_apt update
    private_apt install --download-only -y qemu-system-x86
    mkdir "$LAB/qemu"
    local deb
    for deb in "$LAB"/apt/archives/*.deb; do dpkg-deb -x "$deb" "$LAB/qemu"; done
    rm -f "$LAB"/apt/archives/*.deb
}

unpack_kernels() {
    local linux
    private_apt update
    linux=$(apt-cache -c "$LAB/apt/apt.conf" depends linux-image-amd64 | sed -n 's/.*Depends: \(linux-image-[^ ]*\)/\1/p' | head -n 1)
    download "$linux" "xen-hypervisor-$XEN_VERSION-amd64"
    rm -rf "$LAB/linux" "$LAB/xen"
    dpkg-deb -x "$LAB"/apt/debs/linux-image-*.deb "$LAB/linux"
    dpkg-deb -x "$LAB"/apt/debs/xen-hypervisor-*.deb "$LAB/xen"
    rm -rf "$LAB/apt/debs"
    gunzip -c "$LAB"/xen/boot/xen-"$XEN_VERSION"-amd64.gz >"$LAB/xen.elf"
    extract_vmlinux "$LAB"/linux/boot/vmlinuz-* >"$LAB/vmlinux"
    [ "$(head -c 4 "$LAB/vmlinux" | tail -c 3)" = ELF ] || die "no ELF file in $(echo "$LAB"/linux/boot/vmlinuz-*)"
    # The best kernel for a guest here: 11 MB to transfer, and Xen unpacks it in a second (the bzImage takes a minute).
    gzip -9 -n -c "$LAB/vmlinux" >"$LAB/guest/vmlinuz"
}

# The ELF file inside a bzImage. Its place and length stand in the setup header (Documentation/arch/x86/boot.rst).
extract_vmlinux() {
    local sectors payload length start
    sectors=$(od -An -tu1 -j $((0x1f1)) -N1 "$1")
    read -r payload length < <(od -An -tu4 -j $((0x248)) -N8 "$1")
    start=$(((sectors + 1) * 512 + payload))
    # the stream's length stands behind the stream: --single-stream lets xz stop there
    head -c $((start + length)) "$1" | tail -c "$length" | xz -dc --single-stream
}

make_dom0_tree() {
    local exclude=() dir include
    for dir in "${NOT_IN_DOM0[@]}"; do exclude+=("--dpkgopt=path-exclude=/usr/share/$dir/*"); done
    include=$(IFS=,; echo "${DOM0_PACKAGES[*]}")
    rm -rf "$LAB/dom0"
    mmdebstrap --quiet --mode=root --variant=essential --include="$include" "${exclude[@]}" \
        --aptopt="$LAB/apt/host-acquire.conf" --aptopt='Acquire::Languages "none"' \
        "$RELEASE" "$LAB/dom0" "$LAB/apt/sources.list"
}

# The dom0's modules, init and initramfs, and its disk.
finish_dom0() {
    local version from to
    version=$(basename "$LAB"/linux/lib/modules/*)
    from=$LAB/linux/lib/modules/$version
    to=$LAB/dom0/lib/modules/$version
    rm -rf "$to"
    mkdir -p "$to"
    (cd "$from" && cp -a --parents modules.builtin* modules.order kernel/{lib,crypto,arch/x86/crypto} \
        kernel/fs/{ext4,jbd2,9p,fscache,netfs,mbcache.ko} kernel/net/{9p,802,8021q,bridge,llc,netfilter,nsh,openvswitch,packet} \
        kernel/net/{ipv4,ipv6}/netfilter kernel/drivers/{dax,md} kernel/drivers/{xen,virtio} kernel/drivers/block kernel/drivers/net/{veth,macvlan,xen-netfront}.ko \
        kernel/drivers/net/xen-netback "$to/")
    chroot "$LAB/dom0" depmod "$version"

    local ram=$LAB/initramfs
    rm -rf "$ram"
    mkdir -p "$ram/bin" "$ram/modules"
    cp "$LAB/dom0/bin/busybox" "$ram/bin/"
    install -m 755 "$HERE/dom0/initramfs-init" "$ram/init"
    copy_modules "$version" "$ram/modules" virtio_pci virtio_blk crc32c_generic ext4
    (cd "$ram" && find . | cpio -o -H newc --quiet) >"$LAB/dom0-initramfs.cpio"
    rm -rf "$ram"

    mkdir -p "$LAB/dom0/lab" "$LAB/dom0/etc/xen"
    install -m 755 "$HERE/dom0/init" "$LAB/dom0/lab-init"
    make_dom0_disk
}

make_dom0_disk() {
    local used
    used=$(du -sm "$LAB/dom0" | cut -f1)
    rm -f "$LAB/dom0.ext4"
    truncate -s $((used * 5 / 4 + 8000))M "$LAB/dom0.ext4" # sparse: what guests write goes to a layer over it
    mke2fs -q -F -t ext4 -O ^has_journal -i 32768 -E lazy_itable_init=0 -L dom0 -d "$LAB/dom0" "$LAB/dom0.ext4"
}

# copy_modules VERSION DIR MODULE...: the modules and what they need, with their order of loading in DIR/order
copy_modules() {
    local version=$1 dir=$2 module file
    shift 2
    for module in "$@"; do
        chroot "$LAB/dom0" modprobe -S "$version" --show-depends "$module"
    done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' | while read -r file; do
        cp "$LAB/dom0$file" "$dir/"
        basename "$file" >>"$dir/order"
    done
}

# What the guests' two initramfs are made of: guest/make-initramfs.sh adds the scripts.
collect_guest_files() {
    local version installer=$LAB/guest/installer
    version=$(basename "$LAB"/linux/lib/modules/*)
    rm -rf "$LAB/guest/modules" "$installer"
    mkdir -p "$LAB/guest/modules" "$installer/modules"
    cp "$LAB/dom0/bin/busybox" "$LAB/guest/busybox"
    copy_modules "$version" "$LAB/guest/modules" xen-netfront af_packet
    copy_modules "$version" "$installer/modules" xen-netfront af_packet xen-blkfront crc32c_generic ext4
    copy_program /sbin/mke2fs "$installer"
    install -D -m 644 -t "$installer/etc" "$LAB/dom0/etc/mke2fs.conf"
}

# copy_program PATH DIR : a program of dom0's into DIR, with the libraries that it needs
copy_program() {
    local file
    { echo "$1" && chroot "$LAB/dom0" ldd "$1" | grep -o '/[^ ]*'; } | while read -r file; do
        mkdir -p "$2$(dirname "$file")"
        cp -L "$LAB/dom0$file" "$2$file"
    done
}

# dom0.ext4 is written to while the snapshot is made, and belongs to it from then on.
make_snapshot() {
    make_dom0_disk
    "$HERE/snapshot.sh"
}

unpack_installer() {
    download debian-installer-12-netboot-amd64
    rm -rf "$LAB/installer" "$LAB/installer.part"
    dpkg-deb -x "$LAB"/apt/debs/debian-installer-*.deb "$LAB/installer.part"
    mv "$LAB"/installer.part/usr/lib/debian-installer/images/12/amd64/text "$LAB/installer"
    rm -rf "$LAB/apt/debs" "$LAB/installer.part"
}

main "$@"
