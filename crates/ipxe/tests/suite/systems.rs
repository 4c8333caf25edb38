//! Scripts in the shape of those that well-known systems hand out.

use ipxe::{Answer, Leave, Outcome};

use crate::support::{World, initrds, line, settings};

const TINKERBELL: &str = r"
echo Loading the in-memory system...
set arch ${buildarch}
iseq ${arch} i386 && set arch x86_64 ||
iseq ${arch} arm64 && set arch aarch64 ||
set source http://10.0.0.1:7171
set image vmlinuz-${arch}
set ramdisk initramfs-${arch}
set tries:int32 2
set pause:int32 3

set n:int32 0
:fetch_kernel
kernel ${source}/${image} \
syslog_host=10.0.0.1 worker_id=${mac} \
modules=loop,squashfs initrd=${ramdisk} console=hvc0 && goto ramdisk || iseq ${n} ${tries} && goto no_kernel || inc n && echo again in ${pause} seconds ; sleep ${pause} ; goto fetch_kernel

:ramdisk
set n:int32 0
:fetch_ramdisk
initrd ${source}/${ramdisk} && goto start || iseq ${n} ${tries} && goto no_ramdisk || inc n && echo again in ${pause} seconds ; sleep ${pause} ; goto fetch_ramdisk

:start
boot || goto no_ramdisk

:no_kernel
echo No kernel
imgfree
exit
:no_ramdisk
echo No ramdisk
imgfree
exit
";

#[test]
fn tinkerbell_boots() {
    let base = "http://10.0.0.1:7171";
    let mut world = World::with(&[
        (&format!("{base}/vmlinuz-x86_64"), ""),
        (&format!("{base}/initramfs-x86_64"), ""),
    ]);
    let boot = world.boots(TINKERBELL);
    assert_eq!(boot.kernel, format!("{base}/vmlinuz-x86_64"));
    assert_eq!(
        line(&boot),
        "syslog_host=10.0.0.1 worker_id=52:54:00:12:34:56 modules=loop,squashfs \
         initrd=initramfs-x86_64 console=hvc0"
    );
    assert_eq!(initrds(&boot), [format!("{base}/initramfs-x86_64")]);
}

#[test]
fn tinkerbell_tries_again_and_leaves() {
    let mut world = World::with(&[("http://10.0.0.1:7171/vmlinuz-x86_64", "")]);
    let done = world.run(TINKERBELL).unwrap();
    assert_eq!(done.outcome, Outcome::LocalDisk(Leave::Exit(0)));
    assert_eq!(world.asked.len(), 4);
    assert_eq!(world.console.last().unwrap(), "No ramdisk");
    assert_eq!(world.console.iter().filter(|line| *line == "again in 3 seconds").count(), 2);
}

/// Matchbox, Sidero: the first script asks again with what the machine says of itself.
#[test]
fn matchbox_and_sidero_boot() {
    let second = "#!ipxe\nkernel /assets/vmlinuz  ip=dhcp  talos.platform=metal\n\
                  initrd --name main /assets/initrd.xz \nboot\n";
    let mut world = World::default();
    let query = "uuid=01020304-0506-0708-090a-0b0c0d0e0f10&mac=52-54-00-12-34-56&domain=&hostname=web1&serial=";
    for file in [format!("a/ipxe?{query}"), "assets/vmlinuz".into(), "assets/initrd.xz".into()] {
        world.files.insert(format!("http://boot/{file}"), second.as_bytes().to_vec());
    }
    let boot = world.boots(
        "chain ipxe?uuid=${uuid}&mac=${mac:hexhyp}&domain=${domain}&hostname=${hostname}&serial=${serial}\n",
    );
    assert_eq!(boot.kernel, "http://boot/assets/vmlinuz");
    assert_eq!(line(&boot), "ip=dhcp talos.platform=metal");
    assert_eq!(boot.initrds[0].name, b"main");
}

#[test]
fn warewulf_boots() {
    let base = "http://10.0.0.1:9873/provision/52:54:00:12:34:56?assetkey=&uuid=\
                01020304-0506-0708-090a-0b0c0d0e0f10&stage=";
    let mut world = World::with(&[
        (&format!("{base}kernel"), ""),
        (&format!("{base}image&compress=gz"), ""),
        (&format!("{base}system&compress=gz"), ""),
    ]);
    let script = r"
echo ================================================================
set uri http://10.0.0.1:9873/provision/52:54:00:12:34:56?assetkey=${asset}&uuid=${uuid}
kernel --name kernel ${uri}&stage=kernel || goto restart
iseq ${platform} efi && set way imgextract || set way initrd
:menu
menu How to get the image
item imgextract One stage, unpacked here
item initrd One stage, unpacked by the kernel
item
item shell Shell
choose --default ${way} --timeout 10000 way || goto restart
goto ${way}
:shell
shell
goto menu
:imgextract
imgextract --name image ${uri}&stage=image&compress=gz || goto restart
goto run
:initrd
initrd --name image ${uri}&stage=image&compress=gz || goto restart
initrd --name system ${uri}&stage=system&compress=gz || goto restart
:run
boot kernel initrd=image initrd=system wwid=${mac} quiet crashkernel=no || goto restart
:restart
echo Something failed, restart in 15s
sleep 15
reboot
";
    let boot = world.boots(script);
    assert_eq!(boot.kernel, format!("{base}kernel"));
    assert_eq!(
        line(&boot),
        "initrd=image initrd=system wwid=52:54:00:12:34:56 quiet crashkernel=no"
    );
    assert_eq!(
        initrds(&boot),
        [format!("{base}image&compress=gz"), format!("{base}system&compress=gz")]
    );
    assert!(world.menus[0].contains("*initrd="), "{:?}", world.menus);
    world.files.clear();
    let error = world.error(script);
    assert!(error.contains("the script gives up with \"reboot\"; what failed before: "), "{error}");
    assert!(error.contains("\"kernel\" failed: cannot fetch "), "{error}");
}

#[test]
fn fog_registers_and_leaves() {
    let mut world = World::with(&[
        (
            "http://10.0.0.1/fog/service/ipxe/boot.php",
            "#!ipxe\nset fog-ip 10.0.0.1\nset fog-webroot fog\nset boot-url http://${fog-ip}/${fog-webroot}\n\
             cpuid --ext 29 && set arch x86_64 || set arch i386\n\
             goto get_console\n:console_set\ncolour --rgb 0x00567a 1 ||\ncpair --foreground 7 --background 2 2 ||\ngoto MENU\n\
             :alt_console\ncpair --background 0 1 ||\ngoto MENU\n\
             :get_console\nconsole --picture http://x/bg.png --left 100 --right 80 && goto console_set || goto alt_console\n\
             :MENU\nmenu\ncolour --rgb 0xff0000 0 ||\nitem --gap Host is NOT registered!\nitem --gap -- ------\n\
             item fog.local Boot from hard disk\nitem fog.reg Register\n\
             choose --default fog.local --timeout 3000 target && goto ${target}\n\
             :fog.local\nsanboot --no-describe --drive 0x80 || goto MENU\n\
             :fog.reg\nkernel bzImage loglevel=4 initrd=init.xz root=/dev/ram0\nimgfetch init.xz\nboot || goto MENU\n",
        ),
        ("http://10.0.0.1/fog/service/ipxe/bzImage", ""),
        ("http://10.0.0.1/fog/service/ipxe/init.xz", ""),
    ]);
    let script = r"
set arch ${buildarch}
iseq ${arch} i386 && cpuid --ext 29 && set arch x86_64 ||
params
param mac0 ${net0/mac}
param arch ${arch}
param platform ${platform}
param manufacturer ${manufacturer}
param sysuuid ${uuid}
isset ${net1/mac} && param mac1 ${net1/mac} || goto bootme
isset ${net2/mac} && param mac2 ${net2/mac} || goto bootme
:bootme
chain http://10.0.0.1/fog/service/ipxe/boot.php##params
";
    let done = world.run(script).unwrap();
    assert_eq!(done.outcome, Outcome::LocalDisk(Leave::Sanboot));
    let sent: Vec<_> = world.forms[0].iter().map(|parameter| parameter.key.as_slice()).collect();
    assert_eq!(sent, [&b"mac0"[..], b"arch", b"platform", b"manufacturer", b"sysuuid"]);
    assert_eq!(world.forms[0][3].value, b"Xen");
    world.answers.push(Answer::Label(b"fog.reg".to_vec()));
    let boot = world.boots(script);
    assert_eq!(line(&boot), "loglevel=4 initrd=init.xz root=/dev/ram0");
    assert_eq!(initrds(&boot), ["http://10.0.0.1/fog/service/ipxe/init.xz"]);
}

#[test]
fn ironic_boots_from_the_device_that_has_a_configuration() {
    let node = "#!ipxe\nset attempt:int32 0\ndhcp\ngoto deploy\n:deploy\nimgfree\n\
                kernel --timeout 60000 http://10.0.0.1:8080/id/deploy_kernel selinux=0 BOOTIF=${mac} initrd=deploy_ramdisk || goto retry\n\
                initrd --timeout 60000 http://10.0.0.1:8080/id/deploy_ramdisk || goto retry\nboot\n\
                :retry\niseq ${attempt} 10 && goto fail ||\ninc attempt\nsleep 15\ngoto deploy\n:fail\nreboot\n\
                :boot_whole_disk\nsanboot --no-describe || exit 0\n";
    let mut world = World::with(&[
        ("pxelinux.cfg/52-54-00-12-34-56", node),
        ("http://10.0.0.1:8080/id/deploy_kernel", ""),
        ("http://10.0.0.1:8080/id/deploy_ramdisk", ""),
    ]);
    let script = r"
# All devices in turn.
set netid:int32 -1
:loop
inc netid || chain pxelinux.cfg/${mac:hexhyp} || goto old_rom
isset ${net${netid}/mac} || goto loop_done
echo Trying ${net${netid}/mac:hexhyp}
chain pxelinux.cfg/${net${netid}/mac:hexhyp} || goto loop
exit 0
:loop_done
echo No configuration for any device
prompt --timeout 180
reboot
:old_rom
reboot
";
    let boot = world.boots(script);
    assert_eq!(boot.kernel, "http://10.0.0.1:8080/id/deploy_kernel");
    assert_eq!(line(&boot), "selinux=0 BOOTIF=52:54:00:12:34:56 initrd=deploy_ramdisk");
    assert_eq!(world.timeouts[1..], [Some(60000), Some(60000)]);
    // Two lines: the ramdisk is not there, so the script tries ten times and then gives up.
    world.files.remove("http://10.0.0.1:8080/id/deploy_ramdisk");
    let error = world.error(script);
    assert!(error.contains("gives up with \"reboot\""), "{error}");
    // No configuration: `prompt` fails, since nobody presses a key, and nothing catches that.
    world.files.clear();
    let error = world.error(script);
    assert!(error.contains("\"prompt\" failed: it waits for a person"), "{error}");
    assert_eq!(world.console.last().unwrap(), "");
}

#[test]
fn ltsp_finds_the_client_by_its_address() {
    let mut world = World::with(&[
        ("tftp://10.0.0.1/ltsp/x86_64/vmlinuz", ""),
        ("tftp://10.0.0.1/ltsp/x86_64/initrd.img", ""),
        ("tftp://10.0.0.1/ltsp/ltsp.img", ""),
    ]);
    let script = r"
:start
isset ${menu-timeout} || set menu-timeout 5000
isset ${srv} || set srv ${proxydhcp/dhcp-server} ||
isset ${srv} || set srv ${next-server}
cpuid --ext 29 && set arch x86_64 || set arch x86
set cmdline_ltsp ltsp.image=images/${img}.img loop.max_part=9
set cmdline_method root=/dev/nfs nfsroot=${srv}:/srv/ltsp ${cmdline_ltsp}
goto ${mac} ||
goto ${hostname} ||
goto menu
:52:54:00:aa:aa:aa
set img wrong
goto ltsp
:52:54:00:12:34:56
set img x86_64
goto ltsp
:menu
menu LTSP
item x86_64 x86_64
choose --timeout ${menu-timeout} img && goto ltsp || goto cancel
:cancel
exit
:ltsp
set initrds initrd=ltsp.img initrd=initrd.img
kernel tftp://${srv}/ltsp/${img}/vmlinuz ro ${initrds} root=/dev/nfs nfsroot=${srv}:/srv/ltsp/${img} || goto failed
initrd tftp://${srv}/ltsp/ltsp.img || goto failed
initrd tftp://${srv}/ltsp/${img}/initrd.img || goto failed
boot || goto failed
:failed
exit
";
    let boot = world.boots(script);
    assert_eq!(boot.kernel, "tftp://10.0.0.1/ltsp/x86_64/vmlinuz");
    assert_eq!(
        line(&boot),
        "ro initrd=ltsp.img initrd=initrd.img root=/dev/nfs nfsroot=10.0.0.1:/srv/ltsp/x86_64"
    );
    assert_eq!(
        initrds(&boot),
        ["tftp://10.0.0.1/ltsp/ltsp.img", "tftp://10.0.0.1/ltsp/x86_64/initrd.img"]
    );
    assert_eq!(world.menus, Vec::<String>::new());
}

#[test]
fn netboot_xyz_goes_through_its_menus() {
    let mut world = World::with(&[
        (
            "https://boot.example/boot.cfg",
            "#!ipxe\n:global_vars\nset site_name example\nset boot_domain boot.example\n\
             set debian_mirror http://deb.example\nset space:hex 20:20\nset space ${space:string}\n:end\nexit\n",
        ),
        (
            "https://boot.example/menu.ipxe",
            "#!ipxe\n:start\nchain --autofree boot.cfg ||\n:arch\niseq ${buildarch} i386 && cpuid --ext 29 && set arch x86_64 || set arch ${buildarch}\n\
             isset ${menu} && goto ${menu} ||\nisset ${ip} || dhcp\n\
             :main_menu\nclear menu\nset space:hex 20:20\nset space ${space:string}\n\
             iseq ${cls} serial && goto ignore_cls ||\nset cls:hex 1b:5b:4a\nset cls ${cls:string}\necho ${cls}\n:ignore_cls\n\
             menu ${site_name}\nitem --gap Default:\nitem local ${space} Boot from local hdd\n\
             item --gap Distributions:\niseq ${menu_linux} 0 || item linux ${space} Linux\n\
             isset ${menu} && set timeout 0 || set timeout 300000\n\
             choose --timeout ${timeout} --default ${menu} menu || goto local\n\
             iseq ${menu} shell && shell ||\n\
             iseq ${menu} local && goto local ||\n\
             chain ${menu}.ipxe || goto error\ngoto main_menu\n\
             :local\necho Leaving...\nexit 0\n:error\necho Error occurred\nprompt\ngoto main_menu\n",
        ),
        (
            "https://boot.example/linux.ipxe",
            "#!ipxe\ngoto ${menu} ||\n:linux\nmenu Linux\nitem ${ver_cond} debian Debian\nchoose os || goto exit\n\
             set dir ${debian_mirror}/debian-installer/amd64\nimgfree\n\
             kernel ${dir}/linux ${netboot_params} initrd=initrd.magic ${cmdline}\ninitrd ${dir}/initrd.gz\necho\nboot\n:exit\nclear menu\nexit 0\n",
        ),
        ("http://deb.example/debian-installer/amd64/linux", ""),
        ("http://deb.example/debian-installer/amd64/initrd.gz", ""),
    ]);
    let script =
        "set conn_type https\nchain --autofree ${conn_type}://boot.example/menu.ipxe || echo no\n";
    let done = world.run(script).unwrap();
    assert_eq!(done.outcome, Outcome::LocalDisk(Leave::End));
    assert!(world.console.contains(&"Leaving...".to_owned()));
    assert_eq!(
        world.menus,
        ["example|-=Default:*local=   Boot from local hdd|-=Distributions:|linux=   Linux"]
    );
    world.answers = vec![Answer::Label(b"linux".to_vec()), Answer::Unattended];
    let boot = world.boots(script);
    assert_eq!(boot.kernel, "http://deb.example/debian-installer/amd64/linux");
    assert_eq!(line(&boot), " initrd=initrd.magic ");
    assert_eq!(initrds(&boot), ["http://deb.example/debian-installer/amd64/initrd.gz"]);
}

#[test]
fn harvester_boots_over_many_lines() {
    let mut world = World::with(&[("vmlinuz-amd64", ""), ("initrd-amd64", "")]);
    let script = "dhcp\r\niflinkwait -t 5000\r\nkernel vmlinuz-amd64 \\\r\n    initrd=initrd-amd64 \\\r\n    \
                  ip=dhcp \\\r\n    root=live:http://boot/a/rootfs.squashfs\r\n\
                  initrd initrd-amd64\r\nboot\r\n";
    let boot = world.boots(script);
    assert_eq!(line(&boot), "initrd=initrd-amd64 ip=dhcp root=live:http://boot/a/rootfs.squashfs");
}

#[test]
fn foreman_discovers_over_tftp() {
    let mut world = World::with(&[
        ("tftp://10.0.0.1/boot/fdi/vmlinuz0", ""),
        ("tftp://10.0.0.1/boot/fdi/initrd0.img", ""),
    ]);
    let script = "set base tftp://${next-server}/boot\n\
        kernel ${base}/fdi/vmlinuz0 initrd=initrd0.img root=live:/fdi.iso BOOTIF=00-${net0/mac:hexhyp} ip=${ip}::${gateway}:${netmask}:${hostname}:eth0:off\n\
        initrd ${base}/fdi/initrd0.img\nboot\n";
    let boot = world.boots(script);
    assert_eq!(
        line(&boot),
        "initrd=initrd0.img root=live:/fdi.iso BOOTIF=00-52-54-00-12-34-56 \
         ip=10.0.0.5::10.0.0.254:255.255.255.0:web1:eth0:off"
    );
}

#[test]
fn an_efi_guest_takes_the_other_branch() {
    let script = "iseq ${platform} efi && goto efi || goto bios\n:efi\nchain grubx64.efi || exit\n:bios\nkernel k\nboot";
    let mut world = World::with(&[("k", "")]);
    assert_eq!(world.boots(script).kernel, "http://boot/a/k");
    let mut given = settings();
    given.platform = "efi".to_owned();
    world.settings = Some(given);
    assert_eq!(world.run(script).unwrap().outcome, Outcome::LocalDisk(Leave::Exit(0)));
}
