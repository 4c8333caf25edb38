#!/bin/bash
# Builds rpxeboot and vmprov (or the ones named) for dom0, whatever C library this host has: static programs. Prints the
# directory that they are in.
#
# With the musl target when it is installed (rustup target add x86_64-unknown-linux-musl), else with a static glibc.
set -euo pipefail
cd "$(dirname "$0")/../.."

[ $# -gt 0 ] || set -- rpxeboot vmprov
target=x86_64-unknown-linux-musl
if ! [ -d "$(rustc --print sysroot)/lib/rustlib/$target" ]; then
    target=x86_64-unknown-linux-gnu
    export RUSTFLAGS="${RUSTFLAGS:-} -C target-feature=+crt-static"
fi
cargo build --release "${@/#/--package=}" --target "$target" >&2
directory=$(cargo metadata --format-version 1 --no-deps | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')
echo "$directory/$target/release"
