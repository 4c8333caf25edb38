# shellcheck shell=bash
# seconds: 125
# The seed's guest config as it came, and another way to write it, with pypxeboot and comments all over: vmprov netboot
# and vmprov finalize switch them between network and disk, and change no line but the ones that say so.
# shellcheck source=lib-story.sh
. /lab/scenarios/lib-story.sh
fresh_tftp_root
seed_pxe_config
sed -i 's/initrd=initrd.img/initrd=installer.img install=auto/' "$TFTP/pxelinux.cfg/C0A8C8B1"
install_server "$SEED_MAC,$SEED_ADDRESS"
order "$SEED_MAC.install" wait
seed_config_verbatim
cp vm.cfg "$OUT/as-it-came"

# changed WHAT FROM TO : compares the difference with what is expected, which is on stdin
changed() { same "$1" "$(cat)" "$(diff "$2" "$3")"; }

check "vmprov netboot" vmprov netboot ./vm.cfg
changed "one line more, with the quotes of the one above" "$OUT/as-it-came" vm.cfg <<'END'
6a7
> bootloader = '/usr/bin/rpxeboot'
END
cp vm.cfg "$OUT/from-network"
check "xl create" xl_create vm.cfg
first=$(xl domid RK)
check "it boots over the network" booted_over_network "$first"
wait_for_guest RK "INSTALL done"
check "vmprov finalize, of a running guest" vmprov finalize ./vm.cfg
changed "one line changes" "$OUT/from-network" vm.cfg <<'END'
7c7
< bootloader = '/usr/bin/rpxeboot'
---
> bootloader = 'pygrub'
END
order "$SEED_MAC.install" reboot
wait_for_guest RK DISK-BOOT
check "its own reboot is by pygrub" booted_by_pygrub "$((first + 1))"
wait_gone RK
check "vmprov netboot, the way back" vmprov netboot ./vm.cfg
check "it is as before" cmp "$OUT/from-network" vm.cfg

step "the other way to write it"
sed -i 's/installer.img install=auto/initrd.img/' "$TFTP/pxelinux.cfg/C0A8C8B1"
cat >vm.cfg <<'END'
# The kickstart guest. Ask before you "touch" it = really; bootloader = "nothing"
name = "RK"             # bootloader = "/usr/bin/pygrub"
memory = "1024"
#bootloader = "/usr/bin/pygrub"
bootloader = "/usr/bin/pypxeboot"       # until it is installed
bootargs = 'mac=00:16:3e:62:39:d3'      # what was vif[0]
#bootargs = vif[0]
disk = [ 'file:/OVS/running_pool/pxe/system.img,xvda,w',]   # the only one
vif = [ 'mac=00:16:3e:62:39:d3,bridge=xenbr0',  # this one boots
        '',                                     # and another
      ]
	on_reboot = 'restart' ; on_crash = 'restart'
END
cp vm.cfg "$OUT/as-it-came"
check "vmprov netboot" vmprov netboot ./vm.cfg
changed "one line changes, but for its comment" "$OUT/as-it-came" vm.cfg <<'END'
5c5
< bootloader = "/usr/bin/pypxeboot"       # until it is installed
---
> bootloader = "/usr/bin/rpxeboot"       # until it is installed
END
cp vm.cfg "$OUT/from-network"
check "xl create" xl_create vm.cfg
check "it boots over the network" booted_over_network "$((first + 2))"
wait_for_guest RK ORDER 3
same "its command line" "[$SEED_ARGS]" "$(guest_said RK CMDLINE | tail -n 1)"
wait_gone RK
check "vmprov finalize" vmprov finalize ./vm.cfg
changed "one line changes, and what was for pypxeboot goes, but for its comment" "$OUT/from-network" vm.cfg <<'END'
5,6c5,6
< bootloader = "/usr/bin/rpxeboot"       # until it is installed
< bootargs = 'mac=00:16:3e:62:39:d3'      # what was vif[0]
---
> bootloader = "pygrub"       # until it is installed
> # what was vif[0]
END
check "xl create" xl_create vm.cfg
check "it boots by pygrub" booted_by_pygrub "$((first + 3))"
wait_for_guest RK DISK-BOOT 2
same "boots from this disk" "1 2" "$(guest_said RK DISK-BOOT | xargs)"
same "boots over the network" 2 "$(network_boots)"
wait_gone RK
nothing_left
