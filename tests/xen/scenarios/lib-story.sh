# shellcheck shell=bash
# More words, for the scenarios that install a guest and boot it from its disk. Sourced by them.

STORY_MAC=00:16:3e:62:39:a1
STORY_ADDRESS=192.168.200.161

# install_server [HOST]... : as server_with_pxe (the story's guest if none), and HTTP, where the installer gets its kernel
install_server() {
    [ $# -gt 0 ] || set -- "$STORY_MAC,$STORY_ADDRESS"
    server_with_pxe "$@"
    ip netns exec server busybox httpd -f -p "$SERVER:80" -h "$TFTP" &
    HTTPD=$!
}

# install_mode auto|mkfs|no-kernel : what the next boot over the network does to a guest's disk (guest/installer/init)
install_mode() {
    cat >"$TFTP/pxelinux.cfg/default" <<END
default install
label install
  kernel http://$SERVER/vmlinuz
  initrd http://$SERVER/installer.img
  append install=$1
END
}

# create_guest NAME [OPTION]... : by vmprov, with the story's MAC
create_guest() {
    local name=$1
    shift
    check "vmprov create" vmprov create "$name" --mac "$STORY_MAC" --disk-size 64M --memory 256M "$@"
}

# delete_guest NAME : by vmprov, which removes what create made; nothing_left sees whether that is so
delete_guest() {
    check "vmprov delete" vmprov delete --yes "$1"
    check "the image's directory is gone too" [ ! -e "/var/lib/xen/images/$1" ]
}

# What the bootloader of this domain said: N stands in `bootloader.N.log`.
bootloader_log() { tr -d '\r' <"/var/log/xen/bootloader.$1.log"; }

# booted_over_network DOMID, booted_by_rpxeboot_from_disk DOMID, booted_by_pygrub DOMID
booted_over_network() { grep -q '^rpxeboot: config tftp://' <(bootloader_log "$1"); }
booted_by_rpxeboot_from_disk() {
    grep -q '^rpxeboot: booting from disk' <(bootloader_log "$1") && ! booted_over_network "$1"
}
booted_by_pygrub() { grep -q pyGRUB <(bootloader_log "$1") && ! grep -q rpxeboot <(bootloader_log "$1"); }

# How often the server has sent a config: once for each boot over the network.
network_boots() { grep -c "sent $TFTP/pxelinux.cfg/[^ ]* to" "$OUT/dnsmasq.log"; }

# sound_filesystem IMAGE : the ext4 in the first partition, as the guest left it
sound_filesystem() { e2fsck -f -n "$1?offset=$((2048 * 512))"; }
