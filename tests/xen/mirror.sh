#!/bin/bash
# Makes a small Debian mirror that an unmodified Debian installer can install from, and puts that installer beside it.
# Of the packages there are those that the installer loads, those of the base system, and the ones named, with all that
# they need. The indexes for apt and debootstrap are the archive's own, signed by Debian.
#
#   ./mirror.sh DIR RELEASE NUMBER PACKAGE...      for example: ./mirror.sh build/mirror trixie 13 openssh-server
#
# DIR/debian is the mirror, DIR/installer.deb the package with the installer, DIR/installer.sha256 its signed checksum. An archive that is being changed, or a proxy
# before it, may lack some of the installer's own packages (.udeb) for the newest release: what is needed of them is then
# made from the ordinary packages of the same release, and DIR/unsigned says that the installer must be told to take an
# index that Debian did not sign.
set -euo pipefail
# shellcheck source=host.sh
. "$(dirname "$0")/host.sh"

[ $# -ge 3 ] || die "say the directory, the release and its number"
DIR=$(realpath -m "$1") RELEASE=$2 NUMBER=$3
shift 3
URI=${DEBIAN_MIRROR:-http://deb.debian.org/debian}
KEYS=/usr/share/keyrings/debian-archive-keyring.gpg
MIRROR=$DIR/debian
DIST=$MIRROR/dists/$RELEASE
INSTALLERS=main/debian-installer/binary-amd64/Packages.xz
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
set -E
trap 'say "failed in line $LINENO" >&2' ERR

main() {
    fetch_release
    fetch_index main/binary-amd64/Packages.xz
    write_short_release
    fetch_index main/i18n/Translation-en.xz
    xz -dc "$DIST/main/binary-amd64/Packages.xz" >"$WORK/packages"
    system_packages "$@" | fetch_packages
    unpack_installer
    installer_packages
    chmod -R a+rX "$DIR" # curl makes directories for itself alone
    say "$(find "$MIRROR/pool" -type f | wc -l) packages, $(du -sh "$DIR" | cut -f1) in $DIR"
}

# fetch NAME : below the mirror, to the same place here
fetch() {
    mkdir -p "$(dirname "$MIRROR/$1")"
    curl -sSf --retry 3 -o "$MIRROR/$1" "$URI/$1" || die "no $URI/$1"
}

# What is not signed by Debian is no mirror of it.
fetch_release() {
    fetch "dists/$RELEASE/InRelease"
    gpgv -q --keyring "$KEYS" --output "$WORK/Release" "$DIST/InRelease" 2>"$WORK/gpgv" ||
        die "dists/$RELEASE/InRelease has no signature of Debian's: $(tail -n 1 "$WORK/gpgv")"
    mv "$WORK/Release" "$DIST/Release"
}

hash_of() { sed -n '/^SHA256:/,$ { s|^ \([0-9a-f]*\)  *[0-9]* '"$1"'$|\1|p }' "$DIST/Release" | head -n 1; }

# fetch_index NAME : by the hash that Release gives, as apt does: under its name there may be another day's
fetch_index() {
    local hash by_hash
    hash=$(hash_of "$1")
    by_hash=$(dirname "$1")/by-hash/SHA256/$hash
    fetch "dists/$RELEASE/$by_hash"
    sha256sum -c --quiet <<<"$hash  $DIST/$by_hash" || die "dists/$RELEASE/$by_hash is not what its name says"
    ln -f "$DIST/$by_hash" "$DIST/$1"
}

# By it the installer sees that the mirror has its architecture.
write_short_release() {
    local field
    for field in Suite Origin Label Version Acquire-By-Hash; do
        sed -n "s/^$field: /$field: /p" "$DIST/Release" | head -n 1 | sed 's/^Suite:/Archive:/'
    done >"$DIST/main/binary-amd64/Release"
    printf 'Component: main\nArchitecture: amd64\n' >>"$DIST/main/binary-amd64/Release"
    sha256sum -c --quiet <<<"$(hash_of main/binary-amd64/Release)  $DIST/main/binary-amd64/Release"
}

# The base system as debootstrap takes it (by priority), and the packages named, with what they recommend: a line
# `HASH FILE` for each.
system_packages() {
    mkdir -p "$WORK/lists/partial" "$WORK/archives/partial"
    : >"$WORK/status"
    echo "deb [arch=amd64 signed-by=$KEYS] file:$MIRROR $RELEASE main" >"$WORK/sources.list"
    local apt=(-o "Dir::Etc::sourcelist=$WORK/sources.list" -o Dir::Etc::sourceparts=/dev/null -o Dir::Etc::preferencesparts=/dev/null
        -o "Dir::State::lists=$WORK/lists" -o "Dir::State::status=$WORK/status" -o "Dir::Cache=$WORK" -o "Dir::Cache::archives=$WORK/archives"
        -o Acquire::Languages=none -o APT::Architecture=amd64 -o 'APT::Architectures=amd64' -o APT::Sandbox::User=root -qq)
    # Packages alone: what else the host's apt is configured to read of an archive is not here.
    apt-get "${apt[@]}" -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false -o Acquire::IndexTargets::deb::DEP-11-icons-small::DefaultEnabled=false \
        -o Acquire::IndexTargets::deb::DEP-11-icons::DefaultEnabled=false -o Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled=false update
    local base
    mapfile -t base < <(awk -v RS= '/\nPriority: (required|important)(\n|$)/ || /\nEssential: yes/ { print $2 }' "$WORK/packages")
    local package
    for package; do # one by one: some are not for the same system (grub-pc, grub-xen)
        apt-get "${apt[@]}" install --print-uris -y "${base[@]}" "$package"
    done >"$WORK/uris"
    # 'file:/.../NAME_VERSION_ARCH.deb' NAME_VERSION_ARCH.deb SIZE HASH; what is named is not what is stored
    sed -n "s/^'[^']*\/debian\/\(pool\/[^']*\)' .*/\1/p" "$WORK/uris" | sed 's/%2b/+/g; s/%7e/~/g; s/%3a/:/g' >"$WORK/files"
    file_and_hash <"$WORK/packages" | awk 'NR == FNR { want[$1] = 1; next } $2 in want' "$WORK/files" -
}

# `HASH FILE` of each package in an index
file_and_hash() {
    awk '/^Filename: / { name = $2 } /^SHA256: / { hash = $2 } /^$/ { if (name) print hash, name; name = "" } END { if (name) print hash, name }'
}

# fetch_packages : the lines of stdin; what is there already is kept, all are checked
fetch_packages() {
    cat >"$WORK/wanted"
    download_missing "$WORK/wanted"
    awk -v dir="$MIRROR" '{ print $1 "  " dir "/" $2 }' "$WORK/wanted" >"$WORK/sums"
    sha256sum -c --quiet "$WORK/sums" || die "some packages are missing, or not what Debian signed"
}

download_missing() {
    local hash name
    while read -r hash name; do
        [ -e "$MIRROR/$name" ] || printf 'url = "%s/%s"\noutput = "%s/%s"\n' "$URI" "$name" "$MIRROR" "$name"
    done <"$1" >"$WORK/curl"
    [ ! -s "$WORK/curl" ] || curl -sf --retry 2 --create-dirs --parallel --parallel-max 8 -K "$WORK/curl" 2>/dev/null || true
}

unpack_installer() {
    local package=debian-installer-$NUMBER-netboot-amd64
    in_index "$package" | file_and_hash | fetch_packages
    in_index "$package" | file_and_hash | cut -d' ' -f1 >"$DIR/installer.sha256"
    ln -f "$MIRROR/$(in_index "$package" | file_and_hash | cut -d' ' -f2)" "$DIR/installer.deb"
    # Its kernel says its version in the setup header (Documentation/arch/x86/boot.rst, kernel_version).
    dpkg-deb --fsys-tarfile "$DIR/installer.deb" |
        tar -xO "./usr/lib/debian-installer/images/$NUMBER/amd64/text/debian-installer/amd64/linux" >"$WORK/linux"
    local version=$((0x200 + $(od -An -tu2 -j $((0x20e)) -N2 "$WORK/linux")))
    ABI=$(dd if="$WORK/linux" bs=1 skip="$version" count=100 status=none | tr '\0' '\n' | sed -n '1s/ .*//p')
    [ -n "$ABI" ] || die "the installer's kernel does not say its version"
}

in_index() { awk -v RS= -v ORS='\n\n' -v name="Package: $1" 'index($0, name "\n") == 1' "$WORK/packages"; }

# The installer's own packages: all but those of other kernels.
installer_packages() {
    local index=$DIST/$INSTALLERS
    rm -f "$DIR/unsigned"
    if ! (fetch_index "$INSTALLERS" && fetch "dists/$RELEASE/Release.gpg" &&
        gpgv -q --keyring "$KEYS" "$DIST/Release.gpg" "$DIST/Release") 2>/dev/null; then
        fetch "dists/$RELEASE/$INSTALLERS"
        : >"$DIR/unsigned"
    fi
    xz -dc "$index" | awk -v RS= -v ORS='\n\n' -v abi="$ABI" \
        'match($0, /\nKernel-Version: [^\n]*/) && substr($0, RSTART + 17, RLENGTH - 17) != abi { next } { print }' >"$WORK/installers"
    file_and_hash <"$WORK/installers" >"$WORK/wanted"
    download_missing "$WORK/wanted"
    awk -v dir="$MIRROR" '{ if (system("test -e " dir "/" $2)) print $2 }' "$WORK/wanted" >"$WORK/missing"
    if ! grep -q "ext4-modules-$ABI-di" "$WORK/wanted" || grep -q 'e2fsprogs-udeb\|ext4-modules' "$WORK/missing"; then
        say "$(wc -l <"$WORK/missing") of the installer's packages are not to be had; making what it needs of them"
        make_stand_ins
        : >"$DIR/unsigned"
    fi
    if [ -e "$DIR/unsigned" ]; then own_index; fi
}

# An index of what is there, and a Release that names it. InRelease, which apt and debootstrap read, stays Debian's.
own_index() {
    local index=$DIST/${INSTALLERS%.xz} hash size
    awk -v RS= -v ORS='\n\n' 'NR == FNR { missing[$0] = 1; next } { match($0, /\nFilename: [^\n]*/); if (!(substr($0, RSTART + 11, RLENGTH - 11) in missing)) print }' \
        <(sed 's/$/\n/' "$WORK/missing") "$WORK/installers" >"$index"
    cat "$WORK"/stand-in/*.index >>"$index"
    xz -f -k "$index"
    rm -f "$index" "$DIST/Release.gpg"
    read -r hash _ < <(sha256sum "$index.xz")
    size=$(stat -c %s "$index.xz")
    sed -i "/^SHA256:/,\$ s|^ [0-9a-f]* *[0-9]* $INSTALLERS\$| $hash $size $INSTALLERS|; /^MD5Sum:/,/^SHA256:/ { \\|$INSTALLERS\$|d }; \\|/debian-installer/binary-amd64/Packages\\(.gz\\)\\?\$|d" "$DIST/Release"
}

# What a Xen guest's installation needs: its disk's and file systems' drivers, and mke2fs.
make_stand_ins() {
    # A directory stands for all in it. The installer asks when it finds no software RAID.
    local modules=(drivers/block/xen-blkfront fs/ext4 fs/jbd2 fs/mbcache lib/crc16 lib/libcrc32c crypto/crc32c_generic
        drivers/md crypto/async_tx crypto/xor lib/raid6 drivers/dax)
    local from=$WORK/from tree module package
    mkdir -p "$WORK/stand-in" "$from"
    {
        in_index "linux-image-$ABI"
        for package in e2fsprogs libext2fs2t64 libcom-err2; do in_index "$package"; done
    } | file_and_hash >"$WORK/debs"
    fetch_packages <"$WORK/debs"
    while read -r _ package; do dpkg-deb -x "$MIRROR/$package" "$from"; done <"$WORK/debs"
    if grep -q "ext4-modules" "$WORK/missing" || ! grep -q "ext4-modules-$ABI-di" "$WORK/wanted"; then
        tree=$WORK/stand-in/ext4-modules-$ABI-di
        mkdir -p "$tree/DEBIAN"
        printf '#!/bin/sh\ndepmod -a || true\n' >"$tree/DEBIAN/postinst"
        chmod 755 "$tree/DEBIAN/postinst"
        (
            cd "$from/usr/lib/modules/$ABI/kernel"
            for module in "${modules[@]}"; do find . -path "./$module.ko*" -o -path "./$module/*.ko*"; done
        ) | while read -r module; do
            install -D -m 644 "$from/usr/lib/modules/$ABI/kernel/$module" "$tree/lib/modules/$ABI/kernel/$module"
        done
        stand_in "$tree" standard "Provides: ext4-modules, scsi-modules, mbcache-modules, crc-modules, md-modules
Kernel-Version: $ABI"
    fi
    if grep -q e2fsprogs-udeb "$WORK/missing"; then
        tree=$WORK/stand-in/e2fsprogs-udeb
        for module in mke2fs e2fsck tune2fs resize2fs dumpe2fs; do install -D "$from/usr/sbin/$module" "$tree/sbin/$module"; done
        for module in mkfs.ext2 mkfs.ext3 mkfs.ext4; do ln -s mke2fs "$tree/sbin/$module"; done
        install -D -m 644 "$from/etc/mke2fs.conf" "$tree/etc/mke2fs.conf"
        mkdir -p "$tree/lib"
        cp -a "$from"/usr/lib/x86_64-linux-gnu/{libext2fs,libe2p,libcom_err}.so.* "$tree/lib/"
        stand_in "$tree" optional "Depends: libblkid1-udeb, libc6-udeb, libuuid1-udeb"
    fi
}

# stand_in TREE PRIORITY FIELDS : makes a package of the installer's kind, and its entry in the index
stand_in() {
    local tree=$1 name file
    name=$(basename "$tree")
    file=pool/main/stand-in/$name.udeb
    mkdir -p "$tree/DEBIAN" "$MIRROR/pool/main/stand-in"
    printf 'Package: %s\nVersion: 9:0\nArchitecture: amd64\nMaintainer: this test <root@localhost>\nSection: debian-installer\nPriority: %s\n%s\nDescription: made from the ordinary packages\n' \
        "$name" "$2" "$3" >"$tree/DEBIAN/control"
    dpkg-deb -Zxz --root-owner-group -b "$tree" "$MIRROR/$file" >/dev/null
    {
        cat "$tree/DEBIAN/control"
        printf 'Filename: %s\nSize: %s\nSHA256: %s\n\n' "$file" "$(stat -c %s "$MIRROR/$file")" "$(sha256sum "$MIRROR/$file" | cut -d' ' -f1)"
    } >"$tree.index"
}

main "$@"
