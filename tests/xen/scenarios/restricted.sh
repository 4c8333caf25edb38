# shellcheck shell=bash
# seconds: 60
# libxl's restricted mode (XSA-443), by Xen 4.17's environment variables: libxl names a user and forbids questions, the process
# that reads the network is that user behind a filter of system calls, and a boot that takes too long is killed by libxl,
# with SIGKILL: nothing is left of it either.
fresh_tftp_root
seed_pxe_config
server_with_pxe
seed_guest_config
cp /etc/passwd "$OUT/passwd"
echo 'xen-qemuuser-shared:x:65003:65003::/nonexistent:/bin/false' >>/etc/passwd
echo 'netboot:x:65007:65007::/nonexistent:/bin/false' >>/etc/passwd

# The last that is to be seen of a worker, and how its supervisor was called.
watch_worker() {
    local worker supervisor
    until worker=$(pgrep -x rpxeboot-worker); do sleep 0.05; done
    supervisor=$(sed -n 's/^PPid:\t//p' "/proc/$worker/status")
    tr '\0' ' ' <"/proc/$supervisor/cmdline" >"$OUT/cmdline"
    while cp "/proc/$worker/status" "$OUT/worker.new" 2>/dev/null; do
        # It is still root while it begins.
        [ ! -s "$OUT/worker.new" ] || mv "$OUT/worker.new" "$OUT/worker"
        sleep 0.1
    done
}
of_worker() { sed -n "s/^$1:[[:space:]]*//p" "$OUT/worker" | tr '\t' ' '; }

boots_as() { # UID VARIABLE=VALUE
    watch_worker &
    local watcher=$!
    step "$2"
    export "${2?}"
    check "xl create succeeds with $2" xl_create vm.cfg
    unset "${2%%=*}"
    wait "$watcher"
    check "libxl names the user" grep -qF -- "--runas=$1 --quiet" "$OUT/cmdline"
    same "the worker's uid" "$1 $1 $1 $1" "$(of_worker Uid)"
    same "the worker's gid" "$1 $1 $1 $1" "$(of_worker Gid)"
    same "its capabilities" 0000000000000000 "$(of_worker CapEff)"
    same "its bounding set" 0000000000000000 "$(of_worker CapBnd)"
    same "no new privileges" 1 "$(of_worker NoNewPrivs)"
    same "a filter of system calls" 2 "$(of_worker Seccomp)"
    wait_for_guest RK ORDER
    same "the guest's /proc/cmdline" "[$SEED_ARGS]" "$(guest_said RK CMDLINE | tail -n 1)"
    wait_gone RK
    rm -f "$(console RK)"
}

boots_as 65003 LIBXL_BOOTLOADER_RESTRICT=1
boots_as 65007 LIBXL_BOOTLOADER_USER=netboot
no "this kernel lacks nothing of the sandbox" grep -q 'confined without' <(bootloader_logs)

step "a server that does not answer in time"
server_stop
DNSMASQ=
seed_guest_config 'bootloader_args = ["--deadline", "600"]'
export LIBXL_BOOTLOADER_RESTRICT=1 LIBXL_BOOTLOADER_TIMEOUT=5
began=$(cut -d. -f1 /proc/uptime)
no "xl create fails" xl_create vm.cfg
unset LIBXL_BOOTLOADER_RESTRICT LIBXL_BOOTLOADER_TIMEOUT
seconds=$(($(cut -d. -f1 /proc/uptime) - began))
check "by libxl's limit of 5 s, not by our own ($seconds s)" [ "$seconds" -lt 60 ]
no "no worker is left" pgrep -x rpxeboot-worker
no "and no supervisor" pgrep -x rpxeboot
check "the guest does not exist" gone RK
cp "$OUT/passwd" /etc/passwd
nothing_left
