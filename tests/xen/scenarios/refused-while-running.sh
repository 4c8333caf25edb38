# shellcheck shell=bash
# seconds: 17
# What vmprov does not do to a guest that exists, and in whatever state: here, one whose bootloader still waits for a
# lease. Exit status 3, and nothing changes; 4 for a guest that does not exist.
# shellcheck source=lib-story.sh
. /lab/scenarios/lib-story.sh
create_guest busy
cp /etc/xen/busy.cfg "$OUT/config"
xl_create /etc/xen/busy.cfg &
create=$!
within 30 running_rpxeboots || fail "rpxeboot does not start"

exits "list" 0 vmprov list
check "it is starting" grep -q "^busy  *starting  *$(xl domid busy) " "$OUT/said"
exits "status" 0 vmprov status busy
check "it is starting" grep -q "^busy: starting (domain $(xl domid busy))" "$OUT/said"
exits "delete" 3 vmprov delete --yes busy
check "it says what to do first" grep -q 'xl destroy busy' "$OUT/said"
exits "delete, with --json" 3 vmprov --json delete --yes busy
check "it says so in JSON" grep -q '"message":"busy runs .*xl destroy busy' "$OUT/said"
exits "install" 3 vmprov install busy
exits "create of the same name" 3 vmprov create busy
exits "create with its MAC" 3 vmprov create other --mac "$STORY_MAC"
exits "create on its disk" 3 vmprov create other --disk /var/lib/xen/images/busy/disk.img
exits "delete of a guest that is not there" 4 vmprov delete --yes other
check "the config is as before" cmp "$OUT/config" /etc/xen/busy.cfg
check "the disk is there" [ -s /var/lib/xen/images/busy/disk.img ]
check "rpxeboot still runs" running_rpxeboots

check "xl destroy" xl destroy busy
wait "$create"
delete_guest busy
nothing_left
