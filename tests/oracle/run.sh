#!/bin/sh
# Compares xlcfg with the real libxlutil, on the corpus and on COUNT generated inputs.
#
#   tests/oracle/run.sh [COUNT [SEED]]     default: 100000 1
#
# It takes Debian's packages with apt-get, unpacks them below the target directory and installs nothing;
# no Xen is needed. Where the packages or gcc cannot be had it fails: a comparison that did not take
# place is not a success.
set -eu

count=${1:-100000}
seed=${2:-1}
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
build=$target/oracle
packages="libxencall1 libxendevicemodel1 libxenevtchn1 libxenforeignmemory1 libxengnttab1
    libxenhypfs1 libxenstore4 libxentoollog1 libxentoolcore1 libyajl2 libxen-dev"

fail() {
    echo "oracle: $*" >&2
    exit 1
}

for tool in apt-get apt-cache dpkg gcc cargo; do
    command -v $tool >/dev/null || fail "$tool is not here; run this on a Debian with it"
done

if [ ! -e "$build/unpacked" ]; then
    rm -rf "$build"
    mkdir -p "$build/packages" "$build/root"
    # The library's package carries the release in its name. Take the one libxen-dev belongs to.
    misc=$(apt-cache depends libxen-dev | sed -n 's/.*Depends: \(libxenmisc[0-9.]*\)$/\1/p' | head -n 1)
    [ -n "$misc" ] || fail "apt knows no libxenmisc; run apt-get update, or add Debian's main archive"
    (cd "$build/packages" && apt-get -q -o APT::Sandbox::User=root download $packages "$misc") ||
        fail "the packages cannot be had; see apt's message above"
    for package in "$build"/packages/*.deb; do
        dpkg -x "$package" "$build/root"
    done
    touch "$build/unpacked"
fi

library=$(find "$build/root" -name 'libxlutil.so.*' -printf '%h\n' | head -n 1)
[ -n "$library" ] || fail "no libxlutil in the packages; remove $build and try again"

gcc -std=gnu11 -O1 -Wall -Wextra -Werror -I"$build/root/usr/include" -o "$build/libxlutil-oracle" \
    "$here/libxlutil_oracle.c" -L"$library" -lxlutil -lxenlight \
    -Wl,-rpath,"$library" -Wl,-rpath-link,"$library"

cd "$root"
cargo build --quiet --release -p xlcfg --example oracle
exec env LD_LIBRARY_PATH="$library" "$target/release/examples/oracle" \
    "$build/libxlutil-oracle" "$here/corpus" "$count" "$seed"
