# shellcheck shell=bash
# seconds: 130
# vmprov finalize while the installer runs: the guest's own reboot at the installer's end is from disk already, by pygrub
# alone, although xl restarts a guest from the config in its memory; and so is a later xl create. Before that, Ctrl-C ends
# vmprov install, and leaves the guest to itself. In the end, GRUB as the guest's kernel boots the same disk.
# shellcheck source=lib-story.sh
. /lab/scenarios/lib-story.sh
fresh_tftp_root
install_server
install_mode auto
order "$STORY_MAC.install" wait
create_guest story

(
    wait_for_guest story INSTALL
    pkill -INT -x vmprov
) &
exits "vmprov install, and Ctrl-C" 1 vmprov install story
check "it says how to go on" grep -q 'stopped: story runs on.*vmprov finalize story' "$OUT/said"
first=$(xl domid story)
check "the guest has the same domain" booted_over_network "$first"
check "vmprov finalize, while the installer runs" vmprov finalize story
same "the bootloader in the config" 'bootloader = "pygrub"' "$(grep '^bootloader' /etc/xen/story.cfg)"
cp /etc/xen/story.cfg "$OUT/finalized"
check "vmprov finalize, once more" vmprov finalize story
check "changes nothing then" cmp "$OUT/finalized" /etc/xen/story.cfg
order "$STORY_MAC.install" reboot
wait_for_guest story DISK-BOOT
same "the installer's end" "done" "$(guest_said story INSTALL | tail -n 1)"
check "the guest's own reboot is by pygrub" booted_by_pygrub "$((first + 1))"
wait_gone story

check "xl create" xl_create /etc/xen/story.cfg
wait_for_guest story DISK-BOOT 2
check "a later start is by pygrub" booted_by_pygrub "$((first + 2))"
same "boots from this disk" "1 2" "$(guest_said story DISK-BOOT | xargs)"
wait_gone story
cp /etc/xen/story.cfg "$OUT/by-pygrub"
exits "vmprov finalize --boot=pvgrub" 0 vmprov finalize story --boot=pvgrub
same "what changes" "< bootloader = \"pygrub\"
> kernel = \"/usr/lib/grub-xen/grub-x86_64-xen.bin\"" "$(diff "$OUT/by-pygrub" /etc/xen/story.cfg | grep '^[<>]' | sort)"
check "xl create" xl_create /etc/xen/story.cfg
check "no bootloader is run" [ ! -e "/var/log/xen/bootloader.$((first + 3)).log" ]
wait_for_guest story DISK-BOOT 3
same "boots over the network" 1 "$(network_boots)"
wait_gone story
delete_guest story
nothing_left
