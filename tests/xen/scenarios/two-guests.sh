# shellcheck shell=bash
# seconds: 45
# Two guests boot at the same time, each with its MAC, its address, its PXE config: each gets its own. The files of both
# have the same names on the server.
fresh_tftp_root
server_with_pxe 00:16:3e:62:39:d1,192.168.200.171 00:16:3e:62:39:d2,192.168.200.172
cat >"$TFTP/pxelinux.cfg/01-00-16-3e-62-39-d1" <<'END'
default one
label one
  kernel vmlinuz
  append initrd=initrd.img first=guest
END
cat >"$TFTP/pxelinux.cfg/C0A8C8AC" <<'END'
default two
label one
  kernel nothing
label two
  kernel vmlinuz
  initrd initrd.img
  append second=guest
END
guest_config one 'vif = ["mac=00:16:3e:62:39:d1,bridge=xenbr0"]'
guest_config two 'vif = ["mac=00:16:3e:62:39:d2,bridge=xenbr0"]'

xl create /root/guests/one.cfg >"$OUT/xl-create-one" 2>&1 &
one=$!
xl create /root/guests/two.cfg >"$OUT/xl-create-two" 2>&1 &
two=$!
two_at_once() { [ "$(running_rpxeboots | wc -l)" -eq 2 ]; }
check "both are under way at once" within 20 two_at_once
check "xl create one succeeds" wait "$one"
check "xl create two succeeds" wait "$two"
wait_for_guest one ORDER
wait_for_guest two ORDER
same "one's command line" "[BOOT_IMAGE=vmlinuz initrd=initrd.img first=guest]" "$(guest_said one CMDLINE)"
# PXELINUX adds the INITRD line's names behind APPEND.
same "two's command line" "[BOOT_IMAGE=vmlinuz second=guest initrd=initrd.img]" "$(guest_said two CMDLINE)"
same "one's MAC" "eth0 00:16:3e:62:39:d1" "$(guest_said one NIC)"
same "two's MAC" "eth0 00:16:3e:62:39:d2" "$(guest_said two NIC)"
same "one's lease" "192.168.200.171 from $SERVER" "$(guest_said one DHCP)"
same "two's lease" "192.168.200.172 from $SERVER" "$(guest_said two DHCP)"
wait_gone one
wait_gone two
nothing_left
