# shellcheck shell=bash
# seconds: 84
# A guest that vmprov has made, and that nobody finalizes: its new disk is installed over the network, and the guest's
# own reboot and its later starts are from that disk, by rpxeboot and --order=disk,net. Its config begins with the network
# at every start (vmprov netboot), and vmprov install --detach turns that.
# shellcheck source=lib-story.sh
. /lab/scenarios/lib-story.sh
fresh_tftp_root
install_server
install_mode auto
create_guest story

check "vmprov netboot" vmprov netboot story
same "no arguments are left" "" "$(grep '^bootloader_args' /etc/xen/story.cfg)"
exits "vmprov install --detach" 0 vmprov install story --detach
check "it says what happens" grep -q '^story installs itself, and boots from its disk' "$OUT/said"
first=$(xl domid story)
check "it boots over the network" booted_over_network "$first"
same "its next start looks at the disk" 1 "$(grep -c '^bootloader_args = .*"--order=disk,net"' /etc/xen/story.cfg)"
wait_for_guest story DISK-BOOT
same "the installer" "begun partitioned made a file system fetched the kernel done" "$(guest_said story INSTALL | xargs)"
second=$((first + 1))
bootloader_log "$second"
check "the guest's own reboot is from disk, by rpxeboot" booted_by_rpxeboot_from_disk "$second"
same "the disk's own command line" "[root=/dev/xvda1 ro console=hvc0 quiet]" "$(guest_said story CMDLINE | tail -n 1)"
wait_gone story
same "the guest's lease, from disk" "$STORY_ADDRESS from $SERVER" "$(guest_said story DHCP | tail -n 1)"

check "xl create again" xl_create /etc/xen/story.cfg
wait_for_guest story DISK-BOOT 2
same "boots from this disk" "1 2" "$(guest_said story DISK-BOOT | xargs)"
same "boots over the network" 1 "$(network_boots)"
wait_gone story
check "the file system is sound" sound_filesystem /var/lib/xen/images/story/disk.img
delete_guest story
nothing_left
