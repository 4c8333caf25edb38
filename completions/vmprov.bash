# bash completion for vmprov: /usr/share/bash-completion/completions/vmprov

_vmprov_guests() {
    local file
    for file in /etc/xen/*.cfg; do
        [ -f "$file" ] && basename "$file" .cfg
    done
}

_vmprov_bridges() {
    local directory
    for directory in /sys/class/net/*/bridge; do
        [ -d "$directory" ] && basename "${directory%/bridge}"
    done
}

# The first word of each line that vmprov says to these words.
_vmprov_words() { vmprov "$@" 2>/dev/null | cut -d' ' -f1; }

_vmprov() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} verb="" index
    local verbs="create install finalize netboot list status show check delete server serve media profile net help"
    local options="--config-dir --image-dir --state-dir --settings --json --verbose --quiet --help --version"
    for ((index = 1; index < COMP_CWORD; index++)); do
        [[ " $verbs " == *" ${COMP_WORDS[index]} "* ]] && verb=${COMP_WORDS[index]} && break
    done
    # bash takes = for a word of its own.
    [ "$before" = = ] && before=${COMP_WORDS[COMP_CWORD - 2]}
    [ "$word" = = ] && word=""
    case $before in
    --config-dir | --image-dir | --state-dir | --write | --example) mapfile -t COMPREPLY < <(compgen -d -- "$word") && return ;;
    --settings | --disk | --kernel | --ramdisk | --file | --ssh-key | --password-file | --keyring) mapfile -t COMPREPLY < <(compgen -f -- "$word") && return ;;
    --type) mapfile -t COMPREPLY < <(compgen -W "pv pvh" -- "$word") && return ;;
    --disk-format) mapfile -t COMPREPLY < <(compgen -W "raw qcow2" -- "$word") && return ;;
    --boot) [ "$verb" = check ] || { mapfile -t COMPREPLY < <(compgen -W "pygrub pvgrub rpxeboot-disk kernel" -- "$word") && return; } ;;
    --order) mapfile -t COMPREPLY < <(compgen -W "net disk,net" -- "$word") && return ;;
    --on-reboot)
        mapfile -t COMPREPLY < <(compgen -W "destroy restart rename-restart preserve coredump-destroy coredump-restart soft-reset" -- "$word")
        return
        ;;
    --bridge) mapfile -t COMPREPLY < <(compgen -W "$(_vmprov_bridges)" -- "$word") && return ;;
    --profile | --from) mapfile -t COMPREPLY < <(compgen -W "$(_vmprov_words profile list)" -- "$word") && return ;;
    --medium) mapfile -t COMPREPLY < <(compgen -W "$(_vmprov_words media list)" -- "$word") && return ;;
    --range | --http-port | --share | --net | --sha256 | --mirror | --packages | --set | --timezone | --locale | --keyboard) return ;;
    --for) mapfile -t COMPREPLY < <(compgen -W "dnsmasq isc-dhcpd kea openwrt-uci" -- "$word") && return ;;
    --mac | --address | --server | --initrd | --append | --disk-size | --lvm | --memory | --vcpus | --nic | --label | --uuid | --timeout | --cmdline) return ;;
    esac
    case $verb in
    "") mapfile -t COMPREPLY < <(compgen -W "$verbs $options" -- "$word") && return ;;
    create) options+=" --mac --disk-size --disk-format --lvm --disk --overwrite-disk --type --memory --vcpus --bridge --nic --vnc --label --autostart --uuid --dry-run --profile --medium --ssh-key --password-file --timezone --locale --keyboard --mirror --packages --set" ;;
    install) options+=" --detach --timeout --boot --dry-run" ;;
    finalize) options+=" --boot --kernel --ramdisk --cmdline --on-reboot --dry-run" ;;
    netboot) options+=" --label --order --on-reboot --dry-run" ;;
    show) options+=" --file" ;;
    check) options+=" --boot" ;;
    delete) options+=" --yes --dry-run" ;;
    serve) options+=" --bridge --range --any --proxy --http-port --share --net --nat --systemd" ;;
    media) options+=" --sha256 --keyring --mirror --tree --image --replace --force" ;;
    profile) options+=" --example --from" ;;
    net) options+=" --address --nat --dry-run" ;;
    server) options+=" --for --address --server --kernel --initrd --append --label --write --dry-run" ;;
    esac
    case $verb in
    serve) mapfile -t COMPREPLY < <(compgen -d -W "$options" -- "$word") ;;
    media) mapfile -t COMPREPLY < <(compgen -f -W "add list remove $(_vmprov_words media list) $options" -- "$word") ;;
    profile) mapfile -t COMPREPLY < <(compgen -W "list show new $(_vmprov_words profile list) $options" -- "$word") ;;
    net) mapfile -t COMPREPLY < <(compgen -W "create delete $(_vmprov_bridges) $options" -- "$word") ;;
    create | list) mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word") ;;
    help) mapfile -t COMPREPLY < <(compgen -W "$verbs" -- "$word") ;;
    *) mapfile -t COMPREPLY < <(compgen -W "$options $(_vmprov_guests)" -- "$word") ;;
    esac
}

complete -o default -F _vmprov vmprov
