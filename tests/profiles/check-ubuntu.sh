#!/bin/sh
# check-ubuntu.sh DIR: whether the rendered files of the profiles ubuntu-* in DIR (DIR/PROFILE/FILE) are what subiquity
# and cloud-init take: by ubuntu.schema.json (ours; see there), by cloud-init's own schema, and the commands by shellcheck.
# What no schema says (that the storage's actions fit together) is checked besides.
set -eu

[ $# -eq 1 ] || { echo "usage: $0 DIR" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
venv=${CARGO_TARGET_DIR:-$here/../../target}/profiles-venv
for needed in "$venv/bin/python" "$venv/cloud-config.schema.json"; do
    [ -e "$needed" ] || { echo "$0: there is no $needed: run install.sh" >&2; exit 2; }
done
command -v shellcheck > /dev/null || { echo "$0: shellcheck is not installed: run install.sh" >&2; exit 2; }

exec "$venv/bin/python" - "$here/ubuntu.schema.json" "$venv/cloud-config.schema.json" "$1" << 'END'
import json
import pathlib
import subprocess
import sys

import jsonschema
import yaml

ours, cloud_init, directory = map(pathlib.Path, sys.argv[1:])
ours = jsonschema.Draft7Validator(json.loads(ours.read_text()))
cloud_init = jsonschema.Draft4Validator(json.loads(cloud_init.read_text()))


def fault(place, why):
    sys.exit(f"{place}: {why}")


def load(path):
    try:
        return yaml.safe_load(path.read_text())
    except (OSError, yaml.YAMLError) as error:
        fault(path, " ".join(str(error).split()))


def valid(validator, data, place):
    for error in validator.iter_errors(data):
        where = "/".join(map(str, error.absolute_path)) or "the top"
        fault(place, f"{where}: {error.message}")


def storage(actions, place):
    by_id = {}
    for action in actions:
        known = by_id.get(action["id"])
        known is None or fault(place, f"storage: two actions are {action['id']}")
        for key, kind in (("device", {"partition": "disk", "mount": "format"}), ("volume", {"format": "partition"})):
            if key in action:
                # curtin takes them in this order, so what one is made of must come before it.
                wanted = kind[action["type"]]
                is_there = by_id.get(action[key], {}).get("type") == wanted
                is_there or fault(place, f"storage: {action['id']}: {key} {action[key]} is no {wanted} before it")
        by_id[action["id"]] = action
    disks = [a for a in actions if a["type"] == "disk"]
    len(disks) == 1 and disks[0]["grub_device"] or fault(place, "storage: not one disk with GRUB")
    partitions = [a for a in actions if a["type"] == "partition"]
    rest = [a["id"] for a in partitions if a["size"] == -1]
    rest == [partitions[-1]["id"]] or fault(place, "storage: the rest of the disk is not the last partition's")
    if disks[0]["ptable"] == "gpt":
        any(a.get("flag") == "bios_grub" for a in partitions) or fault(place, "storage: GPT without bios_grub")
    mounts = {a["path"]: by_id[a["device"]] for a in actions if a["type"] == "mount"}
    set(mounts) == {"/", "/boot"} or fault(place, f"storage: mounted are {sorted(mounts)}")
    mounts["/boot"]["fstype"] == "ext2" or fault(place, "storage: /boot is not ext2")
    mounts["/"]["volume"] != mounts["/boot"]["volume"] or fault(place, "storage: /boot is not on its own")


profiles = sorted(directory.glob("ubuntu-[0-9]*"))
profiles or fault(directory, "has no profile ubuntu-*")
for profile in profiles:
    path = profile / "user-data"
    data = load(path)
    path.read_text().startswith("#cloud-config\n") or fault(path, "cloud-init knows it by #cloud-config in its first line")
    valid(ours, data, path)
    autoinstall = data["autoinstall"]
    storage(autoinstall["storage"]["config"], path)
    valid(cloud_init, autoinstall["user-data"], f"{path}, its user-data")
    commands = autoinstall["late-commands"]
    "/done" in commands[-1] or fault(path, "the last command does not fetch done")
    for command in commands:
        # SC2174: mkdir -p -m, where only the last directory is new. SC2016: a hash has dollars in single quotes.
        shell = ["shellcheck", "--shell=dash", "--exclude=SC2174,SC2016", "--format=gcc", "-"]
        said = subprocess.run(shell, input=command, capture_output=True, text=True)
        said.returncode == 0 or fault(path, f"a late command: {said.stdout.splitlines()[0]}")
    meta = load(profile / "meta-data")
    isinstance(meta, dict) and meta.get("instance-id") or fault(profile / "meta-data", "has no instance-id")
    vendor = profile / "vendor-data"
    vendor.read_text().startswith("#cloud-config\n") or fault(vendor, "is no #cloud-config")
    valid(cloud_init, load(vendor), vendor)
    print(f"{profile.name}: good")
END
