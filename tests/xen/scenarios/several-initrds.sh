# shellcheck shell=bash
# seconds: 45
# One label with several initrds: the guest sees the files of all of them. Xen 4.17 unpacks a gzipped ramdisk itself,
# but only its first member, so a careless join loses the rest.
fresh_tftp_root
server_with_pxe 00:16:3e:62:39:d1,192.168.200.171 00:16:3e:62:39:d2,192.168.200.172
# archive NAME : a cpio that holds /extra/NAME, on stdout
archive() {
    mkdir -p "$OUT/$1/extra"
    echo "of $1" >"$OUT/$1/extra/$1"
    (cd "$OUT/$1" && find extra | busybox cpio -o -H newc 2>/dev/null)
}
archive plain >"$TFTP/plain.img"
archive packed | gzip >"$TFTP/packed.img"
printf 'default x\nlabel x\n kernel vmlinuz\n initrd initrd.img,plain.img\n' >"$TFTP/pxelinux.cfg/C0A8C8AB"
printf 'default x\nlabel x\n kernel vmlinuz\n initrd initrd.img,packed.img\n' >"$TFTP/pxelinux.cfg/C0A8C8AC"
guest_config gzip-plain 'vif = ["mac=00:16:3e:62:39:d1,bridge=xenbr0"]'
guest_config gzip-gzip 'vif = ["mac=00:16:3e:62:39:d2,bridge=xenbr0"]'

check "xl create succeeds" xl_create /root/guests/gzip-plain.cfg
check "xl create succeeds" xl_create /root/guests/gzip-gzip.cfg
wait_for_guest gzip-plain ORDER
wait_for_guest gzip-gzip ORDER
same "a gzipped and a plain archive" "/extra/plain of plain" "$(guest_said gzip-plain FILE)"
same "two gzipped archives" "/extra/packed of packed" "$(guest_said gzip-gzip FILE)"
wait_gone gzip-plain
wait_gone gzip-gzip
nothing_left
