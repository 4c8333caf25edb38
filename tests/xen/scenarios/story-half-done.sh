# shellcheck shell=bash
# Installers that break off: one after it has made the file system, one before it has written the kernel that its boot
# menu names. Both times the guest's reboot goes to the network again, until an installer comes to its end.
# shellcheck source=lib-story.sh
. /lab/scenarios/lib-story.sh
fresh_tftp_root
install_server
install_mode mkfs
order "$STORY_MAC.install" wait
create_guest story

# stopped TIMES NEXT : waits for the installer's end, sets what the next one does, and lets the guest reboot
stopped() {
    wait_for_guest story "INSTALL stopped half-way" "$1"
    install_mode "$2"
    order "$STORY_MAC.install" reboot
    wait_for_guest story "INSTALL begun" "$(($1 + 1))"
    order "$STORY_MAC.install" wait
}
check "xl create" xl_create /etc/xen/story.cfg
first=$(xl domid story)
stopped 1 no-kernel
bootloader_log "$((first + 1))"
check "a disk with an empty file system leads to the network" booted_over_network "$((first + 1))"
stopped 2 auto
bootloader_log "$((first + 2))"
check "a boot menu without its kernel leads to the network" booted_over_network "$((first + 2))"
order "$STORY_MAC.install" reboot
wait_for_guest story DISK-BOOT
check "and the whole one boots from disk" booted_by_rpxeboot_from_disk "$((first + 3))"
same "boots over the network" 3 "$(network_boots)"
same "boots from this disk" 1 "$(guest_said story DISK-BOOT | xargs)"
wait_gone story
delete_guest story
nothing_left
