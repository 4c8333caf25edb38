# shellcheck shell=bash
# seconds: 64
# The guest reboots itself: rpxeboot is run again, now by the daemonized xl whose directory is /, and must find its
# guest although the config's path was relative and it gets no arguments. Same MAC, same lease, same command line.
fresh_tftp_root
seed_pxe_config
server_with_pxe
seed_guest_config
order "$SEED_MAC" reboot

check "xl create succeeds" xl_create vm.cfg
wait_for_guest RK ORDER 1
first=$(xl domid RK)
order "$SEED_MAC" poweroff
wait_for_guest RK ORDER 2
same "what the guest was told" "reboot poweroff" "$(guest_said RK ORDER | xargs)"
same "its command lines" "[$SEED_ARGS] [$SEED_ARGS]" "$(guest_said RK CMDLINE | xargs)"
same "its MACs" "$SEED_MAC $SEED_MAC" "$(guest_said RK NIC | sed -n 's/^eth0 //p' | xargs)"
same "its leases" "$SEED_ADDRESS $SEED_ADDRESS" "$(guest_said RK DHCP | cut -d' ' -f1 | xargs)"
same "rpxeboot was run twice, each time with a log" 2 "$(find /var/log/xen -name 'bootloader.*.log' | wc -l)"
check "the second was for another domain id than $first" [ -e "/var/log/xen/bootloader.$((first + 1)).log" ]
wait_gone RK
nothing_left
