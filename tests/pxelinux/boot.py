#!/usr/bin/env python3
"""One boot, in a network namespace of its own. Started by record.py."""

import os
import subprocess
import sys
from pathlib import Path

build, place, boot_file = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
settings = dict(word.split("=", 1) for word in sys.argv[4:])
root = build / "root"
mac = settings.get("mac", "52:54:00:12:34:56")


def run(*words):
    subprocess.run(words, check=True)


def user_network():
    """QEMU's own DHCP and TFTP server: quick, but it knows nothing of options 209 and 210."""
    return f"user,id=n,tftp={place}/tftp,bootfile={boot_file}"


def tap_network():
    """dnsmasq on a tap. QEMU's network ROM waits some seconds for IPv6 routers there."""
    run("ip", "link", "set", "lo", "up")
    run("ip", "tuntap", "add", "tap0", "mode", "tap")
    run("ip", "address", "add", "10.0.2.2/24", "dev", "tap0")
    run("ip", "link", "set", "tap0", "up")
    options = [f"--dhcp-option-force={number},{settings[f'option-{number}']}" for number in (209, 210) if f"option-{number}" in settings]
    subprocess.Popen(
        ["dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--user=root", "--port=0", "--interface=tap0", "--bind-interfaces",
         "--dhcp-range=10.0.2.15,10.0.2.15,255.255.255.0", f"--dhcp-host={mac},10.0.2.15", "--dhcp-authoritative", "--no-ping",
         f"--dhcp-leasefile={place}/leases", "--pid-file=", "--log-facility=/dev/null", "--enable-tftp", f"--tftp-root={place}/tftp",
         # iPXE, QEMU's network ROM, need not wait for further servers (no-pxedhcp).
         f"--dhcp-boot={boot_file}", "--dhcp-option=encap:175,176,1b", *options],
        stdin=subprocess.DEVNULL)
    return "tap,id=n,ifname=tap0,script=no,downscript=no"


network = tap_network() if any(key.startswith("option-") for key in settings) else user_network()
disk = place / "disk"
disk.write_bytes((build / "disk").read_bytes().ljust(1 << 20, b"\0"))
libraries = f"{root}/usr/lib/x86_64-linux-gnu:{root}/lib/x86_64-linux-gnu"
os.environ["LD_LIBRARY_PATH"] = libraries
os.environ["QEMU_MODULE_DIR"] = f"{root}/usr/lib/x86_64-linux-gnu/qemu"
uuid = ["-uuid", settings["uuid"]] if "uuid" in settings else []
qemu = ["nice", "-n", "5", f"{root}/usr/bin/qemu-system-x86_64", "-L", f"{root}/usr/share/seabios", "-L", f"{root}/usr/share/qemu",
        "-L", f"{root}/usr/lib/ipxe/qemu", "-accel", "tcg", "-cpu", "qemu64", "-m", "128", "-display", "none", "-vga", "std", "-monitor", "none",
        "-serial", f"file:{place}/serial", "-device", "isa-debug-exit,iobase=0xf4,iosize=1",
        "-netdev", network, "-object", f"filter-dump,id=f,netdev=n,file={place}/wire",
        "-device", f"e1000,netdev=n,mac={mac},bootindex=0", "-drive", f"file={disk},format=raw,if=none,id=d",
        "-device", "ide-hd,drive=d,bootindex=1", "-no-reboot", *uuid]
os.execvp("nice", qemu)
