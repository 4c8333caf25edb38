# shellcheck shell=bash
# seconds: 220
# limit: 600
# vmprov install does it all: starts the guest, follows its installer, makes it boot from disk, and ends when the guest
# has come up from there. Once with an installer that reboots at its end; once with one that breaks off after it has made
# the file system, and another, which comes to its end and switches off. In between, what list, status and check say.
# shellcheck source=lib-story.sh
. /lab/scenarios/lib-story.sh
fresh_tftp_root
install_server
install_mode auto
order "$STORY_MAC" wait

# installed NAME ORDER : what is so after the whole of it, with an installer that ends like this
installed() {
    wait_for_guest "$1" DISK-BOOT # its kernel runs, which is all that vmprov can see
    same "it has come up from disk" 1 "$(guest_said "$1" DISK-BOOT | xargs)"
    same "its installer" "begun partitioned made a file system fetched the kernel done" "$(guest_said "$1" INSTALL | xargs)"
    same "its orders" "$2" "$(guest_said "$1" ORDER | xargs)"
    check "it runs" xl domid "$1"
    check "it is up from disk, by the order of its config" booted_by_rpxeboot_from_disk "$(xl domid "$1")"
    same "the bootloader in its config" 'bootloader = "pygrub"' "$(grep '^bootloader' "/etc/xen/$1.cfg")"
}

# told WORD... : each on a line of vmprov's
told() {
    local word
    for word; do check "it tells: $word" grep -q "$word" "$OUT/told"; done
}

away() {
    check "xl destroy" xl destroy "$1"
    wait_gone "$1"
    delete_guest "$1"
}

create_guest story
exits "vmprov check --boot, of a new guest" 0 vmprov check story --boot
told_by_check() { grep -q "$1" "$OUT/said"; }
check "it finds nothing wrong" told_by_check '^story: nothing is wrong with it'
check "it would boot the installer" told_by_check '^  kernel   http://192.168.200.1/vmlinuz'
order "$STORY_MAC.install" reboot
step "vmprov install, with an installer that reboots"
vmprov install story --timeout 250 >"$OUT/told" 2>&1
same "vmprov install" 0 $?
installed story reboot
told 'lease 192.168.200.161/24' 'config tftp://' 'kernel http://.* MiB in' "its installer runs" "installing: " \
    "it reboots" "booting from disk" "up from its disk" "finalized: it boots from: disk (pygrub)" \
    '^story is installed: up from disk after '
exits "a second vmprov install" 3 vmprov install story
vmprov list | tee "$OUT/told"
told "^story  *running  $(xl domid story)  *256 MiB  .* of 64.0 MiB  $STORY_MAC  disk (pygrub)$"
vmprov list --json >"$OUT/told"
told "\"domid\":$(xl domid story),\"memory_mib\":256,\"name\":\"story\",\"state\":\"running\",\"type\":\"pv\""
vmprov status story | tee "$OUT/told"
told "^story: running (domain $(xl domid story)), pv, 256 MiB, 1 vcpu" "came from   its disk" \
    "its reboot  boots from disk (pygrub)" "to its disks since its start"
vmprov status story --json | tee "$OUT/told"
told "\"domid\":$(xl domid story)," '"state":"running"' '"origin":"disk"' '"reboots":{[^}]*"kind":"disk"' '"written":[1-9]'
vmprov check story --json | tee "$OUT/told"
told '^{"boot":null,"findings":\[{[^}]*"key":"pygrub-root"[^}]*}\],"guest":"story"}$'
check "xl pause" xl pause story
vmprov list | tee "$OUT/told"
told "^story  *paused "
check "xl unpause" xl unpause story
exits "vmprov check --boot, of a running guest" 1 vmprov check story --boot
check "its MAC is not used twice" told_by_check "it runs, and its MAC"
order "$STORY_MAC" reboot
wait_for_guest story ORDER 2 # it reboots by itself now
order "$STORY_MAC" wait
wait_for_guest story DISK-BOOT 2
check "its own reboot is by pygrub, which xl has been told" booted_by_pygrub "$(xl domid story)"
away story

create_guest off
install_mode mkfs
order "$STORY_MAC.install" wait
# stopped TIMES NEXT : waits for an installer's end, sets what the next one does, and lets the guest reboot
stopped() {
    wait_for_guest off "INSTALL stopped half-way" "$1"
    install_mode "$2"
    order "$STORY_MAC.install" reboot
    wait_for_guest off "INSTALL begun" "$(($1 + 1))"
    order "$STORY_MAC.install" wait
}
step "vmprov install --json, with an installer that breaks off, and one that switches off"
vmprov install off --timeout 250 --json >"$OUT/told" 2>/dev/null &
install=$!
stopped 1 auto
order "$STORY_MAC.install" poweroff
wait "$install"
same "vmprov install" 0 $?
first=$(($(xl domid off) - 2))
check "a disk with an empty file system leads to the network" booted_over_network "$((first + 1))"
check "the whole one boots from disk" booted_by_rpxeboot_from_disk "$((first + 2))"
same "the bootloader in its config" 'bootloader = "pygrub"' "$(grep '^bootloader' /etc/xen/off.cfg)"
told '{"event":"nothing-installed","boots":2}' '{"event":"up","domid":[0-9]*,"origin":"network"}' '{"event":"installing","seconds":' '{"event":"off",' \
    '{"event":"up","domid":[0-9]*,"origin":"disk"}' '{"event":"done","guest":"off",.*"installed":true}'
check "xl destroy" xl destroy off
wait_gone off
exits "vmprov check --boot, of an installed guest" 0 vmprov check off --boot
check "it would boot its disk" told_by_check '^  disk     the system on it'
check "with the disk's own command line" told_by_check '^  args     root=/dev/xvda1 ro console=hvc0 quiet'
delete_guest off

same "boots over the network" 4 "$(network_boots)"
nothing_left
