# shellcheck shell=bash
# seconds: 17
# Nobody answers DHCP: xl create fails, xl names exit status 10, the log says what was missing where, nothing is left.
seed_guest_config 'bootloader_args = ["--deadline", "10"]'

began=$(cut -d. -f1 /proc/uptime)
no "xl create fails" xl_create vm.cfg
seconds=$(($(cut -d. -f1 /proc/uptime) - began))
check "not before its deadline of 10 s ($seconds s)" [ "$seconds" -ge 9 ]
check "and well before the default of 60 s" [ "$seconds" -le 45 ]
check "xl names the exit status" grep -q 'exited with error status 10' "$OUT/xl-create"
bootloader_logs
check "the log says what failed" grep -q "no DHCP answer on xenbr0 for $SEED_MAC" <(bootloader_logs)
check "the guest does not exist" gone RK
nothing_left
