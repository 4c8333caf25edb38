# shellcheck shell=bash
# Sourced by run.sh and demo.sh: resumes the saved machine with a work directory, and follows what it says.

# shellcheck source=qemu.sh
. "$HERE/qemu.sh"

# The programs under test: RPXEBOOT=FILE, and VMPROV=FILE or the one beside it.
find_programs() {
    RPXEBOOT=$(realpath -m "${RPXEBOOT:-$HERE/../../target/release/rpxeboot}")
    VMPROV=$(realpath -m "${VMPROV:-$(dirname "$RPXEBOOT")/vmprov}")
    [ -x "$RPXEBOOT" ] || die "no program at $RPXEBOOT. Build it with ./build-programs.sh, or say RPXEBOOT=FILE."
    [ -x "$VMPROV" ] || die "no program at $VMPROV. Build it with ./build-programs.sh, or say VMPROV=FILE."
}

# Before build.sh: it must not rebuild what another run's machine reads. Held until the machine has ended.
lock_test_bed() {
    mkdir -p "$LAB"
    exec 9>"$LAB/lock"
    flock -n 9 || die "another run uses $LAB; wait for it, end it, or set XENLAB_DIR"
}

# prepare_run DIR : the directory that dom0 sees as /lab
prepare_run() {
    RUN=$1
    rm -rf "$RUN"
    mkdir -p "$RUN/out" "$RUN/images"
    cp -r "$HERE/scenarios" "$RUN/"
    cp "$RPXEBOOT" "$RUN/rpxeboot"
    cp "$VMPROV" "$RUN/vmprov"
    cp -r "$HERE/../../xen-configs" "$RUN/"
    cp "$LAB/guest/vmlinuz" "$RUN/images/"
    "$HERE/guest/make-initramfs.sh" "$LAB" guest | gzip -n >"$RUN/images/initrd.img"
    "$HERE/guest/make-initramfs.sh" "$LAB" installer | gzip -n >"$RUN/images/installer.img"
    [ ! -d "$LAB/installer" ] || cp -rl "$LAB/installer" "$RUN/installer" 2>/dev/null || cp -r "$LAB/installer" "$RUN/installer"
}

# start_machine SECONDS : in the background, as $MACHINE; it ends by itself, or after that many seconds
start_machine() {
    scratch=$(mktemp -d)
    trap stop_machine EXIT
    trap 'exit 130' INT TERM
    printf 'GO %s\n' "$(date +%s)" >"$scratch/ticket"
    truncate -s 1M "$scratch/ticket"
    : >"$RUN/out/stdout"
    qemu_machine "$RUN/out/dom0-console" "$scratch/ticket" "$RUN" \
        -drive "if=none,id=root,file=$LAB/dom0.ext4,format=raw,snapshot=on,cache=unsafe" \
        -incoming "exec:cat $LAB/snapshot"
    TMPDIR=$scratch timeout -k 5 "$1" "${QEMU[@]}" </dev/null >"$RUN/out/qemu" 2>&1 &
    MACHINE=$!
}

stop_machine() {
    if kill "$MACHINE" 2>/dev/null; then wait "$MACHINE" 2>/dev/null || true; fi
    rm -rf "$scratch"
}

# follow_machine FILE... : what is written to the file, as it comes, until the machine ends
follow_machine() { tail -q -n +1 --pid="$MACHINE" -s 0.2 -F "$@" 2>/dev/null; }

machine_fate() {
    local status=0
    wait "$MACHINE" || status=$?
    if [ "$status" = 124 ]; then
        echo "killed: the time for all was up, XENLAB_SECONDS=N gives more"
    elif ! grep -qa 'LAB\[.*work starts' "$RUN/out/dom0-console"; then
        echo "dom0 did not resume, see $RUN/out/qemu and $RUN/out/dom0-console"
    else
        echo "see $RUN/out/dom0-console"
    fi
}
