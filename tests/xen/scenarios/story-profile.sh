# shellcheck shell=bash
# seconds: 110
# The README's four commands, in a dom0 that has nothing, not even a bridge: a medium, a guest with a profile, a network
# with DHCP, TFTP, HTTP and NAT, an installation. The guest gets its answer file, its installer says that it is done, and
# it comes up from its disk. Then the network is gone, as it came.
# shellcheck source=lib-story.sh
. /lab/scenarios/lib-story.sh
fresh_tftp_root
order "$STORY_MAC" wait
mkdir -p /srv/medium /etc/vmprov/profiles/quick
ln -f "$IMAGES/vmlinuz" /srv/medium/vmlinuz
ln -f "$IMAGES/installer.img" /srv/medium/initrd.img
(cd /srv/medium && sha256sum vmlinuz initrd.img >SHA256SUMS)
cat >/etc/vmprov/profiles/quick/profile.toml <<'END'
title = "The test's installer"
files = ["answers.cfg"]
append = "install=auto answers={{ url }}/answers.cfg console=hvc0"
END
cat >/etc/vmprov/profiles/quick/answers.cfg.j2 <<'END'
system of {{ guest.name }} in {{ timezone }}
password {{ root_password }}
END

exits "vmprov media add" 0 vmprov media add quick /srv/medium
check "it was checked" grep -q 'checked by its SHA256SUMS' "$OUT/said"
exits "vmprov create" 0 vmprov create story --mac "$STORY_MAC" --profile quick --bridge lab0 \
    --disk-size 64M --memory 256M --timezone Europe/Berlin
vmprov serve "$TFTP" --bridge lab0 --net "$SERVER/24" --nat >"$OUT/served" 2>&1 &
serve=$!
check "it serves" within 30 grep -q 'Ctrl-C ends it' "$OUT/served"
exits "vmprov install" 0 vmprov install story --timeout 250
cp "$OUT/said" "$OUT/told"
wait_for_guest story DISK-BOOT
cat "$OUT/served"
for words in "label install: http://$SERVER/media/quick/kernel" "its installer says that it is done" \
    "up from its disk" "finalized: it boots from: disk (pygrub)"; do
    check "install tells: $words" grep -qF "$words" "$OUT/told"
done
for words in "story: lease $(cut -d. -f1-3 <<<"$SERVER")." "story: answers.cfg of story" \
    "story: its installer says that it is done"; do
    check "serve tells: $words" grep -qF "$words" "$OUT/served"
done
same "its answers" "system of story in Europe/Berlin" "$(guest_said story ANSWER | head -n 1)"
check "the password's hash" grep -q '^password \$6\$' <(guest_said story ANSWER)
no "the password is in a log" grep -qF "$(cat /var/lib/vmprov/story.password)" "$OUT/served" "$OUT/told" "$(console story)"
check "NAT" grep -q masquerade <(nft list ruleset)
check "xl destroy" xl destroy story
wait_gone story
delete_guest story
exits "vmprov media remove" 0 vmprov media remove quick
kill "$serve"
wait "$serve"
same "its end" 0 $?
same "nftables" "" "$(nft list ruleset)"
rm -r /etc/vmprov /srv/medium /var/lib/vmprov-media
nothing_left
