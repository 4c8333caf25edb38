# shellcheck shell=bash
# seconds: 90
# A dom0 that has no PXE site: vmprov serve is one. create, serve, install, and the guest is up from its disk; while it
# serves, it tells what each guest gets, and nothing is left of it afterwards.
# shellcheck source=lib-story.sh
. /lab/scenarios/lib-story.sh
fresh_tftp_root
install_mode auto
ip addr add "$SERVER/24" dev xenbr0
create_guest story
vmprov serve "$TFTP" >"$OUT/served" 2>&1 &
serve=$!
check "it serves" within 20 grep -q 'Ctrl-C ends it' "$OUT/served"
exits "a second one" 3 vmprov serve "$TFTP"
order "$STORY_MAC" wait
exits "vmprov install" 0 vmprov install story --timeout 250
wait_for_guest story DISK-BOOT
cat "$OUT/served"
for words in "story: known by $STORY_MAC" "story: lease 192.168.200." "story: sent pxelinux.cfg/default" \
    "story: GET /vmlinuz (200)" "story: GET /installer.img (200)"; do
    check "it tells: $words" grep -qF "$words" "$OUT/served"
done
check "xl destroy" xl destroy story
wait_gone story
delete_guest story
kill "$serve"
wait "$serve"
same "its end" 0 $?
ip addr del "$SERVER/24" dev xenbr0
nothing_left
