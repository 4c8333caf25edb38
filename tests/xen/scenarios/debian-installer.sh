# shellcheck shell=bash
# seconds: 76
# limit: 900
# Debian's own netboot tree, as packaged, boots its installer in a PV guest up to its first screen.
fresh_tftp_root
rm -r "$TFTP"
cp -r /lab/installer "$TFTP"
server_with_pxe
guest_config installer "vif = [\"mac=$SEED_MAC,bridge=xenbr0\"]" 'memory = 1024' \
    'bootloader_args = ["--label", "install", "--deadline", "300"]' 'cmdline = "console=hvc0"'

check "xl create succeeds" xl_create /root/guests/installer.cfg
check "the packaged config was read" grep -q "sent $TFTP/debian-installer/amd64/boot-screens/" "$OUT/dnsmasq.log"
first_screen() { grep -qa 'Choose language\|Select a language' "$(console installer)"; }
check "the installer's first screen: its question for a language" within 500 first_screen
check "xl destroy" xl destroy installer
wait_gone installer
nothing_left
