# shellcheck shell=bash
# seconds: 90
# A site whose server decides (Cobbler, Foreman): a guest that always asks the network installs itself, the server flips
# it to LOCALBOOT, and from then on it boots from its disk, by pygrub, on its own reboot and at later starts.
# shellcheck source=lib-story.sh
. /lab/scenarios/lib-story.sh
fresh_tftp_root
install_server
install_mode auto
create_guest story
check "vmprov netboot" vmprov netboot story
same "no arguments are left" "" "$(grep '^bootloader_args' /etc/xen/story.cfg)"

check "xl create" xl_create /etc/xen/story.cfg
first=$(xl domid story)
check "it boots over the network" booted_over_network "$first"
wait_for_guest story "INSTALL begun"
cat >"$TFTP/pxelinux.cfg/default" <<'END'
DEFAULT menu
PROMPT 0
MENU TITLE Example site
TIMEOUT 200
ONTIMEOUT local

LABEL local
  MENU LABEL (local)
  MENU DEFAULT
  LOCALBOOT 0
END
wait_for_guest story DISK-BOOT
second=$((first + 1))
bootloader_log "$second"
check "its own reboot asks the network" booted_over_network "$second"
check "which says to boot from disk" grep -q 'label local: boot from disk' <(bootloader_log "$second")
same "the disk's own command line" "[root=/dev/xvda1 ro console=hvc0 quiet]" "$(guest_said story CMDLINE | tail -n 1)"
wait_gone story

check "xl create again" xl_create /etc/xen/story.cfg
wait_for_guest story DISK-BOOT 2
same "boots from this disk" "1 2" "$(guest_said story DISK-BOOT | xargs)"
same "installations" 1 "$(guest_said story INSTALL | grep -c begun)"
wait_gone story
delete_guest story
nothing_left
