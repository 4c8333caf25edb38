#!/bin/bash
# Runs a suite of boots that go wrong, and puts its figures into its document:
#
#   scripts/robustness.sh faults     tests/faults   -> docs/faults.md
#   scripts/robustness.sh hostile    tests/hostile  -> docs/hostile-peers.md
#   scripts/robustness.sh sandbox    tests/sandbox  -> docs/sandbox.md
#
# Needs root, and what tests/netns/install.sh installs. The figures are of the program that
# RPXEBOOT names, else of a release build.
set -euo pipefail
cd "$(dirname "$0")/.."
suite=${1:?which suite: faults, hostile or sandbox}
case $suite in
    faults) document=docs/faults.md ;;
    hostile) document=docs/hostile-peers.md ;;
    sandbox) document=docs/sandbox.md ;;
    *) echo "scripts/robustness.sh: there is no suite $suite" >&2; exit 2 ;;
esac
target=$(cargo metadata --format-version 1 --no-deps | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')
if [ -z "${RPXEBOOT:-}" ]; then
    cargo build --quiet --release --locked -p rpxeboot
    export RPXEBOOT=$target/release/rpxeboot
fi
record=$(mktemp)
trap 'rm -f "$record"' EXIT
ROBUSTNESS_RECORD=$record cargo test --quiet --locked -p netns-tests --test "$suite"
table=$(
    echo '| Row | What came of it | Seconds | Peak, supervisor | Peak, worker |'
    echo '|---|---|---|---|---|'
    sort -t $'\t' -k 2 "$record" | awk -F '\t' -v suite="$suite" '$1 == suite {
        printf "| %s | %s | %.2f | %.1f MiB | %.1f MiB |\n", $2, $3, $4, $5 / 1024, $6 / 1024
    }'
)
{
    sed '/^<!-- figures -->$/q' "$document"
    echo
    case $RPXEBOOT in */debug/*) build="a debug build" ;; *) build="a release build" ;; esac
    echo "Of $build. Commit $(git rev-parse --short=12 HEAD), $(uname -m), $(nproc) cores, Linux $(uname -r | cut -d- -f1)."
    echo
    echo "$table"
    echo
    sed -n '/^<!-- end of figures -->$/,$p' "$document"
} >"$document.new"
mv "$document.new" "$document"
echo "$document: $(grep -c . "$record") rows"
