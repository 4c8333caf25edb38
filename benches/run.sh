#!/bin/bash
# rpxeboot against its peers, side by side, on this machine: benches/run.sh [--runs N] [--write]
#
# Needs root and what tests/netns/install.sh installs; a missing program is an error that
# names it. RPXEBOOT=FILE measures another program than target/release/rpxeboot.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo build --quiet --release --locked -p rpxeboot -p boot-bench -p netns-tests --bins
target=$(cargo metadata --format-version 1 --no-deps | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')
export RPXEBOOT=${RPXEBOOT:-$target/release/rpxeboot}
exec "$target/release/boot-bench" "$PWD/benches" "$@"
