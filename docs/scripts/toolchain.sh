#!/bin/bash
# Sees to a C compiler and a Rust toolchain that is new enough; installs what is missing.
set -euo pipefail

needed=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' "$(dirname "$0")/../../Cargo.toml")

new_enough() {
    command -v cargo >/dev/null || return 1
    local have
    have=$(cargo --version | cut -d' ' -f2)
    [ "$(printf '%s\n%s\n' "$needed" "$have" | sort -V | head -n 1)" = "$needed" ]
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

install_packages() {
    command -v apt-get >/dev/null || {
        echo "toolchain.sh: please install $* (there is no apt here)" >&2
        exit 1
    }
    as_root apt-get -q update
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -y -q install --no-install-recommends "$@"
}

command -v cc >/dev/null || install_packages gcc libc6-dev
if ! new_enough; then
    command -v rustup >/dev/null || install_packages rustup || {
        echo "toolchain.sh: Rust $needed or newer is needed, see https://rustup.rs" >&2
        exit 1
    }
    rustup toolchain install stable --profile minimal --component clippy --component rustfmt
    rustup default stable
fi
