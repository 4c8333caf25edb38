#!/bin/bash
# Boots dom0 once, up to the point where it waits for work, and saves the machine there: build/snapshot.
# A run then resumes it in seconds. build.sh calls this.
set -euo pipefail
# shellcheck source=host.sh
. "$(dirname "$0")/host.sh"
# shellcheck source=qemu.sh
. "$HERE/qemu.sh"

LIMIT=${XENLAB_BOOT_SECONDS:-300}

scratch=$(mktemp -d)
machine=
trap '[ -z "$machine" ] || kill "$machine" 2>/dev/null || true; rm -rf "$scratch"' EXIT

fail() {
    tail -n 20 "$scratch/console" >&2 || true
    cat "$scratch/monitor.log" >&2 2>/dev/null || true
    die "$*"
}

mkdir "$scratch/work"
mkfifo "$scratch/monitor"
truncate -s 1M "$scratch/ticket"
: >"$scratch/console"
rm -f "$LAB/snapshot" "$LAB/snapshot.part"

qemu_machine "$scratch/console" "$scratch/ticket" "$scratch/work" \
    -drive "if=none,id=root,file=$LAB/dom0.ext4,format=raw,cache=unsafe" \
    -monitor stdio
"${QEMU[@]}" <"$scratch/monitor" >"$scratch/monitor.log" 2>&1 &
machine=$!
exec 3>"$scratch/monitor"

deadline=$((SECONDS + LIMIT))
until grep -qa 'LAB waiting for work' "$scratch/console"; do
    kill -0 "$machine" 2>/dev/null || fail "QEMU ended before dom0 was up; its last words are above"
    ! grep -qa 'command not found' "$scratch/console" || fail "dom0 lacks a program; its console's end is above"
    [ "$SECONDS" -lt "$deadline" ] || fail "dom0 was not up within $LIMIT s; its console's end is above (XENLAB_BOOT_SECONDS=N waits longer)"
    sleep 0.2
done
sleep 1

cat >&3 <<END
migrate_set_parameter max-bandwidth 16G
migrate "exec:cat >$LAB/snapshot.part"
info migrate
quit
END
wait "$machine" || fail "QEMU failed while it saved the machine; its words are above"
machine=
grep -q 'Migration status: completed' "$scratch/monitor.log" || fail "the machine was not saved; QEMU's words are above"
mv "$LAB/snapshot.part" "$LAB/snapshot"
