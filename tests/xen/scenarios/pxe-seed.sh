# shellcheck shell=bash
# seconds: 34
# The seed's PXE config and guest config, verbatim, plus one line, boot a PV guest.
fresh_tftp_root
seed_pxe_config
server_with_pxe
seed_guest_config

check "xl create succeeds" xl_create vm.cfg
wait_for_guest RK ORDER
same "it is a PV guest" PV "$(guest_said RK TYPE | cut -d' ' -f1)"
same "the guest's /proc/cmdline" "[$SEED_ARGS]" "$(guest_said RK CMDLINE)"
same "the guest's first MAC" "eth0 $SEED_MAC" "$(guest_said RK NIC | head -n 1)"
same "the second, empty vif is there" eth1 "$(guest_said RK NIC | sed -n '2s/ .*//p')"
same "the guest's own lease" "$SEED_ADDRESS from $SERVER" "$(guest_said RK DHCP)"
check "rpxeboot had the same lease before it" [ "$(acks "$SEED_ADDRESS" "$SEED_MAC")" -ge 2 ]
check "the kernel was sent to the guest's address" grep -q "sent $TFTP/vmlinuz to $SEED_ADDRESS" "$OUT/dnsmasq.log"
check "the ramdisk was sent to the guest's address" grep -q "sent $TFTP/initrd.img to $SEED_ADDRESS" "$OUT/dnsmasq.log"
wait_gone RK
nothing_left
