# shellcheck shell=bash
# Sourced: the one QEMU machine that snapshot.sh saves and run.sh resumes. The two must agree in every device.

QEMU_MEMORY=4096      # MiB
DOM0_MEMORY=1024      # MiB, fixed: with dom0_mem given, xl neither balloons dom0 nor holds its global lock meanwhile

# qemu_machine CONSOLE-FILE TICKET-FILE WORK-DIRECTORY [QEMU-OPTION]... : sets the array QEMU to the command
#
# - TCG, no KVM. qemu64 with nested paging (npt) is the one CPU model that boots PV, PVH and this dom0.
# - dom0 has one vCPU: with two, transfers between two of its processes crawl for minutes after a resume.
# - The ticket is a raw disk of 1 MiB: its first block tells a resumed dom0 that it may go on.
qemu_machine() {
    local console=$1 ticket=$2 work=$3 root=$LAB/qemu
    shift 3
    QEMU=(
        env "QEMU_MODULE_DIR=$root/usr/lib/x86_64-linux-gnu/qemu"
        "$root/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2" # its own: the C library must match
        --library-path "$root/lib/x86_64-linux-gnu:$root/usr/lib/x86_64-linux-gnu"
        "$root/usr/bin/qemu-system-x86_64"
        -L "$root/usr/share/qemu" -L "$root/usr/share/seabios"
        -accel "tcg,thread=multi" -cpu "qemu64,+npt" -smp 2 -m "$QEMU_MEMORY"
        -nodefaults -display none -no-reboot
        -chardev "file,id=console,path=$console" -serial chardev:console
        -kernel "$LAB/xen.elf"
        -append "console=com1 com1=115200,8n1 conring_size=512k dom0_max_vcpus=1 dom0_mem=${DOM0_MEMORY}M,max:${DOM0_MEMORY}M"
        -initrd "$LAB/vmlinux console=hvc0 quiet,$LAB/dom0-initramfs.cpio"
        -device "virtio-blk-pci,drive=root"
        -drive "if=none,id=ticket,file=$ticket,format=raw,cache=unsafe" -device "virtio-blk-pci,drive=ticket"
        -fsdev "local,id=work,path=$work,security_model=none,multidevs=remap" -device "virtio-9p-pci,fsdev=work,mount_tag=work"
        "$@"
    )
}
