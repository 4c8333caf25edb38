#!/bin/sh
# Compares xlcfg with the real libxlutil.
#
#   tests/oracle/run.sh [COUNT [SEED]]      the corpus, xen-configs/ and COUNT generated inputs of each
#                                           kind; default: 100000 1
#   tests/oracle/run.sh FILE|DIRECTORY...   these files, or the *.cfg of these directories; nothing generated
#
# It ends with 0 when both read the same in all of them, and accept all of them: every setting, every disk
# and every MAC address. A file *.bad.cfg is one that both must refuse.
#
# It takes Debian's packages with apt-get, unpacks them below the target directory and installs nothing;
# no Xen is needed. Where the packages or gcc cannot be had it fails: a comparison that did not take
# place is not a success.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
mkdir -p "$target"
target=$(cd "$target" && pwd)
export CARGO_TARGET_DIR="$target"
build=$target/oracle
program=$build/libxlutil-oracle
packages="libxencall1 libxendevicemodel1 libxenevtchn1 libxenforeignmemory1 libxengnttab1
    libxenhypfs1 libxenstore4 libxentoollog1 libxentoolcore1 libyajl2 libxen-dev"

fail() {
    echo "oracle: $*" >&2
    exit 1
}

unpack() {
    rm -rf "$build"
    mkdir -p "$build/packages" "$build/root"
    # The library's package carries the release in its name. Take the one libxen-dev belongs to.
    misc=$(apt-cache depends libxen-dev | sed -n 's/.*Depends: \(libxenmisc[0-9.]*\)$/\1/p' | head -n 1)
    [ -n "$misc" ] || fail "apt knows no libxenmisc; run apt-get update, or add Debian's main archive"
    # shellcheck disable=SC2086 # several words
    (cd "$build/packages" && apt-get -q -o APT::Sandbox::User=root download $packages "$misc") ||
        fail "the packages cannot be had; see apt's message above"
    for package in "$build"/packages/*.deb; do
        dpkg -x "$package" "$build/root"
    done
    touch "$build/unpacked"
}

library() {
    find "$build/root" -name 'libxlutil.so.*' -printf '%h\n' | head -n 1
}

case ${1-} in
'' | *[!0-9]*) ;;
*) count=$1 seed=${2:-1} && set -- ;;
esac
if [ $# -eq 0 ]; then
    set -- "${count:-100000}" "${seed:-1}" "$here/corpus" "$root/xen-configs"
else
    set -- 0 1 "$@"
fi

for tool in apt-get apt-cache dpkg gcc cargo flock; do
    command -v $tool >/dev/null || fail "$tool is not here; run this on a Debian with it"
done

# Tests may call this from several processes at once: one prepares, the others wait.
(
    flock 9
    [ -e "$build/unpacked" ] || unpack
    lib=$(library)
    [ -n "$lib" ] || fail "no libxlutil in the packages; remove $build and try again"
    if [ ! -e "$program" ] || [ -n "$(find "$here/libxlutil_oracle.c" -newer "$program")" ]; then
        gcc -std=gnu11 -O1 -Wall -Wextra -Werror -I"$build/root/usr/include" -o "$program" \
            "$here/libxlutil_oracle.c" -L"$lib" -lxlutil -lxenlight \
            -Wl,-rpath,"$lib" -Wl,-rpath-link,"$lib"
    fi
    cd "$root"
    cargo build --quiet --release --locked -p xlcfg --example oracle
) 9>"$target/oracle.lock"

exec env LD_LIBRARY_PATH="$(library)" "$target/release/examples/oracle" "$program" "$@"
