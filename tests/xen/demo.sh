#!/bin/bash
# Shows one guest boot through rpxeboot on a real Xen, live: what dnsmasq (DHCP and TFTP), rpxeboot and the guest say,
# as they say it. The guest is that of scenarios/pxe-seed.sh. The first time it builds the test bed (some minutes).
#
#   ./demo.sh [--all]    --all: all that the guest's kernel and dnsmasq say
set -euo pipefail
# shellcheck source=host.sh
. "$(dirname "$0")/host.sh"
# shellcheck source=machine.sh
. "$HERE/machine.sh"

ALL=; [ "${1:-}" != --all ] || ALL=yes

main() {
    find_rpxeboot
    lock_test_bed
    "$HERE/build.sh"
    prepare_run "${XENLAB_RUN:-$LAB/demo}"
    cp "$HERE/dom0/demo" "$RUN/main"
    say "Xen $(cd "$LAB" && echo xen/boot/xen-*-amd64.gz | sed 's/.*xen-\(.*\)-amd64.*/\1/') in QEMU, resumed with its dom0; rpxeboot is $RPXEBOOT"
    start_machine 300
    follow_machine "$RUN/out/demo/dnsmasq.log" | only_server_events | show server 36 &
    follow_machine "$RUN/out/demo/bootloader" | show rpxeboot 33 &
    follow_machine "$RUN/out/xen/console/guest-RK.log" | only_guest_events | show guest 32 &
    follow_machine "$RUN/out/stdout" | sed -u '/^TIME /d; /^-- /d' | show dom0 35 &
    wait
    summary
}

# show WHO COLOUR : each line of stdin with the time and who says it
show() {
    local line on='' off=''
    if [ -t 1 ]; then on=$'\e['$2m off=$'\e[0m'; fi
    while IFS= read -r line; do
        line=${line//$'\r'/}
        [ -z "$line" ] || printf '%s%6ss  %-8s | %s%s\n' "$on" "$(elapsed)" "$1" "$line" "$off"
    done
}

only_server_events() {
    sed -u -n 's/^.* dnsmasq[-a-z]*\[[0-9]*\]: \([0-9]* \)\?//; /^DHCP[A-Z]*(\|^sent \/\|^file .* not found\|^error/p'"${ALL:+;p}"
}

only_guest_events() {
    if [ "$ALL" ]; then cat; else sed -u -n '/Linux version/p; /] Command line:/p; /^GUEST-/p; /reboot:/p; /panic/p'; fi
}

summary() {
    echo
    if ! grep -q '^TIME .* off and gone' "$RUN/out/stdout"; then
        die "the guest did not come to its end ($(machine_fate)); logs: $RUN/out"
    fi
    echo "After xl create (in dom0; this machine is emulated without KVM, and everything in it takes a multiple of the usual time):"
    sed -n 's/^TIME \([0-9.]*\) /\1 /p' "$RUN/out/stdout" | while read -r seconds what; do printf '%8s s  %s\n' "$seconds" "$what"; done
}

main "$@"
