#!/bin/bash
# Sees to a C compiler and a Rust toolchain that is new enough; installs what is missing.
set -euo pipefail

needed=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' "$(dirname "$0")/../Cargo.toml")

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
    # Debian 13 and Ubuntu 24.04 have a package; elsewhere Rust's own installer has to do.
    if ! command -v rustup >/dev/null && ! install_packages rustup; then
        command -v curl >/dev/null || install_packages curl ca-certificates
        curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs |
            sh -s -- -y --profile minimal --component clippy --component rustfmt
        export PATH="$HOME/.cargo/bin:$PATH"
    fi
    rustup toolchain install stable --profile minimal --component clippy --component rustfmt
    rustup default stable
    new_enough || {
        echo "toolchain.sh: Rust $needed or newer is needed, see https://rustup.rs" >&2
        exit 1
    }
fi
