#!/bin/bash
# Runs scenarios on the emulated Xen: all of them, or the ones named. Exits 0 when all passed.
#
#   ./run.sh [SCENARIO]...
#   RPXEBOOT=FILE    the program under test (default: the workspace's target/release/rpxeboot)
#   VMPROV=FILE      the other one (default: vmprov beside it)
#   XENLAB_DIR=DIR   where the test bed is built (default: build/)
#   XENLAB_RUN=DIR   where this run's logs go (default: the build directory's run/), and DIR.2
#   XENLAB_MACHINES=1  one machine only; else two, side by side, where there are two cores and memory for them
set -euo pipefail
# shellcheck source=host.sh
. "$(dirname "$0")/host.sh"
# shellcheck source=machine.sh
. "$HERE/machine.sh"

LIMIT=${XENLAB_SECONDS:-2400}
ENOUGH_FOR_TWO=$((10 * 1024 * 1024)) # KiB: a machine has 4 GiB, and QEMU and the page cache want theirs

main() {
    local scenarios=("$@") name
    [ $# -gt 0 ] || mapfile -t scenarios < <(all_scenarios)
    for name in "${scenarios[@]}"; do
        [ -f "$HERE/scenarios/$name.sh" ] || die "there is no scenario $name; there are: $(all_scenarios | tr '\n' ' ')"
    done
    find_programs
    lock_test_bed
    if [[ " ${scenarios[*]} " == *" debian-installer "* ]]; then "$HERE/build.sh" installer; else "$HERE/build.sh"; fi
    local logs=${XENLAB_RUN:-$LAB/run} first=() second=()
    if [ "${#scenarios[@]}" -gt 1 ] && has_room_for_two; then split "${scenarios[@]}"; else first=("${scenarios[@]}"); fi
    (run_machine "$logs" "${first[@]}") &
    local machines=($!)
    if [ "${#second[@]}" -gt 0 ]; then
        (run_machine "$logs.2" "${second[@]}") &
        machines+=($!)
    fi
    trap 'kill "${machines[@]}" 2>/dev/null; wait; exit 130' INT TERM
    wait "${machines[@]}" || true
    summary "$logs" ${second:+"$logs.2"}
}

all_scenarios() {
    local file
    for file in "$HERE"/scenarios/*.sh; do basename "$file" .sh; done | grep -vx 'lib.*'
}

# A machine keeps one core busy. XENLAB_MACHINES=1 leaves the other to somebody else.
has_room_for_two() {
    [ "${XENLAB_MACHINES:-2}" -ge 2 ] && [ "$(nproc)" -ge 2 ] &&
        [ "$(awk '$1 == "MemAvailable:" { print $2 }' /proc/meminfo)" -ge "$ENOUGH_FOR_TWO" ]
}

# split SCENARIO... : into first and second, which take about the same time; each says how much in a line `# seconds: N`
split() {
    local name seconds in_first=0 in_second=0
    while read -r seconds name; do
        if [ "$in_first" -le "$in_second" ]; then
            first+=("$name") in_first=$((in_first + seconds))
        else
            second+=("$name") in_second=$((in_second + seconds))
        fi
    done < <(for name; do echo "$(sed -n 's/^# seconds: \([0-9]*\)$/\1/p' "$HERE/scenarios/$name.sh" | grep . || echo 60) $name"; done | sort -rn)
}

# run_machine DIR SCENARIO... : what happens goes to stdout, and to DIR/results
run_machine() {
    local logs=$1
    shift
    prepare_run "$logs"
    cp "$HERE/dom0/main" "$RUN/main"
    printf '%s\n' "$@" >"$RUN/scenarios.list"
    start_machine "$LIMIT"
    # No pipeline: a signal must end this shell, and with it the machine.
    report "$@" > >(tee "$RUN/results")
    wait $! || true
}

# Prints each result as it comes, then those that never came.
report() {
    local word name seconds why results=" "
    while read -r word name seconds why; do
        case $word in
        PASS) printf '%-20s %4s s  pass\n' "$name" "$seconds" ;;
        FAIL) printf '%-20s %4s s  FAIL: %s\n' "$name" "$seconds" "$why" ;;
        *) continue ;;
        esac
        results+="$name "
    done < <(follow_machine "$RUN/out/stdout")
    for name in "$@"; do
        [[ $results == *" $name "* ]] || printf '%-20s    - s  FAIL: dom0 ended before its result (%s)\n' "$name" "$(machine_fate)"
    done
}

# results_of DIR pass|FAIL : the names
results_of() { sed -nE "s/^([^ ]+) +[0-9-]+ s  $2.*/\1/p" "$1/results"; }

# summary DIR... : of all machines; shows the logs of what failed
summary() {
    local logs name passed=0 failed=0
    for logs; do
        RUN=$logs
        while read -r name; do show_failure "$name"; done < <(results_of "$logs" FAIL)
        passed=$((passed + $(results_of "$logs" pass | wc -l)))
        failed=$((failed + $(results_of "$logs" FAIL | wc -l)))
        say "logs: $logs/out"
    done
    echo "$passed passed, $failed failed"
    [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
}

show_failure() {
    local file
    echo "$1 failed:"
    for file in "$RUN/out/$1/log" "$RUN/out/$1"/xen/bootloader.*.log "$RUN/out/$1"/xen/console/*.log "$RUN/out/$1/dnsmasq.log"; do
        [ -s "$file" ] || continue
        echo "    --- the end of $file"
        # dnsmasq's lines about single options say little here, and an installer draws its screens
        grep -av 'sent size:\|requested options:\|tags:' "$file" | tr -cd '[:print:]\n' | tail -n 15 | cut -c 1-160 | sed 's/^/    /'
    done
}

main "$@"
