#!/bin/bash
# Runs the fuzz targets: fuzz/run.sh [--seconds N] [--jobs N] [--write] [TARGET…]
#
# It builds with the stable toolchain and libFuzzer (which needs a C++ compiler), runs each target for
# N seconds (60), N at a time (1), and prints a table; --write puts it into docs/fuzzing.md. What was
# learned stays below the target directory and is where the next run begins. A finding ends it
# with an error that says how to see it again.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=60 jobs=1 write= targets=()
while [ $# -gt 0 ]; do
    case $1 in
        --seconds) seconds=$2; shift 2 ;;
        --jobs) jobs=$2; shift 2 ;;
        --write) write=1; shift ;;
        -*) echo "fuzz/run.sh: $1 is not known" >&2; exit 2 ;;
        *) targets+=("$1"); shift ;;
    esac
done

directory=$(cargo metadata --format-version 1 --no-deps | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')/fuzz
mkdir -p "$directory"
host=$(rustc -vV | sed -n 's/^host: //p')
coverage="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4
 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table
 -Cllvm-args=-sanitizer-coverage-trace-compares"
# With --target, so that build scripts are built without the instrumentation.
RUSTFLAGS="--cfg fuzzing ${coverage//$'\n'/}" CARGO_TARGET_DIR=$directory/build \
    cargo build --quiet --release --target "$host" --manifest-path fuzz/targets/Cargo.toml
cargo build --quiet -p fuzz-bodies
program=$directory/build/$host/release/fuzz-targets
bodies=$(dirname "$directory")/debug/fuzz-bodies
commit=$(git rev-parse --short=12 HEAD)
[ -z "$(git status --porcelain -- bootloader crates fuzz src)" ] || commit="$commit with changes"

run() { # TARGET
    local name=$1 here=$directory/$1 longest status=0
    longest=$("$bodies" | sed -n "s/^$name //p")
    [ -n "$longest" ] || { echo "fuzz/run.sh: there is no target $name" >&2; return 2; }
    mkdir -p "$here/corpus" "$here/seeds" "$here/findings"
    "$bodies" "$name" "$here/seeds"
    FUZZ_TARGET=$name FUZZ_LAST=$here/last "$program" -max_total_time="$seconds" -max_len="$longest" -timeout=60 \
        -rss_limit_mb=1024 -print_final_stats=1 -artifact_prefix="$here/findings/" \
        "$here/corpus" "$here/seeds" >"$here/log" 2>&1 || status=$?
    stat() { sed -n "s/^stat::$1: *//p" "$here/log"; }
    local last
    last=$(grep -E '^#[0-9]+.* cov: ' "$here/log" | tail -1)
    field() { sed -n "s/.* $1: \([0-9]*\).*/\1/p" <<<"$last"; }
    local findings
    findings=$(find "$here/findings" -type f | wc -l)
    printf '| `%s` | %s | %s | %s | %s | %s | %s | %s | %s |\n' "$name" "$commit" "$seconds" \
        "$(stat number_of_executed_units)" "$(stat average_exec_per_sec)" "$(field cov)" \
        "$(field ft)" "$(stat peak_rss_mb)" "$findings" >"$here/row"
    if [ "$status" != 0 ] || [ "$findings" != 0 ]; then
        echo "fuzz/run.sh: $name found something; see $here/log, and again by:" >&2
        find "$here/findings" -type f -printf "    FUZZ_TARGET=$name $program %p\n" >&2
        return 1
    fi
}
export -f run
export directory seconds program bodies commit

[ ${#targets[@]} -gt 0 ] || mapfile -t targets < <("$bodies" | cut -d' ' -f1)
failed=0
printf '%s\n' "${targets[@]}" | xargs -P "$jobs" -I{} bash -c 'set -euo pipefail; run {}' || failed=1

table=$(
    echo '| Target | Commit | Seconds | Executions | a second | Coverage (edges) | Features | Peak MiB | Findings |'
    echo '|---|---|---|---|---|---|---|---|---|'
    "$bodies" | while read -r name _; do cat "$directory/$name/row" 2>/dev/null || true; done
)
echo "$table"
if [ -n "$write" ]; then
    document=docs/fuzzing.md
    { sed '/^<!-- table -->$/q' "$document"; echo; echo "$table"; echo; sed -n '/^<!-- end -->$/,$p' "$document"; } >"$document.new"
    mv "$document.new" "$document"
fi
exit $failed
