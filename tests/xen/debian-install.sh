#!/bin/bash
# Installs Debian for real: the unmodified installer, in a guest on the emulated Xen, unattended, from a small mirror made
# of Debian's own packages (mirror.sh), by vmprov's media, create, serve and install. It takes an hour or more, since all
# is emulated. Writes what happened to docs/debian-install/ when it went well.
#
#   ./debian-install.sh
#   XENLAB_DIR=DIR      where the test bed is built (default: build/)
#   XENLAB_RUN=DIR      where the logs go (default: the build directory's debian-install/)
set -euo pipefail
# shellcheck source=host.sh
. "$(dirname "$0")/host.sh"
# shellcheck source=machine.sh
. "$HERE/machine.sh"

RELEASE=${DEBIAN_RELEASE:-trixie} NUMBER=${DEBIAN_NUMBER:-13}
# What the installer adds to the base system, besides what the profile names.
PACKAGES=(linux-image-amd64 grub-xen grub-pc openssh-server locales console-setup keyboard-configuration busybox
    initramfs-tools zstd tasksel eject pciutils usbutils laptop-detect discover installation-report os-prober
    popularity-contest sudo task-english util-linux-locales)
LIMIT=${XENLAB_SECONDS:-18000}
RECORD=$HERE/../../docs/debian-install

main() {
    need_root
    find_programs
    lock_test_bed
    "$HERE/build.sh"
    "$HERE/mirror.sh" "$LAB/mirror" "$RELEASE" "$NUMBER" "${PACKAGES[@]}"
    prepare_run "${XENLAB_RUN:-$LAB/debian-install}"
    { printf 'NUMBER=%s\n' "$NUMBER"; cat "$HERE/dom0/debian-install"; } >"$RUN/main"
    cp -rl "$LAB/mirror" "$RUN/mirror" 2>/dev/null || cp -r "$LAB/mirror" "$RUN/mirror"
    start_machine "$LIMIT"
    local began=$SECONDS
    follow_machine "$RUN/out/stdout" | while IFS= read -r line; do printf '%6ss  %s\n' "$((SECONDS - began))" "$line"; done | tee "$RUN/story" &
    wait $!
    if ! grep -q ' DONE$' "$RUN/story"; then
        show_console | tail -n 30
        die "it did not come to its end ($(machine_fate)); logs: $RUN/out"
    fi
    record $((SECONDS - began))
    echo "1 passed, 0 failed"
}

# show_console : what was on the guest's console, without the codes that move a cursor
show_console() { "$HERE/console.py" --text "$RUN/out/xen/console/guest-deb.log"; }

# record SECONDS : for docs/
record() {
    mkdir -p "$RECORD"
    sed '/ DONE$/d' "$RUN/story" >"$RECORD/story.txt"
    cp "$RUN/out/debian-install/serve" "$RECORD/serve.txt"
    "$HERE/console.py" --picture "$RECORD/console.svg" "$RUN/out/xen/console/guest-deb.log"
    show_console >"$RECORD/console.txt"
    cat >"$RECORD/README.md" <<END
# A real installation

Debian $NUMBER ($RELEASE) by its own installer, $(date -u +%Y-%m-%d), by \`make debian-install-test\`: in a PV guest of Xen
$(cd "$LAB" && echo xen/boot/xen-*-amd64.gz | sed 's/.*xen-\(.*\)-amd64.*/\1/') in QEMU without KVM, where everything takes a multiple of its usual time. From a dom0 without a PXE site, a
DHCP server or even a bridge to the login prompt, root's login and the guest's own reboot from its disk in
$(($1 / 60)) minutes.

- [story.txt](story.txt): what was typed and what vmprov said, with the seconds since the start
- [serve.txt](serve.txt): what \`vmprov serve\` said
- [console.txt](console.txt): the guest's console at the end, and [as a picture](console.svg) while it installs
$([ ! -e "$LAB/mirror/unsigned" ] || printf '\nThe mirror that the packages came from lacked some packages of the installer of that day: what it needs of them was\nmade from the ordinary ones (tests/xen/mirror.sh), and the installer was told to take an index that is not signed.\n')
END
    say "recorded in $RECORD"
}

main "$@"
