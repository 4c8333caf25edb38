#!/bin/bash
# Shows both programs at work on a real Xen, live. First rpxeboot: one guest boots over the network, that of
# scenarios/pxe-seed.sh; what dnsmasq (DHCP and TFTP), rpxeboot and the guest say, as they say it. Then vmprov: a new guest
# is made, installed over the network, and comes up from its disk. The first time it builds the test bed (some minutes).
#
#   ./demo.sh [--all]    --all: all that the guests' kernels and dnsmasq say
set -euo pipefail
# shellcheck source=host.sh
. "$(dirname "$0")/host.sh"
# shellcheck source=machine.sh
. "$HERE/machine.sh"

ALL=; [ "${1:-}" != --all ] || ALL=yes

main() {
    find_programs
    lock_test_bed
    "$HERE/build.sh"
    prepare_run "${XENLAB_RUN:-$LAB/demo}"
    cp "$HERE/dom0/demo" "$RUN/main"
    say "Xen $(cd "$LAB" && echo xen/boot/xen-*-amd64.gz | sed 's/.*xen-\(.*\)-amd64.*/\1/') in QEMU, resumed with its dom0; rpxeboot is $RPXEBOOT"
    start_machine 600
    follow_machine "$RUN/out/demo/dnsmasq.log" | only_server_events | show server 36 &
    follow_machine "$RUN/out/demo/bootloader" | show rpxeboot 33 &
    follow_machine "$RUN/out/demo/vmprov" | show vmprov 34 &
    follow_machine "$RUN/out/xen/console/guest-RK.log" | only_guest_events | show guest 32 &
    follow_machine "$RUN/out/xen/console/guest-web.log" | only_guest_events | show web 32 &
    follow_machine "$RUN/out/stdout" | sed -u '/^TIME /d; /^PART /d; /^-- /d; /^DONE$/d' | show dom0 35 &
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
    local word rest
    if ! grep -q '^DONE$' "$RUN/out/stdout"; then
        die "dom0 did not come to its end ($(machine_fate)); logs: $RUN/out"
    fi
    echo
    echo "This machine is emulated without KVM, and everything in it takes a multiple of the usual time. In there:"
    while read -r word rest; do
        case $word in
        PART) printf '\n  %s\n' "$rest" ;;
        TIME) printf '%8s s  %s\n' "${rest%% *}" "${rest#* }" ;;
        esac
    done <"$RUN/out/stdout"
}

main "$@"
