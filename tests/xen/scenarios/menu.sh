# shellcheck shell=bash
# seconds: 65
# The site's menu on the guest's console: xl create -c shows it, and the keys choose. Without a console nobody is waited for.
fresh_tftp_root
server_with_pxe
cat >"$TFTP/pxelinux.cfg/C0A8C8B1" <<'END'
ui menu.c32
menu title Example site
timeout 3000
label first
  menu label ^First system
  kernel vmlinuz
  append initrd=initrd.img first
  text help
What boots when nobody chooses.
  endtext
label second
  menu label ^Second system
  kernel vmlinuz
  append initrd=initrd.img second
END
seed_guest_config

# sees TEXT : the console has shown it
sees() { grep -qF "$1" "$OUT/screen"; }

step "xl create -c, with somebody who types"
KEYS=/run/menu-keys # the host's directory takes no FIFO
mkfifo "$KEYS"
exec 7<>"$KEYS"
# On a terminal: to anything else xl's console only writes.
script -qfc "xl create -c vm.cfg" "$OUT/screen" <"$KEYS" >/dev/null 2>&1 7>&- &
person=$!
check "the menu is there" within 60 sees "Automatic boot in 10 seconds"
for text in "Example" "irst" "econd" "Enter:"; do check "it shows $text" sees "$text"; done
printf '\033[B' >&7
sleep 1
printf '\r' >&7
wait_for_guest RK ORDER
same "the second system boots" "[BOOT_IMAGE=vmlinuz initrd=initrd.img second]" "$(guest_said RK CMDLINE)"
wait_gone RK
kill "$person" 2>/dev/null
wait "$person" 2>/dev/null
exec 7>&-

check "xl create without a console" xl_create vm.cfg
second=$(xl domid RK)
wait_for_guest RK ORDER 2
same "the first system boots" "[BOOT_IMAGE=vmlinuz initrd=initrd.img first]" "$(guest_said RK CMDLINE | tail -n 1)"
no "nobody was shown a menu" grep -q "Automatic boot" "/var/log/xen/bootloader.$second.log"
wait_gone RK
rm -f "$KEYS"
nothing_left
