#!/bin/bash
# Builds both programs twice, in two directories of different names, and compares them byte for byte.
# What makes them equal: Cargo.lock, the same toolchain, and no path in them (--remap-path-prefix).
set -euo pipefail
cd "$(dirname "$0")/.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cargo=${CARGO_HOME:-$HOME/.cargo}
for name in one another-one; do
    mkdir "$scratch/$name"
    git archive HEAD | tar -x -C "$scratch/$name"
    (
        cd "$scratch/$name"
        RUSTFLAGS="--remap-path-prefix=$PWD=/rpxeboot --remap-path-prefix=$cargo=/cargo" \
            CARGO_TARGET_DIR=$PWD/target \
            cargo build --quiet --release --locked -p rpxeboot -p vmprov
        cd target/release && sha256sum rpxeboot vmprov
    ) >"$scratch/$name.sums"
done
cat "$scratch/one.sums"
diff "$scratch/one.sums" "$scratch/another-one.sums" ||
    { echo "scripts/reproducible.sh: the two builds differ" >&2; exit 1; }
echo "the same from both, by $(rustc --version)"
