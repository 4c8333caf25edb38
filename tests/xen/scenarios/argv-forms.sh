# shellcheck shell=bash
# seconds: 75
# The forms of arguments in a guest's config: the word mac=, a whole vif spec, --label, and kernel and ramdisk as URLs.
# The first two guests have no config file, so that the word is the only place rpxeboot can know the MAC from.
fresh_tftp_root
server_with_pxe 00:16:3e:62:39:e1,192.168.200.181 00:16:3e:62:39:e2,192.168.200.182 \
    00:16:3e:62:39:e3,192.168.200.183 00:16:3e:62:39:e4,192.168.200.184
cat >"$TFTP/pxelinux.cfg/default" <<'END'
default linux
label linux
  kernel vmlinuz
  append initrd=initrd.img chosen=default
label other
  kernel vmlinuz
  append initrd=initrd.img chosen=other
END

# create_without_file NAME MAC WORD
create_without_file() {
    guest_config "$1" "vif = [\"mac=$2,bridge=xenbr0\"]" "bootloader_args = [\"$3\"]"
    xl_create /dev/null "$(tr '\n' ';' <"/root/guests/$1.cfg")"
}
check "mac=: xl create succeeds" create_without_file mac 00:16:3e:62:39:e1 "mac=00:16:3e:62:39:e1"
check "vif spec: xl create succeeds" create_without_file vif 00:16:3e:62:39:e2 "mac=00:16:3e:62:39:e2,bridge=xenbr0"
guest_config label 'vif = ["mac=00:16:3e:62:39:e3,bridge=xenbr0"]' 'bootloader_args = ["--label", "other"]'
check "--label: xl create succeeds" xl_create /root/guests/label.cfg
guest_config url 'vif = ["mac=00:16:3e:62:39:e4,bridge=xenbr0"]' "kernel = \"tftp://$SERVER/vmlinuz\"" \
    "ramdisk = \"tftp://$SERVER/initrd.img\"" 'cmdline = "form=url"'
check "URLs: xl create succeeds" xl_create /root/guests/url.cfg

for guest in mac vif label url; do wait_for_guest "$guest" ORDER; done
default="[BOOT_IMAGE=vmlinuz initrd=initrd.img chosen=default]"
same "mac=: the command line" "$default" "$(guest_said mac CMDLINE)"
same "mac=: the lease" "192.168.200.181 from $SERVER" "$(guest_said mac DHCP)"
check "mac=: rpxeboot's lease too" [ "$(acks 192.168.200.181 00:16:3e:62:39:e1)" -ge 2 ]
same "vif spec: the command line" "$default" "$(guest_said vif CMDLINE)"
same "vif spec: the lease" "192.168.200.182 from $SERVER" "$(guest_said vif DHCP)"
check "vif spec: rpxeboot's lease too" [ "$(acks 192.168.200.182 00:16:3e:62:39:e2)" -ge 2 ]
same "--label: the command line" "[BOOT_IMAGE=vmlinuz initrd=initrd.img chosen=other]" "$(guest_said label CMDLINE)"
check "URLs: the command line ends with the config's cmdline: $(guest_said url CMDLINE)" \
    grep -Eq '[[ ]form=url\]$' <(guest_said url CMDLINE)
no "URLs: no PXE config was asked for" grep -q "pxelinux.cfg.* 192.168.200.184" "$OUT/dnsmasq.log"
for guest in mac vif label url; do wait_gone "$guest"; done
nothing_left
