#!/bin/bash
# What comes into the programs: licences, sources, and crates that must not (deny.toml), with
# cargo-deny, which is installed where it is missing; and how much unsafe code is our own.
# With --advisories also RustSec's list of known faults, which is fetched.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo deny --version >/dev/null 2>&1 || cargo install --quiet --locked cargo-deny
if [ "${1:-}" = --advisories ]; then
    cargo deny check advisories
fi
cargo deny check bans licenses sources

# Each file of ours that may use unsafe code says so itself, and stands in this list with the reason.
allowed=$(sed -n 's/^| `\([a-z_/.-]*\.rs\)` .*/\1/p' docs/threat-model.md | sort)
found=$(grep -rlE 'allow\(unsafe_code\)' --include=*.rs bootloader/src src crates/*/src | sort)
diff <(echo "$allowed") <(echo "$found") ||
    { echo "scripts/audit.sh: docs/threat-model.md lists other files with unsafe code (<) than there are (>)" >&2; exit 1; }
echo "unsafe code: $(echo "$found" | wc -l) files, as documented"
