#!/bin/bash
# The peer: what an administrator scripts today to do rpxeboot's job, with the tools at hand.
#
#   pipeline.sh lease BRIDGE MAC                     a lease, as udhcpc gets it
#   pipeline.sh direct BRIDGE MAC FETCHER DIRECTORY KERNEL INITRD   lease, both files, answer
#   pipeline.sh boot  BRIDGE MAC FETCHER DIRECTORY   lease, config, both files, answer
#
# FETCHER is curl, busybox, busybox-64k, atftp, atftp-w16, atftp-w64, or by HTTP curl-http or
# wget-http; $ATFTP names the atftp program.
set -euo pipefail

get() { # NAME FILE
    local client
    case $fetcher in
    curl) client=(curl -s -f --tftp-blksize 1468 -o "$2" "tftp://$server/$1") ;;
    busybox) client=(busybox tftp -g -b 1468 -r "$1" -l "$2" "$server") ;;
    busybox-64k) client=(busybox tftp -g -b 65464 -r "$1" -l "$2" "$server") ;;
    atftp) client=("$ATFTP" --option "blksize 1428" -g -r "$1" -l "$2" "$server") ;;
    atftp-w16) client=("$ATFTP" --option "blksize 1428" --option "windowsize 16" -g -r "$1" -l "$2" "$server") ;;
    atftp-w64) client=("$ATFTP" --option "blksize 1428" --option "windowsize 64" -g -r "$1" -l "$2" "$server") ;;
    curl-http) client=(curl -s -f -o "$2" "http://$server/$1") ;;
    wget-http) client=(busybox wget -q -O "$2" "http://$server/$1") ;;
    *) echo "pipeline.sh: no fetcher $fetcher" >&2 && exit 2 ;;
    esac
    ip netns exec "$ns" "${client[@]}" >/dev/null 2>&1
}

network_up() { # BRIDGE MAC
    ns=boot$$ port=boot$$ address='' server=''
    scratch=$(mktemp -d)
    trap network_down EXIT
    ip netns add "$ns"
    ip link add "$port" type veth peer name eth0 address "$2" netns "$ns"
    ip link set "$port" master "$1" up
    ip -n "$ns" link set eth0 up
    cat >"$scratch/bound" <<END
#!/bin/sh
[ "\$1" = bound ] || exit 0
ip addr add "\$ip/\$mask" dev eth0
printf 'address=%s\nserver=%s\n' "\$ip" "\$siaddr" >"$scratch/lease"
END
    chmod +x "$scratch/bound"
    ip netns exec "$ns" busybox udhcpc -n -q -f -i eth0 -s "$scratch/bound" >/dev/null 2>&1
    # shellcheck source=/dev/null
    . "$scratch/lease"
}

network_down() {
    ip link del "$port" 2>/dev/null || true
    ip netns del "$ns"
    rm -r "$scratch"
}

files_and_answer() { # KERNEL INITRD ARGS
    get "$1" "$directory/kernel"
    get "$2" "$directory/ramdisk"
    printf 'kernel %s\0ramdisk %s\0args %s\0' \
        "$directory/kernel" "$directory/ramdisk" "$3" >"$directory/answer"
}

direct() { # BRIDGE MAC FETCHER DIRECTORY KERNEL INITRD
    fetcher=$3 directory=$4
    network_up "$1" "$2"
    files_and_answer "$5" "$6" ""
}

boot() { # BRIDGE MAC FETCHER DIRECTORY
    local name kernel append initrd octets
    fetcher=$3 directory=$4
    network_up "$1" "$2"
    IFS=. read -r -a octets <<<"$address"
    for name in "01-${2//:/-}" "$(printf %02X "${octets[@]}")"; do
        if get "pxelinux.cfg/$name" "$scratch/config" && [ -s "$scratch/config" ]; then break; fi
    done
    kernel=$(sed -n 's/^ *kernel  *//p' "$scratch/config" | head -n 1)
    append=$(sed -n 's/^ *append  *//p' "$scratch/config" | head -n 1)
    initrd=$(printf '%s\n' "$append" | sed -n 's/.*initrd=\([^ ]*\).*/\1/p')
    files_and_answer "$kernel" "$initrd" "BOOT_IMAGE=$kernel $append"
}

verb=$1
shift
case $verb in
lease) network_up "$@" && echo "$address" ;;
direct) direct "$@" ;;
boot) boot "$@" ;;
*) echo "pipeline.sh: no verb $verb" >&2 && exit 2 ;;
esac
