#!/bin/bash
# Has Debian's real PXELINUX boot the trees of trees/ in QEMU, and writes down what it does into answers/. Needs root (network
# namespaces), Debian's apt, gcc, dnsmasq and ip. Nothing is installed: QEMU and PXELINUX are unpacked below the target directory.
#
#   run.sh [FILE.trees...]               all of trees/, or these; five seconds of a processor for each tree
#   run.sh --random COUNT SEED           makes trees/random.trees anew first
#
# That rpxeboot does the same is a test of the bootloader (`cargo test -p rpxeboot --test pxelinux`), which needs none of this.
set -euo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
TARGET=$(realpath -m "${CARGO_TARGET_DIR:-$HERE/../../target}")
BUILD=$TARGET/pxelinux
PACKAGES=(pxelinux syslinux-common ipxe-qemu seabios qemu-system-x86)

die() {
    printf 'run.sh: %s\n' "$*" >&2
    exit 1
}

[ "$(id -u)" = 0 ] || die "needs root, for network namespaces"
for tool in apt-get dpkg-deb gcc ld objcopy dnsmasq ip unshare python3; do
    command -v $tool >/dev/null || die "$tool is missing: install gcc, dnsmasq-base, iproute2 and python3 on a Debian"
done

unpack() {
    rm -rf "$BUILD"
    mkdir -p "$BUILD"/{root,lists/partial,archives/partial}
    : >"$BUILD/status"
    # With a status of its own: everything that the packages need is fetched, whatever this machine has.
    local apt=(apt-get -qq -o "Dir::State::status=$BUILD/status" -o "Dir::Cache::archives=$BUILD/archives" -o APT::Sandbox::User=root
        -o Dpkg::Use-Pty=0 --no-install-recommends)
    "${apt[@]}" install --download-only -y "${PACKAGES[@]}" || die "the packages cannot be had; see apt's message above"
    local deb
    for deb in "$BUILD"/archives/*.deb; do dpkg-deb -x "$deb" "$BUILD/root"; done
    for deb in "$BUILD"/archives/{pxelinux,syslinux-common,ipxe-qemu,qemu-system-x86}_*.deb; do
        dpkg-deb -f "$deb" Package Version | paste -sd' ' | sed 's/Package: //; s/Version: //'
    done >"$BUILD/versions"
    rm -rf "$BUILD/archives" "$BUILD/lists"
    : >"$BUILD/unpacked"
}

assemble() {
    local work=$BUILD/work
    mkdir -p "$work"
    local name
    for name in kernel disk; do
        gcc -m32 -c -o "$work/$name.o" "$HERE/$name.S"
        objcopy -O binary -j .text "$work/$name.o" "$BUILD/$name"
    done
    gcc -m32 -c -o "$work/multiboot.o" "$HERE/multiboot.S"
    ld -m elf_i386 -Ttext 0x200000 -o "$BUILD/multiboot" "$work/multiboot.o"
}

[ -e "$BUILD/unpacked" ] || unpack
assemble
mkdir -p "$HERE/answers"
if [ "${1-}" = --random ]; then
    [ $# = 3 ] || die "say --random COUNT SEED"
    python3 "$HERE/random_trees.py" "$2" "$3" >"$HERE/trees/random.trees"
    set -- "$HERE/trees/random.trees"
fi
[ $# -gt 0 ] || set -- "$HERE"/trees/*.trees
exec python3 "$HERE/record.py" "$BUILD" "$HERE/answers" "$@"
