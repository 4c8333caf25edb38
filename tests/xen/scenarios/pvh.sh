# shellcheck shell=bash
# seconds: 38
# The same as pxe-seed, but the guest is PVH: one more line, `type = "pvh"`.
fresh_tftp_root
seed_pxe_config
server_with_pxe
seed_guest_config 'type = "pvh"'

check "xl create succeeds" xl_create vm.cfg
wait_for_guest RK ORDER
same "it is a PVH guest" PVH "$(guest_said RK TYPE | cut -d' ' -f1)"
same "the guest's /proc/cmdline" "[$SEED_ARGS]" "$(guest_said RK CMDLINE)"
same "the guest's first MAC" "eth0 $SEED_MAC" "$(guest_said RK NIC | head -n 1)"
same "the guest's own lease" "$SEED_ADDRESS from $SERVER" "$(guest_said RK DHCP)"
wait_gone RK
nothing_left
