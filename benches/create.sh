#!/bin/bash
# A new guest's 8 GB disk: vmprov create against the dd of zeros that this project began with, in
# one run, interleaved, on one file system: benches/create.sh [--runs N] [--write]
#
# Needs no root, and 9 GB of room below the directory PLACE (default: the build directory).
# VMPROV=FILE measures another program than target/release/vmprov.
set -euo pipefail
cd "$(dirname "$0")/.."

runs=3 write=
while [ $# -gt 0 ]; do
    case $1 in
    --runs) runs=$2 && shift ;;
    --write) write=yes ;;
    *) echo "create.sh: unknown word $1" >&2 && exit 2 ;;
    esac
    shift
done
cargo build --quiet --release --locked -p vmprov
target=$(cargo metadata --format-version 1 --no-deps | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')
vmprov=${VMPROV:-$target/release/vmprov}
place=$(mktemp -d "${PLACE:-$target}/create-bench.XXXXXX")
trap 'rm -rf "$place"' EXIT

# Each makes the disk anew, and ends when it is on the disk of this machine.
by_vmprov() {
    "$vmprov" --quiet --config-dir "$place/xen" --image-dir "$place/images" --state-dir "$place/state" \
        create RK --mac 00:16:3e:62:39:d3 --disk-size 8000M >/dev/null
}
by_dd() { dd if=/dev/zero of="$place/system.img" bs=1M count=8000 conv=fsync status=none; }
by_truncate() { truncate -s 8000M "$place/system.img" && sync "$place/system.img"; }
clean() { rm -rf "${place:?}"/*; }

# milliseconds NAME : of one run, with a decimal
milliseconds() {
    local before after
    before=$(date +%s%N)
    "by_$1" || exit 1
    after=$(date +%s%N)
    awk -v ns=$((after - before)) 'BEGIN { printf "%.1f\n", ns / 1e6 }'
    clean
}

names=(vmprov dd truncate)
declare -A times
for ((round = 0; round < runs; round++)); do
    for name in "${names[@]}"; do times[$name]+=$(milliseconds "$name")$'\n'; done
done

median() { sort -n | sed '/^$/d' | awk '{ at[NR] = $1 } END { printf "%.1f", at[int((NR + 1) / 2)] }'; }
range() { sort -n | sed '/^$/d' | awk 'NR == 1 { least = $1 } { most = $1 } END { printf "%s–%s", least, most }'; }
row() {
    local ratio=""
    if [ "$1" != vmprov ]; then
        # Round by round, as the two ran next to each other.
        ratio=$(paste <(echo -n "${times[$1]}") <(echo -n "${times[vmprov]}") | awk '{ print $1 / $2 }' | median)
    fi
    echo "| $2 | $(echo -n "${times[$1]}" | median) ($(echo -n "${times[$1]}" | range)) | $ratio |"
}
report() {
    echo "A disk of 8000 MiB for a new guest. Medians of $runs interleaved runs, in milliseconds (least to"
    echo "most). The ratio is the peer's time in vmprov's, the median over the rounds: above 1, vmprov is faster."
    echo
    echo "| made by | ms | ratio |"
    echo "|---|---|---|"
    row vmprov "vmprov create (with its config and record)"
    row dd "dd of zeros, conv=fsync"
    row truncate "truncate and sync (the disk alone)"
    echo
    echo "$(date +%F); $(nproc) cores, Linux $(uname -r), $(stat -f -c %T "$target"); coreutils $(dd --version | sed -n '1s/.* //p')."
}
if [ "$write" ]; then report | tee benches/create.md; else report; fi
