# shellcheck shell=bash
# vmprov install does it all: starts the guest, follows its installer, makes it boot from disk, and ends when the guest
# has come up from there. Once with an installer that reboots at its end, once with one that switches off.
# shellcheck source=lib-story.sh
. /lab/scenarios/lib-story.sh
fresh_tftp_root
install_server
install_mode auto
order "$STORY_MAC" wait

# installs NAME ORDER : the whole of it, with an installer that ends like this
installs() {
    create_guest "$1"
    order "$STORY_MAC.install" "$2"
    step "vmprov install $1"
    exits "vmprov install $1" 0 vmprov install "$1" --timeout 250
    step "vmprov install has ended"
    same "it has come up from disk" 1 "$(guest_said "$1" DISK-BOOT | xargs)"
    same "its installer" "begun partitioned made a file system fetched the kernel done" "$(guest_said "$1" INSTALL | xargs)"
    same "its orders" "$2" "$(guest_said "$1" ORDER | xargs)"
    check "it runs" xl domid "$1"
    check "it is up by pygrub" booted_by_pygrub "$(xl domid "$1")"
    same "the bootloader in its config" 'bootloader = "pygrub"' "$(grep '^bootloader' "/etc/xen/$1.cfg")"
    check "xl destroy" xl destroy "$1"
    wait_gone "$1"
    delete_guest "$1"
}
installs story reboot
installs another poweroff
same "boots over the network" 2 "$(network_boots)"
nothing_left
