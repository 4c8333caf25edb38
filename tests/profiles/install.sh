#!/bin/sh
# What the checks of rendered profiles need, on Debian 12, as root: packages, and a Python of its own in
# target/profiles-venv. A check-FAMILY.sh says what it needs itself when it is missing.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
target=${CARGO_TARGET_DIR:-$here/../../target}
venv=$target/profiles-venv

export DEBIAN_FRONTEND=noninteractive
apt-get update
apt-get install --yes --no-install-recommends ca-certificates python3-venv
# Alpine, Agama: scripts
apt-get install --yes --no-install-recommends busybox shellcheck
# openSUSE
apt-get install --yes --no-install-recommends libxml2-utils

mkdir -p "$target"
python3 -m venv "$venv"
"$venv/bin/pip" install --quiet --requirement "$here/requirements.txt"

# Ubuntu: cloud-init's schema, out of its package. The package itself would make this host a cloud's guest.
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
chmod 755 "$scratch"
(cd "$scratch" && apt-get download cloud-init)
dpkg-deb --fsys-tarfile "$scratch"/cloud-init_*.deb \
    | tar -xOf - ./usr/lib/python3/dist-packages/cloudinit/config/schemas/schema-cloud-config-v1.json \
    > "$venv/cloud-config.schema.json"
