#!/bin/bash
# Runs scenarios on the emulated Xen: all of them, or the ones named. Exits 0 when all passed.
#
#   ./run.sh [SCENARIO]...
#   RPXEBOOT=FILE    the program under test (default: the workspace's target/release/rpxeboot)
#   VMPROV=FILE      the other one (default: vmprov beside it)
#   XENLAB_DIR=DIR   where the test bed is built (default: build/)
#   XENLAB_RUN=DIR   where this run's logs go (default: the build directory's run/)
set -euo pipefail
# shellcheck source=host.sh
. "$(dirname "$0")/host.sh"
# shellcheck source=machine.sh
. "$HERE/machine.sh"

LIMIT=${XENLAB_SECONDS:-2400}

main() {
    local scenarios=("$@") name
    [ $# -gt 0 ] || mapfile -t scenarios < <(all_scenarios)
    for name in "${scenarios[@]}"; do
        [ -f "$HERE/scenarios/$name.sh" ] || die "there is no scenario $name; there are: $(all_scenarios | tr '\n' ' ')"
    done
    find_programs
    lock_test_bed
    if [[ " ${scenarios[*]} " == *" debian-installer "* ]]; then "$HERE/build.sh" installer; else "$HERE/build.sh"; fi
    prepare_run "${XENLAB_RUN:-$LAB/run}"
    cp "$HERE/dom0/main" "$RUN/main"
    printf '%s\n' "${scenarios[@]}" >"$RUN/scenarios.list"
    start_machine "$LIMIT"
    report "${scenarios[@]}"
}

all_scenarios() {
    local file
    for file in "$HERE"/scenarios/*.sh; do basename "$file" .sh; done | grep -vx 'lib.*'
}

# Prints each result as it comes, then those that never came.
report() {
    local word name seconds why passed=0 failed=0 results=" "
    while read -r word name seconds why; do
        case $word in
        PASS) printf '%-20s %4s s  pass\n' "$name" "$seconds" && passed=$((passed + 1)) ;;
        FAIL) printf '%-20s %4s s  FAIL: %s\n' "$name" "$seconds" "$why" && failed=$((failed + 1)) && show_failure "$name" ;;
        *) continue ;;
        esac
        results+="$name "
    done < <(follow_machine "$RUN/out/stdout")
    for name in "$@"; do
        [[ $results != *" $name "* ]] || continue
        printf '%-20s    - s  FAIL: dom0 ended before its result (%s)\n' "$name" "$(machine_fate)"
        failed=$((failed + 1))
    done
    say "logs: $RUN/out"
    echo "$passed passed, $failed failed"
    [ "$failed" -eq 0 ]
}

show_failure() {
    local file
    for file in "$RUN/out/$1/log" "$RUN/out/$1"/xen/bootloader.*.log "$RUN/out/$1"/xen/console/*.log "$RUN/out/$1/dnsmasq.log"; do
        [ -s "$file" ] || continue
        echo "    --- the end of $file"
        # dnsmasq's lines about single options say little here, and an installer draws its screens
        grep -av 'sent size:\|requested options:\|tags:' "$file" | tr -cd '[:print:]\n' | tail -n 15 | cut -c 1-160 | sed 's/^/    /'
    done
}

main "$@"
