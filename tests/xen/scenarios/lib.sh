# shellcheck shell=bash
# What the scenarios are written with. Sourced in dom0, before each scenario, by dom0/main.
#
# A scenario is a list of steps and `check`s. The first check that fails ends it. It ends with `nothing_left`.
set -u

SERVER=192.168.200.1
TFTP=/srv/tftp                  # what the server gives away
IMAGES=/srv/images              # vmlinuz, initrd.img and installer.img, to link into $TFTP
CONSOLES=/var/log/xen/console
SEED_MAC=00:16:3e:62:39:d3
SEED_ADDRESS=192.168.200.177
SEED_ARGS="BOOT_IMAGE=vmlinuz initrd=initrd.img lang=en_US keymap=us ks=nfs:192.168.200.1:/ks/rk.cfg ksdevice=eth0 ip=dhcp"
GUEST_LIMIT=300                 # seconds for a guest to reach its marker, under emulation, on a busy machine
LEFTOVERS_COUNTED="ok - nothing is left"

# ---- telling

uptime_now() { cut -d' ' -f1 /proc/uptime; }
step() { echo "-- [$(uptime_now)] $*"; }

fail() {
    echo "NOT OK - $*"
    exit 1
}

# check WHAT COMMAND... : the command must succeed
check() {
    local what=$1
    shift
    if "$@"; then echo "ok - $what"; else fail "$what (failed: $*)"; fi
}

# same WHAT EXPECTED ACTUAL
same() {
    [ "$2" = "$3" ] || { printf 'expected [%s]\n     got [%s]\n' "$2" "$3" && fail "$1"; }
    echo "ok - $1: $3"
}

# no WHAT COMMAND... : the command must fail
no() {
    local what=$1
    shift
    if "$@"; then fail "$what (succeeded: $*)"; else echo "ok - $what"; fi
}

# exits WHAT STATUS COMMAND... : the command must end with this exit status; its words are shown and in $OUT/said
exits() {
    local what=$1 status=$2 got=0
    shift 2
    "$@" >"$OUT/said" 2>&1 || got=$?
    cat "$OUT/said"
    same "$what: exit status" "$status" "$got"
}

# within SECONDS COMMAND... : tries the command several times a second until it succeeds
within() {
    local deadline=$(($(cut -d. -f1 /proc/uptime) + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ "$(cut -d. -f1 /proc/uptime)" -lt "$deadline" ] || return 1
        sleep 0.3 # looking costs time too, on the one processor that dom0 has
    done
}

# ---- the server: dnsmasq on its own host (a namespace), joined to the guests' bridge

# server_start [DNSMASQ-OPTION]... ; one with no option but --port=0 answers nobody
server_start() {
    ip netns add server
    ip link add to-server type veth peer name eth0 netns server
    ip link set to-server master xenbr0 up
    ip -n server addr add "$SERVER/24" dev eth0
    ip -n server link set lo up
    ip -n server link set eth0 up
    step "server: dnsmasq $*"
    ip netns exec server dnsmasq --keep-in-foreground --conf-file=/dev/null --port=0 --user=root --pid-file= \
        --log-dhcp --log-facility="$OUT/dnsmasq.log" --dhcp-leasefile="$OUT/leases" --interface=eth0 "$@" &
    DNSMASQ=$!
    within 10 grep -q started "$OUT/dnsmasq.log" || fail "dnsmasq did not start, see $OUT/dnsmasq.log"
}

# server_with_pxe [HOST]... : DHCP for the hosts (MAC,ADDRESS; the seed's if none) and TFTP from $TFTP
server_with_pxe() {
    local host hosts=()
    [ $# -gt 0 ] || set -- "$SEED_MAC,$SEED_ADDRESS"
    for host in "$@"; do hosts+=("--dhcp-host=$host"); done
    server_start --no-ping --dhcp-range="$SERVER,static,255.255.255.0,1h" "${hosts[@]}" \
        --dhcp-boot=pxelinux.0 --enable-tftp --tftp-root="$TFTP"
}

server_stop() {
    kill "$DNSMASQ" ${HTTPD:+"$HTTPD"}
    wait "$DNSMASQ" ${HTTPD:+"$HTTPD"} 2>/dev/null
    ip netns del server
}

acks() { grep -c "DHCPACK(eth0) $1 $2" "$OUT/dnsmasq.log"; }

# ---- what the server gives away

prepare_images() {
    mkdir -p "$IMAGES"
    cp /lab/images/* "$IMAGES/"
}

# A TFTP root with nothing but the kernel and the guests' initramfs. Guests are told to power off unless ordered otherwise.
fresh_tftp_root() {
    rm -rf "$TFTP"
    mkdir -p "$TFTP/pxelinux.cfg" "$TFTP/orders"
    ln "$IMAGES"/* "$TFTP/"
}

# The PXE config of the task this project began with.
seed_pxe_config() {
    cat >"$TFTP/pxelinux.cfg/C0A8C8B1" <<'END'
default linux
prompt 1
timeout 120
label linux
kernel vmlinuz
append initrd=initrd.img lang=en_US keymap=us ks=nfs:192.168.200.1:/ks/rk.cfg ksdevice=eth0 ip=dhcp
END
}

# order MAC WORD : what the guest with this MAC does after its checks: poweroff, reboot, wait
order() {
    echo "$2" >"$TFTP/orders/$1.new"
    mv "$TFTP/orders/$1.new" "$TFTP/orders/$1"
}

# ---- guests

# The guest config of the task this project began with, verbatim. Makes its disk, and changes to its directory.
seed_config_verbatim() {
    mkdir -p /OVS/running_pool/pxe
    cd /OVS/running_pool/pxe || fail "no /OVS/running_pool/pxe"
    [ -e system.img ] || truncate -s 8G system.img
    cat >vm.cfg <<'END'
name = "RK"
memory = "1024"
disk = [ 'file:/OVS/running_pool/pxe/system.img,xvda,w',]
vif = [ 'mac=00:16:3e:62:39:d3,bridge=xenbr0', '', ]
on_reboot = 'restart'
on_crash = 'restart'
END
}

# The same, plus the one line that makes it boot through rpxeboot, and further lines.
seed_guest_config() {
    seed_config_verbatim
    printf '%s\n' 'bootloader = "/usr/bin/rpxeboot"' "$@" >>vm.cfg
}

# guest_config NAME LINE... : /root/guests/NAME.cfg, a small guest with a disk; the lines bring vif and the rest
guest_config() {
    local name=$1
    shift
    mkdir -p /root/guests
    [ -e "/root/guests/$name.img" ] || truncate -s 64M "/root/guests/$name.img"
    {
        printf 'name = "%s"\nmemory = 256\n' "$name"
        printf 'disk = ["format=raw,vdev=xvda,access=rw,target=/root/guests/%s.img"]\n' "$name"
        printf 'on_crash = "destroy"\nbootloader = "/usr/bin/rpxeboot"\n'
        printf '%s\n' "$@"
    } >"/root/guests/$name.cfg"
}

# xl_create ARGUMENT... : its words go to the scenario's log and to $OUT/xl-create
xl_create() {
    step "xl create $*"
    xl create "$@" >"$OUT/xl-create" 2>&1
    local status=$?
    cat "$OUT/xl-create"
    step "xl create ended with $status"
    return "$status"
}

console() { echo "$CONSOLES/guest-$1.log"; }

# guest_said NAME MARKER : the values of all the guest's lines with this marker, one a line
guest_said() { tr -d '\r' <"$(console "$1")" | sed -n "s/^GUEST-$2 //p"; }

# wait_for_guest NAME WORDS [TIMES] : until the guest has said `GUEST-WORDS ...`
wait_for_guest() {
    said() { [ "$(grep -cE "^GUEST-$2( |.?$)" "$(console "$1")")" -ge "$3" ]; } # a line ends in CR LF
    within "$GUEST_LIMIT" said "$1" "$2" "${3:-1}" ||
        fail "guest $1 did not say GUEST-$2 ${3:-1} time(s) within $GUEST_LIMIT s; its console: $(console "$1")"
    step "guest $1 said GUEST-$2"
}

gone() { ! xl domid "$1" >/dev/null 2>&1; }

wait_gone() {
    within 60 gone "$1" || fail "guest $1 still exists after 60 s"
    step "guest $1 is gone"
}

# The process ids of the rpxeboots that an xl has started: one for each guest under way.
running_rpxeboots() { pgrep -x rpxeboot -P "$(pgrep -x -d , xl)"; }

bootloader_logs() { cat /var/log/xen/bootloader.*.log 2>/dev/null | tr -d '\r'; }

# ---- what is left

# Everything a boot could leave behind. What may stay: rpxeboot's records in /run/rpxeboot, libxl's list of domids, and
# oxenstored's own copy of its store, which it writes after some minutes.
dom0_state() {
    find /var/lib/{xen,vmprov} /run /tmp /etc/xen ! -path '/run/rpxeboot*' ! -path /run/xen/domid-history ! -path /run/xenstored/db ! -type d 2>/dev/null | sed 's/^/file /'
    ip -o link | sed 's/^[0-9]*: \([^:@]*\).*/interface \1/'
    readlink /proc/[0-9]*/ns/{net,mnt} 2>/dev/null | sort -u | sed 's/^/namespace /'
    ip netns | sed 's/^/namespace /'
    losetup -a | sed 's/^/loop /'
    awk '{ print "mount " $2 " " $3 }' /proc/mounts
    ps -e -o ppid=,args= | awk '$1 != 2 { $1 = "process"; print }' | grep -Ev '^process (ps|awk|grep|timeout|bash|sort|sleep) ?'
    xl list | awk 'NR > 1 { print "domain " $1 }'
    xenstore-list /local/domain | sed 's/^/xenstore /'
}

# Stops the server and compares with the state before the scenario. libxl takes a moment to clean up after a guest.
nothing_left() {
    cd /
    [ -z "${DNSMASQ:-}" ] || server_stop
    as_before() {
        dom0_state >"$OUT/after"
        diff <(sort "$OUT/before") <(sort "$OUT/after") >"$OUT/leftovers"
    }
    if ! within 15 as_before; then
        cat "$OUT/leftovers"
        fail "$(grep -c '^[<>]' "$OUT/leftovers") thing(s) differ from before (< before, > now)"
    fi
    echo "$LEFTOVERS_COUNTED: $(wc -l <"$OUT/before") files, interfaces, processes, ... as before"
}

# ---- between scenarios (dom0/main)

# Seconds after which dom0/main ends a scenario; a scenario says otherwise in a line `# limit: N`
scenario_limit() {
    local limit
    limit=$(sed -n 's/^# limit: \([0-9]*\)$/\1/p' "/lab/scenarios/$1.sh")
    echo "${limit:-300}"
}

keep_logs() {
    mkdir -p "$OUT/xen"
    cp -r /var/log/xen/. "$OUT/xen/"
}

# Whatever a failed scenario left must not fail the next one.
force_clean() {
    local domain pid
    for domain in $(xl list | awk 'NR > 2 { print $1 }'); do xl destroy "$domain"; done 2>/dev/null
    for pid in $(pgrep -x "rpxeboot|vmprov|tcpdump|dnsmasq|busybox"); do kill -9 "$pid"; done
    sleep 0.5
    for pid in $(pgrep -x xl); do kill -9 "$pid"; done
    ip netns del server 2>/dev/null
    ip link del to-server 2>/dev/null
    ip addr flush dev xenbr0
    ip link del lab0 2>/dev/null
    nft flush ruleset 2>/dev/null
    rm -rf /run/rpxeboot /root/guests /OVS /var/lib/xen/bootloader.* /var/lib/xen/images /var/lib/vmprov /var/lib/vmprov-media /etc/vmprov /srv/medium "$TFTP"
    find /etc/xen -newer /lab/scenarios.list ! -type d -delete
    find /var/log/xen -type f -delete
}
