# shellcheck shell=bash
# seconds: 9
# No DHCP server answers, and the administrator runs `xl destroy` while rpxeboot waits for one: rpxeboot is gone within
# a second, xl create ends with an error, and nothing is left.
seed_guest_config
timeout 60 tcpdump -n -c 1 -i xenbr0 "udp dst port 67 and ether src $SEED_MAC" >"$OUT/tcpdump" 2>&1 &
sniffer=$!
within 20 grep -q 'listening on' "$OUT/tcpdump" || fail "tcpdump does not listen"

xl_create vm.cfg &
create=$!
check "a DHCP request from the guest's MAC is on the bridge" wait "$sniffer"
check "rpxeboot runs" running_rpxeboots
check "xl create still waits" kill -0 "$create"

began=$(date +%s%3N)
check "xl destroy succeeds" xl destroy RK
tries=0
while pgrep -x rpxeboot >/dev/null && [ "$tries" -lt 500 ]; do tries=$((tries + 1)); done
milliseconds=$(($(date +%s%3N) - began))
check "rpxeboot is gone within a second, xl destroy's own time included ($milliseconds ms)" [ "$milliseconds" -lt 1000 ]
create_ended() { ! kill -0 "$create" 2>/dev/null; }
check "xl create ends" within 10 create_ended
no "and not with success" wait "$create"
nothing_left
