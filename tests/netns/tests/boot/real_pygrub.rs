//! The real pygrub on real disks, under `--order=disk,net`: an empty disk and a broken
//! installation go to the network, an installed guest boots itself, and nothing else leads an
//! installed guest to an installer.

use std::fs;
use std::path::{Path, PathBuf};

use netns_tests::disks::{self, MENU, MENU_PATH, Table};
use netns_tests::pygrub::Pygrub;
use netns_tests::{End, Lab};

use crate::common::{assert_same, check, usual};

/// Boots with `--order=disk,net` from the disk that `make` makes.
fn boot(make: impl FnOnce(&Lab) -> PathBuf + Send, look: impl FnOnce(&Lab, &End) + Send) {
    Lab::run(|lab| {
        Pygrub::real(lab);
        let (_server, _root, images) = usual(lab);
        let disk = make(lab);
        let end = lab.boot().and(["--order=disk,net"]).disk(&disk).run();
        look(lab, &end);
        // The other half of the promise: the network would have booted.
        if end.status.code() == Some(13) {
            check(&lab.boot().run(), &images);
        }
    });
}

/// The disk is booted.
fn from_disk(make: impl FnOnce(&Lab) -> PathBuf + Send) {
    boot(make, |_, end| {
        let answer = end.booted();
        assert_same("kernel", &answer.kernel, &disks::kernel());
        assert_same("ramdisk", answer.ramdisk.as_deref().expect("a ramdisk"), &disks::ramdisk());
        assert_eq!(answer.args, disks::ARGS, "{end}");
        assert!(end.console.contains("booting from disk after"), "{end}");
    });
}

/// The guest is installed (again).
fn from_network(make: impl FnOnce(&Lab) -> PathBuf + Send) {
    boot(make, |_, end| {
        assert_eq!(end.booted().args, netns_tests::fixtures::ARGS, "{end}");
        assert!(end.console.contains("nothing to boot on"), "{end}");
        assert!(end.console.contains("booting over the network"), "{end}");
        assert!(!end.console.contains("Traceback"), "nothing is wrong here: {end}");
    });
}

/// The guest is neither booted nor installed again, and this is told.
fn refused(told: &'static str, make: impl FnOnce(&Lab) -> PathBuf + Send) {
    boot(make, move |_, end| {
        end.failed(13, &[told]);
        assert!(!end.console.contains("over the network"), "{end}");
    });
}

/// The files of an installed guest, with one changed, or taken away.
fn installed_but(path: &str, bytes: Option<&[u8]>) -> Vec<(&'static str, Vec<u8>)> {
    let mut files = disks::installed();
    match bytes {
        Some(bytes) => {
            files.iter_mut().find(|(name, _)| *name == path).expect("a file").1 = bytes.to_vec();
        }
        None => files.retain(|(name, _)| *name != path),
    }
    files
}

fn ext4(files: Vec<(&'static str, Vec<u8>)>) -> impl FnOnce(&Lab) -> PathBuf + Send {
    move |lab| disks::ext4(lab, "system", &files)
}

#[test]
fn an_installed_disk_without_a_partition_table() {
    from_disk(ext4(disks::installed()));
}

#[test]
fn an_installed_disk_with_an_mbr() {
    from_disk(|lab| {
        let system = disks::ext4(lab, "fs", &disks::installed());
        disks::partitioned(lab, "system", Table::Mbr, Some(&system))
    });
}

#[test]
fn an_installed_disk_with_a_gpt() {
    from_disk(|lab| {
        let system = disks::ext4(lab, "fs", &disks::installed());
        disks::partitioned(lab, "system", Table::Gpt, Some(&system))
    });
}

#[test]
fn an_installed_disk_that_everybody_may_read_takes_no_loop_device() {
    from_disk(|lab| {
        use std::os::unix::fs::PermissionsExt;
        let disk = disks::ext4(lab, "system", &disks::installed());
        fs::set_permissions(&disk, fs::Permissions::from_mode(0o644)).expect("a disk");
        disk
    });
}

#[test]
fn an_installed_block_device() {
    from_disk(|lab| {
        let disk = disks::ext4(lab, "system", &disks::installed());
        Path::new(&attach(lab, &disk)).to_path_buf()
    });
}

/// A loop device for `disk`, which goes with its last user: the one that is started here.
fn attach(lab: &Lab, disk: &Path) -> String {
    let mut losetup = lab.command(netns_tests::programs::installed("losetup"));
    losetup.args(["--find", "--show", "--read-only"]).arg(disk);
    let output = netns_tests::process::run(losetup);
    let device = String::from_utf8(output.stdout).expect("a device's name").trim().to_owned();
    let held = fs::File::open(&device).expect("a loop device");
    let mut losetup = lab.command(netns_tests::programs::installed("losetup"));
    losetup.arg("--detach").arg(&device);
    netns_tests::process::run(losetup);
    // Until this test ends.
    std::mem::forget(held);
    device
}

#[test]
fn a_fresh_disk() {
    from_network(|lab| disks::empty(lab, "system", 16 << 20));
}

#[test]
fn a_disk_of_one_sector_for_a_guest_without_a_disk() {
    from_network(|lab| disks::empty(lab, "system", 512));
}

#[test]
fn random_bytes() {
    from_network(|lab| disks::image(lab, "system", &netns_tests::fixtures::bytes(5, 1 << 20)));
}

#[test]
fn an_mbr_with_an_empty_partition() {
    from_network(|lab| disks::partitioned(lab, "system", Table::Mbr, None));
}

#[test]
fn a_gpt_with_an_empty_partition() {
    from_network(|lab| disks::partitioned(lab, "system", Table::Gpt, None));
}

#[test]
fn a_file_system_without_a_boot_menu() {
    from_network(ext4(vec![("etc/hostname", b"rk\n".to_vec())]));
}

#[test]
fn a_kernel_that_no_boot_menu_names_yet() {
    from_network(ext4(installed_but(MENU_PATH, None)));
}

#[test]
fn a_boot_menu_whose_kernel_is_missing() {
    from_network(ext4(installed_but(disks::KERNEL, None)));
}

#[test]
fn a_boot_menu_all_of_whose_kernels_are_missing() {
    let menu = format!("{MENU}{}", MENU.replace("6.1", "5.10"));
    from_network(ext4(vec![(MENU_PATH, menu.into_bytes())]));
}

#[test]
fn a_file_system_that_was_cut_short() {
    from_network(|lab| {
        let disk = disks::ext4(lab, "system", &[("etc/hostname", b"rk\n".to_vec())]);
        disks::cut(&disk, 4096);
        disk
    });
}

#[test]
fn a_file_system_of_which_only_the_beginning_was_written() {
    from_network(|lab| {
        let disk = disks::ext4(lab, "system", &disks::installed());
        disks::write_at(&disk, 4096, &vec![0; 1 << 20]);
        disk
    });
}

#[test]
fn an_installed_disk_whose_ramdisk_is_missing() {
    refused(
        "its ramdisk /boot/initrd.img-6.1 is missing",
        ext4(installed_but(disks::RAMDISK, None)),
    );
}

#[test]
fn an_installed_disk_whose_first_entry_lost_its_kernel() {
    let menu = format!("{}{MENU}", MENU.replace("6.1", "6.9"));
    let files = installed_but(MENU_PATH, Some(menu.as_bytes()));
    refused(
        "/boot/vmlinuz-6.9 is missing, but /boot/vmlinuz-6.1 is in its boot menu too",
        ext4(files),
    );
}

#[test]
fn a_boot_menu_with_a_path_that_only_the_guest_understands() {
    let config = "default linux\nlabel linux\nkernel vmlinuz\nappend initrd=initrd.img\n";
    let files = vec![
        ("boot/extlinux.conf", config.as_bytes().to_vec()),
        ("boot/vmlinuz", disks::kernel()),
        ("boot/initrd.img", disks::ramdisk()),
    ];
    refused("pygrub cannot find \"vmlinuz\"", ext4(files));
}

#[test]
fn an_empty_boot_menu() {
    refused(".img: pygrub: IndexError", ext4(installed_but(MENU_PATH, Some(b""))));
}

#[test]
fn a_boot_menu_that_was_cut_short() {
    let half = &MENU.as_bytes()[..70];
    refused(".img: pygrub: RuntimeError: syntax error", ext4(installed_but(MENU_PATH, Some(half))));
}

#[test]
fn a_boot_menu_in_another_encoding() {
    let mut menu = MENU.as_bytes().to_vec();
    let at = MENU.find("Debian").expect("a title");
    menu[at] = 0xe9;
    refused(".img: pygrub: UnicodeDecodeError", ext4(installed_but(MENU_PATH, Some(&menu))));
}

#[test]
fn a_file_system_with_features_that_pygrub_does_not_know() {
    refused("there is an ext file system at byte 0, which pygrub cannot read", |lab| {
        let disk = disks::ext4(lab, "system", &disks::installed());
        // s_feature_incompat, its highest byte: features of the future.
        disks::write_at(&disk, 1024 + 0x63, &[0xff]);
        disk
    });
}

#[test]
fn what_pygrub_cannot_read_in_a_partition() {
    refused("there is a btrfs file system at byte 1048576, which pygrub cannot read", |lab| {
        let disk = disks::partitioned(lab, "system", Table::Gpt, None);
        disks::write_at(&disk, (1 << 20) + 0x1_0040, b"_BHRfS_M");
        disk
    });
}

#[test]
fn lvm_beside_a_file_system_without_a_boot_menu() {
    refused("there is an LVM volume at byte 6291456", |lab| {
        let disk = disks::partitioned(lab, "system", Table::Mbr, None);
        // A second entry: an LVM partition at 6 MiB.
        let mut entry = [0; 16];
        entry[4] = 0x8e;
        entry[8..12].copy_from_slice(&12_288_u32.to_le_bytes());
        entry[12..].copy_from_slice(&4096_u32.to_le_bytes());
        disks::write_at(&disk, 446 + 16, &entry);
        disks::write_at(&disk, (6 << 20) + 512, b"LABELONE");
        disk
    });
}

#[test]
fn an_image_that_is_not_raw() {
    refused("there is a qcow2 image", |lab| {
        let mut header = b"QFI\xfb\0\0\0\x02".to_vec();
        header.resize(64 << 10, 0);
        disks::image(lab, "system", &header)
    });
}

#[test]
fn a_missing_disk() {
    refused("cannot be opened: No such file", |lab| lab.directory("disk").join("not-there.img"));
}

#[test]
fn a_disk_without_a_byte() {
    refused("is empty", |lab| disks::empty(lab, "system", 0));
}

#[test]
fn something_that_is_no_disk() {
    refused("is neither a file nor a block device", |lab| lab.directory("disk"));
}

#[test]
fn a_disk_with_read_errors() {
    // Nothing is mapped at the beginning of a process's memory: the kernel's own EIO.
    Lab::run(|lab| {
        Pygrub::real(lab);
        let (_server, _root, _images) = usual(lab);
        let end = lab.boot().and(["--order=disk,net"]).disk("/proc/self/mem").run();
        assert_eq!(end.status.code(), Some(13), "{end}");
        assert!(!end.console.contains("over the network"), "{end}");
    });
}

#[test]
fn a_localboot_boots_the_installed_disk() {
    Lab::run(|lab| {
        Pygrub::real(lab);
        crate::common::with_config(lab, "default disk\nlabel disk\nlocalboot 0\n");
        let disk = disks::ext4(lab, "system", &disks::installed());
        let end = lab.boot().own("--args=extra=1").disk(&disk).run();
        assert_same("kernel", &end.booted().kernel, &disks::kernel());
        assert_eq!(end.booted().args, format!("{} extra=1", disks::ARGS));
    });
}

#[test]
fn a_localboot_of_an_empty_disk_is_an_error() {
    Lab::run(|lab| {
        Pygrub::real(lab);
        crate::common::with_config(lab, "default disk\nlabel disk\nlocalboot 0\n");
        let disk = disks::empty(lab, "system", 1 << 20);
        let end = lab.boot().disk(&disk).run();
        end.failed(13, &["nothing to boot on"]);
        assert!(!end.console.contains("--order"), "the administrator has not asked for it: {end}");
    });
}

/// Tells, in pygrub's own process, who it is once it has given up root.
const WITNESS: &str = "\
import os, sys
setuid = os.setuid
def witness(uid):
    setuid(uid)
    who = (os.getresuid(), os.getresgid(), os.getgroups(), sorted(os.listdir('/')))
    print('witness: %r' % (who,), file=sys.stderr)
os.setuid = witness
";

#[test]
fn the_real_one_gives_up_root_in_a_directory_that_holds_the_disk_alone() {
    Lab::run(|lab| {
        Pygrub::real(lab);
        let users = fs::read_to_string("/etc/passwd").expect("/etc/passwd")
            + "xen-qemuuser-range-base:x:131072:131072::/nonexistent:/bin/false\n";
        fs::write("/etc/passwd", users).expect("/etc/passwd");
        let python = lab.directory("python");
        fs::write(python.join("sitecustomize.py"), WITNESS).expect("a module");
        let disk = disks::ext4(lab, "system", &disks::installed());
        let boot = lab.boot().and(["--order=disk,net", "--verbose"]).disk(&disk);
        let end = boot.env("PYTHONPATH", &python).run();
        assert_same("kernel", &end.booted().kernel, &disks::kernel());
        let who = "((131079, 131079, 131079), (131079, 131079, 131079), [131079], ['device'])";
        assert!(end.console.contains(&format!("witness: {who}")), "{end}");
    });
}
