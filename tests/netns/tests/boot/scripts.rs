//! Sites that hand out iPXE: they are asked again by iPXE, and their scripts are run. The scripts are
//! in the shape of those of Tinkerbell, Matchbox, netboot.xyz, Warewulf, FOG and Metal3.

use netns_tests::fixtures::{Images, MAC, SERVER};
use netns_tests::servers::{Offer, dhcpd, dnsmasq, nginx};
use netns_tests::{End, Lab, fixtures};

use crate::common::{assert_same, check, files, lease_with};

/// A site as dnsmasq's manual describes it: undionly.kpxe for PXE ROMs, the script for iPXE.
const SITE: [&str; 3] = [
    "dhcp-match=set:ipxe,175",
    "dhcp-boot=tag:!ipxe,undionly.kpxe",
    "dhcp-boot=tag:ipxe,http://192.168.200.1/auto.ipxe",
];

/// A boot at a site whose web server has these scripts beside kernel and initrd.
fn boots(lab: &Lab, scripts: &[(&str, &str)]) -> (End, Images) {
    let (server, root, images) = lease_with(lab, &SITE);
    for (name, text) in scripts {
        fixtures::write(&root, name, format!("#!ipxe\n{text}").as_bytes());
    }
    nginx::start(&server, &root, None, "");
    (lab.boot().run(), images)
}

fn gets(scripts: &'static [(&str, &str)], args: &'static str) {
    Lab::run(move |lab| {
        let (end, images) = boots(lab, scripts);
        let answer = end.booted();
        assert_eq!(answer.args, args, "{end}");
        assert_same("kernel", &answer.kernel, &images.kernel);
        if let Some(ramdisk) = &answer.ramdisk {
            assert_same("ramdisk", ramdisk, &images.ramdisk);
        }
    });
}

#[test]
fn tinkerbell() {
    gets(
        &[(
            "auto.ipxe",
            "echo Loading the Tinkerbell Hook iPXE script...\n\
             set arch ${buildarch}\n\
             iseq ${arch} i386 && set arch x86_64 ||\n\
             set download-url http://192.168.200.1\n\
             set retries:int32 0\n\
             set retry_delay:int32 0\n\
             set worker_id ${mac}\n\
             set grpc_authority 192.168.200.1:42113\n\
             :retry_kernel\n\
             kernel ${download-url}/vmlinuz tink_worker_image=quay.io/tink-worker:latest \\\n\
             grpc_authority=${grpc_authority} worker_id=${worker_id} hw_addr=${mac} \\\n\
             modules=loop,squashfs,sd-mod,usb-storage initrd=initrd.img console=hvc0 && goto download_initrd || iseq ${retries} 10 && goto kernel-error || inc retries && goto retry_kernel\n\
             :download_initrd\n\
             initrd ${download-url}/initrd.img && goto boot || goto initrd-error\n\
             :boot\n\
             boot || goto boot-error\n\
             :kernel-error\nexit 1\n:initrd-error\nexit 1\n:boot-error\nexit 1\n",
        )],
        "tink_worker_image=quay.io/tink-worker:latest grpc_authority=192.168.200.1:42113 \
         worker_id=00:16:3e:62:39:d3 hw_addr=00:16:3e:62:39:d3 \
         modules=loop,squashfs,sd-mod,usb-storage initrd=initrd.img console=hvc0",
    );
}

#[test]
fn matchbox() {
    gets(
        &[
            (
                "auto.ipxe",
                "chain ipxe?uuid=${uuid}&mac=${mac:hexhyp}&domain=${domain}&hostname=${hostname}&serial=${serial}\n",
            ),
            (
                "ipxe",
                "kernel /vmlinuz initrd=main coreos.live.rootfs_url=http://192.168.200.1/rootfs.img coreos.inst.ignition_url=http://192.168.200.1/ignition?mac=${mac:hexhyp}\n\
                 initrd --name main /initrd.img\nboot\n",
            ),
        ],
        "initrd=main coreos.live.rootfs_url=http://192.168.200.1/rootfs.img \
         coreos.inst.ignition_url=http://192.168.200.1/ignition?mac=00-16-3e-62-39-d3",
    );
}

#[test]
fn netboot_xyz() {
    gets(
        &[
            (
                "auto.ipxe",
                ":start\n\
                 chain --autofree boot.cfg ||\n\
                 isset ${net0/mac} && dhcp net0 ||\n\
                 set menu_default local\n\
                 isset ${menu} && goto ${menu} ||\n\
                 cpuid --ext 29 && set arch x86_64 || set arch i386\n\
                 isset ${arch} && set menu_default linux ||\n\
                 :main_menu\n\
                 clear menu\n\
                 set space:hex 20:20\n\
                 set space ${space:string}\n\
                 menu ${site_name}\n\
                 item --gap Default:\n\
                 item local ${space} Boot from local hdd\n\
                 item --gap Distributions:\n\
                 iseq ${arch} x86_64 && item linux ${space} Linux Network Installs (64-bit) ||\n\
                 choose --default ${menu_default} --timeout 300000 menu || goto local\n\
                 echo ${cls}\n\
                 goto ${menu}\n\
                 :local\nexit\n\
                 :linux\nchain linux.ipxe || goto main_menu\n",
            ),
            ("boot.cfg", "set site_name example.com\nset boot_domain 192.168.200.1\n"),
            (
                "linux.ipxe",
                "imgfree\nkernel http://${boot_domain}/vmlinuz root=/dev/ram0 ${site_name}\n\
                 initrd http://${boot_domain}/initrd.img\nboot\n",
            ),
        ],
        "root=/dev/ram0 example.com",
    );
}

#[test]
fn warewulf() {
    gets(
        &[(
            "auto.ipxe",
            "set uri http://192.168.200.1/\n\
             echo Warewulf Controller: 192.168.200.1\n\
             imgfree\n\
             kernel --name kernel ${uri}vmlinuz && goto image || goto missing\n\
             :image\n\
             initrd --name image ${uri}initrd.img || goto missing\n\
             boot kernel initrd=image wwid=${netX/mac:hexhyp} quiet\n\
             :missing\n\
             echo failed\nsleep 15\nreboot\n",
        )],
        "initrd=image wwid=00-16-3e-62-39-d3 quiet",
    );
}

#[test]
fn fog_and_a_kernel_that_is_not_there() {
    gets(
        &[(
            "auto.ipxe",
            "set fog-ip 192.168.200.1\n\
             kernel http://${fog-ip}/gone loglevel=4 || echo no such kernel\n\
             isset ${net0/mac} && goto net0 || goto none\n\
             :none\nexit\n\
             :net0\n\
             kernel http://${fog-ip}/vmlinuz loglevel=4 initrd=initrd.img mac=${net0/mac} ip=${net0/ip}/${net0/netmask} via ${net0/gateway}\n\
             imgfetch http://${fog-ip}/initrd.img\nboot\n",
        )],
        "loglevel=4 initrd=initrd.img mac=00:16:3e:62:39:d3 ip=192.168.200.177/255.255.255.0 via 192.168.200.1",
    );
}

#[test]
fn metal3() {
    gets(
        &[
            (
                "auto.ipxe",
                ":boot\n\
                 chain pxelinux/${mac:hexhyp} || goto find_any\n\
                 :find_any\n\
                 isset ${mac:hexhyp} || goto error\nexit 1\n:error\nexit 2\n",
            ),
            (
                "pxelinux/00-16-3e-62-39-d3",
                "set attempt:int32 10\nset i:int32 0\ngoto deploy\n\
                 :deploy\nimgfree\n\
                 kernel --timeout 60000 http://192.168.200.1/vmlinuz selinux=0 ipa-api-url=http://192.168.200.1:6385 BOOTIF=${mac} initrd=deploy_ramdisk || goto retry\n\
                 initrd --timeout 60000 --name deploy_ramdisk http://192.168.200.1/initrd.img || goto retry\nboot\n\
                 :retry\niseq ${i} ${attempt} && goto fail ||\ninc i\ngoto deploy\n:fail\nexit 1\n",
            ),
        ],
        "selinux=0 ipa-api-url=http://192.168.200.1:6385 BOOTIF=00:16:3e:62:39:d3 initrd=deploy_ramdisk",
    );
}

#[test]
fn a_script_that_goes_on_with_pxelinux() {
    Lab::run(|lab| {
        let (end, images) = boots(
            lab,
            &[(
                "auto.ipxe",
                "set 210:string http://192.168.200.1/\nchain ${210:string}lpxelinux.0\n",
            )],
        );
        check(&end, &images);
    });
}

#[test]
fn a_script_that_exits_boots_from_disk() {
    Lab::run(|lab| {
        let (server, root, _) = lease_with(lab, &SITE);
        fixtures::write(&root, "auto.ipxe", b"#!ipxe\necho nothing to do\nexit\n");
        nginx::start(&server, &root, None, "");
        let said = lab.shell(&["--dry-run", &format!("mac={MAC},bridge=xenbr0")]);
        let plan: serde_json::Value = serde_json::from_slice(&said.stdout).expect("a plan");
        assert_eq!(plan["action"], "localboot", "{plan}");
    });
}

#[test]
fn a_script_that_fails_names_its_line() {
    Lab::run(|lab| {
        let (end, _) = boots(lab, &[("auto.ipxe", "echo hello\nkernel gone\nboot\n")]);
        end.failed(13, &["auto.ipxe", "line 3", "gone", "not found"]);
    });
}

#[test]
fn a_script_that_runs_for_ever_is_ended() {
    Lab::run(|lab| {
        let (end, _) = boots(lab, &[("auto.ipxe", ":again\ngoto again\n")]);
        end.failed(13, &["auto.ipxe"]);
    });
}

#[test]
fn a_server_that_hands_ipxe_to_ipxe_is_told_what_is_missing() {
    Lab::run(|lab| {
        let (server, root, _) = lease_with(lab, &["dhcp-boot=undionly.kpxe"]);
        std::fs::remove_file(root.join(fixtures::CONFIG_NAME)).expect("the config");
        dnsmasq_tftp(&server, &root);
        lab.boot().run().failed(12, &["undionly.kpxe", "option 77"]);
    });
}

/// A TFTP server beside the one for leases.
fn dnsmasq_tftp(host: &netns_tests::Host, root: &std::path::Path) {
    netns_tests::servers::tftp::start(host, netns_tests::servers::tftp::Kind::Hpa, root);
}

#[test]
fn by_isc_dhcpd_and_its_user_class() {
    Lab::run(|lab| {
        let (server, root, images) = files(lab, SERVER);
        fixtures::write(
            &root,
            "auto.ipxe",
            b"#!ipxe\nkernel vmlinuz a=${next-server}\ninitrd initrd.img\nboot\n",
        );
        dnsmasq_tftp(&server, &root);
        dhcpd::start_with(
            &server,
            &Offer::default(),
            "next-server 192.168.200.1;\n\
             if exists user-class and option user-class = \"iPXE\" {\n\
             filename \"auto.ipxe\";\n} else {\n filename \"undionly.kpxe\";\n}",
        );
        let end = lab.boot().run();
        assert_eq!(end.booted().args, "a=192.168.200.1", "{end}");
        assert_same("kernel", &end.booted().kernel, &images.kernel);
    });
}

#[test]
fn a_script_by_tftp_for_every_client() {
    Lab::run(|lab| {
        let (server, root, images) = files(lab, SERVER);
        let mut lines = dnsmasq::lease();
        lines.extend(dnsmasq::tftp(&root));
        lines.push("dhcp-boot=scripts/boot.ipxe".to_owned());
        dnsmasq::start(&server, &lines);
        fixtures::write(
            &root,
            "scripts/boot.ipxe",
            b"#!ipxe\nkernel ../vmlinuz x || kernel tftp://${next-server}/vmlinuz y\ninitrd tftp://${next-server}/initrd.img\nboot\n",
        );
        let end = lab.boot().run();
        assert_eq!(end.booted().args, "x", "{end}");
        assert_same("kernel", &end.booted().kernel, &images.kernel);
    });
}
