# shellcheck shell=bash
# seconds: 200
# limit: 480
# Every PV and PVH config of xen-configs/, as it is but for less memory, boots over the network: on a Linux bridge, on a
# real VLAN, on a real Open vSwitch, with its disk on a real logical volume, with hardly a disk at all. What each file
# says is to be done first is done here. And vmprov makes a logical volume of its own, and removes it.
# shellcheck source=lib-story.sh
. /lab/scenarios/lib-story.sh
fresh_tftp_root
hosts=()
for number in 1 2 3 4 5 6 7; do hosts+=("00:16:3e:5a:00:0$number,192.168.200.20$number"); done
install_server "${hosts[@]}"
# By HTTP, since here only the network below matters.
cat >"$TFTP/pxelinux.cfg/default" <<END
default linux
label linux
  kernel http://$SERVER/vmlinuz
  initrd http://$SERVER/initrd.img
  append from=$SCENARIO
END

# cable NAME : joins VLAN 42 of a trunk with the servers' bridge; the trunk's other end is NAME
cable() {
    ip link add "$1" type veth peer name "$1-far"
    ip link set "$1" up
    ip link set "$1-far" up
    ip link add link "$1-far" name "$1-far.42" type vlan id 42
    ip link set "$1-far.42" master xenbr0 up
}

prepare_vlan() {
    cable eth1
    ip link add link eth1 name eth1.42 type vlan id 42
    ip link add xenbr42 type bridge
    ip link set eth1.42 master xenbr42
    ip link set eth1.42 up
    ip link set xenbr42 up
}
tidy_vlan() {
    ip link del xenbr42
    ip link del eth1
}

prepare_openvswitch() {
    modprobe openvswitch
    mkdir -p /run/openvswitch /etc/openvswitch /var/log/openvswitch
    ovsdb-tool create /etc/openvswitch/conf.db /usr/share/openvswitch/vswitch.ovsschema
    ovsdb-server --remote=punix:/run/openvswitch/db.sock --pidfile --detach --no-chdir /etc/openvswitch/conf.db
    ovs-vsctl --no-wait init
    ovs-vswitchd --pidfile --detach --no-chdir --log-file="$OUT/ovs-vswitchd.log"
    cable eth2
    ovs-vsctl --may-exist add-br ovsbr0 -- add-port ovsbr0 eth2
    ip link set ovsbr0 up
}
tidy_openvswitch() {
    ovs-vsctl --if-exists del-br ovsbr0
    pkill -x ovs-vswitchd
    pkill -x ovsdb-server
    within 10 gone_daemons || fail "Open vSwitch does not end"
    ovs-dpctl del-dp system@ovs-system 2>/dev/null
    ip link del eth2
    rm -rf /run/openvswitch /etc/openvswitch
}
gone_daemons() { ! pgrep -x 'ovs-vswitchd|ovsdb-server'; }

# No udev here: lvm makes the devices' names itself.
prepare_lvm() {
    modprobe dm-mod
    echo 'activation { udev_sync = 0 udev_rules = 0 verify_udev_operations = 1 }' >/etc/lvm/lvmlocal.conf
    truncate -s 200M /root/volumes
    VOLUMES=$(losetup --find --show /root/volumes)
    vgcreate -q vg0 "$VOLUMES"
}
tidy_lvm() {
    vgremove -q -f vg0
    losetup -d "$VOLUMES"
    rm -rf /root/volumes /run/lvm /run/lock/lvm /etc/lvm/lvmlocal.conf
}

# boots NAME BRIDGE : from its file, over the network, as far as its init
boots() {
    local name=$1
    cp "/lab/xen-configs/$name.cfg" "/etc/xen/$name.cfg"
    exits "vmprov check $name" 0 vmprov check "$name"
    check "nothing is said against it" not_said error
    check "xl create $name" xl_create "/etc/xen/$name.cfg" memory=160
    check "its bridge is $2" grep -q "^rpxeboot: $name: 00:16:3e:5a:00:0[1-7] on $2" <(bootloader_log "$(xl domid "$name")")
    wait_for_guest "$name" DHCP
    same "$name: its command line" "${3:+$3 }" "$(guest_said "$name" CMDLINE | sed -n "s/^\[BOOT_IMAGE=[^ ]* from=$SCENARIO initrd=[^ ]* *\(.*\)\]$/\1 /p" | sed 's/^ $//')"
    same "$name: the address that rpxeboot had" \
        "$(bootloader_log "$(xl domid "$name")" | sed -n 's|^rpxeboot: lease \([0-9.]*\)/.*|\1|p') from $SERVER" "$(guest_said "$name" DHCP)"
    wait_gone "$name"
    rm "/etc/xen/$name.cfg"
}
not_said() { ! grep -q "$1" "$OUT/said"; }

mkdir -p /var/lib/xen/images/{pv,pvh,vlan,openvswitch,diskless,from-pypxeboot}
truncate -s 8G /var/lib/xen/images/{pv,pvh,vlan,openvswitch,from-pypxeboot}/disk.img
truncate -s 512 /var/lib/xen/images/diskless/disk.img
boots pv xenbr0
boots pvh xenbr0 console=hvc0
boots diskless xenbr0
boots from-pypxeboot xenbr0
step "a VLAN"
prepare_vlan
boots vlan xenbr42
tidy_vlan
step "Open vSwitch"
prepare_openvswitch
boots openvswitch ovsbr0
tidy_openvswitch
step "a logical volume"
prepare_lvm
check "lvcreate" lvcreate -q -L 64M -n lvm --wipesignatures y --yes vg0
boots lvm xenbr0
check "vmprov create --lvm" vmprov create made --lvm vg0 --disk-size 64M
check "the volume is there" lvs vg0/made
exits "vmprov create on a volume that is there" 3 vmprov create lvm --lvm vg0
check "vmprov delete" vmprov delete --yes made
check "the volume is gone" sh -c '! lvs vg0/made'
tidy_lvm
rm -rf /var/lib/xen/images
nothing_left
