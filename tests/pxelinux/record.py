#!/usr/bin/env python3
"""Boots Debian's real PXELINUX in QEMU on each tree, and writes down what it did.

    record.py BUILD-DIRECTORY OUTPUT TREES...

BUILD-DIRECTORY has what run.sh has put there: root/ with Debian's packages, and the small kernels. A tree is booted in a
network namespace of its own; the boot is over when the small kernel ends QEMU, or after the tree's `seconds` (14), when
PXELINUX waits for somebody. Needs root.
"""

import contextlib
import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import trees

HERE = Path(__file__).parent
MODULES = "ldlinux libcom32 libutil libgpl liblua libmenu menu vesamenu chain mboot ifcpu64 linux reboot".split()
MAC = "52:54:00:12:34:56"


def main():
    build, output, files = Path(sys.argv[1]), Path(sys.argv[2]), [Path(name) for name in sys.argv[3:]]
    for path in files:
        all_trees = trees.read(path)
        with ThreadPoolExecutor(int(os.environ.get("JOBS", "2"))) as pool:
            answers = list(pool.map(lambda tree: boot_and_tell(build, tree), all_trees))
        text = f"# {versions(build)}\n" + "".join(f"{tree.name}\t{answer}\n" for tree, answer in zip(all_trees, answers))
        (output / (path.stem + ".answers")).write_text(text)


def versions(build):
    sums = hashlib.sha256((build / "root/usr/lib/PXELINUX/pxelinux.0").read_bytes()).hexdigest()
    packages = (build / "versions").read_text().split("\n")
    return "; ".join([line for line in packages if line] + [f"pxelinux.0 sha256 {sums}"])


def boot_and_tell(build, tree):
    answer = boot(build, tree)
    print(f"{tree.name}: {answer}", flush=True)
    return answer


def boot(build, tree):
    with tempfile.TemporaryDirectory() as place:
        place = Path(place)
        root = place / "tftp"
        boot_file = tree.settings.get("boot-file", "pxelinux.0")
        fill(build, root, boot_file, tree)
        words = ["unshare", "--net", "--", sys.executable, str(HERE / "boot.py"), str(build), str(place), boot_file]
        words += [f"{key}={value}" for key, value in tree.settings.items()]
        seconds = float(tree.settings.get("seconds", "30" if any(key.startswith("option-") for key in tree.settings) else "14"))
        process = subprocess.Popen(words, start_new_session=True)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            pass
        # QEMU, if it waits, and dnsmasq in any case.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return told(place, boot_file)


def fill(build, root, boot_file, tree):
    beside = (root / boot_file).parent
    beside.mkdir(parents=True)
    shutil.copy(build / "root/usr/lib/PXELINUX/pxelinux.0", root / boot_file)
    for module in MODULES:
        source = build / f"root/usr/lib/syslinux/modules/bios/{module}.c32"
        # Where the prefix leads decides where PXELINUX looks for them.
        shutil.copy(source, beside)
        shutil.copy(source, root)
        place = root / (tree.settings.get("modules", "") + f"{module}.c32")
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, place)
    for name, content in tree.files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes((build / content).read_bytes() if isinstance(content, str) else content)


def told(place, boot_file):
    serial = (place / "serial").read_bytes() if (place / "serial").exists() else b""
    asked = requests(place)
    start = asked.index(boot_file.encode()) + 1 if boot_file.encode() in asked else 0
    asked = [name for name in asked[start:] if not re.search(rb"(^|/)(ldlinux|lib\w+)\.c32$", name)]
    names = " ".join(escape(name).replace(" ", "\\x20") for name in asked)
    if m := re.search(rb"\[(BOOT_IMAGE=.*?)\](?:\r?\n)?$", serial, re.S):
        return f"line\t{escape(m[1])}\t{names}"
    if b"{disk}" in serial:
        return f"disk\t\t{names}"
    if modules := re.findall(rb"<(.*?)>", serial, re.S):
        return "modules\t" + " --- ".join(escape(words) for words in modules) + f"\t{names}"
    return f"waits\t\t{names}"


def requests(place):
    """The names of the TFTP requests on the wire, each once where it is repeated."""
    capture = (place / "wire").read_bytes() if (place / "wire").exists() else b""
    names = [m[1] for m in re.finditer(rb"\x00\x01([^\x00]{1,255})\x00octet\x00", capture)]
    return [name for place, name in enumerate(names) if place == 0 or names[place - 1] != name]


def escape(raw):
    return "".join(chr(b) if 32 <= b < 127 and b != 92 else f"\\x{b:02x}" for b in raw)


if __name__ == "__main__":
    main()
